"""What became of this reporter's earlier reports: a hint for a person, never a reason to refuse anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from treckk_gateway.model import Finding, PriorCase, Reason, State, Subject
from treckk_gateway.triage.pipeline import TriageContext


async def history(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `history`, a number of earlier reports with their outcomes as its reason.

    The flag `repeat_report` where one of them was of the same category and place.
    """
    prior = subject.history
    if not prior:
        return []
    found = [_finding("history", str(len(prior)), 0.9, summary(prior))]
    again = [one for one in prior if _same(one, context)]
    if again:
        found.append(_finding("flag", "repeat_report", 0.7, f"reported before by the same person: {summary(again)}"))
    return found


def summary(prior: Sequence[PriorCase]) -> str:
    """Earlier reports in words: "3 reports before: 2 resolved, 1 refuted"."""
    counts = Counter(_outcome(one) for one in prior)
    reports = "1 report" if len(prior) == 1 else f"{len(prior)} reports"
    return f"{reports} before: {', '.join(f'{count} {outcome}' for outcome, count in counts.most_common())}"


def _outcome(one: PriorCase) -> str:
    if one.state is State.NOT_ACTIONABLE and one.reason is Reason.REFUTED:
        return "refuted"
    return one.state.value.replace("_", " ")


def _same(one: PriorCase, context: TriageContext) -> bool:
    categories = {*context.values("category"), *context.values("also")}
    if one.category is None or one.category not in categories:
        return False
    if one.village is not None and context.values("village"):
        return one.village in context.values("village")
    return one.district is not None and one.district in context.values("district")


def _finding(field: str, value: str, confidence: float, reason: str) -> Finding:
    return Finding(step="history", field=field, value=value, confidence=confidence, reason=reason)
