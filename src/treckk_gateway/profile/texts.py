"""The unit's texts out of `templates.json`, checked one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from treckk_gateway.profile import shapes
from treckk_gateway.profile.files import Folder, refuse, shaped
from treckk_gateway.profile.templates import (
    ALWAYS,
    FORMS,
    LONGEST_LABEL,
    NEEDED,
    PLACEHOLDER,
    TO_STAFF,
    VARIABLES,
    Offer,
    Templates,
    Wording,
    derive,
    fill,
    fits,
)

TEMPLATES = "templates.json"


def read_templates(folder: Folder, profile: shapes.ProfileFile, letters: Mapping[str, shapes.LetterTable]) -> Templates:
    """Read and check all texts; what a language lacks for short messages and letters is made of its chat text.

    Raises `ProfileError` for a template that is missing or unknown, a placeholder it cannot have, a short message
    that is longer than one part with the example values, or one to a reporter that names the place.
    """
    written = folder.json(TEMPLATES, shapes.TemplatesFile)
    for name in [*written.templates, *VARIABLES]:
        if name not in VARIABLES:
            refuse(TEMPLATES, f"templates.{name}", "is no template the software sends")
        if profile.languages[0] not in written.templates.get(name, {}):
            refuse(TEMPLATES, f"templates.{name}.{profile.languages[0]}", "is missing")
    constants = {
        one: {"nomor_darurat": profile.emergency.number, "darurat": profile.emergency.words[one]}
        for one in profile.languages
    }
    wordings: dict[tuple[str, str, str], Wording] = {}
    offers: dict[tuple[str, str], tuple[Offer, ...]] = {}
    for name, by_language in written.templates.items():
        for language, entry in by_language.items():
            if language not in profile.languages:
                refuse(TEMPLATES, f"templates.{name}.{language}", "is not among languages of profile.toml")
            place, filled = f"templates.{name}.{language}", written.example_values | constants[language]
            forms = shaped(TEMPLATES, place, entry, shapes.FormsEntry)
            for form, wording in _forms(name, forms, letters[language]):
                _check(f"{place}.{form}", name, form, wording, filled)
                wordings[name, language, form] = wording
            offers[name, language] = _offers(
                f"{place}.choices", name, forms, written.example_values | constants[language]
            )
    return Templates(
        wordings,
        languages=tuple(profile.languages),
        constants=constants,
        examples=written.example_values,
        offers=offers,
    )


def _forms(name: str, entry: shapes.FormsEntry, letter: shapes.LetterTable) -> Iterable[tuple[str, Wording]]:
    chat, sms, email = FORMS
    made = partial(derive, name, chat=entry.whatsapp, subject=letter.subject, closing=letter.closing)
    yield chat, Wording(text=entry.whatsapp)
    yield sms, made(sms) if entry.sms is None else Wording(text=entry.sms)
    written = entry.email
    yield email, made(email) if written is None else Wording(text=written.body, subject=written.subject)


def _offers(key: str, name: str, entry: shapes.FormsEntry, examples: dict[str, str]) -> tuple[Offer, ...]:
    for one in entry.choices:
        for unknown in sorted(set(PLACEHOLDER.findall(one.label + one.answer)) - ALWAYS - VARIABLES[name]):
            refuse(TEMPLATES, key, f"{{{unknown}}} is never filled here")
    return made_offers(TEMPLATES, key, entry.choices, examples)


def made_offers(
    file: str, key: str, entries: Iterable[shapes.ChoiceEntry], examples: Mapping[str, str]
) -> tuple[Offer, ...]:
    """Answers offered for tapping. Raises `ProfileError` for a label that no button can hold."""
    found = tuple(Offer(label=one.label, answer=one.answer) for one in entries)
    for one in found:
        if len(fill(one.label, examples)) > LONGEST_LABEL:
            refuse(file, key, f"{one.label!r} is longer than a button: {LONGEST_LABEL} characters")
    return found


def _check(key: str, name: str, form: str, wording: Wording, examples: dict[str, str]) -> None:
    whole = f"{wording.subject or ''}{wording.text}"
    used = set(PLACEHOLDER.findall(whole))
    for one in sorted(used - ALWAYS - VARIABLES[name]):
        refuse(TEMPLATES, key, f"{{{one}}} is never filled here")
    if set("{}") & set(PLACEHOLDER.sub("", whole)):
        refuse(TEMPLATES, key, "has a brace that begins or ends no placeholder")
    for one in sorted(used - set(examples)):
        refuse(TEMPLATES, f"example_values.{one}", f"is missing; {key} uses it")
    if form != "sms":
        for one in sorted(NEEDED.get(name, frozenset()) - used):
            refuse(TEMPLATES, key, f"must hold {{{one}}}: what somebody can do now")
        return
    if "lokasi" in used and name not in TO_STAFF:
        refuse(TEMPLATES, key, "names the exact place; phones are shared, leave {lokasi} out")
    filled = fill(wording.text, examples)
    if not fits(filled):
        refuse(
            TEMPLATES, key, f"is {len(filled)} characters with the example values; one short message has 160 plain ones"
        )
