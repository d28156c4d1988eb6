"""The unit's word lists out of its tables."""

from __future__ import annotations

from collections.abc import Iterable

from treckk_gateway.profile import shapes
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.lexicon import Dialect, Lexicon, Pair
from treckk_gateway.profile.profile import Category
from treckk_gateway.profile.quoting import Cutting
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
    for name in [*written.lists, *LISTS]:
        if name not in LISTS:
            refuse(WORDS, f"lists.{name}", "is unknown; see the how-to on profiles for the names")
        if name not in written.lists:
            refuse(WORDS, f"lists.{name}", "is missing; an empty list will do")
    lists = dict(written.lists)
    lists |= {category_list(one.code): list(one.cues) for one in categories}
    pairs = []
    for count, pair in enumerate(written.pairs, 1):
        if pair.level not in LEVELS:
            refuse(WORDS, f"pairs[{count}].level", f"is one of {', '.join(LEVELS)}")
        first, second = f"pair.{count}.first", f"pair.{count}.second"
        lists |= {first: pair.words, second: pair.together_with}
        pairs.append(Pair(level=pair.level, first=first, second=second))
    for name, phrases in lists.items():
        _worded(name, phrases)
    return Lexicon(
        lists,
        spellings=_spellings(folder, written),
        cutting=Cutting(prefix),
        clipped=("emergency",),
        clock={fold(old): fold(new) for old, new in written.clock.items()},
        kept=map(fold, written.kept),
        pairs=pairs,
        dialects=[_dialect(folder, one) for one in written.dialects],
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


def _worded(name: str, phrases: Iterable[str]) -> None:
    kind, _, code = name.partition(".")
    file, key = ("categories.json", code) if kind == "category" else (WORDS, f"lists.{name}")
    for phrase in phrases:
        if not tokens(phrase):
            refuse(file, key, f"{phrase!r} has no letters or digits")
