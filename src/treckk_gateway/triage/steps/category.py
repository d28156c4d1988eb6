"""What is it about? Several answers, and none where the words point two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

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
    pointed = _first_named({code: one for code, one in pointed.items() if one.weight >= ENOUGH})
    if not pointed:
        return [_unsure("no word points to a category")] if Intent.COMPLAINT in said else []
    order = sorted(pointed, key=lambda code: _rank(code, pointed[code], context.profile))[:_MOST]
    main = _main(order, pointed, context.profile)
    total = sum(one.weight for one in pointed.values())
    found = [
        _finding("category", main, round(0.45 + 0.5 * pointed[main].weight / total, 2), pointed[main])
        if main
        else _unsure(f"points alike to {', '.join(order[:2])}")
    ]
    return [*found, *(_finding("also", code, 0.4, pointed[code]) for code in order if code != main)]


def _first_named(pointed: dict[str, Pointing]) -> dict[str, Pointing]:
    """What is named first is mostly the matter, and what comes after it a consequence."""
    if len(pointed) > 1:
        code = min(pointed, key=lambda one: pointed[one].first)
        pointed[code] = attrs.evolve(pointed[code], weight=pointed[code].weight + 1)
    return pointed


def _rank(code: str, one: Pointing, profile: Profile) -> tuple[bool, int, int]:
    """Those that only leadership sees, then the weightier, then the one named first."""
    return (not _closed(code, one, profile), -one.weight, one.first)


def _closed(code: str, one: Pointing, profile: Profile) -> bool:
    return code in profile.leadership_only and one.weight >= CLEAR


def _main(order: Sequence[str], pointed: Mapping[str, Pointing], profile: Profile) -> str | None:
    first = pointed[order[0]]
    if len(order) == 1 or _closed(order[0], first, profile):
        return order[0]
    second = pointed[order[1]]
    clear = first.weight > second.weight or (second.weight >= CLEAR and first.first < second.first)
    return order[0] if clear else None


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
