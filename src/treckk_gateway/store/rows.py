"""What goes into the store and comes out of it: plain rows, sealed where they hold something of a person.

Structs, not attrs classes: there are many, every message makes some, and nobody outside sees them.
Every `bytes` field is sealed (or a keyed hash); every `Instant` is microseconds since the epoch.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from treckk_gateway.model import Case, DeliveryState, EventKind, Instant, Intent, Role, State, Urgency


class Topic(StrEnum):
    """What a wake-up is about."""

    INBOX = "inbox"
    OUTBOX = "outbox"
    TIMER = "timer"


class Wake(Struct, frozen=True):
    """A hint that a row is due: ids only. `lane` serialises what must not run side by side."""

    topic: Topic
    row_id: int
    lane: str


class NewItem(Struct, frozen=True, kw_only=True):
    """One item of a request: `kind` is message, receipt or other; `lane` the keyed hash that keeps a person's order."""

    dedupe_key: str
    kind: str
    lane: bytes
    item: int = 0
    claimed_at: Instant | None = None


class NewRequest(Struct, frozen=True, kw_only=True):
    """A verified request to keep: its sealed raw form, stored once, and its items."""

    channel_id: str
    items: tuple[NewItem, ...]
    raw: bytes
    key_day: str
    received_at: Instant
    parked: str | None = None


class InboxRow(Struct, frozen=True, kw_only=True):
    """A stored item. `raw` is the sealed request, opened with the intake key of `key_day`."""

    id: int
    channel_id: str
    dedupe_key: str
    kind: str
    item: int
    lane: bytes
    key_day: str
    raw: bytes | None
    received_at: Instant
    state: str
    reason: str | None
    attempts: int


class ReporterRow(Struct, frozen=True, kw_only=True):
    """A reporter and the wrapped key; `wrapped` is `None` once erased."""

    id: int
    pseudonym: str
    wrapped: bytes | None


class ConversationRow(Struct, frozen=True, kw_only=True):
    """One address on one channel. `asking` is what we asked and still wait for (sealed)."""

    id: int
    channel_id: str
    address: bytes
    reporter_id: int | None = None
    staff: str | None = None
    last_inbound_at: Instant | None = None
    window_until: Instant | None = None
    opted_out_at: Instant | None = None
    asking: bytes | None = None
    language: str | None = None


class Draft(Struct, frozen=True, kw_only=True):
    """An outbox row to be: a template with sealed values for one conversation.

    The store makes the `send_key` from the case, the event, the recipient and `step`, so that a repeated trigger adds
    nothing; `once` takes the place of case and event for answers given at most once in a while.
    """

    delivery_id: str
    conversation_id: int
    channel_id: str
    template: str
    values: bytes
    step: str = ""
    urgent: bool = False
    reply: bool = False
    due: Instant = 0
    expires_at: Instant | None = None
    once: str | None = None


class NewAttachment(Struct, frozen=True, kw_only=True):
    """A file: `name` is the keyed hash it is stored under, `details` seals filename, type and reference."""

    kind: str
    state: str
    size: int | None
    name: str | None
    details: bytes


class NewFinding(Struct, frozen=True, kw_only=True):
    """A finding with its value and reason sealed."""

    step: str
    field: str
    confidence: float
    data: bytes


class NewEvent(Struct, frozen=True, kw_only=True):
    """An event to append; `seq` is given by the store."""

    actor: str
    role: Role
    kind: EventKind
    data: bytes
    source: State | None = None
    target: State | None = None


class NewTimer(Struct, frozen=True, kw_only=True):
    """Something to do for a case at `due`; unique by case, kind and instance."""

    kind: str
    instance: str
    due: Instant


class CaseFields(Struct, frozen=True, kw_only=True):
    """What a change sets; `None` leaves a field as it is."""

    state: State | None = None
    intent: Intent | None = None
    urgency: Urgency | None = None
    post: str | None = None
    category: str | None = None
    district: str | None = None
    village: str | None = None
    language: str | None = None
    flags: tuple[str, ...] | None = None
    reporter_id: int | None = None


class NewCase(Struct, frozen=True, kw_only=True):
    """A case to open. The store gives the number: `prefix` and the next of its row."""

    prefix: str
    channel_id: str
    intent: Intent
    urgency: Urgency
    language: str
    reporter_id: int | None
    conversation_id: int | None
    token: bytes
    token_hash: bytes
    flags: tuple[str, ...] = ()
    category: str | None = None
    district: str | None = None
    village: str | None = None
    post: str | None = None


class NewMessage(Struct, frozen=True, kw_only=True):
    """An inbound message, sealed under its reporter's key."""

    conversation_id: int | None
    reporter_id: int | None
    body: bytes
    attachments: tuple[NewAttachment, ...] = ()
    automatic: bool = False
    direction: str = "in"


class ConversationFields(Struct, frozen=True, kw_only=True):
    """What filing changes of the conversation; `...` fields are set only when given."""

    last_inbound_at: Instant | None = None
    window_until: Instant | None = None
    opted_out_at: Instant | None = None
    opted_in: bool = False
    asking: bytes | None = None
    answered: bool = False
    language: str | None = None


class Filing(Struct, frozen=True, kw_only=True):
    """Everything that filing one inbox row does, in one transaction.

    Either `opens` a case, or joins `case_id`, or neither. `fields` change the joined case, if it is still at `version`
    where that is given. `drafts` of the case's event go out under its number.
    `earlier` are messages of the conversation filed without a case that now join it. `request` is kept and filed in
    the same transaction, for what staff enter themselves.
    """

    inbox_id: int | None
    now: Instant
    request: NewRequest | None = None
    message: NewMessage | None = None
    conversation: ConversationFields | None = None
    opens: NewCase | None = None
    case_id: int | None = None
    version: int | None = None
    fields: CaseFields | None = None
    event: NewEvent | None = None
    findings: tuple[NewFinding, ...] = ()
    drafts: tuple[Draft, ...] = ()
    timers: tuple[NewTimer, ...] = ()
    earlier: tuple[int, ...] = ()
    finishes: int | None = None


class Filed(Struct, frozen=True, kw_only=True):
    """What filing made.

    `fresh` is false when the row had been filed before, `stale` true when the case moved on; then nothing happened.
    """

    fresh: bool
    stale: bool = False
    case_id: int | None = None
    reference: str | None = None
    message_id: int | None = None


class Change(Struct, frozen=True, kw_only=True):
    """One change of a case in one transaction: fields, event, what the reporter and staff are told, timers.

    `version` is the one the decision was made on. `finishes` is the timer whose work this is.
    """

    case_id: int
    version: int
    now: Instant
    fields: CaseFields
    event: NewEvent | None = None
    findings: tuple[NewFinding, ...] = ()
    drafts: tuple[Draft, ...] = ()
    timers: tuple[NewTimer, ...] = ()
    finishes: int | None = None


class TimerRow(Struct, frozen=True, kw_only=True):
    """A timer that is due."""

    id: int
    case_id: int
    kind: str
    instance: str
    due: Instant


class OutboxRow(Struct, frozen=True, kw_only=True):
    """A message to be sent, or sent."""

    id: int
    delivery_id: str
    send_key: str
    case_id: int | None
    event_seq: int | None
    conversation_id: int
    channel_id: str
    template: str
    values: bytes
    text: bytes | None
    urgent: bool
    reply: bool
    state: str
    due: Instant
    attempts: int
    attempt_id: str | None
    expires_at: Instant | None
    reason: str | None
    created_at: Instant
    heard: DeliveryState


class Pace(Struct, frozen=True, kw_only=True):
    """A channel's rate: microseconds per message and how far ahead a burst may run."""

    interval: int
    burst: int
    parts: int = 1


class Start(Struct, frozen=True, kw_only=True):
    """The wish to send one outbox row now. `text` is what will be sent, sealed. `hold` closes for `held` rows."""

    outbox_id: int
    now: Instant
    attempt_id: str
    text: bytes
    until: Instant
    pace: Pace


class Go(Struct, frozen=True):
    """The attempt is on record: call the provider once."""


class NotYet(Struct, frozen=True):
    """Not now; `due` says when to look again, `None` when a predecessor's end will wake it."""

    due: Instant | None


class Nothing(Struct, frozen=True):
    """Nothing to do: sent, cancelled, or not there."""


class Ended(Struct, frozen=True, kw_only=True):
    """How an attempt ended. `state` is the outbox state to take; `suppress` why the address gets no more."""

    outbox_id: int
    attempt_id: str
    now: Instant
    state: str
    outcome: str
    code: str | None = None
    reason: str | None = None
    provider_message_id: str | None = None
    heard: DeliveryState | None = None
    due: Instant | None = None
    attempts: int | None = None
    suppress: str | None = None
    opted_out: bool = False


class Heard(Struct, frozen=True, kw_only=True):
    """A provider's word on one of our messages. `suppress` says why the address gets no more.

    `inbox_id` is the row that is filed by this; `None` when a message of the same request files it.
    """

    inbox_id: int | None
    channel_id: str
    now: Instant
    state: DeliveryState
    raw_status: str
    code: str = ""
    provider_message_id: str | None = None
    delivery_id: str | None = None
    suppress: str | None = None
    opted_out: bool = False


class AttemptRow(Struct, frozen=True, kw_only=True):
    """One try at sending."""

    attempt_id: str
    outbox_id: int
    started_at: Instant
    ended_at: Instant | None
    outcome: str | None
    code: str | None
    provider_message_id: str | None


class MessageRow(Struct, frozen=True, kw_only=True):
    """A filed message with its sealed body."""

    id: int
    case_id: int | None
    conversation_id: int | None
    reporter_id: int | None
    at: Instant
    automatic: bool
    body: bytes
    direction: str


class EventRow(Struct, frozen=True, kw_only=True):
    """A case event with its data sealed."""

    seq: int
    at: Instant
    actor: str
    role: Role
    kind: EventKind
    source: State | None
    target: State | None
    data: bytes


class FindingRow(Struct, frozen=True, kw_only=True):
    """A finding with value and reason sealed."""

    at: Instant
    step: str
    field: str
    confidence: float
    data: bytes


class PartyRow(Struct, frozen=True, kw_only=True):
    """A reporter's part in a case, and the conversation updates go to."""

    id: int
    case_id: int
    reporter_id: int | None
    conversation_id: int | None
    token: bytes


class FileRows(Struct, frozen=True, kw_only=True):
    """Everything kept of one case."""

    case: Case
    events: tuple[EventRow, ...]
    messages: tuple[MessageRow, ...]
    outbox: tuple[OutboxRow, ...]
    attempts: tuple[AttemptRow, ...]
    findings: tuple[FindingRow, ...]
    parties: tuple[PartyRow, ...]
    attachments: tuple[tuple[int, NewAttachment], ...]


class CaseFilter(Struct, frozen=True, kw_only=True):
    """Which cases to list: newest first, below the id `cursor`. `posts` limits to those posts when given."""

    states: tuple[State, ...] = ()
    posts: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()
    reporter_id: int | None = None
    hide_categories: tuple[str, ...] = ()
    cursor: int | None = None
    limit: int = 50


class Counters(Struct, frozen=True, kw_only=True):
    """`received = filed + parked + new` at every moment; `outbox` waits to leave, `dead` was given up."""

    received: int
    filed: int
    parked: int
    new: int
    outbox: int
    dead: int
    uncertain: int
    held: int
