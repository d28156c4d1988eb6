"""Who reported, who looked, and who is forgotten. Names and addresses of reporters stand in `Identity` only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from treckk_gateway.server.api.shapes.elements import Asked, Shown, Words


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


class Identity(Shown):
    """Who reported. Looking at it is written down."""

    pseudonym: str
    name: str | None
    addresses: list[str]
    form: dict[str, str]


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
