"""What staff see of a case: opened values, cut to what the viewer's role may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import attrs

from treckk_gateway.model import Case, CaseClock, CaseEvent, DeliveryState, Finding, Instant, Location

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a list, newest first. `next_cursor` asks for what follows; `None` at the end."""

    items: tuple[T, ...]
    next_cursor: str | None = None


@attrs.frozen(kw_only=True)
class FileView:
    """A file with a message; `state` is stored, pending (fetched later), lost or refused. `size` is in bytes.

    `reason` says why it is not kept, or not yet.
    """

    id: int
    kind: str
    state: str
    content_type: str
    filename: str | None = attrs.field(default=None, repr=False)
    size: int | None = None
    reason: str | None = None


@attrs.frozen(kw_only=True)
class MessageView:
    """A message of the case.

    `direction` is in, out, or staff for what the unit's own people sent; `by` is the pseudonym of who wrote it, the
    name of a member of staff, or `gateway`. `id` names a message that came in, so that staff can split it off.
    `unsupported` is the provider's word for a kind of message that nobody here can show.
    """

    at: Instant
    direction: str
    text: str = attrs.field(repr=False)
    by: str
    automatic: bool = False
    location: Location | None = None
    attachments: tuple[FileView, ...] = ()
    id: int | None = None
    unsupported: str | None = None


@attrs.frozen(kw_only=True)
class DeliveryView:
    """What became of one message of ours.

    `state` is one of pending, accepted, sending, sent, delivered, read, failed, uncertain, held, cancelled, dead.
    """

    id: int
    delivery_id: str
    channel_id: str
    template: str
    state: str
    provider_message_id: str | None
    attempts: int
    created_at: Instant
    to: str
    reason: str | None = None
    code: str | None = None
    heard: DeliveryState = DeliveryState.PENDING


@attrs.frozen(kw_only=True)
class IdentityView:
    """Who reported. Only for roles that may, and only written down in the access log.

    `form` is what the form says of them, by field.
    """

    pseudonym: str
    name: str | None = attrs.field(default=None, repr=False)
    addresses: tuple[str, ...] = attrs.field(default=(), repr=False)
    form: Mapping[str, str] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class FormView:
    """What is known for a field of the form. `by_staff`: a person corrected it."""

    field: str
    value: str = attrs.field(repr=False)
    by_staff: bool = False


@attrs.frozen(kw_only=True)
class AccessView:
    """Somebody looked at a case (`file`), at who reported (`identity`), or had the reporter erased (`erased`)."""

    at: Instant
    actor: str
    what: str
    reason: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ExpiringView:
    """A reporter whose retention ends, and the cases they reported."""

    pseudonym: str
    references: tuple[str, ...]
    ends: Instant


@attrs.frozen(kw_only=True)
class CaseFile:
    """A case with everything the viewer may see of it.

    `parent` is the number of the case it was merged into; `merged` are those merged into it, whose messages are here.
    """

    case: Case
    messages: tuple[MessageView, ...]
    deliveries: tuple[DeliveryView, ...]
    events: tuple[CaseEvent, ...]
    clocks: tuple[CaseClock, ...]
    findings: tuple[Finding, ...]
    form: tuple[FormView, ...] = ()
    parent: str | None = None
    merged: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ParkedView:
    """A stored request nobody could read. `reason` is free of personal data."""

    id: int
    channel_id: str
    received_at: Instant
    kind: str
    reason: str | None


@attrs.frozen(kw_only=True)
class DeadLetterView:
    """A message given up (`dead`) or of uncertain fate (`uncertain`)."""

    id: int
    channel_id: str
    reference: str | None
    template: str
    state: str
    reason: str | None
    attempts: int
    created_at: Instant


@attrs.frozen(kw_only=True)
class Given:
    """What comes with a step: `reason` is a code of `model.Reason`, `office` a referral code of the profile.

    `note` is told to the reporter where the template has a place for it (outcome, answer); it must hold no names.
    `approved` says who approved an answer and when; `emergency` that somebody on watch said it is one.
    """

    reason: str | None = None
    post: str | None = None
    note: str | None = attrs.field(default=None, repr=False)
    office: str | None = None
    topic: str | None = None
    parent: str | None = None
    missing: tuple[str, ...] = ()
    approved: str | None = None
    emergency: str | None = None

    def names(self) -> frozenset[str]:
        """The names of what was given."""
        return frozenset(field.name for field in attrs.fields(Given) if getattr(self, field.name))

    @classmethod
    def of_record(cls, data: Mapping[str, str]) -> Given:
        """What came with a step, from what its event kept."""
        kept = {field.name: data[field.name] for field in attrs.fields(cls) if field.name in data}
        missing = tuple(kept.pop("missing", "").split(", ")) if kept.get("missing") else ()
        return cls(**kept, missing=missing)


@attrs.frozen(kw_only=True)
class WalkIn:
    """A complaint that staff write down for somebody at a post (domain reference, R1, R34).

    `reply_to` is where updates go, as `whatsapp:+62…`, `sms:+62…` or `mailto:…`; `None` when the person gave nothing.
    """

    text: str = attrs.field(repr=False)
    name: str | None = attrs.field(default=None, repr=False)
    reply_to: str | None = attrs.field(default=None, repr=False)
    place: str | None = attrs.field(default=None, repr=False)
    post: str | None = None
    patrol: bool = False
    idempotency_key: str | None = None


@attrs.frozen(kw_only=True)
class StatusView:
    """What a reporter sees by the secret token: state words and times, oldest first."""

    reference: str
    state_word: str
    changed_at: Instant
    history: tuple[tuple[Instant, str], ...]
