"""What the unit's people do among themselves."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from treckk_gateway.model import Reason, State
from treckk_gateway.server.api.shapes.elements import SAYING, Asked, Code, Cursor, Limit, Reference, Shown, Words

_FOUR = "[A-Za-z0-9+/]{4}"
Base64 = Annotated[
    str,
    Meta(
        min_length=4,
        max_length=14_000_000,
        pattern=f"^({_FOUR})*({_FOUR}|[A-Za-z0-9+/]{{3}}=|[A-Za-z0-9+/]{{2}}==)$",
    ),
]
PlaceCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,40}$")]


class Proposable(StrEnum):
    """What an admin may propose."""

    NOT_ACTIONABLE = State.NOT_ACTIONABLE.value
    INSTRUCTED = State.INSTRUCTED.value


class NumberPlace(Asked):
    """One request for people."""

    number: Annotated[str, Meta(pattern=r"^[Pp]?[0-9]{1,9}$")]


class PersonnelQuery(Asked):
    """Which requests: `waiting` leaves those nobody answered."""

    waiting: bool = False
    cursor: Cursor | UnsetType = UNSET
    limit: Limit = 50


class ProposalBody(Asked):
    """A step proposed to leadership: `not_actionable` needs a reason, `instructed` a post."""

    to: Proposable
    reason: Reason | None = None
    post: Code | None = None
    note: Words | None = None


class DecisionBody(Asked):
    """Leadership's word on what is proposed."""

    agree: bool
    note: Words | None = None


class Point(Asked):
    """WGS84 degrees, inside the unit's area."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lng: Annotated[float, Meta(ge=-180, le=180)]


class PlaceBody(Asked):
    """Where it is, by codes of the profile; `landmark` is how to find it, in your own words."""

    district: PlaceCode
    village: PlaceCode | None = None
    point: Point | None = None
    landmark: Annotated[str, Meta(max_length=120, pattern=SAYING)] | None = None


class EvidenceFile(Asked):
    """A file: its bytes as Base64, and what they are said to be."""

    content_base64: Base64
    content_type: Annotated[str, Meta(pattern=r"^[a-z]+/[A-Za-z0-9.+-]{1,80}$")] = "application/octet-stream"
    filename: Annotated[str, Meta(max_length=200)] | None = None


class EvidenceBody(Asked):
    """Files, a point, and words; a file or a point is needed."""

    files: Annotated[list[EvidenceFile], Meta(max_length=10)] = msgspec.field(default_factory=list)
    point: Point | None = None
    note: Words | None = None


class ExtensionBody(Asked):
    """Why; the asker reads it."""

    reason: Words


class ApprovedBody(Asked):
    """The code of an approved answer."""

    code: Code


class PersonnelBody(Asked):
    """How many people are wanted and what for; the post is the caller's own where it has one."""

    wanted: Annotated[float, Meta(ge=1, le=999, multiple_of=1)]
    reason: Words
    post: Code | None = None
    reference: Reference | None = None


class AnswerBody(Asked):
    """Headquarters' yes or no."""

    granted: bool
    note: Words | None = None


_BODIES = (
    ProposalBody, DecisionBody, PlaceBody, EvidenceBody, ExtensionBody, ApprovedBody, PersonnelBody, AnswerBody,
)  # fmt: skip
ASKED = frozenset(name for kind in _BODIES for name in kind.__struct_fields__)
"""Every name a caller may send to these calls."""


class PersonnelItem(Shown):
    """A request for people; `granted` is `null` while it waits."""

    number: str
    post: str
    wanted: int
    reason: str
    asked_by: str
    asked_at: datetime
    reference: str | None
    granted: bool | None
    answered_by: str | None
    answered_at: datetime | None
    answer: str


class PersonnelPage(Shown):
    """Requests for people, newest first."""

    items: list[PersonnelItem]
    next_cursor: str | None


class ApprovedItem(Shown):
    """An answer somebody approved, and when."""

    code: str
    topic: str
    answer: str
    approved_by: str
    approved_at: date


class ApprovedAnswers(Shown):
    """Every approved answer of the profile."""

    items: list[ApprovedItem]
