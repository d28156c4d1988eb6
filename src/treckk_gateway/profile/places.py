"""Places of one unit and how they are found in words: exact names only, the longest first.

Source of the rules: domain reference, section 10 (geography). A name that may mean two places stays two places here;
nothing in this module picks one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from math import cos, hypot, radians

import attrs

from treckk_gateway.profile.tokens import fold

_KM_PER_DEGREE = 111.32
_SHORTEST_JOINED = 7
"""Letters from which a name of several words is also known when written as one: `Lokbatu`."""


class PlaceKind(StrEnum):
    """What a name stands for."""

    DISTRICT = "district"
    VILLAGE = "village"
    OUTSIDE = "outside"


@attrs.frozen(kw_only=True)
class District:
    """A kecamatan. `lat` and `lng` are a point in its middle, WGS84 degrees."""

    code: str
    name: str
    lat: float
    lng: float


@attrs.frozen(kw_only=True)
class Village:
    """A desa or kelurahan (`kind`). `lat` and `lng` are a point inside it, WGS84 degrees; `district` is a code."""

    code: str
    name: str
    kind: str
    district: str
    lat: float
    lng: float


@attrs.frozen(kw_only=True)
class Neighbour:
    """A place that belongs to somebody else; `office` is the referral code of who is responsible there, if known."""

    code: str
    name: str
    office: str | None = None


@attrs.frozen(kw_only=True)
class Bounds:
    """Degrees within which a coordinate is plausible for this unit."""

    south: float
    west: float
    north: float
    east: float

    def contains(self, lat: float, lng: float) -> bool:
        """Whether the point lies inside or on the edge."""
        return self.south <= lat <= self.north and self.west <= lng <= self.east


@attrs.frozen
class Target:
    """One place a name may mean."""

    kind: PlaceKind
    code: str


@attrs.frozen(kw_only=True)
class Mention:
    """A name found in a text: what it may mean, and where it stands (tokens `start` to before `end`).

    `marked` is the kind that a word before it says, such as village for "desa"; `common` that the name is also an
    ordinary word.
    """

    targets: tuple[Target, ...]
    start: int
    end: int
    marked: PlaceKind | None = None
    common: bool = False


@attrs.frozen(kw_only=True)
class PlaceWords:
    """What a unit's language adds to its list of names.

    `markers` say what kind of place follows; `aliases` are further names of codes; `variants` are words that stand
    for one another inside names (`sei` and `sungai`); `common` are names that are also ordinary words.
    """

    markers: Mapping[str, PlaceKind] = attrs.field(factory=dict)
    aliases: Mapping[str, str] = attrs.field(factory=dict)
    variants: Mapping[str, str] = attrs.field(factory=dict)
    common: frozenset[str] = frozenset()


class Gazetteer:
    """Finds names of places in tokens, and the places around a point."""

    def __init__(
        self,
        districts: Iterable[District],
        villages: Iterable[Village],
        neighbours: Iterable[Neighbour] = (),
        words: PlaceWords | None = None,
    ) -> None:
        self._words = words or PlaceWords()
        self._villages = tuple(villages)
        self._names: dict[tuple[str, ...], tuple[Target, ...]] = {}
        self._common = {tuple(fold(name).split()) for name in self._words.common}
        for district in districts:
            self._learn(district.name, Target(PlaceKind.DISTRICT, district.code))
        for village in self._villages:
            self._learn(village.name, Target(PlaceKind.VILLAGE, village.code))
        self._learn_aliases()
        for neighbour in neighbours:
            self._learn(neighbour.name, Target(PlaceKind.OUTSIDE, neighbour.code))
        self._longest = max(map(len, self._names), default=0)

    def mentions(self, tokens: Sequence[str]) -> tuple[Mention, ...]:
        """The names in folded tokens of the original text, from left to right, the longest at each place."""
        return tuple(self._scan(tokens))

    def nearest(self, lat: float, lng: float, most: int = 3) -> tuple[tuple[Village, float], ...]:
        """The villages whose inner points lie nearest, with the distance in kilometres (straight line)."""
        narrow = cos(radians(lat))
        away = sorted(
            ((_KM_PER_DEGREE * hypot(one.lat - lat, (one.lng - lng) * narrow), one) for one in self._villages),
            key=lambda pair: pair[0],
        )
        return tuple((one, distance) for distance, one in away[:most])

    def _scan(self, tokens: Sequence[str]) -> Iterator[Mention]:
        place = 0
        while place < len(tokens):
            found = self._at(tokens, place)
            if found is not None:
                yield found
            place = found.end if found else place + 1

    def _at(self, tokens: Sequence[str], place: int) -> Mention | None:
        for size in range(min(self._longest, len(tokens) - place), 0, -1):
            name = tuple(tokens[place : place + size])
            targets = self._names.get(name)
            if targets:
                marked = self._words.markers.get(tokens[place - 1]) if place else None
                common = name in self._common
                return Mention(targets=targets, start=place, end=place + size, marked=marked, common=common)
        return None

    def _learn(self, name: str, target: Target) -> None:
        words = tuple(fold(name).split())
        self._add(words, target)
        for one, other in self._words.variants.items():
            for old, new in ((one, other), (other, one)):
                if old in words:
                    self._add(tuple(new if word == old else word for word in words), target)
        joined = "".join(words)
        if len(words) > 1 and len(joined) >= _SHORTEST_JOINED and target.kind is not PlaceKind.OUTSIDE:
            self._add((joined,), target)

    def _learn_aliases(self) -> None:
        kinds = {one.code: one for targets in self._names.values() for one in targets}
        for name, code in self._words.aliases.items():
            self._add(tuple(fold(name).split()), kinds[code])

    def _add(self, words: tuple[str, ...], target: Target) -> None:
        known = self._names.get(words, ())
        if target not in known:
            self._names[words] = (*known, target)
