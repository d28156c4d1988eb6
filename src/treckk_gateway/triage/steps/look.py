"""What the rules for intent look at, and how they say what they found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from treckk_gateway.model import Finding, Intent, Subject, Urgency
from treckk_gateway.profile import ENOUGH, Reading, before
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import Evidence, weigh, wishes

POLITE = ("filler", "greeting")
_NEAR = 5
"""Words that may stand between a verb and what it is about."""
_LOW = frozenset(
    {
        Intent.INFO_REQUEST,
        Intent.STATUS_QUERY,
        Intent.FEEDBACK,
        Intent.OPT_OUT,
        Intent.HELP,
        Intent.SPAM,
        Intent.ABUSE,
    }
)
"""What nobody has to hurry for."""


@attrs.frozen(kw_only=True)
class Look:
    """All a rule looks at."""

    subject: Subject
    context: TriageContext
    reading: Reading
    evidence: Evidence

    @classmethod
    def at(cls, subject: Subject, context: TriageContext) -> Look:
        """A look at this message."""
        reading = context.read(subject)
        return cls(subject=subject, context=context, reading=reading, evidence=weigh(reading, context))

    @property
    def tells(self) -> bool:
        """Whether it tells of a matter of some category, or asks the unit to act."""
        return self.matters or bool(wishes(self.reading))

    @property
    def matters(self) -> bool:
        """Whether words point to a category."""
        return any(one.weight >= ENOUGH for one in self.reading.pointing.values())

    def only(self, *names: str) -> bool:
        """Whether the message is a word of these lists and else politeness."""
        return self.reading.has(*names) and not self.reading.rest(*names, *POLITE)

    def near(self, one: str, other: str, most: int = _NEAR) -> bool:
        """Whether words of two lists stand close to each other, the first not turned by a "not" before it."""
        return any(
            0 <= first.gap(second) <= most
            for first in self.reading.found(one)
            if not before(self.reading.hits, first, "negation")
            for second in self.reading.found(other)
        )


Rule: TypeAlias = Callable[[Look], Sequence[Finding] | None]
"""What a message is by this rule; `None` where it does not apply."""


def found(what: Intent, confidence: float, reason: str) -> Finding:
    """The field `intent`."""
    return Finding(step="intent", field="intent", value=what.value, confidence=confidence, reason=reason)


def flag(name: str, reason: str) -> Finding:
    """A flag that follows from what the message is."""
    return Finding(step="intent", field="flag", value=name, confidence=0.9, reason=reason)


def keyword(name: str) -> Finding:
    """Which word of the menu it is."""
    return Finding(step="intent", field="keyword", value=name, confidence=0.9, reason="a word of the menu")


def urgent(level: Urgency, reason: str) -> Finding:
    """How urgent it is for being what it is."""
    return Finding(step="intent", field="urgency", value=level.value, confidence=0.6, reason=reason)


def of_low_urgency(said: Sequence[Finding]) -> Sequence[Finding]:
    """With low urgency where it is of a kind that nobody has to hurry for; what is more urgent wins over it."""
    what = next((one.value for one in said if one.field == "intent"), None)
    if what not in _LOW or any(one.field == "urgency" for one in said):
        return said
    return [*said, urgent(Urgency.LOW, f"{what} can wait")]
