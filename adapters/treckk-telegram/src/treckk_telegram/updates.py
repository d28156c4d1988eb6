"""What Telegram posts, in our words. Only what is read here is named; everything else of an update is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from treckk_gateway.channel import choices
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import Address, Attachment, InboundMessage, Location, MediaKind

SCHEME = "telegram"

FILES = {
    "voice": (MediaKind.AUDIO, "audio/ogg"),
    "audio": (MediaKind.AUDIO, "audio/mpeg"),
    "video": (MediaKind.VIDEO, "video/mp4"),
    "video_note": (MediaKind.VIDEO, "video/mp4"),
    "document": (MediaKind.DOCUMENT, "application/octet-stream"),
}
"""Fields of a message that hold one file, with what it is when Telegram does not say."""

_AROUND = frozenset(
    {"message_id", "message_thread_id", "from", "sender_chat", "chat", "date", "edit_date", "reply_to_message"}
)
"""Fields that say nothing about the kind of a message."""


def read(body: bytes) -> Sequence[InboundMessage]:
    """The message of an update, new, edited or tapped; none for updates of other kinds and for what is said in groups.

    Raises `PayloadError` for what is no update.
    """
    try:
        update = _update(body)
        if "callback_query" in update:
            return _tap(str(update["update_id"]), update["callback_query"])
        message = update.get("message", update.get("edited_message"))
        if message is None:
            return []
        return _message(str(update["update_id"]), message)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        # `from None`: the error that caused ours quotes what a citizen wrote.
        raise PayloadError("no update of Telegram") from None


def tapped(body: bytes) -> str | None:
    """The id Telegram waits to hear of when something was tapped; `None` for anything else."""
    try:
        return _word(_update(body)["callback_query"], "id")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _update(body: bytes) -> dict[str, Any]:
    update = msgspec.json.decode(body)
    if not isinstance(update, dict) or type(update.get("update_id")) is not int:
        raise ValueError
    return update


def _tap(key: str, query: dict[str, Any]) -> Sequence[InboundMessage]:
    """A button of ours: the answer it stands for. One that is none of ours (a game) says nothing."""
    message, answer = query.get("message"), choices.answered(_text(query, "data"))
    if not isinstance(message, dict) or answer is None or message["chat"]["type"] != "private":
        return []
    return [
        InboundMessage(
            dedupe_key=key,
            sender=Address(SCHEME, _number(message["chat"], "id")),
            sender_name=_name(query.get("from")),
            text=answer,
            reply_ids=_answered(message),
        )
    ]


def _message(key: str, message: dict[str, Any]) -> Sequence[InboundMessage]:
    chat = message["chat"]
    if chat["type"] != "private":  # an answer there would be read by everybody in the group
        return []
    files, place = _files(message), _place(message)
    text = _text(message, "text") or _text(message, "caption")
    said = InboundMessage(
        dedupe_key=key,
        message_id=_number(message, "message_id"),
        sender=Address(SCHEME, _number(chat, "id")),
        sender_name=_name(message.get("from")),
        text=text,
        attachments=files,
        location=place,
        claimed_at=int(_number(message, "date")) * 1_000_000,
        reply_ids=_answered(message.get("reply_to_message")),
        unsupported=None if text or files or place else _kind(message),
    )
    return [said]


def _files(message: dict[str, Any]) -> tuple[Attachment, ...]:
    found = []
    photo = message.get("photo")
    if isinstance(photo, list) and photo:  # one picture in several sizes, the largest last
        found.append(_file(photo[-1], MediaKind.IMAGE, "image/jpeg"))
    for field, (kind, content_type) in FILES.items():
        if isinstance(message.get(field), dict):
            found.append(_file(message[field], kind, content_type))
    if isinstance(message.get("contact"), dict):
        found.append(_contact(message["contact"]))
    return tuple(found)


def _file(file: dict[str, Any], kind: MediaKind, content_type: str) -> Attachment:
    claimed = _text(file, "mime_type") or content_type
    size = file.get("file_size")
    return Attachment(
        kind=MediaKind.of(claimed) if kind is MediaKind.DOCUMENT else kind,
        content_type=claimed,
        filename=_text(file, "file_name") or None,
        size=size if type(size) is int and size >= 0 else None,
        ref=_word(file, "file_id"),
    )


def _contact(contact: dict[str, Any]) -> Attachment:
    """A card. The number proves nothing of the sender: anybody's card can be passed on."""
    name = " ".join(filter(None, (_text(contact, "first_name"), _text(contact, "last_name"))))
    plain = {"FN": name, "TEL": _word(contact, "phone_number")}
    lines = [f"{field}:{' '.join(value.split())}" for field, value in plain.items()]
    card = _text(contact, "vcard") or "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])
    content = card.encode("utf-8", "replace")
    return Attachment(
        kind=MediaKind.CONTACT, content_type="text/vcard", filename="contact.vcf", size=len(content), content=content
    )


def _place(message: dict[str, Any]) -> Location | None:
    point = message.get("location")
    if not isinstance(point, dict):
        return None
    venue = message.get("venue")
    words = [_text(venue, name) for name in ("title", "address")] if isinstance(venue, dict) else []
    return Location.read(point.get("latitude"), point.get("longitude"), ", ".join(filter(None, words)))


def _name(person: object) -> str | None:
    if not isinstance(person, dict):
        return None
    return " ".join(filter(None, (_text(person, "first_name"), _text(person, "last_name")))) or None


def _answered(message: object) -> tuple[str, ...]:
    return (_number(message, "message_id"),) if isinstance(message, dict) else ()


def _kind(message: dict[str, Any]) -> str:
    """Telegram's own word for a message we cannot read: poll, dice, sticker, or one it adds one day."""
    return next((name[:40] for name in message if name not in _AROUND and name.isidentifier()), "empty")


def _text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _word(holder: dict[str, Any], name: str) -> str:
    value = _text(holder, name)
    if not value:
        raise ValueError
    return value


def _number(holder: dict[str, Any], name: str) -> str:
    value = holder[name]
    if type(value) is not int or not -(2**53) < value < 2**53:  # ids have at most 52 significant bits
        raise ValueError
    return str(value)
