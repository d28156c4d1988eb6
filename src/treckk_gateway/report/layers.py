"""Where disturbances happen: two layers per village, district and month, cut to what their reader may see.

Source: domain reference, R32. One layer counts by kind of disturbance, the other by the regulation that kind is
measured by. Cases merged into another, spam, and requests are no incidents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum

import attrs

from treckk_gateway.model import Intent, State
from treckk_gateway.profile import Profile
from treckk_gateway.report.suppression import Node, suppress
from treckk_gateway.store.rows import TallyRow

_NO_INCIDENT = frozenset({State.DUPLICATE, State.REJECTED_SPAM})
_REPORTED = frozenset({Intent.COMPLAINT, Intent.UNKNOWN})
_WHOLE = ""
"""The code of a place that is not known closer."""

Cell = tuple[str, str, str]
"""District, village and category, `""` where unknown."""


class Layer(StrEnum):
    """What a layer counts by."""

    DISTURBANCE = "disturbance"
    PERDA = "perda"


@attrs.frozen(kw_only=True)
class LayerRow:
    """One number of a layer. `village` is `None` for the whole district; `count` is `None` where it is left out."""

    month: date
    district: str
    village: str | None
    key: str
    count: int | None


def incidents(rows: Iterable[TallyRow]) -> Counter[Cell]:
    """Incidents by district, village and category; what has no category yet is on no layer."""
    found: Counter[Cell] = Counter()
    for one in rows:
        if one.state not in _NO_INCIDENT and one.intent in _REPORTED and one.category is not None:
            found[one.district or _WHOLE, one.village or _WHOLE, one.category] += one.count
    return found


@attrs.frozen
class Month:
    """One month's incidents as a tree of sums for each category: the county, its districts, their villages."""

    first: date
    districts: Sequence[str]
    trees: Mapping[str, Node]
    by_district: Mapping[tuple[str, str], Node]
    by_village: Mapping[Cell, Node]

    @classmethod
    def of(cls, first: date, found: Counter[Cell], districts: Sequence[str], *, small_shown: bool) -> Month:
        """Build the sums, and decide what is shown unless small numbers may be."""
        trees: dict[str, Node] = {}
        by_district: dict[tuple[str, str], Node] = {}
        by_village: dict[Cell, Node] = {}
        for category in sorted({one[2] for one in found}):
            for district in (*districts, _WHOLE):
                cells = {one: Node(count) for one, count in found.items() if one[0] == district and one[2] == category}
                by_village |= cells
                by_district[district, category] = Node.over(*cells.values())
            trees[category] = Node.over(*(by_district[district, category] for district in (*districts, _WHOLE)))
        if not small_shown:
            suppress(Node.over(*trees.values()))
        return cls(first, districts, trees, by_district, by_village)

    def rows(self, keys: Mapping[str, Sequence[str]]) -> Iterator[LayerRow]:
        """The month's numbers by these keys, each standing for some categories: districts with zeros, then villages.

        A number of several categories is shown where all of them are: then it says nothing that they do not say.
        """
        for key, categories in keys.items():
            for district in self.districts:
                nodes = [self.by_district[district, one] for one in categories if (district, one) in self.by_district]
                yield LayerRow(month=self.first, district=district, village=None, key=key, count=_sum(nodes))
            places = sorted({one[:2] for one in self.by_village if one[2] in categories and one[1]})
            for district, village in places:
                nodes = [node for one in categories if (node := self.by_village.get((district, village, one)))]
                yield LayerRow(month=self.first, district=district, village=village, key=key, count=_sum(nodes))


def keys_of(layer: Layer, profile: Profile, hidden: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """What a layer counts by, and the categories each key stands for, in the profile's order."""
    kept = [one for one in profile.categories if one.code not in set(hidden)]
    if layer is Layer.DISTURBANCE:
        return {one.code: (one.code,) for one in kept}
    found: dict[str, tuple[str, ...]] = {}
    for one in kept:
        if one.legal_basis:
            found[one.legal_basis] = (*found.get(one.legal_basis, ()), one.code)
    return found


def _sum(nodes: Sequence[Node]) -> int | None:
    values = [one.value for one in nodes]
    return None if None in values else sum(one for one in values if one is not None)
