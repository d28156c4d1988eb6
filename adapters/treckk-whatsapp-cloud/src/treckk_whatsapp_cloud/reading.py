"""Values as they may stand in a notification: wrong ones become nothing, so that they lose no message."""

from __future__ import annotations

import re
from typing import Any

from treckk_gateway.model import Instant

_WORD = re.compile(r"[a-z][a-z_]{0,39}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9._:=+/-]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,11}")


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects of a list; of anything else none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(holder: object, name: str) -> str:
    """A text of an object, or an empty one."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""


def word(value: object) -> str:
    """A word of Meta's vocabulary, or an empty text."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def identifier(value: object) -> str | None:
    """An id of Meta's or of ours."""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else None


def instant(value: object) -> Instant | None:
    """Seconds since 1970, which Meta writes as text."""
    return int(value) * 1_000_000 if isinstance(value, str) and _SECONDS.fullmatch(value) else None
