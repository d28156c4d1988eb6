"""What a genuine request says: a person's message, or what became of one of ours.

Source: Twilio docs, Twilio's request to your webhook URL; Outbound message status callback. Twilio adds fields
without notice, so nothing is refused for what it has or lacks beside a sender or an id.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from treckk_gateway.adapters.twilio import codes, form
from treckk_gateway.adapters.twilio.layout import Recognized
from treckk_gateway.channel import Envelope, Inbound, WebhookRequest, choices, numbers
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import (
    Address,
    Attachment,
    Consent,
    DeliveryReceipt,
    DeliveryState,
    InboundMessage,
    Location,
    MediaKind,
)

DELIVERY = "delivery"
"""The query parameter of our callback address that carries our delivery id."""

STATES: Mapping[str, DeliveryState] = {
    "accepted": DeliveryState.ACCEPTED,
    "scheduled": DeliveryState.ACCEPTED,
    "queued": DeliveryState.ACCEPTED,
    "sending": DeliveryState.SENDING,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "partially_delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
    "undelivered": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
"""Twilio's words for our messages. Others become `UNKNOWN` and are kept."""
_INCOMING = frozenset({"receiving", "received"})
_CONSENTS = {"STOP": Consent.STOP, "START": Consent.START, "HELP": Consent.HELP}

SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_ANY_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_USUAL = re.compile(rf"(?:(whatsapp):)?({numbers.CLEAN})")
_ERROR = re.compile(r"[0-9]{1,9}")
_KIND = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_MOST_FILES = 10
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SHORTEST_BASE64 = 60
_LONGEST_NAME = 200

Fields = Mapping[str, str]


def read(request: WebhookRequest) -> tuple[Inbound, ...]:
    """The one item a webhook of Twilio holds. Raises `PayloadError` when it names no sender or no message of ours.

    Of a repeated field the first counts.
    """
    try:
        pairs, fields = form.queried(request) if request.method == "GET" else form.posted(request)
        ours = [value for name, value in form.queried(request).pairs if name == DELIVERY]
    except ValueError:
        raise PayloadError("more fields than any of Twilio's requests") from None
    if not "".join(fields.values()).isprintable():
        fields = {name: form.clean(value) for name, value in fields.items()}
    if _is_status(fields, ours):
        return (_receipt(fields, ours[0] if len(ours) == 1 else None),)
    return (_message(fields, pairs),)


def glance(request: WebhookRequest, usual: Recognized | None = None) -> Envelope | None:
    """Id and sender of a plain message, as `read` finds them but without the rest; `None` for everything else.

    Looked up in `usual` where the request's form was recognized.
    """
    if request.method != "POST" or "?" in request.url:
        return None
    try:
        fields = usual or form.posted(request).fields
    except ValueError:
        return None
    sid, written = fields.get("MessageSid") or "", fields.get("From") or ""
    plain = fields.get("SmsStatus") == "received" and fields.get("MessageStatus") is None
    if not plain or not written.isprintable():
        return None
    sender = address(written) if _ANY_SID.fullmatch(sid) else None
    return Envelope(dedupe_key=sid, sender=sender) if sender is not None else None


def _is_status(fields: Fields, ours: list[str]) -> bool:
    word = fields.get("MessageStatus", fields.get("SmsStatus", "")).strip().lower()
    if word in _INCOMING:
        return False
    # A message always has a body and a number of files, so without both an unheard word is a status of ours.
    bare = bool(word) and fields.keys().isdisjoint({"Body", "NumMedia"})
    return bool(ours) or "MessageStatus" in fields or word in STATES or bare


def _receipt(fields: Fields, delivery_id: str | None) -> DeliveryReceipt:
    sid = _sid(fields)
    delivery_id = form.clean(delivery_id or "").strip()[:200] or None
    if sid is None and delivery_id is None:
        raise PayloadError("a status that names no message")
    status = fields.get("MessageStatus", fields.get("SmsStatus", "")).strip()[:64]
    state = STATES.get(status.lower(), DeliveryState.UNKNOWN)
    written = fields.get("ErrorCode", "").strip()
    code = written if _ERROR.fullmatch(written) and written.strip("0") else None
    meaning = codes.failure_of(code) if state is DeliveryState.FAILED else None
    return DeliveryReceipt(
        dedupe_key=f"{sid or delivery_id}:{status}:{code or ''}",
        state=state,
        raw_status=status,
        provider_message_id=sid,
        delivery_id=delivery_id,
        code=code,
        scope=codes.scope_of(meaning),
        opted_out=meaning is codes.Meaning.OPTED_OUT,
        window_closed=meaning is codes.Meaning.TEMPLATE,
    )


def _message(fields: Fields, pairs: form.Pairs) -> InboundMessage:
    sender = address(fields.get("From", ""))
    if sender is None:
        raise PayloadError("a message without a sender")
    sid = _sid(fields)
    text = _text(fields, sender)
    files = _files(fields, sender)
    place = _place(fields)
    consent = _CONSENTS.get(fields.get("OptOutType", "").strip().upper())
    shown = text.strip() or files or place or consent
    return InboundMessage(
        dedupe_key=sid or hashlib.sha256(repr(pairs).encode()).hexdigest(),
        sender=sender,
        text=text,
        sender_name=" ".join(fields.get("ProfileName", "").split())[:_LONGEST_NAME] or None,
        recipient=fields.get("To", "").strip() or None,
        message_id=sid,
        attachments=files,
        location=place,
        reply_ids=_answered(fields),
        aliases=_aliases(fields, sender),
        consent=consent,
        # Short codes and names are machines (adverts, banks): filed, never answered.
        automatic=sender.scheme == "sms" and not sender.value.startswith("+"),
        unsupported=None if shown and "FlowData" not in fields else _kind(fields),
    )


def address(written: str) -> Address | None:
    """Twilio's way to write an address as ours; `None` when nothing is written.

    No prefix is SMS, unless it is a business-scoped WhatsApp id, which some versions send bare. Such an id holds no
    number and is kept to the letter; other prefixes (`messenger:`) are kept with their value.
    """
    usual = _USUAL.fullmatch(written)
    if usual is not None:
        return Address(usual[1] or "sms", usual[2])
    if not written:
        return None
    prefix, mark, value = written.strip().partition(":")
    if not mark:
        prefix, value = "whatsapp" if _USER_ID.fullmatch(prefix) else "sms", prefix
    value, prefix = value.strip(), prefix.strip().lower()
    if not prefix or not value:
        return None
    if prefix in {"whatsapp", "sms"} and not _USER_ID.fullmatch(value):
        value = numbers.normal(value)
    return Address(prefix, value)


def _sid(fields: Fields) -> str | None:
    """Twilio's id of the message; its three names hold the same value. Anything not of its shape is no key."""
    for name in ("MessageSid", "SmsMessageSid", "SmsSid"):
        sid = fields.get(name, "")
        if _ANY_SID.fullmatch(sid):
            return sid
    return None


def _text(fields: Fields, sender: Address) -> str:
    """What the person wrote or tapped. The tapped words stand in `ButtonText`, which goes before `Body`.

    A choice we offered carries the answer it stands for.
    """
    ours = choices.answered(fields.get("ButtonPayload")) or choices.answered(fields.get("ListId"))
    if ours is not None:
        return ours
    for name in ("ButtonText", "Body", "ListTitle"):
        if fields.get(name, "").strip():
            return _decoded(fields[name]) if name == "Body" and sender.scheme == "sms" else fields[name]
    return fields.get("Body", "")


def _decoded(body: str) -> str:
    """Some long SMS arrive with their text in base64 (messaging gateways see it): undone only when it surely is."""
    joined = body.replace("\n", "")
    if len(joined) < _SHORTEST_BASE64 or len(joined) % 4 or not _BASE64.fullmatch(joined):
        return body
    try:
        text = base64.b64decode(joined, validate=True).decode("utf-8")
    except ValueError:
        return body
    readable = form.clean(text)
    return readable if readable == text and 2 * sum(map(str.isascii, text)) >= len(text) else body


def _files(fields: Fields, sender: Address) -> tuple[Attachment, ...]:
    """The files by their addresses; `NumMedia` may be missing or wrong and is not needed."""
    if fields.get("NumMedia") == "0" and "MediaUrl0" not in fields:
        return ()
    found = []
    for number in range(_MOST_FILES):
        ref = fields.get(f"MediaUrl{number}", "").strip()
        if not ref:
            continue
        content_type = fields.get(f"MediaContentType{number}", "").strip()[:100] or "application/octet-stream"
        # WhatsApp sends pictures as JPEG or PNG; WebP is how a sticker comes.
        sticker = sender.scheme == "whatsapp" and content_type.lower().startswith("image/webp")
        kind = MediaKind.STICKER if sticker else MediaKind.of(content_type)
        found.append(Attachment(kind=kind, content_type=content_type, ref=ref))
    return tuple(found)


def _place(fields: Fields) -> Location | None:
    if "Latitude" not in fields and "Label" not in fields and "Address" not in fields:
        return None
    words = ", ".join(filter(None, (fields.get(name, "").strip() for name in ("Label", "Address"))))
    return Location.read(fields.get("Latitude"), fields.get("Longitude"), words)


def _answered(fields: Fields) -> tuple[str, ...]:
    """Our message this one answers; a reply to the person's own message says nothing of ours."""
    sid = fields.get("OriginalRepliedMessageSid", "")
    own = fields.get("OriginalRepliedMessageSender", "") == fields.get("From")
    return (sid,) if _ANY_SID.fullmatch(sid) and not own else ()


def _aliases(fields: Fields, sender: Address) -> tuple[Address, ...]:
    """The person's business-scoped id beside their number. Nothing else is taken as the same person's."""
    other = address(fields.get("ExternalUserId", ""))
    if other is None or other == sender or sender.scheme != "whatsapp":
        return ()
    return (other,) if other.scheme == "whatsapp" and _USER_ID.fullmatch(other.value) else ()


def _kind(fields: Fields) -> str:
    """A name for what we cannot show: Twilio's own word for it where it gave one."""
    if "FlowData" in fields:
        return "form"
    if "InteractiveData" in fields:
        return "interactive"
    word = fields.get("MessageType", "").strip()
    return word if _KIND.fullmatch(word) else "empty"
