"""Word lists of one unit, and a message read with them.

The rules are those of the domain reference, section 11: words match whole; the original text is read as well as the
one in formal spelling, so that rewriting can neither hide a word nor, by an expansion such as `miras` into "minuman
keras", invent one; spelling is rewritten once; case numbers, links, phone numbers and quoted mail are cut out first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest

import attrs

from treckk_gateway.profile.quoting import Cutting
from treckk_gateway.profile.roots import Roots
from treckk_gateway.profile.tokens import tokens

LONGEST = 12_000
"""Characters of a message that are read."""
_MOST_HITS = 50
"""Hits of one list in one text that are kept, so that a hostile message costs no more than a long one."""

_STRETCHED = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"([^\W\d_]{3,})2(nya|an)?")
_SUFFIX = "nya"
_SHORTEST_STEM = 4
_SHORTEST_SKELETON = 5
_VOWELS = str.maketrans("", "", "aeiou")


@attrs.frozen(kw_only=True)
class Hit:
    """A word or phrase of a list, found at tokens `start` to before `end` of the original or the formal text."""

    name: str
    phrase: str
    start: int
    end: int
    formal: bool


@attrs.frozen(kw_only=True)
class Reading:
    """A message as the word lists see it.

    `original` and `formal` are its words before and after spelling was rewritten; `references` the case numbers
    that were cut out. `questioned` and `exclaimed` say that it has such a mark, `quoted` that it quotes another.
    """

    original: tuple[str, ...] = attrs.field(repr=False)
    formal: tuple[str, ...] = attrs.field(repr=False)
    hits: Mapping[str, tuple[Hit, ...]] = attrs.field(repr=False)
    references: tuple[str, ...] = ()
    questioned: bool = False
    exclaimed: bool = False
    quoted: bool = False

    def has(self, *names: str) -> bool:
        """Whether a word of one of these lists was found."""
        return any(name in self.hits for name in names)

    def found(self, *names: str) -> tuple[Hit, ...]:
        """Everything found of these lists, in the order of the names."""
        return tuple(hit for name in names for hit in self.hits.get(name, ()))

    def phrases(self, *names: str) -> tuple[str, ...]:
        """The different words and phrases found of these lists."""
        return tuple(dict.fromkeys(hit.phrase for hit in self.found(*names)))

    def rest(self, *names: str) -> tuple[str, ...]:
        """The words that belong to none of these lists: of the original or the formal text, whichever leaves fewer."""
        hits = self.found(*names)
        return min(self._uncovered(hits, formal=False), self._uncovered(hits, formal=True), key=len)

    def _uncovered(self, hits: Iterable[Hit], *, formal: bool) -> tuple[str, ...]:
        covered = {place for hit in hits if hit.formal is formal for place in range(hit.start, hit.end)}
        words = self.formal if formal else self.original
        return tuple(word for place, word in enumerate(words) if place not in covered)


@attrs.frozen(kw_only=True)
class Dialect:
    """Words that show in which language somebody writes; `standard` is the language it mixes into."""

    code: str
    words: frozenset[str]
    mixes: bool = False


@attrs.frozen(kw_only=True)
class Pair:
    """Words that mean `level` (`emergency` or `high`) only together: one of the list `first` and one of `second`."""

    level: str
    first: str
    second: str


class Lexicon:
    """The word lists of a unit.

    `lists` are words and phrases by the list's name; `spellings` rewrite informal and dialect words; `clipped` names
    lists whose single words are also known with vowels left out; `roots` are words of which every form counts;
    `clock` are words that mean "o'clock" before a number, whatever else they mean, with what is read instead.
    """

    def __init__(
        self,
        lists: Mapping[str, Iterable[str]],
        *,
        spellings: Mapping[str, str] | None = None,
        cutting: Cutting | None = None,
        clipped: Iterable[str] = (),
        clock: Mapping[str, str] | None = None,
        kept: Iterable[str] = (),
        roots: Roots | None = None,
        pairs: Iterable[Pair] = (),
        dialects: Iterable[Dialect] = (),
    ) -> None:
        self.lists = {name: tuple(phrases) for name, phrases in lists.items()}
        self.pairs = tuple(pairs)
        self.dialects = tuple(dialects)
        self._cutting = cutting or Cutting()
        self._roots = roots or Roots()
        self._clock = dict(clock or {})
        self._kept = frozenset(kept)
        self._spelling = _Spelling(spellings or {})
        self._index = _indexed(self.lists)
        self._skeletons = _skeletons((name, self.lists[name]) for name in clipped)

    def read(self, text: str) -> Reading:
        """The message as these lists see it. Only the first `LONGEST` characters count."""
        kept = self._cutting.apply(text[:LONGEST])
        original = self._timed(tokens(kept.text))
        formal, inside = self._formal(original)
        hits = chain(
            self._hits(original, frozenset(), formal=False),
            self._forms(original, formal=False),
            self._clipped(original),
            self._hits(formal, inside, formal=True),
            self._forms(formal, formal=True),
        )
        return Reading(
            original=original,
            formal=formal,
            hits=_grouped(hits),
            references=kept.references,
            questioned="?" in kept.text,
            exclaimed="!" in kept.text,
            quoted=kept.quoted,
        )

    def normalise(self, text: str) -> str:
        """The words of the text in formal spelling, rewritten once, with one blank between them."""
        return " ".join(self._formal(tokens(text))[0])

    def _timed(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """A word that means "o'clock" before a number, read as that: "pkl 22.00" sells nothing."""
        return tuple(
            self._clock[word] if word in self._clock and after.isdigit() else word
            for word, after in zip_longest(words, words[1:], fillvalue="")
        )

    def _formal(self, words: Sequence[str]) -> tuple[tuple[str, ...], frozenset[int]]:
        """The rewritten words, and the places inside an expansion of one word into several different ones."""
        written: list[str] = []
        inside: set[int] = set()
        place = 0
        while place < len(words):
            known = self._spelling.at(words, place)
            size, new = known or (1, self._plain(words[place]))
            if known and size < len(new) and len(set(new)) > 1:
                inside.update(range(len(written) + 1, len(written) + len(new)))
            written += new
            place += size
        return tuple(written), frozenset(inside)

    def _plain(self, word: str) -> tuple[str, ...]:
        short = _STRETCHED.sub(r"\1", word)
        known = self._spelling.at((short,), 0) if short != word else None
        if known is not None:
            return known[1]
        doubled = _DOUBLED.fullmatch(short)
        if doubled is not None:
            return doubled[1], doubled[1] + (doubled[2] or "").removesuffix(_SUFFIX)
        stem = short.removesuffix(_SUFFIX)
        return (stem if len(stem) >= _SHORTEST_STEM and short not in self._kept else short,)

    def _hits(self, words: Sequence[str], inside: frozenset[int], *, formal: bool) -> Iterator[Hit]:
        for start, word in enumerate(words):
            for phrase, names in self._index.get(word, ()):
                end = start + len(phrase)
                if tuple(words[start:end]) == phrase and start not in inside and end not in inside:
                    text = " ".join(phrase)
                    yield from (Hit(name=name, phrase=text, start=start, end=end, formal=formal) for name in names)

    def _forms(self, words: Sequence[str], *, formal: bool) -> Iterator[Hit]:
        for start, word in enumerate(words):
            for name in self._roots.names(word):
                yield Hit(name=name, phrase=word, start=start, end=start + 1, formal=formal)

    def _clipped(self, words: Sequence[str]) -> Iterator[Hit]:
        """Words written without some of their vowels, as in a short message: `kbakran`."""
        for start, word in enumerate(words):
            for whole, name in self._skeletons.get(word.translate(_VOWELS), ()):
                if len(word) < len(whole) and word not in self._index and _within(word, whole):
                    yield Hit(name=name, phrase=whole, start=start, end=start + 1, formal=False)


class _Spelling:
    """Informal words and phrases with what they are rewritten to.

    A result that holds an informal word itself is a phrase that stays as it is: "satpol pp" never grows.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        known = {tokens(old): tokens(new) for old, new in pairs.items()}
        single = {old[0] for old in known if len(old) == 1}
        stable = {new: new for new in known.values() if len(new) > 1 and single.intersection(new)}
        self._first: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        for old, new in (known | stable).items():
            self._first.setdefault(old[0], []).append((old, new))
        for entries in self._first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def at(self, words: Sequence[str], place: int) -> tuple[int, tuple[str, ...]] | None:
        """How many words are rewritten at this place, and to what; the longest first."""
        for old, new in self._first.get(words[place], ()):
            if tuple(words[place : place + len(old)]) == old:
                return len(old), new
        return None


_Index = dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]


def _indexed(lists: Mapping[str, Iterable[str]]) -> _Index:
    names: dict[tuple[str, ...], list[str]] = {}
    for name, phrases in lists.items():
        for phrase in phrases:
            names.setdefault(tokens(phrase), []).append(name)
    index: _Index = {}
    for words, owners in names.items():
        index.setdefault(words[0], []).append((words, tuple(dict.fromkeys(owners))))
    return index


def _skeletons(lists: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[tuple[str, str]]]:
    known: dict[str, list[tuple[str, str]]] = {}
    for name, phrases in lists:
        for words in map(tokens, phrases):
            bones = words[0].translate(_VOWELS)
            if len(words) == 1 and len(bones) >= _SHORTEST_SKELETON:
                known.setdefault(bones, []).append((words[0], name))
    return known


def _within(short: str, whole: str) -> bool:
    letters = iter(whole)
    return all(letter in letters for letter in short)


def _grouped(hits: Iterable[Hit]) -> dict[str, tuple[Hit, ...]]:
    groups: dict[tuple[str, bool], list[Hit]] = {}
    for hit in hits:
        group = groups.setdefault((hit.name, hit.formal), [])
        if len(group) < _MOST_HITS:
            group.append(hit)
    names = dict.fromkeys(name for name, _formal in groups)
    return {name: (*groups.get((name, False), ()), *groups.get((name, True), ())) for name in names}


def share(words: Sequence[str], known: frozenset[str]) -> float:
    """Which part of the words is known, from 0 to 1."""
    count = Counter(word in known for word in words)
    return count[True] / len(words) if words else 0.0
