"""A folder of TOML, JSON and CSV files becomes a `Profile`; bad data is refused before anything starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from treckk_gateway.errors import ProfileError
from treckk_gateway.model import ClockName, Reason, State, Urgency
from treckk_gateway.profile import shapes
from treckk_gateway.profile.boundaries import read_boundaries
from treckk_gateway.profile.categories import read_categories
from treckk_gateway.profile.dialogue import read_dialogue
from treckk_gateway.profile.files import Folder, refuse, shaped
from treckk_gateway.profile.geography import read_geography
from treckk_gateway.profile.information import read_information
from treckk_gateway.profile.lexicon import Lexicon
from treckk_gateway.profile.profile import Category, Office, Post, Profile, ReasonText, Vocabulary
from treckk_gateway.profile.service import read_calendar, read_holidays, read_profile_limits
from treckk_gateway.profile.staff_words import read_staff_words
from treckk_gateway.profile.telling import read_form, read_signing, read_times
from treckk_gateway.profile.texts import read_templates
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.profile.vocabulary import read_lexicon

PROFILE = "profile.toml"
SAMPLES = "sample_messages.jsonl"

K = TypeVar("K", State, Urgency, Reason, ClockName)
V = TypeVar("V")


def load(name_or_folder: str | Path) -> Profile:
    """Read a profile that ships, by name, or a folder (a `Path`, or a text with a `/` in it).

    What ships comes with the package and does not change under it, so a process reads it once and its gateways share
    it. Raises `ProfileError` naming file, key and reason.
    """
    folder, name = _folder(name_or_folder)
    return _shipping(name) if name == name_or_folder else _read(folder, name)


@cache
def _shipping(name: str) -> Profile:
    return _read(*_folder(name))


def _read(folder: Folder, name: str) -> Profile:
    written = folder.toml(PROFILE, shapes.ProfileFile)
    languages = tuple(written.languages)
    tables = _languages(written)
    geography = read_geography(folder, written.places, written.bounds)
    offices = _offices(written)
    categories = read_categories(folder, languages, offices)
    form = read_form(written, tables)
    _asked(written, categories)
    times, events = read_times(folder)
    lexicon = read_lexicon(folder, categories, written.reference_prefix, geography.names)
    templates = read_templates(folder, written, {one: table.letter for one, table in tables.items()})
    return Profile(
        name=name,
        unit=written.unit,
        zone=written.zone,
        region=written.region,
        languages=languages,
        reference_prefix=written.reference_prefix,
        emergency_number=written.emergency.number,
        posts=_posts(written, {one.code for one in geography.districts}),
        categories=categories,
        districts=geography.districts,
        villages=geography.villages,
        neighbours=geography.neighbours,
        offices=offices,
        vocabularies={one: _vocabulary(one, table, form.needed) for one, table in tables.items()},
        bounds=geography.bounds,
        form=form,
        dialogue=read_dialogue(folder, languages, form, templates),
        calendar=read_calendar(PROFILE, written.calendar, written.zone, read_holidays(folder)),
        limits=read_profile_limits(PROFILE, written.clocks),
        gazetteer=geography.gazetteer,
        staff=read_staff_words(folder),
        information=read_information(folder),
        lexicon=lexicon,
        templates=templates,
        times=times,
        events=events,
        signing=read_signing(written),
        ordinary=_ordinary(lexicon, written),
        hub=geography.hub,
        remote_km=written.places.remote_km,
        near_boundary_km=written.places.near_boundary_m / 1000,
        asks_nothing=frozenset(written.form.asks_nothing),
        duplicates_km=written.duplicates.metres / 1000,
        duplicates_hours=written.duplicates.hours,
    )


def bounded(profile: Profile, boundaries: Path | None) -> Profile:
    """The profile with the outlines of its places out of a GeoJSON file, if one is named.

    Raises `ProfileError` naming the file and what is wrong with it.
    """
    if boundaries is None:
        return profile
    codes = {one.code for one in profile.districts} | {one.code for one in profile.villages}
    return attrs.evolve(profile, boundaries=read_boundaries(boundaries, codes, profile.bounds))


def shipped() -> tuple[str, ...]:
    """Names of the profiles that ship, sorted."""
    here = files("treckk_gateway.profile")
    return tuple(sorted(one.name for one in here.iterdir() if one.is_dir() and one.joinpath(PROFILE).is_file()))


def samples(name_or_folder: str | Path) -> tuple[dict[str, Any], ...]:
    """The profile's sample messages, invented and labelled: mappings with `id`, `text`, `expected` and more."""
    return _folder(name_or_folder)[0].json_lines(SAMPLES)


def _folder(name_or_folder: str | Path) -> tuple[Folder, str]:
    if isinstance(name_or_folder, Path) or "/" in name_or_folder:
        path = Path(name_or_folder)
        if not path.is_dir():
            raise ProfileError(f"{path.name}: is no folder; a profile is a shipped name or a folder")
        return Folder(path), path.resolve().name
    if name_or_folder not in shipped():
        raise ProfileError(f"no profile {name_or_folder!r} ships; there is {', '.join(shipped())}, or name a folder")
    return Folder(files("treckk_gateway.profile").joinpath(name_or_folder)), name_or_folder


def _languages(written: shapes.ProfileFile) -> dict[str, shapes.LanguageTable]:
    try:
        ZoneInfo(written.zone)
    except (ZoneInfoNotFoundError, ValueError):
        refuse(PROFILE, "zone", "is no time zone; write one like Asia/Makassar")
    for language in written.languages:
        if language not in written.language:
            refuse(PROFILE, f"language.{language}", "is missing")
        if language not in written.emergency.words:
            refuse(PROFILE, f"emergency.words.{language}", "is missing")
    return {
        one: shaped(PROFILE, f"language.{one}", written.language[one], shapes.LanguageTable)
        for one in written.languages
    }


def _offices(written: shapes.ProfileFile) -> dict[str, Office]:
    _unique(PROFILE, "offices", [one.code for one in written.offices])
    offices = {
        one.code: Office(code=one.code, name=one.name, contact=one.contact, short=one.short) for one in written.offices
    }
    places = written.places
    for code in (*places.neighbours.values(), *(one.office for one in places.outside)):
        if code is not None and code not in offices:
            refuse(PROFILE, "places", f"names the office {code!r}, which is not under [[offices]]")
    return offices


def _posts(written: shapes.ProfileFile, districts: set[str]) -> tuple[Post, ...]:
    _unique(PROFILE, "posts", [one.id for one in written.posts])
    _unique(PROFILE, "posts.districts", [code for one in written.posts for code in one.districts])
    for post in written.posts:
        for code in post.districts:
            if code not in districts:
                refuse(PROFILE, f"posts.{post.id}.districts", f"there is no district {code!r}")
    if sum(one.central for one in written.posts) != 1:
        refuse(PROFILE, "posts", "exactly one post is central = true: it takes what has no known place")
    return tuple(
        Post(post_id=one.id, name=one.name, districts=tuple(one.districts), central=one.central)
        for one in written.posts
    )


def _asked(written: shapes.ProfileFile, categories: Iterable[Category]) -> None:
    known = {one.code for one in categories}
    for code in written.form.asks_nothing:
        if code not in known:
            refuse(PROFILE, "form.asks_nothing", f"there is no category {code!r}")


def _ordinary(lexicon: Lexicon, written: shapes.ProfileFile) -> frozenset[str]:
    """Every word of the word lists, and those that the profile names for looking like a place."""
    phrases = [*(phrase for words in lexicon.lists.values() for phrase in words), *written.places.ordinary]
    return frozenset(word for phrase in phrases for word in tokens(phrase))


def _vocabulary(language: str, table: shapes.LanguageTable, needed: Iterable[str]) -> Vocabulary:
    key = f"language.{language}"
    for field in needed:
        if field not in table.field:
            refuse(PROFILE, f"{key}.field.{field}", "is missing")
    reasons = {code: _reason(f"{key}.reason.{code}", one) for code, one in table.reason.items()}
    return Vocabulary(
        states=_complete(State, table.state, f"{key}.state"),
        urgencies=_complete(Urgency, table.urgency, f"{key}.urgency"),
        clocks=_complete(ClockName, table.clock, f"{key}.clock"),
        today=table.day.today,
        tomorrow=table.day.tomorrow,
        fields=table.field,
        reasons=_complete(Reason, reasons, f"{key}.reason"),
        undecided=table.undecided,
    )


def _reason(key: str, written: object) -> ReasonText:
    table = shaped(PROFILE, key, written, shapes.ReasonTable)
    return ReasonText(long=table.long, short=table.short, next=table.next)


def _complete(codes: type[K], written: Mapping[str, V], key: str) -> dict[K, V]:
    """One entry for each code, and no other."""
    for name in written:
        if name not in set(codes):
            refuse(PROFILE, f"{key}.{name}", f"is unknown; there are {', '.join(codes)}")
    for code in codes:
        if code.value not in written:
            refuse(PROFILE, f"{key}.{code}", "is missing")
    return {code: written[code.value] for code in codes}


def _unique(file: str, key: str, codes: Iterable[str]) -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            refuse(file, key, f"{code!r} stands there twice")
        seen.add(code)
