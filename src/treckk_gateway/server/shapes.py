"""The API's JSON, as types: what callers send, and what they get. OpenAPI's schemas are made from these.

Moments are ISO 8601 in UTC. What is not known is `null`. Names and addresses of reporters stand in `Identity` only.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from treckk_gateway.model import ClockName, ClockState, Intent, Reason, Role, State, Urgency
from treckk_gateway.report import Audience, Layer

SAYING = r"[^\s\x1c-\x1f\x85\ufeff]"
"""Something is said: a character that is no white space, neither to Python nor to those who read our JSON Schema."""
Words = Annotated[str, Meta(min_length=1, max_length=4000, pattern=SAYING)]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
ReplyTo = Annotated[
    str, Meta(pattern=r"^((whatsapp|sms):\+[1-9][0-9]{6,14}|mailto:[^@\s<>,]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)$")
]
Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,40}$")]
RowId = Annotated[int, Meta(ge=1, le=9007199254740991)]
Cursor = Annotated[str, Meta(pattern=r"^[0-9]{1,18}$")]
Limit = Annotated[int, Meta(ge=1, le=200)]


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends. An unknown name is refused."""


class Shown(msgspec.Struct, kw_only=True):
    """What a caller gets."""


# --- asked ---------------------------------------------------------------------------------------------------------


class NoQuery(Asked):
    """No query."""


class NoPlace(Asked):
    """No part of the path varies."""


class CasePlace(Asked):
    """One case."""

    reference: Reference


class FilePlace(Asked):
    """One file of one case."""

    reference: Reference
    file: RowId


class MessagePlace(Asked):
    """One message of one case."""

    reference: Reference
    message: RowId


class RowPlace(Asked):
    """One stored row."""

    id: RowId


class PageQuery(Asked):
    """Where a list goes on."""

    cursor: Cursor | UnsetType = UNSET
    limit: Limit = 50


class CasesQuery(Asked):
    """Which cases: `q` matches reference, category, place codes and, for roles that may, one exact address.

    `overdue`: only those with a clock that is over.
    """

    state: State | UnsetType = UNSET
    post: Code | UnsetType = UNSET
    q: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    overdue: bool = False
    cursor: Cursor | UnsetType = UNSET
    limit: Limit = 50


class DaysQuery(Asked):
    """From the first day to the last, both counted; without them, this month."""

    first: date | UnsetType = msgspec.field(default=UNSET, name="from")
    last: date | UnsetType = msgspec.field(default=UNSET, name="to")


class ReportQuery(DaysQuery):
    """`for` says how much may be told; without it, what the caller may see."""

    audience: Audience | UnsetType = msgspec.field(default=UNSET, name="for")


class ExportQuery(DaysQuery):
    """Where a list of cases goes on."""

    cursor: Cursor | UnsetType = UNSET
    limit: Limit = 50


class LayerPlace(Asked):
    """One of the two layers."""

    layer: Layer


class WalkInBody(Asked):
    """A complaint written down for somebody. `patrol`: found by a patrol, there is no reporter."""

    text: Words
    name: Annotated[str, Meta(max_length=200)] | None = None
    reply_to: ReplyTo | None = None
    place: Annotated[str, Meta(max_length=500)] | None = None
    post: Code | None = None
    patrol: bool = False


class StepBody(Asked):
    """A step of the lifecycle and what must come with it. `note` may be told to the reporter: no names in it."""

    to: State
    reason: Reason | None = None
    post: Code | None = None
    note: Words | None = None
    office: Code | None = None
    topic: Annotated[str, Meta(max_length=80, pattern=SAYING)] | None = None
    parent: Reference | None = None
    missing: Annotated[list[Code], Meta(max_length=20)] = []


class TextBody(Asked):
    """A text: for the reporter, or an internal note."""

    text: Words


class ReasonBody(Asked):
    """Why; written down and shown to leadership."""

    reason: Words


class ErasureBody(Asked):
    """Why, and which of the case's reporters; without a pseudonym, whose case it is."""

    reason: Words
    pseudonym: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,40}$")] | None = None


class HoldBody(Asked):
    """Whether the case is on hold, and why."""

    hold: bool
    reason: Words


class NoteBody(Asked):
    """Why; kept with the case and never sent."""

    note: Words | None = None


class AssignmentBody(Asked):
    """The post that has the case from now on; `null` for headquarters."""

    post: Code | None = None
    note: Words | None = None


class FormBody(Asked):
    """A correction of one field of the form."""

    field: Code
    value: Words


class ConfirmationBody(Asked):
    """Leadership's word on an initial action."""

    note: Words | None = None


_BODIES = (CasesQuery, WalkInBody, StepBody, TextBody, FormBody, ConfirmationBody, AssignmentBody)
ASKED = frozenset(name for kind in _BODIES for name in kind.__struct_fields__)
"""Every name a caller may send."""


# --- shown ---------------------------------------------------------------------------------------------------------


class CaseItem(Shown):
    """A case without any identity. `version` grows with each change; `due_at` is when its next clock is due.

    `missing` are needed fields of the form that nobody has given, `completeness` the share that was given (0 to 1),
    also as it was at the first instruction. `taken_by` is whoever of the desk holds the case: the machine is silent.
    """

    reference: str
    state: State
    channel_id: str
    intent: Intent
    urgency: Urgency
    post: str | None
    category: str | None
    district: str | None
    village: str | None
    language: str
    flags: list[str]
    version: int
    missing: list[str]
    completeness: float | None
    completeness_at_instruct: float | None
    taken_by: str | None
    opened_at: datetime
    changed_at: datetime
    due_at: datetime | None


class PlaceItem(Shown):
    """A place: degrees, words, or both. `source` says whose word it is."""

    lat: float | None
    lng: float | None
    text: str | None
    source: str


class FileItem(Shown):
    """A file with a message. `size` is in bytes; `reason` says why it is not kept, or not yet."""

    id: int
    kind: str
    state: str
    content_type: str
    filename: str | None
    size: int | None
    reason: str | None


class MessageItem(Shown):
    """A message; `direction` is in, out or staff, `by` a pseudonym, a member of staff or `gateway`.

    `id` is of one that came in; `unsupported` the provider's word for a kind that cannot be shown here.
    """

    id: int | None
    at: datetime
    direction: str
    text: str
    by: str
    automatic: bool
    location: PlaceItem | None
    attachments: list[FileItem]
    unsupported: str | None


class DeliveryItem(Shown):
    """What became of one message of ours."""

    id: int
    delivery_id: str
    channel_id: str
    template: str
    state: str
    provider_message_id: str | None
    attempts: int
    created_at: datetime
    to: str
    reason: str | None
    code: str | None


class EventItem(Shown):
    """One entry of the case's history."""

    seq: int
    at: datetime
    actor: str
    role: Role
    kind: str
    source: State | None
    target: State | None
    data: dict[str, str]


class ClockItem(Shown):
    """One clock of a case. `due` is `null` while it is paused; `remaining` are seconds of the time it counts.

    That is service time where the limit is in service hours or working days. `provisional`: it counts days that nobody
    has compared with the year's decree yet.
    """

    name: ClockName
    limit: str
    started: datetime
    due: datetime | None
    paused: datetime | None
    ended: datetime | None
    remaining: int
    state: ClockState
    provisional: bool


class FindingItem(Shown):
    """What triage thinks."""

    step: str
    field: str
    value: str
    confidence: float
    reason: str


class Identity(Shown):
    """Who reported. Looking at it is written down."""

    pseudonym: str
    name: str | None
    addresses: list[str]
    form: dict[str, str]


class FormItem(Shown):
    """What is known for a field of the form; `by_staff`: a person corrected it."""

    field: str
    value: str
    by_staff: bool


class Identities(Shown):
    """Who reported the case; whoever asked was written down."""

    items: list[Identity]


class AccessItem(Shown):
    """Somebody looked at a case (`file`), at who reported (`identity`), or had a reporter erased (`erased`)."""

    at: datetime
    actor: str
    what: str
    reason: str | None


class Accesses(Shown):
    """Who looked, the newest first."""

    items: list[AccessItem]


class Erased(Shown):
    """Who is forgotten."""

    pseudonym: str


class ExpiringItem(Shown):
    """A reporter whose retention ends, and the cases they reported."""

    pseudonym: str
    references: list[str]
    ends_at: datetime


class Expiring(Shown):
    """Whose retention ends soon, the earliest first."""

    items: list[ExpiringItem]


class CaseDetail(CaseItem, kw_only=True):
    """A case with everything the caller may see of it.

    `parent` is the number of the case it was merged into; `merged` are those merged into it.
    """

    messages: list[MessageItem]
    deliveries: list[DeliveryItem]
    events: list[EventItem]
    clocks: list[ClockItem]
    findings: list[FindingItem]
    form: list[FormItem]
    parent: str | None
    merged: list[str]


class StepItem(Shown):
    """A step the caller may take now; `needs` names what must come with it, `tells` whether the reporter hears."""

    to: State
    needs: list[str]
    tells: bool


class Steps(Shown):
    """The steps the caller may take now."""

    items: list[StepItem]


class CasePage(Shown):
    """Cases, newest first."""

    items: list[CaseItem]
    next_cursor: str | None


class ParkedItem(Shown):
    """A stored request nobody could read."""

    id: int
    channel_id: str
    received_at: datetime
    kind: str
    reason: str | None


class ParkedPage(Shown):
    """Parked requests, newest first."""

    items: list[ParkedItem]
    next_cursor: str | None


class DeadLetterItem(Shown):
    """A message given up (`dead`), or one nobody knows the fate of (`uncertain`): sending that again may double it."""

    id: int
    channel_id: str
    reference: str | None
    template: str
    state: str
    reason: str | None
    attempts: int
    created_at: datetime


class DeadLetterPage(Shown):
    """Dead letters, newest first."""

    items: list[DeadLetterItem]
    next_cursor: str | None


class Replayed(Shown):
    """False when there was nothing to do: a second call changes nothing."""

    replayed: bool


class Reached(Shown):
    """How many addresses may be written to again."""

    addresses: int


class CountItem(Shown):
    """How many cases of a district are of a category; `-` where unknown, `null` where the number is left out."""

    district: str
    category: str
    count: int | None


class WaitItem(Shown):
    """How long a step took, in seconds from opening; over the whole unit where `district` is `null`."""

    step: str
    district: str | None
    cases: int | None
    median: float | None
    p90: float | None


class ReportItem(Shown):
    """A period in numbers. What is left out, or not for the caller, is `null`."""

    first: date
    last: date
    audience: Audience
    received: int | None
    merged: int | None
    spam: int | None
    counts: list[CountItem]
    channels: dict[str, int | None]
    states: dict[str, int | None]
    waits: list[WaitItem]
    instructed: int | None
    complete: float | None
    completeness: float | None
    open: int | None
    overdue: int | None
    about_unit: list[str]


class ExportItem(Shown):
    """A case without any identity, with the moment of each step it took first."""

    reference: str
    opened_at: str | None
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
    acknowledged_at: str | None
    reviewed_at: str | None
    instructed_at: str | None
    departed_at: str | None
    resolved_at: str | None
    refused_at: str | None
    closed_at: str | None
    merged_into: str | None


class ExportPage(Shown):
    """Cases, oldest first."""

    items: list[ExportItem]
    next_cursor: str | None


GeoJson = dict[str, Any]
"""A FeatureCollection (RFC 7946)."""

Counters = dict[str, int]
"""`received = filed + parked + new`, and what waits, was given up or refused."""
