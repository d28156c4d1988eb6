"""How often triage agrees with labels, field by field, and where it does not.

The rules are those the sample messages were labelled by: a category counts where it is the labelled one or one of
`also`; a district must be empty where candidates are labelled; what is missing is not judged for matters of others,
advertising and insults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from treckk_gateway.model import Urgency

Answer = Mapping[str, Any]
_NONE = "-"
_ORDER = list(Urgency)
_SAME = ("district", "village", "location_quality")
_SETS = ("missing", "flags", "refer_to", "district_candidates")
_ASKS_NOTHING = frozenset({"spam", "abuse"})


@attrs.define(kw_only=True)
class Score:
    """One field: how many were `right` of how many `judged`, and what was found instead of what, in which messages."""

    judged: int = 0
    right: int = 0
    confused: dict[tuple[str, str], list[str]] = attrs.field(factory=dict)

    def count(self, right: bool, wanted: str, found: str, which: str) -> None:  # noqa: FBT001 it is the count itself
        """One more judged."""
        self.judged += 1
        self.right += right
        if not right:
            self.confused.setdefault((wanted, found), []).append(which)

    @property
    def share(self) -> float:
        """Right of judged, 1 where nothing was."""
        return self.right / self.judged if self.judged else 1.0


@attrs.define(kw_only=True)
class Scores:
    """All fields. `undercalled` are the emergencies that were not called one: the one unacceptable error.

    `asks_nothing` are categories in which nothing is missing. `guessed` are messages with labelled candidates for the
    district in which one was picked all the same.
    """

    asks_nothing: frozenset[str] = frozenset()
    fields: dict[str, Score] = attrs.field(factory=dict)
    messages: int = 0
    emergencies: int = 0
    undercalled: list[str] = attrs.field(factory=list)
    overcalled: list[str] = attrs.field(factory=list)
    guessed: list[str] = attrs.field(factory=list)

    def add(self, expected: Mapping[str, Any], answer: Answer) -> None:
        """Judge one answer by its labels; what has no label is not judged."""
        which = str(answer["id"])
        self.messages += 1
        self._intent(expected, answer, which)
        self._category(expected, answer, which)
        self._urgency(expected, answer, which)
        for field in _SAME:
            if field in expected:
                wanted, found = expected[field] or _NONE, answer[field] or _NONE
                self._of(field).count(wanted == found, wanted, found, which)
        for field in _SETS:
            if field in expected and not (field == "missing" and self._complete(expected)):
                wanted, found = _listed(expected[field]), _listed(answer[field])
                self._of(field).count(wanted == found, wanted, found, which)
        if expected.get("district_candidates") and answer["district"]:
            self.guessed.append(which)

    def group(self, pairs: Iterable[tuple[str, str | None, str | None]]) -> None:
        """Judge groups of one incident: each message's id, the labelled group, and the group found."""
        rows = list(pairs)
        for count, (one, wanted, found) in enumerate(rows):
            for other, also_wanted, also_found in rows[count + 1 :]:
                same, together = _together(wanted, also_wanted), _together(found, also_found)
                if same or together:
                    self._of("duplicate_group").count(
                        same and together, "one" if same else "two", "one" if together else "two", f"{one}+{other}"
                    )

    def _complete(self, expected: Mapping[str, Any]) -> bool:
        """Whether nothing is asked about such a message."""
        intents = expected.get("intent", ())
        asked = {intents} if isinstance(intents, str) else set(intents)
        return expected.get("category") in self.asks_nothing or bool(asked & _ASKS_NOTHING)

    def _of(self, field: str) -> Score:
        return self.fields.setdefault(field, Score())

    def _intent(self, expected: Mapping[str, Any], answer: Answer, which: str) -> None:
        if "intent" in expected:
            wanted = [expected["intent"]] if isinstance(expected["intent"], str) else expected["intent"]
            self._of("intent").count(answer["intent"] in wanted, "/".join(wanted), answer["intent"], which)

    def _category(self, expected: Mapping[str, Any], answer: Answer, which: str) -> None:
        if "category" not in expected:
            return
        found = answer["category"] or ("unsure" if answer["also"] else _NONE)
        if expected["category"] is None:
            self._of("no category").count(answer["category"] is None, _NONE, found, which)
            return
        wanted = (expected["category"], *expected.get("also", ()))
        self._of("category").count(answer["category"] in wanted, expected["category"], found, which)
        among = expected["category"] in {answer["category"], *answer["also"]}
        self._of("category among those named").count(among, expected["category"], found, which)

    def _urgency(self, expected: Mapping[str, Any], answer: Answer, which: str) -> None:
        wanted, found = expected.get("urgency"), answer["urgency"]
        if wanted is None:
            return
        self._of("urgency").count(wanted == found, wanted, found, which)
        self.emergencies += wanted == Urgency.EMERGENCY
        if wanted == Urgency.EMERGENCY != found:
            self.undercalled.append(which)
        elif found == Urgency.EMERGENCY != wanted:
            self.overcalled.append(which)


def _together(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or _NONE
