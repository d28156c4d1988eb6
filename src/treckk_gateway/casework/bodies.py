"""What is sealed, as values: the inside of rows whose outside holds nothing of a person."""

from __future__ import annotations

from enum import StrEnum

import attrs

from treckk_gateway.model import InboundMessage, Instant, Location


class Purpose(StrEnum):
    """What a sealed text is for; text sealed for one purpose cannot be opened as another."""

    RAW = "raw"
    ADDRESS = "address"
    MESSAGE = "message"
    FILE = "file"
    CONTENT = "content"
    VALUES = "values"
    TEXT = "text"
    EVENT = "event"
    FINDING = "finding"
    TOKEN = "token"  # noqa: S105 a purpose
    ASKING = "asking"
    REASON = "reason"
    FORM = "form"
    SPOOL = "spool"


@attrs.frozen(kw_only=True)
class MessageBody:
    """An inbound message as it is kept."""

    text: str = attrs.field(repr=False)
    subject: str | None = attrs.field(default=None, repr=False)
    sender_name: str | None = attrs.field(default=None, repr=False)
    message_id: str | None = attrs.field(default=None, repr=False)
    location: Location | None = None
    claimed_at: Instant | None = None
    unsupported: str | None = None
    sender: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, message: InboundMessage) -> MessageBody:
        """What is kept of a message; its files are kept apart."""
        return cls(
            text=message.text,
            subject=message.subject,
            sender_name=message.sender_name,
            message_id=message.message_id,
            location=message.location,
            claimed_at=message.claimed_at,
            unsupported=message.unsupported,
            sender=message.sender.text,
        )


@attrs.frozen(kw_only=True)
class FileBody:
    """What is known of a file beside its content. `place` is where a picture claims to have been taken."""

    content_type: str
    filename: str | None = attrs.field(default=None, repr=False)
    ref: str | None = attrs.field(default=None, repr=False)
    place: tuple[float, float] | None = attrs.field(default=None, repr=False)
    odd: str | None = None


@attrs.frozen(kw_only=True)
class SentBody:
    """A message as it left."""

    text: str = attrs.field(repr=False)
    subject: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Asking:
    """A numbered question we asked: which of these cases do the waiting messages belong to?

    `tried` counts answers we did not understand.
    """

    cases: tuple[int, ...]
    messages: tuple[int, ...]
    tried: int = 0
