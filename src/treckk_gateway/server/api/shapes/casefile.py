"""One case with everything the caller may see of it, and its files. Nobody's name or address stands here."""

from __future__ import annotations

from datetime import datetime

from treckk_gateway.model import ClockName, ClockState, Role, State
from treckk_gateway.server.api.shapes.cases import CaseItem
from treckk_gateway.server.api.shapes.elements import Asked, Reference, RowId, Shown


class FilePlace(Asked):
    """One file of one case."""

    reference: Reference
    file: RowId


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


class FormItem(Shown):
    """What is known for a field of the form; `by_staff`: a person corrected it."""

    field: str
    value: str
    by_staff: bool


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
