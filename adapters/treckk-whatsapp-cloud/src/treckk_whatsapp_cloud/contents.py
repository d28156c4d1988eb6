"""What a message says, kind by kind (WhatsApp Business Platform, "messages webhook reference")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from treckk_gateway.channel import choices
from treckk_gateway.model import Attachment, Location, MediaKind

from treckk_whatsapp_cloud.reading import dicts, identifier, text

FILES = {
    "image": (MediaKind.IMAGE, "image/jpeg"),
    "video": (MediaKind.VIDEO, "video/mp4"),
    "audio": (MediaKind.AUDIO, "audio/ogg"),
    "document": (MediaKind.DOCUMENT, "application/octet-stream"),
    "sticker": (MediaKind.STICKER, "image/webp"),
}
"""Kinds that hold one file, with what it is when Meta does not say."""

_MOST_CARDS = 20


@attrs.frozen(kw_only=True)
class Contents:
    """`unsupported` names what we cannot show."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    place: Location | None = None
    unsupported: str | None = None


def contents(kind: str, said: object) -> Contents:
    """What the object named like its kind says; a kind we do not know is kept under Meta's own word."""
    holder: dict[str, Any] = said if isinstance(said, dict) else {}
    if kind in FILES:
        found = _file(kind, holder)
    elif kind == "contacts":
        found = Contents(files=tuple(_card(one) for one in dicts(said)[:_MOST_CARDS]))
    else:
        found = _KINDS.get(kind, _unknown)(holder)
    if found.text.strip() or found.files or found.place or found.unsupported:
        return found
    return attrs.evolve(found, unsupported=kind or "empty")


def _file(kind: str, holder: dict[str, Any]) -> Contents:
    media, usual = FILES[kind]
    ref = identifier(holder.get("id"))
    if ref is None:
        return Contents(text=text(holder, "caption"), unsupported=kind)
    claimed = text(holder, "mime_type") or usual
    file = Attachment(
        kind=MediaKind.of(claimed) if media is MediaKind.DOCUMENT else media,
        content_type=claimed,
        filename=text(holder, "filename") or None,
        ref=ref,
    )
    return Contents(text=text(holder, "caption"), files=(file,))


def _written(holder: dict[str, Any]) -> Contents:
    return Contents(text=text(holder, "body"))


def _place(holder: dict[str, Any]) -> Contents:
    words = ", ".join(filter(None, (text(holder, "name"), text(holder, "address"))))
    return Contents(place=Location.read(holder.get("latitude"), holder.get("longitude"), words))


def _chosen(holder: dict[str, Any]) -> Contents:
    """A tapped button or line of ours reads as if it had been written; a form we did not send does not."""
    for name in ("button_reply", "list_reply"):
        reply = holder.get(name)
        if isinstance(reply, dict):
            return Contents(text=choices.answered(text(reply, "id")) or text(reply, "title"))
    return Contents(unsupported="form" if "nfm_reply" in holder else "interactive")


def _tapped(holder: dict[str, Any]) -> Contents:
    """A button of a template."""
    return Contents(text=choices.answered(text(holder, "payload")) or text(holder, "text"))


def _reaction(holder: dict[str, Any]) -> Contents:
    """A sign put to a message of ours, or taken away again."""
    return Contents(text=text(holder, "emoji"), unsupported="reaction")


def _edit(holder: dict[str, Any]) -> Contents:
    """The words as they are now, a caption's too; what was said before stays with the case."""
    message = holder.get("message")
    if not isinstance(message, dict):
        return Contents()
    said = message.get("text"), *(message.get(kind) for kind in FILES)
    return Contents(text=next(filter(None, (text(one, "body") or text(one, "caption") for one in said)), ""))


def _unknown(_holder: dict[str, Any]) -> Contents:
    return Contents()


_KINDS: Mapping[str, Callable[[dict[str, Any]], Contents]] = {
    "text": _written,
    "location": _place,
    "interactive": _chosen,
    "button": _tapped,
    "reaction": _reaction,
    "edit": _edit,
}


def _card(contact: dict[str, Any]) -> Attachment:
    """A card. The number proves nothing of the sender: anybody's card can be passed on."""
    name = text(contact.get("name"), "formatted_name") or "-"
    lines = [("FN", name), *(("TEL", text(one, "phone")) for one in dicts(contact.get("phones")))]
    lines += [("EMAIL", text(one, "email")) for one in dicts(contact.get("emails"))]
    plain = [f"{field}:{' '.join(value.split())}" for field, value in lines if value.strip()]
    content = "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *plain, "END:VCARD", ""]).encode()
    return Attachment(
        kind=MediaKind.CONTACT, content_type="text/vcard", filename="contact.vcf", size=len(content), content=content
    )
