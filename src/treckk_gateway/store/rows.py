"""What comes out of the store: plain rows, sealed where they hold something of a person.

Every `bytes` field is sealed (or a keyed hash); every `Instant` is microseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from treckk_gateway.model import Case, DeliveryState, EventKind, Instant, Intent, Role, State

QUIET_HOURS = "quiet_hours"
"""Why a held message waits for its `due`; what is held for other reasons waits for its recipient to write."""


WINDOW_CLOSED = "window_closed"
"""Why a message is held until its recipient writes, or was put back to leave as an approved template."""


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


class Filed(Struct, frozen=True, kw_only=True):
    """What filing made.

    `fresh` is false when the row had been filed before, `stale` true when the case moved on; then nothing happened.
    """

    fresh: bool
    stale: bool = False
    case_id: int | None = None
    reference: str | None = None
    message_id: int | None = None


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


class Outgoing(Struct, frozen=True, kw_only=True):
    """A message to send with what decides whether and how: its conversation, the case it speaks of.

    `suppressed` is why the conversation's address gets nothing; `None` when it may.
    """

    row: OutboxRow
    conversation: ConversationRow | None
    case: Case | None
    suppressed: str | None


class Acquaintance(Struct, frozen=True, kw_only=True):
    """What is known of whoever writes, their last messages and open cases newest first; of a stranger nothing."""

    reporter: ReporterRow | None = None
    conversation: ConversationRow | None = None
    recent: Sequence[MessageRow] = ()
    open_cases: Sequence[Case] = ()


class OpenedRow(Struct, frozen=True):
    """What of a case counts when many open at once."""

    opened_at: Instant
    urgency: str
    category: str | None


class RecoveryRow(Struct, frozen=True, kw_only=True):
    """How far a channel's provider was asked for messages whose webhook never came; `found` counts them."""

    channel_id: str
    reached: Instant
    found: int
    looked_at: Instant | None


class Go(Struct, frozen=True):
    """The attempt is on record: call the provider once."""


class NotYet(Struct, frozen=True):
    """Not now; `due` says when to look again, `None` when a predecessor's end will wake it."""

    due: Instant | None


class Nothing(Struct, frozen=True):
    """Nothing to do: sent, cancelled, or not there."""


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
    """A case event with its data sealed. `promised` is the moment its reporter was told to wait for."""

    seq: int
    at: Instant
    actor: str
    role: Role
    kind: EventKind
    source: State | None
    target: State | None
    data: bytes
    promised: Instant | None = None


class FindingRow(Struct, frozen=True, kw_only=True):
    """A finding with value and reason sealed."""

    at: Instant
    step: str
    field: str
    confidence: float
    data: bytes


class NearbyRow(Struct, frozen=True):
    """What of a running case tells whether it may be the same incident as another."""

    case_id: int
    reference: str
    category: str
    district: str
    village: str | None
    opened_at: Instant


class OutcomeRow(Struct, frozen=True, kw_only=True):
    """An earlier case, the last outcome it had, and what came with that step, sealed."""

    case: Case
    outcome: State | None
    data: bytes | None


class ValueRow(Struct, frozen=True, kw_only=True):
    """What was given for a field of a case's form, sealed."""

    field: str
    by_staff: bool
    at: Instant
    value: bytes


class PersonnelRow(Struct, frozen=True, kw_only=True):
    """A post's request for people; `granted` is `None` until it is answered. `reason` and `answer` are sealed."""

    id: int
    post: str
    case_id: int | None
    wanted: int
    asked_by: str
    asked_at: Instant
    reason: bytes
    granted: bool | None = None
    answered_by: str | None = None
    answered_at: Instant | None = None
    answer: bytes | None = None


class PartyRow(Struct, frozen=True, kw_only=True):
    """A reporter's part in a case, and the conversation updates go to.

    `origin_id` is the case they reported themselves, where that was merged into this one.
    """

    id: int
    case_id: int
    reporter_id: int | None
    conversation_id: int | None
    token: bytes
    origin_id: int | None = None


class MergeRow(Struct, frozen=True, kw_only=True):
    """A merge that holds: the case, what it was merged into, the state to return to, and since when."""

    case_id: int
    parent_id: int
    state: State
    since: Instant


class FileRow(Struct, frozen=True, kw_only=True):
    """A file with a message, and where it belongs. `attempts` counts how often it was asked for."""

    id: int
    message_id: int
    case_id: int | None
    reporter_id: int | None
    channel_id: str | None
    kind: str
    state: str
    size: int | None
    name: str | None
    details: bytes
    attempts: int
    reason: str | None


class FileRows(Struct, frozen=True, kw_only=True):
    """Everything kept of one case. Messages of the cases merged into it are among its own.

    `parent` is the number of the case it was merged into, `merged` are those merged into it.
    """

    case: Case
    events: tuple[EventRow, ...]
    messages: tuple[MessageRow, ...]
    outbox: tuple[OutboxRow, ...]
    attempts: tuple[AttemptRow, ...]
    findings: tuple[FindingRow, ...]
    parties: tuple[PartyRow, ...]
    attachments: tuple[FileRow, ...]
    values: tuple[ValueRow, ...] = ()
    parent: str | None = None
    merged: tuple[str, ...] = ()


class AccessRow(Struct, frozen=True, kw_only=True):
    """Who looked at a case or did something that is watched; the reason is sealed."""

    at: Instant
    actor: str
    what: str
    reason: bytes | None


class ExpiringRow(Struct, frozen=True, kw_only=True):
    """A reporter whose retention ends, and the cases they reported."""

    reporter_id: int
    pseudonym: str
    references: tuple[str, ...]
    ends: Instant


class TallyRow(Struct, frozen=True):
    """How many cases are alike in all of these."""

    district: str | None
    village: str | None
    category: str | None
    channel_id: str
    intent: Intent
    state: State
    count: int


class WaitRow(Struct, frozen=True):
    """How long a step took from opening, in microseconds: median and 90th percentile by nearest rank.

    `district` is `None` where all cases are taken together, `"-"` where it is not known.
    """

    step: str
    district: str | None
    cases: int
    median: int
    p90: int


class StandingRow(Struct, frozen=True):
    """How many cases stand in a state now, and for how many of them a clock has run out."""

    state: State
    count: int
    overdue: int


class CompletenessRow(Struct, frozen=True):
    """Cases that were instructed: how many, how many of them complete at that moment, and the mean completeness."""

    instructed: int
    complete: int
    mean: float | None


class ExportRow(Struct, frozen=True, kw_only=True):
    """A case without any identity, with the moment of each step it took first."""

    id: int
    reference: str
    opened_at: Instant
    state: State
    channel_id: str
    intent: Intent
    urgency: str
    post: str | None
    category: str | None
    district: str | None
    village: str | None
    language: str
    completeness: float | None
    completeness_at_instruct: float | None
    acknowledged_at: Instant | None
    reviewed_at: Instant | None
    instructed_at: Instant | None
    departed_at: Instant | None
    resolved_at: Instant | None
    refused_at: Instant | None
    closed_at: Instant | None
    merged_into: str | None


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
