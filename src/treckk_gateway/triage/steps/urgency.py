"""Is somebody in danger? Better once too often than once too few."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Subject, Urgency
from treckk_gateway.profile import Hit, Reading
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import standing


async def urgency(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `urgency`, `emergency` or `high`; nothing where no word of danger stands.

    The words are looked for as they were written and in formal spelling; a bare call for help counts, unsurely.
    """
    reading = context.read(subject)
    dangers = _words(reading, "emergency")
    if dangers:
        return [_found(Urgency.EMERGENCY, 0.9, dangers)]
    pairs = context.profile.lexicon.pairs
    for level in (Urgency.EMERGENCY, Urgency.HIGH):
        for pair in (one for one in pairs if one.level == level):
            together = _together(standing(reading, pair.first), standing(reading, pair.second))
            if together:
                return [_found(level, 0.8, together)]
        if level is Urgency.EMERGENCY and _cries(subject, reading):
            return [_found(level, 0.4, reading.phrases("cry"))]
    high = _words(reading, "high")
    return [_found(Urgency.HIGH, 0.7, high)] if high else []


def _words(reading: Reading, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.phrase for hit in standing(reading, name)))


def _together(first: list[Hit], second: list[Hit]) -> tuple[str, ...]:
    """Two different words, one of each list."""
    for one in first:
        for other in second:
            if one.formal is other.formal and (one.end <= other.start or other.end <= one.start):
                return one.phrase, other.phrase
    return ()


def _cries(subject: Subject, reading: Reading) -> bool:
    """Nothing but a call for help, loud or repeated: "TOLONG!!"."""
    if not reading.has("cry") or reading.rest("cry", "filler", "greeting"):
        return False
    loud = subject.message.text.isupper() or reading.exclaimed
    return loud or len({hit.start for hit in reading.found("cry") if not hit.formal}) > 1


def _found(level: Urgency, confidence: float, words: Sequence[str]) -> Finding:
    reason = f"says {', '.join(map(repr, words))}"
    return Finding(step="urgency", field="urgency", value=level.value, confidence=confidence, reason=reason)
