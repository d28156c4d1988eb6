"""What is it about? Several answers, and none where the words point two ways."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Intent, Subject
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import category_cues

_WANTED = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST, Intent.UNKNOWN, Intent.SUPPLEMENT})
_PHRASE = 1.5
"""How much more a phrase of several words counts than a single one."""


async def category(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `category` for the one most cue words point to, `also` for further ones; `also` alone on a tie.

    A category that only leadership sees wins whatever else is said: a complaint about the unit must not reach those
    it is about.
    """
    said = context.values("intent")
    if said and not _WANTED.intersection(said):
        return []
    cues = category_cues(context.read(subject), context.profile)
    weights = {code: sum(_PHRASE if " " in word else 1.0 for word in words) for code, words in cues.items()}
    closed = sorted(context.profile.leadership_only.intersection(weights))
    top = max(weights.values(), default=0.0)
    leading = closed or [code for code, weight in weights.items() if weight == top]
    sure = len(leading) == 1
    order = sorted(weights, key=lambda code: (code not in leading, -weights[code]))
    fields = ["category" if sure and code == leading[0] else "also" for code in order]
    return [
        Finding(
            step="category",
            field=field,
            value=code,
            confidence=round(0.4 + 0.5 * weights[code] / sum(weights.values()), 2) if field == "category" else 0.4,
            reason=f"says {', '.join(map(repr, cues[code]))}",
        )
        for field, code in zip(fields, order, strict=True)
    ]
