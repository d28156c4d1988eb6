"""What any phone that lends us its SIM card has in common: numbers, lengths, pace, and one HTTP call at a time."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import attrs
import msgspec
from treckk_gateway.channel import Capabilities, Channel, ChannelContext, TextForm, numbers, outcome, segments
from treckk_gateway.errors import NotTaken, PayloadError, Rejected, Scope
from treckk_gateway.model import Address, DeliveryState, Instant, OutboundMessage

SCHEME = "sms"
MOST_PARTS = 10
"""Parts one text may need; beyond that phones and operators begin to lose some."""
LONGEST = 1530
"""Characters of a text in GSM-7 with that many parts; one that needs UCS-2 has room for 670."""


_NUMBER = re.compile(r"\+?[0-9]{3,20}")


class NumberForm(StrEnum):
    """How a number is written for the phone: `+62812…`, or `0812…` where its operator wants that."""

    INTERNATIONAL = "international"
    NATIONAL = "national"


def safe_base(_options: object, field: Any, url: str) -> None:
    """A validator: https, or http to an address in the own network, where a phone listens in its local mode."""
    parts = urlsplit(url)
    odd = parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname
    if odd or parts.scheme not in {"https", "http"}:
        raise ValueError(f"{field.name} is an https address")
    if parts.scheme == "http" and not _is_near(parts.hostname or ""):
        raise ValueError(f"{field.name} may be http only at an address of the own network, such as 192.168.1.10")


def positive(_options: object, field: Any, value: float) -> None:
    """A validator: above nought."""
    if not value > 0:
        raise ValueError(f"{field.name} is a number above 0")


def capabilities(seconds_between: float, **more: Any) -> Capabilities:
    """What one SIM card can do; `more` are the claims in which the apps differ."""
    return Capabilities(
        schemes=frozenset({SCHEME}),
        form=TextForm.SMS,
        receipts=frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED}),
        max_text=LONGEST,
        segments=True,
        rate=1 / seconds_between,
        burst=3,
        **more,
    )


def sender(written: object, region: str) -> Address:
    """Who wrote: a number in international form, or a short code or a name as it stands.

    Raises `PayloadError` when nobody did.
    """
    if not isinstance(written, str) or not written.strip():
        raise PayloadError("a message without a sender")
    return Address(SCHEME, numbers.normal(written, region))


def is_machine(address: Address) -> bool:
    """Short codes and names are banks and adverts: filed, never answered."""
    return not address.value.startswith("+")


def instant(written: object) -> Instant | None:
    """An ISO time with its offset; `None` when it is none. The phone's clock proves nothing."""
    try:
        moment = datetime.fromisoformat(str(written))
        return None if moment.tzinfo is None else int(moment.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


@attrs.frozen(kw_only=True)
class Answer:
    """What the app answered: `said` is its JSON object, or `{}`."""

    status: int
    headers: Mapping[str, str]
    said: dict[str, Any] = attrs.field(repr=False)
    items: list[Any] = attrs.field(factory=list, repr=False)


class SimChannel(Channel):
    """The part that posts. A subclass verifies, parses, and says what is posted and what an answer means."""

    kept_headers = ()
    where: str = ""
    """The app's name, for errors."""

    def __init__(self, context: ChannelContext, claims: Capabilities, *, base_url: str, region: str, form: str) -> None:
        self.channel_id = context.channel_id
        self.capabilities = claims
        self._context = context
        self._base = base_url.rstrip("/")
        self._region = region
        self._form = NumberForm(form)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Keep one session for all messages."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """End it; also without `open`, and twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _to(self, message: OutboundMessage) -> str:
        """The recipient's number as the phone dials it. Raises `Rejected`."""
        if message.recipient.scheme != SCHEME:
            raise Rejected("address_scheme", "a SIM card reaches telephone numbers only")
        number = message.recipient.value
        if not _NUMBER.fullmatch(number):
            raise Rejected("no_number", "nobody can be texted there", scope=Scope.ADDRESS)
        return numbers.national(number, self._region) if self._form is NumberForm.NATIONAL else number

    def _text(self, message: OutboundMessage) -> tuple[str, int]:
        """The text as it is sent, and in how many parts. Raises `Rejected` when there is none, or too much."""
        text = segments.plain(message.text).strip()
        if not text:
            raise Rejected("empty_text", "there is nothing to send")
        parts = segments.measure(text).parts
        if parts > MOST_PARTS:
            raise Rejected("text_too_long", f"the text needs more than {MOST_PARTS} short messages")
        return text, parts

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str], timeout: float, payload: dict[str, Any] | None = None
    ) -> Answer:
        """One exchange. Raises `NotTaken` when nothing was written, `Uncertain` when something may have been."""
        if self._session is None:
            raise NotTaken("not_open", "the channel is not open")
        limit = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2)
        with outcome.exchange(self.where):
            async with self._session.request(
                method, f"{self._base}{path}", json=payload, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                found = _json(await answer.read())
        said, items = (found, []) if isinstance(found, dict) else ({}, found if isinstance(found, list) else [])
        return Answer(status=answer.status, headers=answer.headers, said=said, items=items)

    async def _once(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        """An exchange for the doctor, who asks a channel that need not be open."""
        opened = self._session is None
        if opened:
            await self.open()
        try:
            return await self._call(method, path, headers, 10.0)
        finally:
            if opened:
                await self.close()


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"
