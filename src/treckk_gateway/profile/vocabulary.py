"""The unit's word lists out of its tables."""

from __future__ import annotations

from collections.abc import Iterable

from treckk_gateway.profile import shapes
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.lexicon import Dialect, Lexicon, Pair
from treckk_gateway.profile.profile import Category
from treckk_gateway.profile.quoting import Cutting
from treckk_gateway.profile.roots import Affixes, Roots
from treckk_gateway.profile.tokens import fold, tokens
from treckk_gateway.profile.wordlists import LISTS

WORDS = "words.toml"
LEVELS = ("emergency", "high")
"""Levels of urgency that words may mean together."""


def category_list(code: str) -> str:
    """The name of the list with a category's cue words."""
    return f"category.{code}"


def read_lexicon(folder: Folder, categories: Iterable[Category], prefix: str) -> Lexicon:
    """Read `words.toml` and the tables it names. Raises `ProfileError`."""
    written = folder.toml(WORDS, shapes.WordsFile)
    for name in dict.fromkeys([*written.lists, *LISTS]):
        if name not in LISTS:
            refuse(WORDS, f"lists.{name}", "is unknown; treckk_gateway.profile.wordlists has the names")
        if name not in written.lists:
            refuse(WORDS, f"lists.{name}", "is missing; an empty list will do")
        _worded(f"lists.{name}", WORDS, written.lists[name])
    lists = dict(written.lists)
    for one in categories:
        _worded(one.code, "categories.json", one.cues)
        lists[category_list(one.code)] = list(one.cues)
    pairs = []
    for count, pair in enumerate(written.pairs, 1):
        if pair.level not in LEVELS:
            refuse(WORDS, f"pairs[{count}].level", f"is one of {', '.join(LEVELS)}")
        first, second = f"pair.{count}.first", f"pair.{count}.second"
        _worded(f"pairs[{count}]", WORDS, (*pair.words, *pair.together_with))
        lists |= {first: pair.words, second: pair.together_with}
        pairs.append(Pair(level=pair.level, first=first, second=second))
    return Lexicon(
        lists,
        spellings=_spellings(folder, written),
        cutting=Cutting(prefix),
        clipped=("emergency",),
        clock={fold(old): fold(new) for old, new in written.clock.items()},
        kept=map(fold, written.kept),
        pairs=pairs,
        roots=_roots(written),
        dialects=[_dialect(folder, one) for one in written.dialects],
    )


def _roots(written: shapes.WordsFile) -> Roots:
    for name, roots in written.roots.items():
        if name not in LISTS:
            refuse(WORDS, f"roots.{name}", "is no list")
        _worded(f"roots.{name}", WORDS, roots)
    affixes = Affixes(
        prefixes=frozenset(map(fold, written.affixes.prefixes)),
        suffixes=frozenset(map(fold, written.affixes.suffixes)),
        softened=written.affixes.softened,
    )
    return Roots(written.roots, affixes)


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
        if not tokens(phrase):
            refuse(file, key, f"{phrase!r} has no letters or digits")
