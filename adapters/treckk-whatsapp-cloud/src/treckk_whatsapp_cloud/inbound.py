"""What Meta posts, in our words. One body holds entries, changes, messages and statuses, many of each.

Source: WhatsApp Business Platform, "messages webhook reference" and the page of each kind of message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from treckk_gateway.channel import Inbound
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import Address, DeliveryReceipt, DeliveryState, InboundMessage

from treckk_whatsapp_cloud import codes, people
from treckk_whatsapp_cloud.contents import contents
from treckk_whatsapp_cloud.reading import dicts, identifier, instant, text, word

OBJECT = "whatsapp_business_account"

STATES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "played": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
}
"""Meta's words for a message of ours; `deleted` and what it adds one day change nothing."""

QUIET = frozenset({"reaction", "revoke", "system"})
"""Kinds that are kept and never answered: nobody waits for one."""

_NOBODY = Address(people.SCHEME, "unreadable")


def read(body: bytes) -> Sequence[Inbound]:
    """Every message and status of a body, in its order; none for what is told of the account or said in a group.

    Raises `PayloadError` for what is no notification, or one in which nothing can be read. One message that cannot be
    read does not lose the others: it is kept as unsupported, from nobody.
    """
    try:
        tree = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        # `from None`: the error that caused ours quotes what a citizen wrote.
        raise PayloadError("the body is not JSON") from None
    if not isinstance(tree, dict) or tree.get("object") != OBJECT:
        raise PayloadError("no notification of WhatsApp")
    found = [item for value in _values(tree) for item in _items(value)]
    if found and all(isinstance(one, InboundMessage) and one.sender == _NOBODY for one in found):
        raise PayloadError("nothing in it can be read")
    return found


def _values(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in dicts(tree.get("entry")):
        for change in dicts(entry.get("changes")):
            value = change.get("value")
            if isinstance(value, dict):
                yield value


def _items(value: dict[str, Any]) -> Iterator[Inbound]:
    known = people.named(value.get("contacts"))
    for message in dicts(value.get("messages")):
        if "group_id" not in message:  # an answer there would be read by everybody
            yield _message(message, known, text(value.get("metadata"), "display_phone_number"))
    for status in dicts(value.get("statuses")):
        receipt = _receipt(status)
        if receipt is not None:
            yield receipt


def _message(message: dict[str, Any], known: Mapping[str, people.Named], number: str) -> InboundMessage:
    who = people.writer(message, known)
    kind, name = word(message.get("type")), identifier(message.get("id"))
    if who is None:
        return InboundMessage(
            dedupe_key=name or _digest(message), sender=_NOBODY, automatic=True, unsupported="unreadable"
        )
    said = contents(kind, message.get(kind))
    return InboundMessage(
        dedupe_key=name or _digest(message),
        message_id=name,
        sender=who.address,
        sender_name=who.name,
        recipient=number or None,
        text=said.text,
        attachments=said.files,
        location=said.place,
        claimed_at=instant(message.get("timestamp")),
        reply_ids=_answered(message, who.address),
        aliases=who.aliases,
        automatic=kind in QUIET,
        unsupported=said.unsupported,
    )


def _answered(message: dict[str, Any], sender: Address) -> tuple[str, ...]:
    """Our message this one is about; a reply to the person's own says nothing of ours."""
    context = message.get("context")
    about = context if isinstance(context, dict) else {}
    own = people.phone(about.get("from")) == sender.value
    reaction = message.get("reaction")
    name = identifier(about.get("id")) or identifier(reaction.get("message_id") if isinstance(reaction, dict) else None)
    return (name,) if name and not own else ()


def _receipt(status: dict[str, Any]) -> DeliveryReceipt | None:
    theirs, ours = identifier(status.get("id")), identifier(status.get("biz_opaque_callback_data"))
    said = word(status.get("status"))
    if not said or not (theirs or ours):
        return None
    state = STATES.get(said, DeliveryState.UNKNOWN)
    failure = codes.failure_of(status.get("errors")) if state is DeliveryState.FAILED else codes.Failure()
    return DeliveryReceipt(
        dedupe_key=f"{theirs or ours}:{said}:{failure.code or ''}",
        state=state,
        raw_status=said,
        provider_message_id=theirs,
        delivery_id=ours,
        code=failure.code,
        scope=failure.scope,
        window_closed=failure.window_closed,
        claimed_at=instant(status.get("timestamp")),
    )


def _digest(message: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(message, order="sorted")).hexdigest()
