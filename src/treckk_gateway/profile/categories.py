"""The unit's categories out of their table."""

from __future__ import annotations

from collections.abc import Mapping

from treckk_gateway.profile import shapes
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.profile import Category, Cues, Matter, Office, Together

CATEGORIES = "categories.json"


def read_categories(folder: Folder, languages: tuple[str, ...], offices: Mapping[str, Office]) -> tuple[Category, ...]:
    """Read `categories.json`. Raises `ProfileError`."""
    entries = folder.json(CATEGORIES, shapes.CategoriesFile).categories
    seen: set[str] = set()
    for entry in entries:
        if entry.code in seen:
            refuse(CATEGORIES, "categories", f"{entry.code!r} stands there twice")
        seen.add(entry.code)
        if languages[0] not in entry.name:
            refuse(CATEGORIES, f"{entry.code}.name.{languages[0]}", "is missing")
        for code in (*entry.refer_to, *(code for matter in entry.matters for code in matter.refer_to)):
            if code not in offices:
                refuse(CATEGORIES, f"{entry.code}.refer_to", f"{code!r} is not under [[offices]] of profile.toml")
    return tuple(_category(one) for one in entries)


def _category(entry: shapes.CategoryEntry) -> Category:
    return Category(
        code=entry.code,
        names=entry.name,
        includes=entry.includes,
        legal_basis=entry.legal_basis,
        cues=_cues(entry),
        matters=tuple(
            Matter(matter_id=f"{entry.code}.{count}", offices=tuple(one.refer_to), cues=_cues(one), low=one.low)
            for count, one in enumerate(entry.matters, 1)
        ),
        offices=tuple(entry.refer_to),
        leadership_only=entry.leadership_only,
        human_first=entry.human_first,
        high=entry.high,
        minors=entry.minors,
        reports=entry.reports,
    )


def _cues(entry: shapes.CategoryEntry | shapes.MatterEntry) -> Cues:
    return Cues(
        strong=tuple(entry.strong_cues),
        plain=tuple(entry.cue_words),
        hints=tuple(entry.hints),
        together=tuple(
            Together(words=tuple(one.words), others=tuple(one.with_), within=one.within) for one in entry.together
        ),
    )
