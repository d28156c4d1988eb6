"""What was found in SMSD's tables, in our words: rows that are one text, or the fate of one of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from treckk_gateway.channel import Inbound, numbers
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import Address, DeliveryReceipt, DeliveryState, InboundMessage

from treckk_gammu import parts
from treckk_gammu.database import OURS

SCHEME = "sms"

STATES = {
    "SendingOK": DeliveryState.SENT,
    "SendingOKNoReport": DeliveryState.SENT,
    "DeliveryPending": DeliveryState.SENT,
    "DeliveryOK": DeliveryState.DELIVERED,
    "SendingError": DeliveryState.FAILED,
    "DeliveryFailed": DeliveryState.FAILED,
    "Error": DeliveryState.FAILED,
    "DeliveryUnknown": DeliveryState.UNKNOWN,
}
"""SMSD's words in `sentitems.Status`."""

_ORDER = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.SENT, DeliveryState.DELIVERED)
"""Which part decides on the whole: one that failed, then one of which nobody knows, then the slowest."""
_USSD = 127
_LONGEST = 200


class Found(msgspec.Struct, omit_defaults=True):
    """`inbox` are rows of one text, `sent` the rows of one of ours."""

    inbox: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []


def written(found: Found) -> bytes:
    """The body a listener brings."""
    return msgspec.json.encode(found)


def read(body: bytes, region: str) -> Sequence[Inbound]:
    """The message or receipt of a body; nothing for answers of the network (USSD). Raises `PayloadError`."""
    try:
        found = msgspec.json.decode(body, type=Found)
        if found.inbox:
            return _message(found.inbox, region)
        if found.sent:
            return _receipt(found.sent)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        # `from None`: the error that caused ours quotes what a citizen wrote.
        raise PayloadError("no rows of SMSD") from None
    raise PayloadError("no rows of SMSD")


def outcome(rows: Sequence[dict[str, Any]]) -> tuple[str, DeliveryState] | None:
    """The word and the state of a text of several parts; `None` while SMSD has not come to each of them."""
    where = parts.place(str(rows[0].get("UDH") or ""))
    if len(rows) < (where.total if where else 1):
        return None
    words = [str(one["Status"])[:_LONGEST] for one in rows]
    states = [STATES.get(word, DeliveryState.UNKNOWN) for word in words]
    decides = min(states, key=_ORDER.index)
    return words[states.index(decides)], decides


def _message(rows: list[dict[str, Any]], region: str) -> Sequence[InboundMessage]:
    first = rows[0]
    if first["Class"] == _USSD:
        return []
    sender = str(first["SenderNumber"]).strip()
    if not sender:
        raise ValueError
    address = Address(SCHEME, numbers.normal(sender, region))
    data = first["Coding"] == "8bit"
    # SMSD 1.42 writes the whole text into the first part's TextDecoded, so that is no more than a second choice.
    joined = None if data else parts.joined(str(one["Text"]) for one in rows)
    text = "" if data else joined if joined is not None else str(first["TextDecoded"])
    marks = [[int(one["ID"]) for one in rows], str(first["ReceivingDateTime"]), sender, text]
    said = InboundMessage(
        dedupe_key=hashlib.sha256(msgspec.json.encode(marks)).hexdigest(),
        sender=address,
        text=text,
        automatic=not address.value.startswith("+"),  # short codes and names are machines: filed, never answered
        unsupported="data" if data else None if text.strip() else "empty",
    )
    return [said]


def _receipt(rows: list[dict[str, Any]]) -> Sequence[DeliveryReceipt]:
    delivery_id = str(rows[0]["CreatorID"]).removeprefix(OURS)
    if not delivery_id or len(delivery_id) > _LONGEST:
        raise ValueError
    decided = outcome(rows)
    if decided is None:
        return []
    word, state = decided
    failed = next((one for one in rows if str(one["Status"]) == word), rows[0])
    told = failed.get("StatusError")
    code = str(told) if state is DeliveryState.FAILED and type(told) is int and 0 <= told <= 255 else None
    return [
        DeliveryReceipt(
            dedupe_key=f"{delivery_id}:{word}:{code or ''}",
            state=state,
            raw_status=word,
            provider_message_id=str(int(rows[0]["ID"])),
            delivery_id=delivery_id,
            code=code or (word if state is DeliveryState.FAILED else None),
        )
    ]
