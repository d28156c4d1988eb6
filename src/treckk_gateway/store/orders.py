"""What the store is asked to do: plain structs, sealed where they hold something of a person.

Every `bytes` field is sealed (or a keyed hash); every `Instant` is microseconds since the epoch. Structs, not attrs
classes: there are many, every message makes some, and nobody outside sees them.
"""

from __future__ import annotations

from msgspec import Struct

from treckk_gateway.model import DeliveryState, EventKind, Instant, Intent, Questions, Role, State, Urgency


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
    """A file: `name` is the keyed hash it is stored under, `details` seals filename, type and reference.

    `mark` is the keyed hash of the content alone, by which the same file is known again from anybody.

    `look` asks for it to be fetched or looked at; `reason` says, without anything of a person, why one is not kept.
    """

    kind: str
    state: str
    size: int | None
    name: str | None
    details: bytes
    look: bool = False
    reason: str | None = None
    mark: bytes | None = None


class FileEnd(Struct, frozen=True, kw_only=True):
    """What became of a file that lay elsewhere: `stored` under `name`, `refused`, `lost`, or `pending` until `due`.

    A harmful file that is kept under lock is `refused` and has a name all the same. `None` leaves a field as it is.
    """

    file_id: int
    state: str
    reason: str | None = None
    due: Instant | None = None
    kind: str | None = None
    size: int | None = None
    name: str | None = None
    details: bytes | None = None
    mark: bytes | None = None


class NewFinding(Struct, frozen=True, kw_only=True):
    """A finding with its value and reason sealed."""

    step: str
    field: str
    confidence: float
    data: bytes


class NewEvent(Struct, frozen=True, kw_only=True):
    """An event to append; `seq` is given by the store. `promised` is the moment its reporter was told to wait for."""

    actor: str
    role: Role
    kind: EventKind
    data: bytes
    source: State | None = None
    target: State | None = None
    promised: Instant | None = None


class NewTimer(Struct, frozen=True, kw_only=True):
    """Something to do for a case at `due`; unique by case, kind and instance."""

    kind: str
    instance: str
    due: Instant


class NewValue(Struct, frozen=True, kw_only=True):
    """What somebody gave for a field of the form, sealed. `by_staff` values win over those of reporters."""

    field: str
    value: bytes
    by_staff: bool = False


class CaseFields(Struct, frozen=True, kw_only=True):
    """What a change sets; `None` leaves a field as it is.

    An empty `taken` gives the case back, an empty `village` says that only the district is known.
    """

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
    missing: tuple[str, ...] | None = None
    questions: Questions | None = None
    completeness: float | None = None
    completeness_at_instruct: float | None = None
    taken: str | None = None


class Further(Struct, frozen=True, kw_only=True):
    """What follows from a filing in the same transaction, as an event of its own: the step a message leads to."""

    fields: CaseFields
    event: NewEvent
    drafts: tuple[Draft, ...] = ()
    timers: tuple[NewTimer, ...] = ()


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
    missing: tuple[str, ...] = ()
    questions: Questions = Questions()
    completeness: float | None = None


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


class NewPersonnel(Struct, frozen=True, kw_only=True):
    """A post asks for people: `wanted` is how many, `reason` is sealed."""

    id: int
    post: str
    wanted: int
    asked_by: str
    reason: bytes
    case_id: int | None = None


class PersonnelAnswer(Struct, frozen=True, kw_only=True):
    """Yes or no to a request; `answer` is what was written with it, sealed."""

    id: int
    granted: bool
    answered_by: str
    answer: bytes


class FirstClocks(Struct, frozen=True, kw_only=True):
    """What a case's clocks are when it opens: when the earliest is due, and when to look at them."""

    due: Instant | None
    wake: Instant


class Filing(Struct, frozen=True, kw_only=True):
    """Everything that filing one inbox row does, in one transaction.

    Either `opens` a case, or joins `case_id`, or neither. `fields` change the joined case, if it is still at `version`
    where that is given. `drafts` of the case's event go out under its number.
    `earlier` are messages of the conversation filed without a case that now join it. `request` is kept and filed in
    the same transaction, for what staff enter themselves. `values` fill the case's form; `further` follows.
    `personnel` is asked for or answered with it; an answer to what is answered already makes all of it stale.
    `clocks` are those of the case that opens; where they are not given, they are looked at at once.
    """

    inbox_id: int | None
    now: Instant
    clocks: FirstClocks | None = None
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
    values: tuple[NewValue, ...] = ()
    further: Further | None = None
    personnel: NewPersonnel | PersonnelAnswer | None = None
    finishes: int | None = None


class NewParty(Struct, frozen=True, kw_only=True):
    """Somebody who takes part in a case from now on; `origin_id` is the merged case they reported."""

    reporter_id: int
    conversation_id: int | None
    origin_id: int
    token: bytes
    token_hash: bytes


class Merge(Struct, frozen=True, kw_only=True):
    """The changed case becomes part of `parent_id`, if that one is still at `parent_version`.

    `state` is what an undo returns to; `flags` and `event` are the parent's.
    """

    parent_id: int
    parent_version: int
    state: State
    parties: tuple[NewParty, ...]
    flags: tuple[str, ...]
    event: NewEvent


class Undo(Struct, frozen=True, kw_only=True):
    """The changed case leaves `parent_id` again; `event` is written down there and wherever the parent was merged into.

    `root_id` is the last of those cases and `root_version` the version it must still have.
    """

    parent_id: int
    root_id: int
    root_version: int
    event: NewEvent
    root_event: NewEvent


class ErasedCase(Struct, frozen=True, kw_only=True):
    """A case of somebody who is erased: `events` are the data of events that stay, sealed anew; the others are emptied.

    `event` and `reason` (sealed) tell that it happened.
    """

    case_id: int
    version: int
    event: NewEvent
    reason: bytes
    events: tuple[tuple[int, bytes], ...] = ()


class Erasure(Struct, frozen=True, kw_only=True):
    """A reporter to erase. `cases` are all of their own, as they were when it was decided."""

    reporter_id: int
    now: Instant
    cases: tuple[ErasedCase, ...]


class Rules(Struct, frozen=True, kw_only=True):
    """How long a reporter is kept after the last that happened, in microseconds, by how their cases ended.

    `outcomes` are states; a case that ended in another keeps its reporter for ever, as `None` does who has no case.
    """

    outcomes: dict[State, int]
    without_case: int | None = None


class Split(Struct, frozen=True, kw_only=True):
    """One message leaves a case and opens one of its own. `event` is the case's it leaves, `filing` opens the other."""

    message_id: int
    case_id: int
    version: int
    event: NewEvent
    filing: Filing


class Change(Struct, frozen=True, kw_only=True):
    """One change of a case in one transaction: fields, event, what the reporter and staff are told, timers.

    `version` is the one the decision was made on. `finishes` is the timer whose work this is. `merge` and `undo` say
    what else a merge and its undoing change.
    """

    case_id: int
    version: int
    now: Instant
    fields: CaseFields
    event: NewEvent | None = None
    findings: tuple[NewFinding, ...] = ()
    drafts: tuple[Draft, ...] = ()
    timers: tuple[NewTimer, ...] = ()
    values: tuple[NewValue, ...] = ()
    finishes: int | None = None
    merge: Merge | None = None
    undo: Undo | None = None


class ClocksSet(Struct, frozen=True, kw_only=True):
    """What was found about a case's clocks, as it stood at `version` with its last event `seq`.

    `due` is when the earliest that runs is due, `wake` when to look again; `None` where there is nothing.
    """

    timer_id: int
    case_id: int
    version: int
    seq: int
    due: Instant | None
    wake: Instant | None


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


class Ended(Struct, frozen=True, kw_only=True):
    """How an attempt ended. `state` is the outbox state to take; `suppress` why the address gets no more.

    `window_closed`: the provider found the reply window closed. Where we had taken it for open, that is put right and
    the message goes back into the queue, to leave otherwise; else it takes `state`.
    """

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
    window_closed: bool = False


class Heard(Struct, frozen=True, kw_only=True):
    """A provider's word on one of our messages. `suppress` says why the address gets no more.

    `window_closed`: the failure is that of a closed reply window, so the message goes back into the queue or waits.
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
    window_closed: bool = False


class Span(Struct, frozen=True, kw_only=True):
    """Cases opened from `since` and before `until`, but those of categories the asker may not know of."""

    since: Instant
    until: Instant
    hide_categories: tuple[str, ...] = ()


class NewConversation(Struct, frozen=True, kw_only=True):
    """An address on a channel, sealed under its reporter's key."""

    channel_id: str
    address_hash: bytes
    address: bytes


class Nearby(Struct, frozen=True, kw_only=True):
    """Running cases of one district and some categories, opened since a moment, without one of them.

    Where the village is known, those of other villages are none.
    """

    district: str
    village: str | None = None
    categories: tuple[str, ...]
    since: Instant
    but: int
    limit: int = 50


class CaseFilter(Struct, frozen=True, kw_only=True):
    """Which cases to list: newest first, below the id `cursor`. `posts` limits to those posts when given.

    `words` limits to cases that have one of each as number, category, district or village; `due_by` to those with a
    clock that is due then.
    """

    states: tuple[State, ...] = ()
    posts: tuple[str, ...] | None = None
    words: tuple[tuple[str, ...], ...] = ()
    reporter_id: int | None = None
    hide_categories: tuple[str, ...] = ()
    due_by: Instant | None = None
    hide_flags: tuple[str, ...] = ()
    cursor: int | None = None
    limit: int = 50
