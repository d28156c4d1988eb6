"""Word lists of one unit, and a message read with them.

The rules are those of the domain reference, section 11: words match whole; the original text is read as well as the
one in formal spelling, so that rewriting can neither hide a word nor, by an expansion such as `miras` into "minuman
keras", invent one; spelling is rewritten once; case numbers, links, phone numbers and quoted mail are cut out first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest

import attrs

from treckk_gateway.profile.hits import Gathering, Hit, nearest
from treckk_gateway.profile.index import Entry, indexed, owners_of
from treckk_gateway.profile.ours import OfOurWords
from treckk_gateway.profile.pointing import Pointer, pointing
from treckk_gateway.profile.quoting import Cutting
from treckk_gateway.profile.reading import Reading
from treckk_gateway.profile.roots import Roots
from treckk_gateway.profile.spelling import Formal, Spelling
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.profile.vowels import bones, is_clipped

LONGEST = 12_000
"""Characters of a message that are read."""
MOST_WORDS = 1_200
"""Words of a message that are read."""
_MOST_HITS = 50
"""Hits of one list in one text that are kept, so that a hostile message costs no more than a long one."""
_MOST_JOINED = 20
_SHORTEST_SKELETON = 5
_NOTHING = Entry((), {})
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
        owners = owners_of(self.lists)
        self._index = indexed(owners)
        self._longest = max(map(len, owners), default=1)
        self._skeletons = _skeletons((name, self.lists[name]) for name in clipped)
        roots = roots or Roots()
        pairs_of_words = spellings or {}
        common = (*common, *roots.stems, *chain(*map(tokens, pairs_of_words.values())))
        kept = {*kept, *common, *(word for word, entry in self._index.items() if entry.alone)}
        known = dict.fromkeys((*chain(*owners), *common))
        self._spelling = Spelling(pairs_of_words, known=known, kept=kept, names=names, apart=apart)
        self._roots = roots
        self._entries = OfOurWords(self._entry, {*known, *kept})

    def read(self, text: str) -> Reading:
        """The message as these lists see it. Only the first `LONGEST` characters and `MOST_WORDS` words count."""
        kept = self._cutting.apply(text[:LONGEST])
        words = tokens(kept.text)
        original = self._timed(words[:MOST_WORDS])
        formal = self._spelling.formal(original)
        gathered = Gathering(_MOST_HITS)
        self._written(original, gathered)
        self._clipped(original, gathered)
        if formal.changed:
            self._rewritten(formal, gathered)
        found = gathered.without(CALM)
        for pair in [self._pairs[name] for name in found if name in self._pairs]:
            _join(pair, found)
        return Reading(
            original=original,
            formal=formal.words,
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
        return " ".join(self._spelling.formal(tokens(text[:LONGEST])[:MOST_WORDS]).words)

    def _entry(self, word: str) -> Entry | None:
        """What begins with a word, and whose form it is."""
        alone, phrases, _none = self._index.get(word, _NOTHING)
        forms = self._roots.names(word)
        return Entry(alone, phrases, forms) if alone or phrases or forms else None

    def _timed(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """A word that means "o'clock" before a number, read as that: "pkl 22.00" sells nothing."""
        if self._clock.keys().isdisjoint(words):
            return words
        return tuple(
            self._clock[word] if word in self._clock and after.isdigit() else word
            for word, after in zip_longest(words, words[1:], fillvalue="")
        )

    def _written(self, words: tuple[str, ...], gathered: Gathering) -> None:
        """What the lists have of the words as they were written."""
        for start in _seldom(words, range(len(words))):
            word = words[start]
            entry = self._entries[word]
            if entry is None:
                continue
            if entry.alone:
                gathered.add(entry.alone, word, start, start + 1)
            if entry.phrases and start + 1 < len(words):
                for phrase in entry.phrases.get(words[start + 1], ()):
                    end = start + len(phrase.words)
                    if words[start:end] == phrase.words:
                        gathered.add(phrase.names, phrase.text, start, end)
            if entry.forms:
                gathered.add_new(entry.forms, word, start, start + 1)

    def _clipped(self, words: Sequence[str], gathered: Gathering) -> None:
        """Words written without some of their vowels, as in a short message: `kbakran`."""
        for start, word in enumerate(words):
            if len(word) < _SHORTEST_SKELETON or word in self._index:
                continue
            for whole, name in self._skeletons.get(bones(word), ()):
                if is_clipped(word, whole):
                    gathered.add_new((name,), whole, start, start + 1)

    def _rewritten(self, formal: Formal, gathered: Gathering) -> None:
        """What the lists have of the words in formal spelling, wherever a phrase with a rewritten one may begin.

        A phrase stands in no part of one word's expansion. What is not rewritten was found as it was written.
        """
        words, origin, inside, changed = formal
        before = range(self._longest)
        places = sorted({place - back for place in changed for back in before if back <= place})
        for start in _seldom(words, places):
            word = words[start]
            entry = self._entries[word]
            if entry is None:
                continue
            begin, end = origin[start]
            if start in changed and entry.alone and not (start in inside or start + 1 in inside):
                gathered.add_new(entry.alone, word, begin, end)
            if entry.phrases and start not in inside and start + 1 < len(words):
                for phrase in entry.phrases.get(words[start + 1], ()):
                    stop = start + len(phrase.words)
                    if stop not in inside and words[start:stop] == phrase.words:
                        gathered.add_new(phrase.names, phrase.text, begin, origin[stop - 1][1])
            if start in changed and entry.forms:
                gathered.add_new(entry.forms, word, begin, end)


def _skeletons(lists: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[tuple[str, str]]]:
    known: dict[str, list[tuple[str, str]]] = {}
    for name, phrases in lists:
        for words in map(tokens, phrases):
            if len(words) == 1 and len(bones(words[0])) >= _SHORTEST_SKELETON:
                known.setdefault(bones(words[0]), []).append((words[0], name))
    return known


def _seldom(words: Sequence[str], places: Sequence[int]) -> Sequence[int]:
    """Of these places those whose word stood there before no oftener than hits of one list are kept."""
    if len(places) <= _MOST_HITS:
        return places
    seen: Counter[str] = Counter()
    kept = []
    for place in places:
        seen[words[place]] += 1
        if seen[words[place]] <= _MOST_HITS:
            kept.append(place)
    return kept


def _join(pair: Pair, found: dict[str, tuple[Hit, ...]]) -> None:
    """Add what two words mean together, at the place of the first, to the list of that name."""
    first = found.get(pair.first)
    second = found.get(pair.second) if first else None
    both = nearest(first[:_MOST_JOINED], second[:_MOST_JOINED], pair.within) if first and second else None
    if both is None:
        return
    one, other = both
    hit = Hit(f"{one.phrase} + {other.phrase}", one.start, one.end, joined=True)
    found[pair.means] = (*found.get(pair.means, ()), hit)


def share(words: Sequence[str], known: frozenset[str]) -> float:
    """Which part of the words is known, from 0 to 1."""
    return sum(map(known.__contains__, words)) / len(words) if words else 0.0
