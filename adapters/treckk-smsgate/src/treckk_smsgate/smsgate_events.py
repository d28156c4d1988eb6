"""What SMSGate posts, in our words (SMSGate documentation: Webhooks, MMS)."""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import msgspec
from treckk_gateway.channel import Inbound
from treckk_gateway.errors import PayloadError, Scope
from treckk_gateway.model import Attachment, DeliveryReceipt, DeliveryState, InboundMessage, MediaKind

from treckk_smsgate import sim

RECEIVED = "sms:received"
MESSAGES: dict[str, str | None] = {
    RECEIVED: None,
    "sms:data-received": "data",
    "mms:received": "mms",
    "mms:downloaded": None,
}
"""Events that are a person's message; where a word stands, the event does not carry what was sent."""

STATES = {
    "sms:sent": DeliveryState.SENT,
    "sms:delivered": DeliveryState.DELIVERED,
    "sms:failed": DeliveryState.FAILED,
    "sms:cancelled": DeliveryState.FAILED,
}
"""Events that tell of a message of ours."""

_OF_THE_APP = ("system:", "app:")
_TIMES = ("sentAt", "deliveredAt", "failedAt", "cancelledAt")
_ERROR = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")
_EVENT = re.compile(r"[a-z][a-z:-]{0,59}")
_LONGEST = 200


class Event(msgspec.Struct):
    """The envelope. Its `id` is another one when the same SMS is told twice: it counts only where no time is told."""

    event: str
    payload: dict[str, Any]
    id: str = ""


def read(body: bytes, region: str) -> Sequence[Inbound]:
    """The items of an event: one, several where they come in a batch, none for what the app says of itself.

    Raises `PayloadError` for what is no event.
    """
    try:
        event = msgspec.json.decode(body, type=Event)
    except (ValueError, RecursionError):
        # `from None`: the error that caused ours quotes what a citizen wrote.
        raise PayloadError("no event of SMSGate") from None
    if not _EVENT.fullmatch(event.event):
        raise PayloadError("an event without a name")
    if event.event.startswith(_OF_THE_APP):
        return []
    word = event.event.replace(":batch:", ":")
    if word == event.event:
        return [_item(word, event.payload, region, event.id)]
    said = event.payload.get("messages")
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise PayloadError("a batch without messages")
    return [_item(word, one, region, f"{event.id}:{place}") for place, one in enumerate(said)]


def _item(word: str, payload: dict[str, Any], region: str, event: str) -> Inbound:
    if word in MESSAGES or word.endswith(("received", "downloaded")):
        return _message(word, payload, region, event)
    return _receipt(word, payload)


def _message(word: str, payload: dict[str, Any], region: str, event: str) -> InboundMessage:
    who = sim.sender(payload.get("sender") or payload.get("phoneNumber"), region)
    if word == RECEIVED and not isinstance(payload.get("message"), str):
        raise PayloadError("an SMS without a text")
    text = next((payload[name] for name in ("message", "body", "subject") if _is_text(payload.get(name))), "")
    files = _files(payload.get("attachments"))
    recipient = payload.get("recipient")
    return InboundMessage(
        dedupe_key=_key(word, who.value, payload, text, event),
        sender=who,
        text=text,
        recipient=recipient if _is_text(recipient) else None,
        attachments=files,
        claimed_at=sim.instant(payload.get("receivedAt")),
        automatic=sim.is_machine(who),
        unsupported=MESSAGES.get(word, word.partition(":")[2]) or (None if text or files else "empty"),
    )


def _key(word: str, who: str, payload: dict[str, Any], text: str, event: str) -> str:
    """What was sent, by whom and when: ids of events differ for one SMS, and those of messages are made of its text.

    (capcom6/android-sms-gateway#291: one SMS, two events.)
    """
    named = payload.get("messageId") if word.startswith("mms") else None
    when = payload.get("receivedAt")
    parts = [word, who, when if _is_text(when) else event, text, str(named)]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _files(written: object) -> tuple[Attachment, ...]:
    """Files of an MMS that came along; those the app did not download are left out."""
    found = []
    for one in written if isinstance(written, list) else []:
        if not isinstance(one, dict) or not _is_text(one.get("data")):
            continue
        try:
            content = b64decode(one["data"], validate=True)
        except (binascii.Error, ValueError):
            continue
        kind = one["contentType"] if _is_text(one.get("contentType")) else "application/octet-stream"
        name = one.get("name")
        found.append(
            Attachment(
                kind=MediaKind.of(kind),
                content_type=kind,
                filename=name if _is_text(name) else None,
                size=len(content),
                content=content,
            )
        )
    return tuple(found)


def _receipt(word: str, payload: dict[str, Any]) -> DeliveryReceipt:
    ours = payload.get("messageId")
    if not isinstance(ours, str) or not 0 < len(ours) <= _LONGEST:
        raise PayloadError("an event that names no message")
    state = STATES.get(word, DeliveryState.UNKNOWN)
    code, scope = _failure(word, payload.get("reason")) if state is DeliveryState.FAILED else (None, None)
    when = next((payload[name] for name in _TIMES if name in payload), None)
    return DeliveryReceipt(
        dedupe_key=f"{ours}:{word}:{code or ''}",
        state=state,
        raw_status=word,
        provider_message_id=ours,
        delivery_id=ours,
        code=code,
        scope=scope,
        claimed_at=sim.instant(when),
    )


def _failure(word: str, reason: object) -> tuple[str, Scope | None]:
    """Android's own word for it where there is one: the reason is a sentence, and may quote the number."""
    said = reason if isinstance(reason, str) else ""
    if "invalid number" in said.lower() or "invalid phone" in said.lower():
        return "invalid_number", Scope.ADDRESS
    found = _ERROR.search(said)
    return (found[0] if found else word.partition(":")[2]), None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
