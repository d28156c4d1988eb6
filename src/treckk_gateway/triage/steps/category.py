"""What is it about? Several answers, and none where the words point two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from treckk_gateway.model import Finding, Intent, Subject
from treckk_gateway.profile import CLEAR, ENOUGH, Pointing, Profile
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import quoted_words

_WANTED = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST, Intent.UNKNOWN, Intent.SUPPLEMENT})
_MOST = 4
"""Categories that are named at all."""


async def category(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `category` for the one the words point to, `also` for further ones.

    Where several are pointed to alike, the one named first is it if all are clear; else there is `also` alone, with
    the field `unsure`. A category that only leadership sees wins whatever else is said: a complaint about the unit
    must not reach those it is about.
    """
    said = context.values("intent")
    if said and not _WANTED.intersection(said):
        return []
    pointed = context.read(subject).pointing
    if Intent.SECURITY_REQUEST in said:
        return _requested(pointed, context.profile)
    pointed = {code: one for code, one in pointed.items() if one.weight >= ENOUGH}
    if not pointed:
        return [_unsure("no word points to a category")] if Intent.COMPLAINT in said else []
    ranks = _ranks(pointed, context.profile)
    order = sorted(ranks, key=lambda code: ranks[code])[:_MOST]
    main = order[0] if _clear(order, ranks, pointed) else None
    total = sum(one.weight for one in pointed.values())
    found = [
        _finding("category", main, round(0.45 + 0.5 * pointed[main].weight / total, 2), pointed[main])
        if main
        else _unsure(f"points alike to {', '.join(order[:2])}")
    ]
    return [*found, *(_finding("also", code, 0.4, pointed[code]) for code in order if code != main)]


_Rank = tuple[bool, int, bool, int]


def _ranks(pointed: Mapping[str, Pointing], profile: Profile) -> dict[str, _Rank]:
    """Those that only leadership sees come first, then the weightier, then those that a person reads first.

    What is named first is mostly the matter, and what comes after it a consequence: it weighs a little more.
    """
    named = min(pointed, key=lambda code: pointed[code].first)
    closed = {code for code in profile.leadership_only & pointed.keys() if pointed[code].weight >= CLEAR}
    return {
        code: (code not in closed, -one.weight - (code == named), code not in profile.human_first, one.first)
        for code, one in pointed.items()
    }


def _clear(order: Sequence[str], ranks: Mapping[str, _Rank], pointed: Mapping[str, Pointing]) -> bool:
    """Whether the first leaves no doubt; that it is named first alone does not decide between two weak ones."""
    if len(order) == 1:
        return True
    first, second = order[:2]
    weak = pointed[first].weight == pointed[second].weight < CLEAR
    return ranks[first][:3] < ranks[second][:3] and not weak


def _requested(pointed: Mapping[str, Pointing], profile: Profile) -> list[Finding]:
    """The category for events that somebody asks to be secured: of those whose words speak of requests."""
    ours = [one.code for one in profile.categories if not one.reports]
    best = max(ours, key=lambda code: pointed[code].weight if code in pointed else 0, default=None)
    if best is None:
        return []
    return [_finding("category", best, 0.9, pointed.get(best) or Pointing(weight=0, words=("a request",), first=0))]


def _finding(field: str, code: str, confidence: float, one: Pointing) -> Finding:
    return Finding(
        step="category", field=field, value=code, confidence=confidence, reason=f"says {quoted_words(one.words)}"
    )


def _unsure(reason: str) -> Finding:
    return Finding(step="category", field="unsure", value="category", confidence=0.9, reason=f"{reason}: a person says")
