"""Words that point to a category, and how much of a message speaks of a report or of a question."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from treckk_gateway.profile import CLEAR, ENOUGH, Hit, Reading, before
from treckk_gateway.triage.pipeline import TriageContext

_TWICE = 2


@attrs.frozen(kw_only=True)
class Evidence:
    """Points for a report and for a question.

    `hard` are those points of a report that a question would hardly have, `matter` those that tell of something that
    happens.
    """

    report: int
    question: int
    hard: int
    matter: int
    reasons: tuple[str, ...]


def weigh(reading: Reading, context: TriageContext) -> Evidence:
    """Count what speaks for a report and for a question. What only says where and when counts beside the rest."""
    reporting = [
        one
        for code, one in reading.pointing.items()
        if one.weight >= ENOUGH and (found := context.profile.category(code)) and found.reports
    ]
    top = max((one.weight for one in reporting), default=0)
    sort = _TWICE if top >= CLEAR or len(reporting) > 1 else int(top >= ENOUGH)
    nuisance = min(len(reading.phrases("nuisance")), _TWICE)
    intro = 0 if reading.has("own_report", "how_to_report") else _TWICE * reading.has("report_intro")
    hard = _TWICE * bool(wishes(reading)) + nuisance + intro
    core = sort + hard
    placed = bool(context.values("district") or context.values("district_candidate"))
    around = placed + reading.has("exists") + reading.has("now") if core else 0
    words = (word for one in reporting for word in one.words)
    return Evidence(
        report=core + around,
        question=_question(reading),
        hard=hard,
        matter=sort + nuisance + placed,
        reasons=tuple(dict.fromkeys((*words, *reading.phrases("report_intro", "act", "nuisance")))),
    )


def wishes(reading: Reading) -> tuple[Hit, ...]:
    """What the unit is asked to do: words of `act` that are neither refused nor told as done."""
    return tuple(
        hit
        for hit in reading.found("act")
        if not before(reading.hits, hit, "stop_weak") and not before(reading.hits, hit, "already", gap=1)
    )


def quoted_words(words: Iterable[str]) -> str:
    """Words as a reason names them, the first eight."""
    return ", ".join(map(repr, list(words)[:8]))


def _question(reading: Reading) -> int:
    asked = _TWICE * reading.has("ask_intro") + reading.has("question") + reading.questioned
    asked = min(asked, _TWICE + 1)
    about = min(len(reading.phrases("procedure")), _TWICE) + reading.has("permission")
    if not about and not reading.has("ask_intro"):
        return min(asked, 1)
    both = bool(asked and about) * (1 if wishes(reading) or reading.has("report_intro") else _TWICE)
    return asked + about + both + reading.has("unit")
