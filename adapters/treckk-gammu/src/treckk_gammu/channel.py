"""The SIM card in one modem, or in the modems that share one database of SMSD's."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs
from treckk_gateway.channel import (
    Capabilities,
    Channel,
    ChannelContext,
    Deliver,
    Inbound,
    Problem,
    TextForm,
    WebhookRequest,
    numbers,
    segments,
)
from treckk_gateway.errors import NotTaken, Rejected, Scope, SignatureError
from treckk_gateway.model import DeliveryState, Instant, OutboundMessage, SendResult

from treckk_gammu import events, parts
from treckk_gammu.database import Database
from treckk_gammu.watch import Watch

METHOD = "SMSD"
MOST_PARTS = 10
LONGEST = 1530
"""Characters of a text in GSM-7 with that many parts; one that needs UCS-2 has room for 670."""

_NUMBER = re.compile(r"\+?[0-9]{3,20}")


class NumberForm(StrEnum):
    """How a number is dialled: `+62812…`, or `0812…` where the operator wants that."""

    INTERNATIONAL = "international"
    NATIONAL = "national"


def _positive(_options: object, field: Any, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{field.name} is a number above 0")


def _absolute(_options: object, _field: object, written: str) -> None:
    if not Path(written).is_absolute():
        raise ValueError("database is the whole path of SMSD's SQLite file, from the root")


@attrs.frozen(kw_only=True)
class GammuOptions:
    """`[channels.NAME]` with `adapter = "gammu"`.

    `database` is SMSD's SQLite file, `phone_id` which of several modems sends. `every` is how often it is looked at and
    `part_wait` how long missing parts are waited for, both in seconds; `seconds_between` is the pace of the SIM card.
    `erase` removes from SMSD's tables what was taken over: they are not sealed as ours are.
    """

    database: str = attrs.field(validator=_absolute)
    phone_id: str | None = None
    number_form: NumberForm = attrs.field(default=NumberForm.INTERNATIONAL, converter=NumberForm)
    region: str = "ID"
    erase: bool = True
    every: float = attrs.field(default=2.0, validator=_positive)
    part_wait: float = attrs.field(default=120.0, validator=_positive)
    seconds_between: float = attrs.field(default=6.0, validator=_positive)


class GammuChannel(Channel):
    """It listens: SMSD calls nobody, so its tables are looked at on a clock."""

    kind = "gammu"
    Options = GammuOptions
    kept_headers = ()

    def __init__(self, options: GammuOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self.capabilities = Capabilities(
            schemes=frozenset({events.SCHEME}),
            webhook=False,
            listens=True,
            form=TextForm.SMS,
            receipts=frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED}),
            max_text=LONGEST,
            segments=True,
            rate=1 / options.seconds_between,
            burst=3,
            idempotent_send=True,
            lookup=True,
        )
        self._options = options
        self._url = f"smsd:{context.channel_id}"
        self._database = Database(path=Path(options.database), erase=options.erase)
        self._threads: ThreadPoolExecutor | None = None
        self._watch: Watch | None = None

    def verify(self, request: WebhookRequest) -> None:
        """Only our own looking makes such requests: an HTTP request bears the public address of the gateway."""
        if (request.method, request.url) != (METHOD, self._url):
            raise SignatureError("not from SMSD's tables")

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """What the rows say."""
        return events.read(request.body, self._options.region)

    def request(self, body: bytes) -> WebhookRequest:
        """Rows as the gateway takes them."""
        return WebhookRequest.of(METHOD, self._url, (), body)

    async def listen(self, deliver: Deliver) -> None:
        """Begin to look at the tables."""
        every, wait = self._options.every, self._options.part_wait
        self._watch = Watch(
            self._database, self._in_thread, self.request, channel_id=self.channel_id, every=every, part_wait=wait
        )
        self._watch.start(deliver)

    async def quiet(self) -> None:
        """Look no more."""
        if self._watch is not None:
            await self._watch.quiet()

    async def open(self) -> None:
        """Have a thread for what blocks: one, so that what is sent keeps its order."""
        self._threads = self._threads or ThreadPoolExecutor(1, thread_name_prefix=f"gammu-{self.channel_id}")

    async def close(self) -> None:
        """End it; also without `open`, and twice."""
        await self.quiet()
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Put it into the outbox under our id, unless it is there already: a repeat sends nothing."""
        number, text = self._to(message), self._text(message)
        pieces = parts.cut(text, message.delivery_id)
        database = attrs.evolve(self._database, patience=min(self._database.patience, message.timeout / 2))
        phone, priority = self._options.phone_id, 10 if message.reply else 0
        await self._in_thread(lambda: database.queue(message.delivery_id, number, pieces, phone, priority))
        return SendResult(provider_message_id=None, parts=len(pieces))

    async def lookup(self, message: OutboundMessage, since: Instant) -> SendResult | None:
        """Whether the tables have it."""
        known = await self._in_thread(lambda: self._database.has(message.delivery_id))
        return SendResult() if known else None

    async def check(self) -> Sequence[Problem]:
        """Whether the tables are there, and SMSD at work on them."""
        await self.open()
        try:
            phones = await self._in_thread(self._database.phones)
        except sqlite3.Error:
            remedy = "give the path of its SQLite file, create its tables, and let this user write to file and folder"
            return [Problem(summary="SMSD's database cannot be used", remedy=remedy, fatal=True)]
        alive = [signal for name, signal, fresh in phones if fresh and self._options.phone_id in (None, name)]
        if not alive:
            remedy = "start gammu-smsd, and look into its log whether it finds the modem"
            return [Problem(summary="SMSD is not at work for this modem", remedy=remedy)]
        if "0" in alive:
            return [Problem(summary="a modem has no signal", remedy="move it or its aerial; check the SIM card")]
        return []

    def _to(self, message: OutboundMessage) -> str:
        if message.recipient.scheme != events.SCHEME:
            raise Rejected("address_scheme", "a SIM card reaches telephone numbers only")
        number = message.recipient.value
        if not _NUMBER.fullmatch(number):
            raise Rejected("no_number", "nobody can be texted there", scope=Scope.ADDRESS)
        national = self._options.number_form is NumberForm.NATIONAL
        return numbers.national(number, self._options.region) if national else number

    def _text(self, message: OutboundMessage) -> str:
        text = segments.plain(message.text).strip()
        if not text:
            raise Rejected("empty_text", "there is nothing to send")
        if segments.measure(text).parts > MOST_PARTS:
            raise Rejected("text_too_long", f"the text needs more than {MOST_PARTS} short messages")
        return text

    async def _in_thread(self, call: Callable[[], Any]) -> Any:
        if self._threads is None:
            raise NotTaken("not_open", "the channel is not open")
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
