"""What a portal's webhook says. Pure: bytes in, a message out.

Tolerant inside `data`: a field of the wrong type is as if it were not there, so that it never loses the message.
Nonsense is only what is no webhook at all, or says nothing.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from treckk_gateway.adapters.web.files import read_files
from treckk_gateway.adapters.web.person import alias
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import Address, InboundMessage, Instant, Location

COMPLAINT = "complaint.created"
UPDATE = "case.updated"

_LONGEST_ID = 256
_LONGEST_LINE = 500
_TYPE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_message(body: bytes) -> InboundMessage:
    """The message of one webhook. A `type` other than `complaint.created` is kept as `unsupported`.

    The dedupe key is `data.id`; without one it is a hash of the raw bytes. The sender is `data.conversation_id`, else
    `data.sender.id`, else the dedupe key: a portal that wants answers in one place gives a conversation id, and
    always. Raises `PayloadError` when it is no JSON object with `type` and `data`, says nothing, or is one of our own
    callbacks come back.
    """
    kind, stamp, data = _envelope(body)
    person = _table(data, "sender")
    dedupe_key = _identifier(data, "id") or f"sha256:{hashlib.sha256(body).hexdigest()}:0"
    message = InboundMessage(
        dedupe_key=dedupe_key,
        message_id=_identifier(data, "id"),
        sender=Address("web", _identifier(data, "conversation_id") or _identifier(person, "id") or dedupe_key),
        sender_name=_line(person, "name"),
        aliases=alias(_line(person, "address")),
        text=_text(data, "text"),
        subject=_line(data, "subject"),
        location=_place(_table(data, "location")),
        attachments=read_files(data.get("attachments")),
        claimed_at=_instant(stamp),
        unsupported=None if kind == COMPLAINT else _word(kind),
    )
    if not (message.unsupported or message.text or message.subject or message.location or message.attachments):
        raise PayloadError("data holds no text, location or attachments")
    return message


def _envelope(body: bytes) -> tuple[str, object, dict[str, Any]]:
    try:
        tree = msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError):
        raise PayloadError("the body is not JSON") from None  # the decoder's error may quote the body
    if not isinstance(tree, dict):
        raise PayloadError("the body is not a JSON object")
    kind, data = tree.get("type"), tree.get("data")
    if not isinstance(kind, str) or not kind.strip():
        raise PayloadError("type is missing or not a text")
    if kind == UPDATE:
        raise PayloadError("this is our own callback: callback_url leads back to us")
    if not isinstance(data, dict):
        raise PayloadError("data is missing or not an object")
    return kind, tree.get("timestamp"), data


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _text(data: dict[str, Any], name: str) -> str:
    found = data.get(name)
    return found.replace("\x00", "").strip() if isinstance(found, str) else ""


def _line(data: dict[str, Any], name: str) -> str | None:
    """A text of one line, cut to a sensible length; `None` when it is empty or no text."""
    return " ".join(_text(data, name).split())[:_LONGEST_LINE] or None


def _identifier(data: dict[str, Any], name: str) -> str | None:
    """A portal's id, a text or a whole number. A long or unprintable one is hashed, an empty one is none."""
    found = data.get(name)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not found.strip():
        return None
    plain = found.strip()
    if len(plain) <= _LONGEST_ID and plain.isprintable():
        return plain
    return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"


def _word(kind: str) -> str:
    """The unknown type if it looks like one; free text is not repeated where staff expect a word."""
    plain = kind.strip()
    return plain if _TYPE.fullmatch(plain) else "type"


def _place(data: dict[str, Any]) -> Location | None:
    lat, lng = (data.get(name) if isinstance(data.get(name), int | float | str) else None for name in ("lat", "lng"))
    return Location.read(lat, lng, _text(data, "text"))


def _instant(stamp: object) -> Instant | None:
    """ISO 8601 (without an offset it is UTC) or Unix seconds; anything else is no time."""
    try:
        if isinstance(stamp, str):
            moment = datetime.fromisoformat(stamp.strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        elif isinstance(stamp, int | float) and not isinstance(stamp, bool):
            moment = _EPOCH + timedelta(seconds=stamp)
        else:
            return None
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None
