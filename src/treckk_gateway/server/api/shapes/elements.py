"""What the shapes of every call are made of: kinds of words and numbers, one case, one page, and the two bases.

Moments are ISO 8601 in UTC. What is not known is `null`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

SAYING = r"[^\s\x1c-\x1f\x85\ufeff]"
"""Something is said: a character that is no white space, neither to Python nor to those who read our JSON Schema."""
Words = Annotated[str, Meta(min_length=1, max_length=4000, pattern=SAYING)]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,40}$")]
RowId = Annotated[int, Meta(ge=1, le=9007199254740991)]
Cursor = Annotated[str, Meta(pattern=r"^[0-9]{1,18}$")]
Limit = Annotated[int, Meta(ge=1, le=200)]


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends. An unknown name is refused."""


class Shown(msgspec.Struct, kw_only=True):
    """What a caller gets."""


class NoQuery(Asked):
    """No query."""


class NoPlace(Asked):
    """No part of the path varies."""


class CasePlace(Asked):
    """One case."""

    reference: Reference


class PageQuery(Asked):
    """Where a list goes on."""

    cursor: Cursor | UnsetType = UNSET
    limit: Limit = 50
