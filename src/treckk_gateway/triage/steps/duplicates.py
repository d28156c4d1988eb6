"""Does somebody else report the same? It is proposed to a person, and nobody is told of another reporter."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Intent, Subject
from treckk_gateway.triage.duplicates import incident, likeness
from treckk_gateway.triage.pipeline import TriageContext

_TOLD = frozenset({Intent.COMPLAINT, Intent.UNKNOWN, Intent.SECURITY_REQUEST})
_MOST = 3


async def duplicates(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `duplicate_of`, numbers of running cases that may be the same incident, the likeliest first."""
    said = context.values("intent")
    if not subject.nearby or (said and not _TOLD.intersection(said)):
        return []
    own = incident(context.found, subject, context.now)
    reference = subject.case.reference if subject.case else None
    alike = [
        (found, one.reference)
        for one in subject.nearby
        if one.reference != reference and (found := likeness(own, one, context.profile)) is not None
    ]
    alike.sort(key=lambda pair: -pair[0].confidence)
    return [
        Finding(step="duplicates", field="duplicate_of", value=number, confidence=found.confidence, reason=found.reason)
        for found, number in alike[:_MOST]
    ]
