"""The unit's word lists out of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from treckk_gateway.profile import shapes
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.lexicon import CALM, Dialect, Lexicon, Pair
from treckk_gateway.profile.pointing import HINT, PLAIN, STRONG, WEIGHTS, Pointer
from treckk_gateway.profile.profile import Category, Cues
from treckk_gateway.profile.quoting import Cutting
from treckk_gateway.profile.roots import Affixes, Roots
from treckk_gateway.profile.tokens import fold, tokens
from treckk_gateway.profile.wordlists import LISTS

WORDS = "words.toml"
CATEGORIES = "categories.json"
ROOT = "~"
"""Before a word: it is a root, of which every form counts."""
LEVELS = ("emergency", "high")
"""Levels of urgency that words may mean together."""


def cue_list(owner: str, strength: str) -> str:
    """The name of the list with the cue words of a category (its code) or a matter (its id), of one strength."""
    return f"cue.{owner}.{strength}"


def read_lexicon(folder: Folder, categories: Iterable[Category], prefix: str, names: Iterable[str] = ()) -> Lexicon:
    """Read `words.toml` and the tables it names; `names` are those of places. Raises `ProfileError`."""
    written = folder.toml(WORDS, shapes.WordsFile)
    for name in dict.fromkeys([*written.lists, *LISTS]):
        if name not in LISTS:
            refuse(WORDS, f"lists.{name}", "is unknown; treckk_gateway.profile.wordlists has the names")
        if name not in written.lists:
            refuse(WORDS, f"lists.{name}", "is missing; an empty list will do")
        _worded(f"lists.{name}", WORDS, written.lists[name])
    words = _Words({name: list(found) for name, found in written.lists.items()})
    places = tuple(names)
    # "Kandang Jaya" is a village and no stable.
    words.lists[CALM] += [name for name in places if len(tokens(name)) > 1]
    pairs: list[Pair] = []
    pointers: dict[str, Pointer] = {}
    for code, matter, cues in _owners(categories):
        owner = matter or code
        _worded(owner, CATEGORIES, _all(cues))
        for strength, found in ((STRONG, cues.strong), (PLAIN, cues.plain), (HINT, cues.hints)):
            words.lists[cue_list(owner, strength)] = list(found)
            pointers[cue_list(owner, strength)] = Pointer(category=code, matter=matter, weight=WEIGHTS[strength])
        strong = cue_list(owner, STRONG)
        pairs.extend(words.pair(strong, one.words, one.others, one.within) for one in cues.together)
    for count, pair in enumerate(written.pairs, 1):
        if pair.level not in LEVELS:
            refuse(WORDS, f"pairs[{count}].level", f"is one of {', '.join(LEVELS)}")
        _worded(f"pairs[{count}]", WORDS, (*pair.words, *pair.together_with))
        pairs.append(words.pair(pair.level, pair.words, pair.together_with, pair.within))
    lists, roots = words.split()
    return Lexicon(
        lists,
        spellings=_spellings(folder, written),
        cutting=Cutting(prefix),
        clipped=("emergency",),
        clock={fold(old): fold(new) for old, new in written.clock.items()},
        kept=map(fold, written.kept),
        common=map(fold, written.common),
        names=(word for name in places for word in tokens(name)),
        apart=map(fold, written.affixes.apart),
        pairs=pairs,
        pointers=pointers,
        roots=Roots(roots, _affixes(written)),
        dialects=[_dialect(folder, one) for one in written.dialects],
    )


def _owners(categories: Iterable[Category]) -> Iterator[tuple[str, str | None, Cues]]:
    for one in categories:
        yield one.code, None, one.cues
        for matter in one.matters:
            yield one.code, matter.matter_id, matter.cues


def _all(cues: Cues) -> Iterator[str]:
    yield from (*cues.strong, *cues.plain, *cues.hints)
    for one in cues.together:
        yield from (*one.words, *one.others)


@attrs.frozen
class _Words:
    """Lists by name, with roots among their words."""

    lists: dict[str, list[str]]

    def pair(self, means: str, first: Iterable[str], second: Iterable[str], within: int) -> Pair:
        """Add the two lists of a pair."""
        name = f"pair.{len(self.lists)}"
        self.lists[f"{name}.first"], self.lists[f"{name}.second"] = list(first), list(second)
        return Pair(means=means, first=f"{name}.first", second=f"{name}.second", within=within)

    def split(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The words as they are, and the roots, by list."""
        plain = {name: [one for one in words if not one.startswith(ROOT)] for name, words in self.lists.items()}
        roots = {name: [one for one in words if one.startswith(ROOT)] for name, words in self.lists.items()}
        return plain, roots


def _affixes(written: shapes.WordsFile) -> Affixes:
    return Affixes(
        prefixes=frozenset(map(fold, written.affixes.prefixes)),
        suffixes=frozenset(map(fold, written.affixes.suffixes)),
        softened=written.affixes.softened,
    )


def _spellings(folder: Folder, written: shapes.WordsFile) -> dict[str, str]:
    known: dict[str, str] = {}
    for file in written.spellings:
        for old, new in folder.pairs(file):
            if not (tokens(old) and tokens(new)):
                refuse(file, old, "has no letters or digits")
            known.setdefault(old, new)
    return known


def _dialect(folder: Folder, table: shapes.DialectTable) -> Dialect:
    words = [*table.words, *(old for old, _new in (folder.pairs(table.file) if table.file else ()))]
    without = set(map(fold, table.without))
    return Dialect(code=table.code, words=frozenset(map(fold, words)) - without, mixes=table.mixes)


def _worded(key: str, file: str, phrases: Iterable[str]) -> None:
    for phrase in phrases:
        if not any(map(str.isalnum, phrase)):
            refuse(file, key, f"{phrase!r} has no letters or digits")
