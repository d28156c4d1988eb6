"""Words that point to a category, and how much of a message speaks of a report or of a question."""

from __future__ import annotations

import attrs

from treckk_gateway.profile import Hit, Profile, Reading, category_list
from treckk_gateway.triage.pipeline import TriageContext

_TWICE = 2


def category_cues(reading: Reading, profile: Profile) -> dict[str, tuple[str, ...]]:
    """The different cue words of each category, without those that are only a part of a longer one.

    "Minuman keras" points to alcohol; its second word does not point to noise as well.
    """
    hits = {one.code: reading.found(category_list(one.code)) for one in profile.categories}
    long = [hit for found in hits.values() for hit in found if hit.end - hit.start > 1]
    cues: dict[str, tuple[str, ...]] = {}
    for code, found in hits.items():
        own = [hit for hit in found if not any(_swallowed(hit, other) for other in long)]
        if own:
            cues[code] = tuple(dict.fromkeys(hit.phrase for hit in own))
    return cues


def _swallowed(hit: Hit, other: Hit) -> bool:
    """Whether it stands inside a longer phrase. Places in the two texts differ, so only the same text is compared."""
    longer = other.end - other.start > hit.end - hit.start
    return longer and hit.formal is other.formal and other.start <= hit.start and hit.end <= other.end


def standing(reading: Reading, name: str) -> list[Hit]:
    """Hits that are no part of a longer harmless phrase such as "kereta api"."""
    calm = reading.found("calm")
    return [hit for hit in reading.found(name) if not any(_swallowed(hit, other) for other in calm)]


def follows(reading: Reading, hit: Hit, *names: str) -> bool:
    """Whether a word of one of these lists stands directly before."""
    return any(one.formal is hit.formal and one.end == hit.start for one in reading.found(*names))


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
    cues = category_cues(reading, context.profile)
    reporting = [
        word
        for code, words in cues.items()
        for word in words
        if (found := context.profile.category(code)) and found.reports
    ]
    sort = min(len(set(reporting)), _TWICE)
    nuisance = min(len(reading.phrases("nuisance")), _TWICE)
    intro = 0 if reading.has("own_report", "how_to_report") else _TWICE * reading.has("report_intro")
    acts = reading.found("act")
    # In formal spelling, where it has them: "sdh ditindak" is no wish.
    acts = tuple(hit for hit in acts if hit.formal) or acts
    wanted = any(not follows(reading, hit, "stop_weak", "already") for hit in acts)
    hard = _TWICE * wanted + nuisance + intro
    core = sort + hard
    placed = bool(context.values("district") or context.values("district_candidate"))
    around = placed + reading.has("exists") + reading.has("now") if core else 0
    return Evidence(
        report=core + around,
        question=_question(reading),
        hard=hard,
        matter=sort + nuisance + placed,
        reasons=tuple(dict.fromkeys((*reporting, *reading.phrases("report_intro", "act", "nuisance")))),
    )


def _question(reading: Reading) -> int:
    asked = _TWICE * reading.has("ask_intro") + (reading.questioned or reading.has("question"))
    about = min(len(reading.phrases("procedure")), _TWICE) + reading.has("permission")
    both = bool(asked and about)
    return asked + about + both + (reading.has("unit") if asked or about else 0)
