"""Names of places written with typing errors or without their vowels.

Source of the rules: domain reference, section 10. All names that are as near are given back: nothing here chooses
between two real ones. The first letter must be right, which keeps ordinary words from becoming villages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import islice

import attrs

from treckk_gateway.profile.vowels import bones, is_clipped

_TWICE = re.compile(r"(.)\1+")

_SHORTEST = 5
"""Letters from which a name is known in spite of one error; `_LONG` of two."""
_LONG = 9
_BONES = 4
"""Consonants a name without vowels must have to mean anything; `_FEWER` behind a word such as "desa"."""
_FEWER = 3
_WIDEST = 3
"""Words a misspelt name may be cut into."""
_MOST = 24
"""Tries for one message."""
_PLACES = 60
"""Places in a message at which a name is tried."""
_ALONE = 7
"""Letters from which a misspelt name counts without a word such as "di" before it."""


@attrs.frozen(kw_only=True)
class Near:
    """Names that words `start` to before `end` may mean, each with how sure that is."""

    start: int
    end: int
    names: tuple[tuple[str, ...], ...]
    confidence: float


class Misspelt:
    """`names` are names in words; `anchors` words that stand before places; `markers` those that name a kind."""

    def __init__(self, names: Iterable[tuple[str, ...]], anchors: Iterable[str], markers: Iterable[str]) -> None:
        self._markers = frozenset(markers)
        self._anchors = frozenset(anchors) | self._markers
        self._joined: dict[str, tuple[str, ...]] = {}
        self._squeezed: dict[str, list[str]] = {}
        self._bones: dict[str, list[str]] = {}
        self._letters: dict[str, list[str]] = {}
        for name in names:
            joined = "".join(name)
            if self._joined.setdefault(joined, name) == name:
                self._squeezed.setdefault(_TWICE.sub(r"\1", joined), []).append(joined)
                self._bones.setdefault(bones(joined), []).append(joined)
                self._letters.setdefault(joined[0], []).append(joined)

    def find(
        self, words: Sequence[str], known: AbstractSet[str], taken: frozenset[int], beside: Iterable[int] = ()
    ) -> list[Near]:
        """Misspelt names among words that are neither all `known` otherwise nor `taken`, from left to right.

        Places behind an anchor and those `beside` a name are tried first: there are so many tries and no more.
        """
        plain = {place for place, word in enumerate(words) if word in known or word in self._markers}
        if len(plain) == len(words):
            return []
        behind = (place for place in range(1, len(words)) if words[place - 1] in self._anchors)
        alone = (place for place, word in enumerate(words) if len(word) >= _ALONE)
        found: list[Near] = []
        used = set(taken)
        tries = _MOST
        for place in dict.fromkeys((*islice(behind, _PLACES), *beside, *islice(alone, _PLACES))):
            before = words[place - 1] if place else ""
            for size in range(min(_WIDEST, len(words) - place), 0, -1):
                places = range(place, place + size)
                if plain.issuperset(places) or not used.isdisjoint(places):
                    continue
                names, confidence = self._names("".join(words[place : place + size]), before)
                if names:
                    spelt = tuple(self._joined[one] for one in names)
                    found.append(Near(start=place, end=place + size, names=spelt, confidence=confidence))
                    used.update(places)
                    break
                tries -= 1
            if tries <= 0:
                break
        return sorted(found, key=lambda one: one.start)

    def _names(self, joined: str, before: str) -> tuple[list[str], float]:
        anchored = before in self._anchors
        squeezed = self._squeezed.get(_TWICE.sub(r"\1", joined))
        if squeezed:
            return squeezed, 0.75
        left = bones(joined)
        if anchored and len(left) >= (_FEWER if before in self._markers else _BONES):
            whole = [one for one in self._bones.get(left, ()) if is_clipped(joined, one)]
            if whole:
                return whole, 0.55
        return self._like(joined, _errors(joined) if anchored else 1), 0.6

    def _like(self, joined: str, most: int) -> list[str]:
        if len(joined) < _SHORTEST:
            return []
        names = [one for one in self._letters.get(joined[0], ()) if abs(len(one) - len(joined)) <= most]
        return [one for one in names if len(one) >= _SHORTEST and _distance()(joined, one) <= min(most, _errors(one))]


def _errors(name: str) -> int:
    return 2 if len(name) >= _LONG else 1


@cache
def _distance() -> Callable[[str, str], int]:
    from rapidfuzz.distance import OSA  # noqa: PLC0415 most messages name their place rightly

    return OSA.distance
