"""Is somebody in danger? Better once too often than once too few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from treckk_gateway.model import Finding, Subject, Urgency
from treckk_gateway.profile import Hit, Reading, denied, unreal
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import quoted_words

_LONG_AGO = 10
"""Words that may stand between a danger and what puts it into the past."""


async def urgency(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `urgency`, `emergency` or `high`; nothing where no word of danger stands.

    The words are looked for as they were written and in formal spelling. A danger that is denied ("no fire"), or an
    accident that is only feared ("prone to floods"), is none. One of the past is `high`, if nothing says that it
    goes on. A bare call for help counts, unsurely.
    """
    reading = context.read(subject)
    dangers = _real(reading, reading.found("emergency"))
    if dangers and all(_past(reading, hit) for hit in dangers) and not reading.has("pressing"):
        return [_found(Urgency.HIGH, 0.6, dangers, "a danger of the past: ")]
    if dangers:
        return [_found(Urgency.EMERGENCY, 0.9, dangers)]
    if _cries(subject, reading):
        return [_found(Urgency.EMERGENCY, 0.4, reading.found("cry"))]
    high = _real(reading, reading.found("high"))
    return [_found(Urgency.HIGH, 0.7, high)] if high else []


def _real(reading: Reading, hits: Iterable[Hit]) -> list[Hit]:
    return [hit for hit in hits if not denied(reading.hits, hit) and not unreal(reading.hits, hit)]


def _past(reading: Reading, hit: Hit) -> bool:
    return any(hit.gap(one) <= _LONG_AGO for one in reading.found("long_ago"))


def _cries(subject: Subject, reading: Reading) -> bool:
    """Nothing but a call for help, loud or repeated: "TOLONG!!"."""
    if not reading.has("cry") or reading.rest("cry", "filler", "greeting"):
        return False
    loud = subject.message.text.isupper() or reading.exclaimed
    return loud or len({hit.start for hit in reading.found("cry")}) > 1


def _found(level: Urgency, confidence: float, hits: Sequence[Hit], before: str = "") -> Finding:
    reason = f"{before}says {quoted_words(dict.fromkeys(hit.phrase for hit in hits))}"
    return Finding(step="urgency", field="urgency", value=level.value, confidence=confidence, reason=reason)
