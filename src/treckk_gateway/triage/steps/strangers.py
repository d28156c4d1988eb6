"""Rules for messages that want nothing of the unit: advertising and insults that tell of nothing."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Intent
from treckk_gateway.triage.steps.look import POLITE, Look, Rule, found

_STRONG, _ENOUGH = 2, 2
_FEW = 10
"""Words beside an insult that tell nothing we know."""


def _spam(look: Look) -> Sequence[Finding] | None:
    """Advertising or fraud. Whoever complains about it is no advertiser: then a person or another rule decides."""
    reading = look.reading
    offers = len(reading.phrases("advert_weak")) + reading.linked
    points = _STRONG * len(reading.phrases("advert")) + offers
    if points < _ENOUGH or reading.has("report_intro", "nuisance", "exists", "own_report") or look.evidence.hard:
        return None
    words = ", ".join(map(repr, reading.phrases("advert", "advert_weak")[:8])) or "a link"
    return [found(Intent.SPAM, min(0.9, 0.5 + 0.1 * points), f"offers something: {words}")]


def _abuse(look: Look) -> Sequence[Finding] | None:
    """Insults and nothing told: no matter, no wish, no place, no question about a report."""
    reading = look.reading
    if not reading.has("insult") or look.tells or look.evidence.matter:
        return None
    if reading.has("own_report", "report_noun", "status_alone", "report_intro", "misconduct"):
        return None
    if len(reading.rest("insult", "unit", "negation", *POLITE)) > _FEW:
        return None
    return [found(Intent.ABUSE, 0.8, f"says {', '.join(map(repr, reading.phrases('insult')[:8]))} and tells nothing")]


STRANGERS: tuple[Rule, ...] = (_spam, _abuse)
