"""Informal words in formal spelling: by a table, by what is doubled or stretched, and by vowels that were left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from treckk_gateway.profile.ours import OfOurWords
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.profile.vowels import bones, is_clipped

_STRETCHED = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"([^\W\d_]{3,})2(nya|an)?")
_SUFFIXES = ("nya", "lah", "kah")
_SHORTEST_STEM = 4
_SHORTEST_BONES = 3
_SHORTEST_VOWELLED = 4
_LONGEST_WORD = 24

Words = tuple[str, ...]


class Formal(NamedTuple):
    """Words in formal spelling.

    Each of `words` comes from those `start` to before `end` of the words given, by `origin`. `inside` are places
    within one word's expansion into several, `changed` those of words that are not as they were given.
    """

    words: Words
    origin: Sequence[tuple[int, int]]
    inside: AbstractSet[int]
    changed: AbstractSet[int]


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
        self._words: dict[str, Words] = {}
        self._phrases: dict[str, list[tuple[Words, Words]]] = {}
        for old, new in (table | stable).items():
            if len(old) == 1:
                self._words[old[0]] = new
            else:
                self._phrases.setdefault(old[0], []).append((old, new))
        for entries in self._phrases.values():
            entries.sort(key=lambda entry: -len(entry[0]))
        listed = tuple(known)
        self._known = frozenset(listed)
        self._kept = frozenset(kept)
        self._names = frozenset(names)
        self._apart = frozenset(apart)
        self._bones = _skeletons(listed)
        self._rewrites = OfOurWords(self._rewrite, self._known | self._kept | self._names | self._words.keys())

    def formal(self, words: Words) -> Formal:
        """The words in formal spelling."""
        rewrites = self._rewrites
        if not any(map(rewrites.__getitem__, words)):
            return Formal(words, (), frozenset(), frozenset())
        written: list[str] = []
        origin: list[tuple[int, int]] = []
        inside: set[int] = set()
        changed: set[int] = set()
        place = 0
        while place < len(words):
            rewritten = rewrites[words[place]]
            if rewritten is None:
                written.append(words[place])
                origin.append((place, place + 1))
                place += 1
                continue
            size, new = self._at(words, place, rewritten)
            for one in new:
                if size > 1 or one != words[place]:
                    changed.add(len(written))
                written.append(one)
                origin.append((place, place + size))
            if size < len(new) and len(set(new)) > 1:
                inside.update(range(len(written) - len(new) + 1, len(written)))
            place += size
        return Formal(tuple(written), origin, inside, changed)

    def _rewrite(self, word: str) -> Words | None:
        """What a word becomes by itself; `None` where it stays as it is and changes nothing beside it."""
        new = self._alone(word)
        return None if new == (word,) and word not in self._phrases and word not in self._apart else new

    def _at(self, words: Words, place: int, alone: Words) -> tuple[int, Words]:
        """How many words are rewritten at this place, and to what; the longest first."""
        for old, new in self._phrases.get(words[place], ()):
            if words[place : place + len(old)] == old:
                return len(old), new
        new = alone
        if new[0] in self._apart and len(new) == 1 and place + 1 < len(words):
            after = self._rewrites[words[place + 1]] or words[place + 1 : place + 2]
            if len(after) == 1 and new[0] + after[0] in self._known:
                return 2, (new[0] + after[0],)
        return 1, new

    def _alone(self, word: str) -> Words:
        """One word by itself."""
        return self._words.get(word) or self._plain(word)

    def _plain(self, word: str) -> Words:
        """One word that stands in no table."""
        if _STRETCHED.search(word):
            return self._alone(_STRETCHED.sub(r"\1", word))
        doubled = _DOUBLED.fullmatch(word) if "2" in word else None
        if doubled is not None:
            first = self._alone(doubled[1])
            return (*first, first[0] + (doubled[2] or "").removesuffix("nya")) if len(first) == 1 else first
        if word in self._names or word in self._kept:
            return (word,)
        return (self._stem(word) or (word if word in self._known else self._whole(word)) or word,)

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
        begun = [one for one in self._bones.get(left, ()) if one[0] == word[0] and len(one) <= most]
        return min((one for one in begun if is_clipped(word, one)), key=len, default=None)


def _skeletons(words: Iterable[str]) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for word in words:
        known.setdefault(bones(word), []).append(word)
    return known
