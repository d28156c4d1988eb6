"""What the stand-in for Twilio knows: messages, files, windows, who wants no messages. No network here."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import attrs

from treckk_gateway.channel import segments

DAY = 86_400
LONGEST_TEXT = 1600
_PLACE = re.compile(r"\{\{(\d+)\}\}")
_ODD = re.compile(r"[\n\t]| {5}")
_NOT_SENT = frozenset({"accepted", "scheduled", "queued"})
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_RECIPIENT = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}|whatsapp:[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


class Window(StrEnum):
    """What happens to a WhatsApp text more than 24 hours after the person's last message."""

    OPEN = "open"  # nothing: the rule is off
    REFUSES = "refuses"  # the create call is answered 400 with 63016
    FAILS = "fails"  # it is taken, and a callback says failed with 63016


class Refusal(Exception):
    """Twilio does not take the message: HTTP status and Twilio's code."""

    def __init__(self, status: int, code: int) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


@attrs.define(kw_only=True)
class Message:
    """A message as Twilio holds it; `status` moves on. Addresses are in Twilio's form, `made` in seconds since 1970."""

    sid: str
    sender: str = attrs.field(repr=False)
    recipient: str = attrs.field(repr=False)
    body: str = attrs.field(repr=False)
    direction: str
    made: float
    status: str = "queued"
    error_code: int | None = None
    status_callback: str | None = attrs.field(default=None, repr=False)
    files: int = 0
    content_sid: str | None = None
    choices: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    """What may be tapped: what is shown, and its id."""
    listed: bool = False
    """Whether they are a list, not buttons."""

    @property
    def whatsapp(self) -> bool:
        """Whether it goes over WhatsApp, not SMS."""
        return self.recipient.startswith("whatsapp:")

    def as_json(self, account_sid: str) -> dict[str, Any]:
        """The Message resource."""
        stamp = format_datetime(datetime.fromtimestamp(int(self.made), UTC))
        started = self.status not in _NOT_SENT
        uri = f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "from": self.sender,
            "to": self.recipient,
            "body": self.body,
            "status": self.status,
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "num_media": str(self.files),
            "num_segments": str(1 if self.whatsapp else segments.measure(self.body).parts),
            "messaging_service_sid": None,
            "price": None,
            "price_unit": "USD",
            "date_created": stamp,
            "date_updated": stamp,
            "date_sent": stamp if started else None,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "uri": f"{uri}.json",
        }


def _moment(written: str | None) -> float | None:
    """The moment a filter names, `YYYY-MM-DD` or with a time."""
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise Refusal(400, 20001) from None
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()


def _variables(fields: Mapping[str, str]) -> dict[str, Any]:
    try:
        given = json.loads(fields.get("ContentVariables", "{}"))
    except ValueError:
        raise Refusal(400, 21656) from None
    if not isinstance(given, dict):
        raise Refusal(400, 21656)
    return given


def new_sid(prefix: str) -> str:
    """A sid: two letters and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex


class Ledger:
    """One account. `messages` are oldest first; `senders` the numbers it owns, all being allowed while empty."""

    def __init__(self, *, clock: Callable[[], float], sids: Callable[[str], str], window: Window) -> None:
        self.messages: list[Message] = []
        self.files: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.senders: set[str] = set()
        self.blocked: set[tuple[str, str]] = set()
        self.contents: dict[str, str] = {}
        self.offers: dict[str, tuple[bool, int]] = {}
        self.window = window
        self._clock = clock
        self._sids = sids
        self._heard: dict[tuple[str, str], float] = {}

    def create(self, fields: Mapping[str, str]) -> Message:
        """Take a message, or raise the `Refusal` Twilio would answer with."""
        content = fields.get("ContentSid")
        choices = self._offered(fields) if content in self.offers else ()
        message = Message(
            sid=self._sids("SM"),
            sender=fields.get("From", ""),
            recipient=fields.get("To", ""),
            body=self._said(fields),
            content_sid=content,
            direction="outbound-api",
            made=self._clock(),
            status_callback=fields.get("StatusCallback"),
            choices=choices,
            listed=self.offers.get(content or "", (False, 0))[0],
        )
        self._allow(message)
        self.messages.append(message)
        return message

    def receive(
        self, sender: str, recipient: str, text: str, sid: str | None, files: list[tuple[str, bytes]]
    ) -> Message:
        """Note what a person wrote: it opens the window. Their files are kept as `ME` sids of the message."""
        message = Message(
            sid=sid or self._sids("MM" if files else "SM"),
            sender=sender,
            recipient=recipient,
            body=text,
            direction="inbound",
            made=self._clock(),
            status="received",
            files=len(files),
        )
        self.messages.append(message)
        self._heard[recipient, sender] = message.made
        for file in files:
            self.files[message.sid, self._sids("ME")] = file
        self._mind_words(message)
        return message

    def _said(self, fields: Mapping[str, str]) -> str:
        content = fields.get("ContentSid")
        if content is None:
            return fields.get("Body", "")
        return str(_variables(fields)["1"]) if content in self.offers else self._filled(fields)

    def _offered(self, fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The choices of a quick reply or a list picker, made of its variables: text, then each choice's own.

        Source: Twilio docs, twilio/quick-reply and twilio/list-picker, lengths.
        """
        is_list, count = self.offers[fields["ContentSid"]]
        given = _variables(fields)
        size = 3 if is_list else 2
        values = [given.get(str(number)) for number in range(1, 2 + size * count)]
        words = [one for one in values if isinstance(one, str) and one.strip()]
        if "Body" in fields or len(words) != len(values) or len(given) != len(values):
            raise Refusal(400, 21656)
        shown, below, names = words[1::size], words[2::size] if is_list else [], words[size::size]
        label = 24 if is_list else 20
        lengths = ((words[:1], 1024), (shown, label), (below, 72), (names, 200))
        if any(len(one) > most for found, most in lengths for one in found) or len(set(names)) < count:
            raise Refusal(400, 63013)
        return tuple(zip(shown, names, strict=True))

    def _filled(self, fields: Mapping[str, str]) -> str:
        """The words of an approved content with its variables. Beside a content Twilio takes no body."""
        content = self.contents.get(fields["ContentSid"])
        if content is None or "Body" in fields:
            raise Refusal(400, 21655)
        given = _variables(fields)
        wanted = set(_PLACE.findall(content))
        # Meta takes no variable that is empty, of several lines, or with a long gap.
        odd = any(not isinstance(one, str) or not one.strip() or _ODD.search(one) for one in given.values())
        if odd or set(given) != wanted:
            raise Refusal(400, 21656)
        return _PLACE.sub(lambda found: given[found[1]], content)

    def closed(self, message: Message) -> bool:
        """Whether what nobody approved comes more than a day after the person's last message to this sender."""
        heard = self._heard.get((message.sender, message.recipient))
        free = message.content_sid is None or message.content_sid in self.offers
        return message.whatsapp and free and (heard is None or message.made - heard > DAY)

    def find(self, sid: str) -> Message | None:
        """The message of that sid."""
        return next((one for one in self.messages if one.sid == sid), None)

    def listed(self, wanted: Mapping[str, str]) -> list[Message]:
        """Messages with this `To` and `From`, dated between `DateSent>` and `DateSent<`, newest first.

        Twilio's dates are whole seconds, and what is not sent yet has none.
        """
        after, before = (_moment(wanted.get(name)) for name in ("DateSent>", "DateSent<"))
        dated = after is not None or before is not None
        return [
            one
            for one in reversed(self.messages)
            if wanted.get("To") in {None, one.recipient}
            and wanted.get("From") in {None, one.sender}
            and not (dated and one.status in _NOT_SENT)
            and (after is None or int(one.made) >= after)
            and (before is None or int(one.made) <= before)
        ]

    def _mind_words(self, message: Message) -> None:
        """Over SMS Twilio obeys single words by itself and still posts the message."""
        word = message.body.strip().upper()
        if not message.sender.startswith("whatsapp:") and word in _STOP | _START:
            change = self.blocked.add if word in _STOP else self.blocked.discard
            change((message.recipient, message.sender))

    def _allow(self, message: Message) -> None:
        callback = urlsplit(message.status_callback or "https://example.org")
        late = self.window is Window.REFUSES and self.closed(message)
        for refused, code in (
            (not message.recipient, 21604),
            (not message.body, 21602),
            (not _RECIPIENT.fullmatch(message.recipient), 21211),
            (len(message.body) > LONGEST_TEXT, 21617),
            (self.senders and message.sender not in self.senders, 21606),
            (callback.scheme not in {"https", "http"} or "_" in (callback.hostname or "_"), 21609),
            ((message.sender, message.recipient) in self.blocked, 21610),
            (late, 63016),
        ):
            if refused:
                raise Refusal(400, code)
