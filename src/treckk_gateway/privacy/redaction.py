"""What may be written in a log line: an allow-list, never a block-list."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from treckk_gateway.errors import described

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "exception", "problem", "channel_id", "adapter", "kind", "state",
        "reference", "case_id", "inbox_id", "outbox_id", "timer_id", "attempt", "attempts", "code", "scope",
        "status", "reason", "step", "error", "seconds", "count", "bytes", "due", "host", "port", "path", "version",
        "config", "key", "remedy", "summary", "actor", "target", "source", "received", "filed", "parked", "new",
        "profile", "database", "sqlite", "topic", "route", "file_id", "conversation_id", "clock",
    }
)  # fmt: skip
"""Keys a log line may carry. Ids, codes and counts; nothing a person wrote or is reached by."""

_DIGITS = re.compile(r"(?<![\w-])[+(]?\d(?:[\s().-]{0,2}\d){8,}")
_MAIL = re.compile(r"[^\s<>@]+@[^\s<>@]+\.\w+")


def scrub(text: str) -> str:
    """The text without phone numbers, identity numbers and mail addresses: for staff notices, never as a proof."""
    return _MAIL.sub("[...]", _DIGITS.sub("[...]", text))


def redact(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: drop every key that is not allowed, and foreign exceptions' texts.

    Our own errors promise to hold no personal data, others do not: of those only the class is kept.
    """
    for key in [key for key in line if key not in ALLOWED and key != "exc_info"]:
        del line[key]
    problem = line.pop("exc_info", None)
    if isinstance(problem, tuple):
        problem = problem[1]
    if isinstance(problem, BaseException):
        line.update(described(problem))
    return line
