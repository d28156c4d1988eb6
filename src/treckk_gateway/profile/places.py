"""Places of one unit and how they are found in words: exact names first, the longest at each place.

Source of the rules: domain reference, section 10 (geography). A name that may mean two places stays two places here;
nothing in this module picks one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from itertools import islice
from math import cos, hypot, radians

import attrs

from treckk_gateway.profile.misspelt import Misspelt
from treckk_gateway.profile.phrases import Phrases
from treckk_gateway.profile.tokens import tokens

KM_PER_DEGREE = 111.32
"""Kilometres of a degree of latitude."""
MOST_MENTIONS = 40
_SHORTEST_JOINED = 7
"""Letters from which a name of several words is also known when written as one: `Lokbatu`."""


def distance(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Kilometres between two points, in a straight line; exact enough within a county."""
    narrow = cos(radians((lat + other_lat) / 2))
    return KM_PER_DEGREE * hypot(other_lat - lat, (other_lng - lng) * narrow)


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
    ordinary word. `written` is how it stands there where that is no exact name.
    """

    targets: tuple[Target, ...]
    start: int
    end: int
    marked: PlaceKind | None = None
    common: bool = False
    confidence: float = 0.9
    written: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class PlaceWords:
    """What a unit's language adds to its list of names.

    `markers` say what kind of place follows, `before` are other words before a place ("di"); `aliases` are further
    names of codes; `variants` are words that stand for one another inside names (`sei` and `sungai`); `common` are
    names that are also ordinary words.

    `beside` are words after which a place is only near what is meant, or where somebody comes from; `toward` those
    that make two places a way from one to the other. `landmarks` say where without a name, as do `numbered` words with
    a number behind them and `named` words with any name but one of `unnamed`. `far` are words that say it is remote.
    """

    markers: Mapping[str, PlaceKind] = attrs.field(factory=dict)
    before: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = attrs.field(factory=dict)
    variants: Mapping[str, str] = attrs.field(factory=dict)
    common: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    toward: frozenset[str] = frozenset()
    landmarks: Phrases[None] = attrs.field(factory=lambda: Phrases[None](()), repr=False)
    numbered: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    unnamed: frozenset[str] = frozenset()
    far: Phrases[None] = attrs.field(factory=lambda: Phrases[None](()), repr=False)
    signs: frozenset[str] = attrs.field(init=False, repr=False)

    @signs.default
    def _before_landmarks(self) -> frozenset[str]:
        """Words that make a landmark of what follows."""
        return self.numbered | self.named


class Gazetteer:
    """Finds names of places in tokens, and the places around a point."""

    def __init__(
        self,
        districts: Iterable[District],
        villages: Iterable[Village],
        neighbours: Iterable[Neighbour] = (),
        words: PlaceWords | None = None,
    ) -> None:
        self.words = words or PlaceWords()
        self._villages = tuple(villages)
        self._names: dict[tuple[str, ...], tuple[Target, ...]] = {}
        common = {tokens(name) for name in self.words.common}
        for district in districts:
            self._learn(district.name, Target(PlaceKind.DISTRICT, district.code))
        for village in self._villages:
            self._learn(village.name, Target(PlaceKind.VILLAGE, village.code))
        self._learn_aliases()
        for neighbour in neighbours:
            self._learn(neighbour.name, Target(PlaceKind.OUTSIDE, neighbour.code))
        self._phrases = Phrases((" ".join(name), (targets, name in common)) for name, targets in self._names.items())
        spelt = (name for name in self._names if name not in common)
        self._misspelt = Misspelt(spelt, self.words.before, self.words.markers)

    def mentions(self, words: Sequence[str]) -> tuple[Mention, ...]:
        """The names in folded words of the original text, from left to right, the longest at each place.

        No more than `MOST_MENTIONS`, so that a text of nothing but names costs no more than a long one.
        """
        return tuple(islice(self._scan(words), MOST_MENTIONS))

    def named(self, words: Sequence[str]) -> tuple[Target, ...]:
        """What folded words mean that are a name and nothing else, but for a word such as "desa" before it."""
        kind = self.words.markers.get(words[0]) if len(words) > 1 else None
        found = self._names.get(tuple(words[1:] if kind else words), ())
        return tuple(one for one in found if kind in {None, one.kind}) or found

    def is_name(self, token: str) -> bool:
        """Whether one token alone is a name."""
        return (token,) in self._names

    def guesses(
        self, words: Sequence[str], known: AbstractSet[str], named: Sequence[Mention] | None = None
    ) -> tuple[Mention, ...]:
        """Names that words may mean in spite of typing errors or missing vowels; `known` are ordinary ones.

        A mention of several names has the targets of them all. What `mentions` finds is left out; `named` is that,
        where it is known already.
        """
        named = self.mentions(words) if named is None else named
        exact = {place for one in named for place in range(one.start, one.end)}
        markers = self.words.markers
        beside = [one.start - back for one in named for back in (1, 2) if one.start >= back]
        near = self._misspelt.find(words, known, frozenset(exact), beside)
        return tuple(
            Mention(
                targets=tuple(dict.fromkeys(target for name in one.names for target in self._names[name])),
                start=one.start,
                end=one.end,
                marked=markers.get(words[one.start - 1]) if one.start else None,
                confidence=one.confidence,
                written=" ".join(words[one.start : one.end]),
            )
            for one in near
        )

    def nearest(self, lat: float, lng: float, most: int = 3) -> tuple[tuple[Village, float], ...]:
        """The villages whose inner points lie nearest, with the distance in kilometres (straight line)."""
        away = sorted(((distance(lat, lng, one.lat, one.lng), one) for one in self._villages), key=lambda pair: pair[0])
        return tuple((one, far) for far, one in away[:most])

    def _scan(self, words: Sequence[str]) -> Iterator[Mention]:
        for one in self._phrases.find(words):
            targets, common = one.value
            marked = self.words.markers.get(words[one.start - 1]) if one.start else None
            yield Mention(targets=targets, start=one.start, end=one.end, marked=marked, common=common)

    def _learn(self, name: str, target: Target) -> None:
        words = tokens(name)
        self._add(words, target)
        for one, other in self.words.variants.items():
            for old, new in ((one, other), (other, one)):
                if old in words:
                    self._add(tuple(new if word == old else word for word in words), target)
        joined = "".join(words)
        if len(words) > 1 and len(joined) >= _SHORTEST_JOINED and target.kind is not PlaceKind.OUTSIDE:
            self._add((joined,), target)

    def _learn_aliases(self) -> None:
        kinds = {one.code: one for targets in self._names.values() for one in targets}
        for name, code in self.words.aliases.items():
            self._add(tokens(name), kinds[code])

    def _add(self, words: tuple[str, ...], target: Target) -> None:
        known = self._names.get(words, ())
        if target not in known:
            self._names[words] = (*known, target)
