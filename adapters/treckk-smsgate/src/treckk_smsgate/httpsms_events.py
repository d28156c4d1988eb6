"""What httpSMS posts, in our words: a CloudEvent (httpSMS documentation: Webhooks, Events)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from treckk_gateway.channel import Inbound
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import DeliveryReceipt, DeliveryState, InboundMessage

from treckk_smsgate import sim

RECEIVED = "message.phone.received"
STATES = {
    "message.phone.sent": DeliveryState.SENT,
    "message.phone.delivered": DeliveryState.DELIVERED,
    "message.send.failed": DeliveryState.FAILED,
    "message.send.expired": DeliveryState.FAILED,
}
"""Events that tell of a message of ours."""

_NOT_FOR_US = ("phone.", "message.call.", "message.api.", "message.notification.")
_TYPE = re.compile(r"[a-z][a-z._-]{0,59}")
_LONGEST = 200


class Event(msgspec.Struct):
    """The envelope."""

    type: str
    data: dict[str, Any]
    id: str = ""
    source: str = ""


def read(body: bytes, region: str) -> Sequence[Inbound]:
    """The message or receipt of an event; none for heartbeats and calls. Raises `PayloadError` for what is no event."""
    try:
        event = msgspec.json.decode(body, type=Event)
    except (ValueError, RecursionError):
        # `from None`: the error that caused ours quotes what a citizen wrote.
        raise PayloadError("no event of httpSMS") from None
    if not _TYPE.fullmatch(event.type):
        raise PayloadError("an event without a type")
    if event.type.startswith(_NOT_FOR_US):
        return []
    return [_message(event, region) if event.type == RECEIVED else _receipt(event)]


def _message(event: Event, region: str) -> InboundMessage:
    data = event.data
    who = sim.sender(data.get("contact"), region)
    named, text, owner = _text(data, "message_id"), _text(data, "content"), _text(data, "owner")
    # Where the phone encrypts, the service and we see a cipher that only the phone's owner can undo.
    odd = "encrypted" if data.get("encrypted") is True else None if text else "empty"
    return InboundMessage(
        dedupe_key=named or _digest(event, who.value, text),
        message_id=named or None,
        sender=who,
        text="" if odd else text,
        recipient=owner or None,
        claimed_at=sim.instant(data.get("timestamp")),
        automatic=sim.is_machine(who),
        unsupported=odd,
    )


def _digest(event: Event, who: str, text: str) -> str:
    parts = [event.source, event.id, who, text, str(event.data.get("timestamp"))]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _receipt(event: Event) -> DeliveryReceipt:
    theirs = _text(event.data, "id") or _text(event.data, "message_id")
    ours = _text(event.data, "request_id")
    if not theirs and not ours:
        raise PayloadError("an event that names no message")
    state = STATES.get(event.type, DeliveryState.UNKNOWN)
    return DeliveryReceipt(
        dedupe_key=f"{theirs or ours}:{event.type}",
        state=state,
        raw_status=event.type,
        provider_message_id=theirs or None,
        delivery_id=ours or None,
        code=event.type.rpartition(".")[2] if state is DeliveryState.FAILED else None,
        claimed_at=sim.instant(event.data.get("timestamp")),
    )


def _text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    if name != "content" and isinstance(value, str) and len(value) > _LONGEST:
        return ""
    return value if isinstance(value, str) else ""
