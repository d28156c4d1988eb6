"""What crosses a channel: messages in, messages out, and the provider's word on them."""

from __future__ import annotations

import math
from enum import StrEnum

import attrs

from treckk_gateway.errors import Scope
from treckk_gateway.model.address import Address
from treckk_gateway.model.delivery import DeliveryState

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""


class MediaKind(StrEnum):
    """What a file is, as far as its sender says."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    CONTACT = "contact"
    STICKER = "sticker"
    OTHER = "other"

    @classmethod
    def of(cls, content_type: str) -> MediaKind:
        """The kind a content type stands for: `image/jpeg` is an image, `text/vcard` a contact."""
        major, _, minor = content_type.lower().partition(";")[0].strip().partition("/")
        if major in {"image", "audio", "video"}:
            return cls(major)
        if minor in {"vcard", "x-vcard"}:
            return cls.CONTACT
        return cls.DOCUMENT if major in {"application", "text"} else cls.OTHER


@attrs.frozen(kw_only=True)
class Attachment:
    """A file with a message: either `content` came along, or `ref` says where the provider keeps it.

    `size` is in bytes. `content_type` and `filename` are the sender's claims and prove nothing.
    """

    kind: MediaKind
    content_type: str = "application/octet-stream"
    filename: str | None = attrs.field(default=None, repr=False)
    size: int | None = None
    ref: str | None = attrs.field(default=None, repr=False)
    content: bytes | None = attrs.field(default=None, repr=False)


class PlaceSource(StrEnum):
    """Who said where it is; a person's correction beats all, a pin beats words."""

    TEXT = "text"
    PIN = "pin"
    PHOTO = "photo"
    STAFF = "staff"


@attrs.frozen(kw_only=True)
class Location:
    """A place: WGS84 degrees, words, or both. No place is `None`, never 0,0."""

    lat: float | None = attrs.field(default=None, repr=False)
    lng: float | None = attrs.field(default=None, repr=False)
    text: str | None = attrs.field(default=None, repr=False)
    source: PlaceSource = PlaceSource.TEXT

    @classmethod
    def read(cls, lat: object, lng: object, text: str | None = None) -> Location | None:
        """Tolerantly read a claimed place; a bad number must not lose the message.

        Returns `None` when there is neither a usable point nor a text. 0,0, values that are not finite and
        values outside the globe are not usable points.
        """
        try:
            point = (float(str(lat)), float(str(lng)))
        except ValueError:
            point = (0.0, 0.0)
        words = (text or "").strip() or None
        usable = all(map(math.isfinite, point)) and abs(point[0]) <= 90 and abs(point[1]) <= 180 and any(point)  # noqa: PLR2004 degrees
        if usable:
            return cls(lat=point[0], lng=point[1], text=words, source=PlaceSource.PIN)
        return cls(text=words) if words else None


class Consent(StrEnum):
    """The sender's wish about messages, as a provider reported it beside the text (already answered by it)."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@attrs.frozen(kw_only=True)
class InboundMessage:
    """One message of one person, in one form for every channel.

    `dedupe_key` is the provider's id or a hash, never empty, unique within the channel.
    `reply_ids` are ids of our own messages it answers; `reply_token` is the secret part of a reply address.
    `aliases` are further addresses of the same person, stated by the same authenticated request.
    `claimed_at` is the sender's own time and proves nothing. `automatic` mail is filed and never answered.
    `quiet` says that its sender asks for no automatic answer: it counts as any other, and only danger is answered.
    `unsupported` names a kind of message we cannot interpret; it is kept and shown.
    """

    dedupe_key: str = attrs.field(validator=attrs.validators.min_len(1))
    sender: Address
    text: str = attrs.field(default="", repr=False)
    subject: str | None = attrs.field(default=None, repr=False)
    sender_name: str | None = attrs.field(default=None, repr=False)
    recipient: str | None = attrs.field(default=None, repr=False)
    message_id: str | None = None
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    claimed_at: Instant | None = None
    reply_ids: tuple[str, ...] = ()
    reply_token: str | None = attrs.field(default=None, repr=False)
    aliases: tuple[Address, ...] = ()
    consent: Consent | None = None
    automatic: bool = False
    quiet: bool = False
    unsupported: str | None = None


@attrs.frozen(kw_only=True)
class DeliveryReceipt:
    """A provider's word on a message of ours: `delivery_id` is ours, `provider_message_id` theirs; one is given.

    `raw_status` keeps the provider's own word, `code` its error code. `scope` says what a failure holds for;
    `opted_out` that the recipient wants no messages; `window_closed` that only an approved template would have passed.
    """

    dedupe_key: str = attrs.field(validator=attrs.validators.min_len(1))
    state: DeliveryState
    raw_status: str
    provider_message_id: str | None = None
    delivery_id: str | None = None
    code: str | None = None
    claimed_at: Instant | None = None
    scope: Scope | None = None
    opted_out: bool = False
    window_closed: bool = False


@attrs.frozen(kw_only=True)
class Thread:
    """What keeps an answer in its conversation, for channels that thread.

    `reply_token` is the secret a reply address carries; `last_id` the provider's id of the message answered;
    `earlier_ids` those before it, oldest first.
    """

    reply_token: str | None = attrs.field(default=None, repr=False)
    last_id: str | None = None
    earlier_ids: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Template:
    """A text the provider approved beforehand, ready to leave.

    `name` is the provider's word for it (a ContentSid at Twilio, a name at Meta), `language` its language code there.
    `parameters` fill its placeholders, in order; none is empty, and each is one line.
    """

    name: str = attrs.field(validator=attrs.validators.min_len(1))
    language: str
    parameters: tuple[str, ...] = attrs.field(default=(), repr=False)


@attrs.frozen(kw_only=True)
class Choice:
    """Something the recipient may tap: `label` is shown, `answer` is what they would have written instead."""

    answer: str = attrs.field(validator=attrs.validators.min_len(1))
    label: str = attrs.field(validator=attrs.validators.min_len(1), repr=False)


@attrs.frozen(kw_only=True)
class OutboundMessage:
    """One text for one person, ready to leave.

    `delivery_id` is ours, stays the same over all attempts and goes to the provider wherever it accepts one;
    `attempt_id` is new for each attempt. `reply` is true for an answer to a message just received, false for a
    notice. `news` is true for a notice its reader may do without: not danger, and not what staff must know.
    `timeout` is the whole time the attempt may take, in seconds. `reference`, `state` and `version` are those of the
    case, where there is one.

    With `template` that is sent and nothing else; `text` then says the same in the unit's own words, for the record.
    `choices` are offered beside the text for tapping, at most as many as the channel claims; the text says what may be
    answered without them.
    """

    delivery_id: str
    attempt_id: str
    recipient: Address
    text: str = attrs.field(repr=False)
    subject: str | None = attrs.field(default=None, repr=False)
    thread: Thread = Thread()
    reply: bool = False
    news: bool = False
    timeout: float = 35.0
    reference: str | None = None
    state: str | None = None
    version: int | None = None
    template: Template | None = None
    choices: tuple[Choice, ...] = ()


@attrs.frozen(kw_only=True)
class SendResult:
    """The provider took it. `parts` is how many messages it was sent as (SMS segments)."""

    provider_message_id: str | None = None
    state: DeliveryState = DeliveryState.ACCEPTED
    parts: int = 1
