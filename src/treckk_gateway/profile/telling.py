"""How people tell who, where and when, out of the unit's tables: the form, names under a message, times."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from treckk_gateway.profile import shapes
from treckk_gateway.profile.events import Events, EventWords
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.form import Form, FormField
from treckk_gateway.profile.signing import Signing
from treckk_gateway.profile.times import Times, TimeWords
from treckk_gateway.profile.tokens import fold

TIMES = "times.toml"
EVENTS = "events.toml"
_PROFILE = "profile.toml"


def read_form(written: shapes.ProfileFile, languages: Mapping[str, shapes.LanguageTable]) -> Form:
    """The form of `[form]`, with the names each language prints. Raises `ProfileError`."""
    owners: dict[str, str] = {}
    known: set[str] = set()
    for one in written.form.fields:
        if one.id in known:
            refuse(_PROFILE, "form.fields", f"{one.id!r} stands there twice")
        known.add(one.id)
        for label in dict.fromkeys(fold(label) for words in one.labels.values() for label in words):
            if not label:
                refuse(_PROFILE, f"form.fields.{one.id}.labels", "one has no letters or digits")
            if label in owners:
                refuse(_PROFILE, "form.fields.labels", f"{label!r} stands there twice")
            owners[label] = one.id
        if not all(map(fold, one.parts)):
            refuse(_PROFILE, f"form.fields.{one.id}.parts", "one has no letters or digits")
    return Form(
        (
            FormField(
                id=one.id,
                needed=one.needed,
                labels={language: tuple(words) for language, words in one.labels.items()},
                parts=tuple(one.parts),
            )
            for one in written.form.fields
        ),
        nothing=written.form.nothing,
        names=[pair for table in languages.values() for pair in table.field.items() if pair[0] in known],
    )


def read_signing(written: shapes.ProfileFile) -> Signing:
    """How a name is recognised, of `[form]`."""
    form = written.form
    return Signing(form.intros, form.closings, form.titles, form.never)


def read_times(folder: Folder) -> tuple[Times, Events]:
    """Read `times.toml`, and `events.toml` where there is one. Raises `ProfileError`."""
    words = TimeWords(**msgspec.structs.asdict(folder.toml(TIMES, shapes.TimesFile)))
    written = folder.toml(EVENTS, shapes.EventsFile) if folder.has(EVENTS) else shapes.EventsFile()
    return Times(words), Events(EventWords(**msgspec.structs.asdict(written)), words)
