"""Informal words in formal spelling: by a table, by what is doubled or stretched, and by vowels that were left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from treckk_gateway.profile.tokens import tokens

_STRETCHED = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"([^\W\d_]{3,})2(nya|an)?")
_SUFFIXES = ("nya", "lah", "kah")
_SHORTEST_STEM = 4
_SHORTEST_BONES = 3
_SHORTEST_VOWELLED = 4
_LONGEST_WORD = 24
_REMEMBERED = 8_192
_VOWELS = str.maketrans("", "", "aeiou")

Words = tuple[str, ...]


class Spelling:
    """Rewrites words once.

    `pairs` are informal words and phrases with what they become; a result of several words is a phrase that stays as
    it is: "satpol pp" never grows. `known` are words that mean something: a word that lacks some
    of their vowels becomes one of them. No other spelling is looked for of those that are `kept`; `names` are words of
    place names, which nothing changes but `pairs`; `apart` are prefixes that people write as words of their own,
    "di bakar" for "dibakar".
    """

    def __init__(
        self,
        pairs: Mapping[str, str],
        *,
        known: Iterable[str] = (),
        kept: Iterable[str] = (),
        names: Iterable[str] = (),
        apart: Iterable[str] = (),
    ) -> None:
        table = {tokens(old): tokens(new) for old, new in pairs.items()}
        stable = {new: new for new in table.values() if len(new) > 1}
        self._first: dict[str, list[tuple[Words, Words]]] = {}
        for old, new in (table | stable).items():
            self._first.setdefault(old[0], []).append((old, new))
        for entries in self._first.values():
            entries.sort(key=lambda entry: -len(entry[0]))
        listed = tuple(known)
        self._known = frozenset(listed)
        self._kept = frozenset(kept)
        self._names = frozenset(names)
        self._apart = frozenset(apart)
        self._bones = _skeletons(listed)
        self.plain = lru_cache(_REMEMBERED)(self._plain)

    def formal(self, words: Sequence[str]) -> tuple[Words, tuple[tuple[int, int], ...], frozenset[int]]:
        """The rewritten words, where each comes from, and the places inside one word's expansion into several.

        A word comes from the words `start` to before `end` of those given.
        """
        written: list[str] = []
        origin: list[tuple[int, int]] = []
        inside: set[int] = set()
        place = 0
        while place < len(words):
            size, new = self.at(words, place) or (1, self.plain(words[place]))
            if size == 1 and len(new) == 1 and new[0] in self._apart and place + 1 < len(words):
                whole = new[0] + self._next(words[place + 1])
                if whole in self._known:
                    size, new = 2, (whole,)
            if size < len(new) and len(set(new)) > 1:
                inside.update(range(len(written) + 1, len(written) + len(new)))
            written += new
            origin += [(place, place + size)] * len(new)
            place += size
        return tuple(written), tuple(origin), frozenset(inside)

    def _next(self, word: str) -> str:
        """The word after a prefix that stands apart."""
        known = self.at((word,), 0)
        new = known[1] if known else self.plain(word)
        return new[0] if len(new) == 1 else ""

    def at(self, words: Sequence[str], place: int) -> tuple[int, Words] | None:
        """How many words are rewritten at this place, and to what; the longest first."""
        for old, new in self._first.get(words[place], ()):
            if len(old) == 1 or tuple(words[place : place + len(old)]) == old:
                return len(old), new
        return None

    def _plain(self, word: str) -> Words:
        """One word that stands in no table."""
        short = _STRETCHED.sub(r"\1", word)
        if short != word:
            known = self.at((short,), 0)
            return known[1] if known else self._plain(short)
        doubled = _DOUBLED.fullmatch(short)
        if doubled is not None:
            half = self.at((doubled[1],), 0)
            first = half[1] if half else self._plain(doubled[1])
            return (*first, first[0] + (doubled[2] or "").removesuffix("nya")) if len(first) == 1 else first
        if short in self._names or short in self._kept:
            return (short,)
        return (self._stem(short) or (short if short in self._known else self._whole(short)) or short,)

    def _stem(self, word: str) -> str | None:
        for suffix in _SUFFIXES:
            if not word.endswith(suffix):
                continue
            stem = word.removesuffix(suffix)
            if stem in self._known:
                return stem
            whole = self._whole(stem)
            if whole is not None:
                return whole
            if suffix == _SUFFIXES[0] and len(stem) >= _SHORTEST_STEM:
                return stem
        return None

    def _whole(self, word: str) -> str | None:
        """The known word of which some vowels were left out: the shortest, and of those the one listed first."""
        if len(word) > _LONGEST_WORD:
            return None
        left = bones(word)
        if len(left) < _SHORTEST_BONES:
            return None
        # A short word with vowels is a word of its own, unless it lacks one vowel only.
        most = len(word) + 1 if left != word and len(left) < _SHORTEST_VOWELLED else _LONGEST_WORD
        fitting = [one for one in self._bones.get(left, ()) if len(word) < len(one) <= most and _within(word, one)]
        return min(fitting, key=len, default=None)


def bones(word: str) -> str:
    """A word without its vowels."""
    return word.translate(_VOWELS)


def _skeletons(words: Iterable[str]) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for word in words:
        known.setdefault(bones(word), []).append(word)
    return known


def _within(short: str, whole: str) -> bool:
    letters = iter(whole)
    return short[0] == whole[0] and all(letter in letters for letter in short)
