"""Word lists of one unit, and a message read with them.

The rules are those of the domain reference, section 11: words match whole; the original text is read as well as the
one in formal spelling, so that rewriting can neither hide a word nor, by an expansion such as `miras` into "minuman
keras", invent one; spelling is rewritten once; case numbers, links, phone numbers and quoted mail are cut out first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, zip_longest

import attrs

from treckk_gateway.profile.hits import Hit, grouped, nearest
from treckk_gateway.profile.pointing import Pointer, pointing
from treckk_gateway.profile.quoting import Cutting
from treckk_gateway.profile.reading import Reading
from treckk_gateway.profile.roots import Roots
from treckk_gateway.profile.spelling import Spelling, bones
from treckk_gateway.profile.tokens import tokens

LONGEST = 12_000
"""Characters of a message that are read."""
MOST_WORDS = 1_200
"""Words of a message that are read."""
_MOST_HITS = 50
"""Hits of one list in one text that are kept, so that a hostile message costs no more than a long one."""
_MOST_JOINED = 20
_SHORTEST_SKELETON = 5
_REMEMBERED = 8_192
CALM = "calm"
"""The list of longer phrases that mean none of the words in them."""


@attrs.frozen(kw_only=True)
class Dialect:
    """Words that show in which language somebody writes; `standard` is the language it mixes into."""

    code: str
    words: frozenset[str]
    mixes: bool = False


@attrs.frozen(kw_only=True)
class Pair:
    """Words that mean `means` only together: one of the list `first` and one of `second`, `within` words or nearer.

    `means` is the name of a list: of a level of urgency (`emergency` or `high`), or of cues.
    """

    means: str
    first: str
    second: str
    within: int = 12


class Lexicon:
    """The word lists of a unit.

    `lists` are words and phrases by the list's name; `spellings` rewrite informal and dialect words; `clipped` names
    lists whose single words are also known with vowels left out, whatever else the letters could mean; `roots` are
    words of which every form counts; `clock` are words that mean "o'clock" before a number, whatever else they mean,
    with what is read instead; `apart` are prefixes that people write as words of their own; `pointers` say of lists of
    cues what they point to. `kept` and `common` are further words that are no misspelling of another one, `names` those
    of place names.
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
        common: Iterable[str] = (),
        names: Iterable[str] = (),
        apart: Iterable[str] = (),
        roots: Roots | None = None,
        pairs: Iterable[Pair] = (),
        pointers: Mapping[str, Pointer] | None = None,
        dialects: Iterable[Dialect] = (),
    ) -> None:
        self.lists = {name: tuple(phrases) for name, phrases in lists.items()}
        self._pairs = {pair.first: pair for pair in pairs}
        self.pointers = dict(pointers or {})
        self.dialects = tuple(dialects)
        self._cutting = cutting or Cutting()
        self._clock = dict(clock or {})
        phrases = _phrases(self.lists)
        self._index = _indexed(phrases)
        self._longest = max(map(len, phrases), default=1)
        self._skeletons = _skeletons((name, self.lists[name]) for name in clipped)
        roots = roots or Roots()
        pairs_of_words = spellings or {}
        common = (*common, *roots.stems, *chain(*map(tokens, pairs_of_words.values())))
        kept = {*kept, *common, *(word for word, entry in self._index.items() if entry.alone)}
        known = dict.fromkeys((*chain(*phrases), *common))
        self._spelling = Spelling(pairs_of_words, known=known, kept=kept, names=names, apart=apart)
        self._forms = lru_cache(_REMEMBERED)(roots.names)

    def read(self, text: str) -> Reading:
        """The message as these lists see it. Only the first `LONGEST` characters and `MOST_WORDS` words count."""
        kept = self._cutting.apply(text[:LONGEST])
        words = tokens(kept.text)
        original = self._timed(words[:MOST_WORDS])
        formal, origin, inside = self._spelling.formal(original)
        own = tuple((place, place + 1) for place in range(len(original)))
        hits = chain(
            self._hits(original, own, range(len(original)), frozenset()),
            self._clipped(original),
            self._hits(formal, origin, self._rewritten(original, formal, origin), inside),
        )
        found = self._calmed(grouped(hits, _MOST_HITS))
        for name in tuple(found):
            if name in self._pairs:
                _join(self._pairs[name], found)
        return Reading(
            original=original,
            formal=formal,
            hits=found,
            pointing=pointing(found, self.pointers),
            references=kept.references,
            questioned="?" in kept.text,
            exclaimed="!" in kept.text,
            quoted=kept.quoted,
            linked=kept.linked,
            shortened=len(text) > LONGEST or len(words) > MOST_WORDS,
        )

    def normalise(self, text: str) -> str:
        """The words of the text in formal spelling, rewritten once, with one blank between them.

        Only the first `LONGEST` characters and `MOST_WORDS` words count.
        """
        return " ".join(self._spelling.formal(tokens(text[:LONGEST])[:MOST_WORDS])[0])

    def _calmed(self, found: dict[str, tuple[Hit, ...]]) -> dict[str, tuple[Hit, ...]]:
        """Without the hits that stand inside a longer harmless phrase, such as "kereta api"."""
        calm = found.get(CALM)
        if not calm:
            return found
        left = {
            name: tuple(hit for hit in hits if not any(hit.within(one) for one in calm)) for name, hits in found.items()
        }
        return {name: hits for name, hits in left.items() if hits}

    def _timed(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """A word that means "o'clock" before a number, read as that: "pkl 22.00" sells nothing."""
        return tuple(
            self._clock[word] if word in self._clock and after.isdigit() else word
            for word, after in zip_longest(words, words[1:], fillvalue="")
        )

    def _rewritten(
        self, original: Sequence[str], formal: Sequence[str], origin: Sequence[tuple[int, int]]
    ) -> Iterable[int]:
        """Places of the formal text at which a phrase with a rewritten word may begin."""
        changed = [
            place
            for place, (word, (start, end)) in enumerate(zip(formal, origin, strict=True))
            if end - start > 1 or word != original[start]
        ]
        return sorted({start for place in changed for start in range(max(0, place - self._longest + 1), place + 1)})

    def _hits(
        self, words: Sequence[str], origin: Sequence[tuple[int, int]], places: Iterable[int], inside: frozenset[int]
    ) -> Iterator[Hit]:
        seen: Counter[str] = Counter()
        for start in places:
            word = words[start]
            seen[word] += 1
            if seen[word] > _MOST_HITS:
                continue
            entry = self._index.get(word)
            if entry is not None:
                yield from _at(entry, words, start, origin, inside)
            for name in self._forms(word):
                yield Hit(name=name, phrase=word, start=origin[start][0], end=origin[start][1])

    def _clipped(self, words: Sequence[str]) -> Iterator[Hit]:
        """Words written without some of their vowels, as in a short message: `kbakran`."""
        for start, word in enumerate(words):
            for whole, name in self._skeletons.get(bones(word), ()):
                if len(word) < len(whole) and word not in self._index and _within(word, whole):
                    yield Hit(name=name, phrase=whole, start=start, end=start + 1)


@attrs.frozen(kw_only=True)
class _Entry:
    """What begins with one word: the lists it is in alone, and phrases by their second word."""

    alone: tuple[str, ...]
    phrases: dict[str, list[tuple[tuple[str, ...], str, tuple[str, ...]]]]


def _at(
    entry: _Entry,
    words: Sequence[str],
    start: int,
    origin: Sequence[tuple[int, int]],
    inside: frozenset[int],
) -> Iterator[Hit]:
    """What begins at one place."""
    if start in inside:
        return
    begun, ended = origin[start]
    if start + 1 not in inside:
        for name in entry.alone:
            yield Hit(name=name, phrase=words[start], start=begun, end=ended)
    following = words[start + 1] if start + 1 < len(words) else ""
    for phrase, text, names in entry.phrases.get(following, ()):
        end = start + len(phrase)
        if end not in inside and tuple(words[start:end]) == phrase:
            for name in names:
                yield Hit(name=name, phrase=text, start=begun, end=origin[end - 1][1])


_Phrases = dict[tuple[str, ...], tuple[str, ...]]


def _phrases(lists: Mapping[str, Iterable[str]]) -> _Phrases:
    """The words of each phrase, with the lists it is in."""
    owners: dict[str, dict[str, None]] = {}
    for name, phrases in lists.items():
        for phrase in phrases:
            owners.setdefault(phrase, {})[name] = None
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for phrase, names in owners.items():
        found.setdefault(tokens(phrase), {}).update(names)
    return {words: tuple(names) for words, names in found.items()}


def _indexed(phrases: _Phrases) -> dict[str, _Entry]:
    index: dict[str, _Entry] = {}
    for words, owners in phrases.items():
        if words[0] not in index:
            index[words[0]] = _Entry(alone=phrases.get(words[:1], ()), phrases={})
        if len(words) > 1:
            index[words[0]].phrases.setdefault(words[1], []).append((words, " ".join(words), owners))
    return index


def _skeletons(lists: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[tuple[str, str]]]:
    known: dict[str, list[tuple[str, str]]] = {}
    for name, phrases in lists:
        for words in map(tokens, phrases):
            if len(words) == 1 and len(bones(words[0])) >= _SHORTEST_SKELETON:
                known.setdefault(bones(words[0]), []).append((words[0], name))
    return known


def _within(short: str, whole: str) -> bool:
    letters = iter(whole)
    return all(letter in letters for letter in short)


def _join(pair: Pair, found: dict[str, tuple[Hit, ...]]) -> None:
    """Add what two words mean together, at the place of the first, to the list of that name."""
    first = found.get(pair.first)
    second = found.get(pair.second) if first else None
    both = nearest(first[:_MOST_JOINED], second[:_MOST_JOINED], pair.within) if first and second else None
    if both is None:
        return
    one, other = both
    hit = Hit(name=pair.means, phrase=f"{one.phrase} + {other.phrase}", start=one.start, end=one.end, joined=True)
    found[pair.means] = (*found.get(pair.means, ()), hit)


def share(words: Sequence[str], known: frozenset[str]) -> float:
    """Which part of the words is known, from 0 to 1."""
    count = Counter(word in known for word in words)
    return count[True] / len(words) if words else 0.0
