"""What triage is shown, and how its findings are read."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from treckk_gateway.model.case import Case, Finding, Intent, Urgency
from treckk_gateway.model.incident import OpenCase, PriorCase
from treckk_gateway.model.message import InboundMessage

_INTENTS = {one.value: one for one in Intent}
_LEVELS = tuple(Urgency)
"""The most urgent first."""


@attrs.frozen(kw_only=True)
class Subject:
    """One message in its conversation: the texts before it (oldest first, at most ten) and the case, if there is one.

    `open_cases` counts the sender's open cases; `answering` is true when we asked this person something. `nearby` are
    running cases, of whomever, that may be the same incident; `history` is what became of the sender's earlier ones.
    """

    message: InboundMessage
    earlier: tuple[str, ...] = attrs.field(default=(), repr=False)
    case: Case | None = None
    open_cases: int = 0
    answering: bool = False
    nearby: tuple[OpenCase, ...] = ()
    history: tuple[PriorCase, ...] = ()


def best(findings: Iterable[Finding], field: str) -> Finding | None:
    """The most confident finding for a field, the earlier one on a tie; `None` when nothing was found."""
    found = None
    for one in findings:
        if one.field == field and (found is None or one.confidence > found.confidence):
            found = one
    return found


def intent(findings: Iterable[Finding], *, sure: float = 0.5) -> Intent:
    """What the message is; `UNKNOWN` unless a finding is at least `sure`: in doubt a person decides."""
    found = best(findings, "intent")
    if found is None or found.confidence < sure:
        return Intent.UNKNOWN
    return _INTENTS.get(found.value, Intent.UNKNOWN)


def urgency(findings: Iterable[Finding]) -> Urgency:
    """The most urgent level any step found, however unsure it was: under-calling is the one unacceptable error."""
    found = {one.value for one in findings if one.field == "urgency"}
    return next((level for level in _LEVELS if level in found), Urgency.NORMAL)


def flags(findings: Iterable[Finding]) -> tuple[str, ...]:
    """All flags found, each once, in order."""
    return tuple(dict.fromkeys(one.value for one in findings if one.field == "flag"))
