"""Cases: which, what is written down or done with them, and how they stand in a list."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from treckk_gateway.model import Intent, Reason, State, Urgency
from treckk_gateway.server.api.shapes.elements import (
    SAYING,
    Asked,
    Code,
    Cursor,
    Limit,
    Reference,
    RowId,
    Shown,
    Words,
)

ReplyTo = Annotated[
    str, Meta(pattern=r"^((whatsapp|sms):\+[1-9][0-9]{6,14}|mailto:[^@\s<>,]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)$")
]


class MessagePlace(Asked):
    """One message of one case."""

    reference: Reference
    message: RowId


class CasesQuery(Asked):
    """Which cases: `q` matches numbers, categories and places (names or codes), or, for roles that may, one address.

    `overdue`: only those with a clock that is over.
    """

    state: State | UnsetType = UNSET
    post: Code | UnsetType = UNSET
    q: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    overdue: bool = False
    cursor: Cursor | UnsetType = UNSET
    limit: Limit = 50


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
    missing: Annotated[list[Code], Meta(max_length=20)] = msgspec.field(default_factory=list)


class TextBody(Asked):
    """A text: for the reporter, or an internal note."""

    text: Words


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
"""Every name a caller may send to these calls."""


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


class CasePage(Shown):
    """Cases, newest first."""

    items: list[CaseItem]
    next_cursor: str | None


class StepItem(Shown):
    """A step the caller may take now; `needs` names what must come with it, `tells` whether the reporter hears."""

    to: State
    needs: list[str]
    tells: bool


class Steps(Shown):
    """The steps the caller may take now."""

    items: list[StepItem]


class Reached(Shown):
    """How many addresses may be written to again."""

    addresses: int
