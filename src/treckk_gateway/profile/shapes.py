"""The shapes of a profile's files, so that a misspelt key or a wrong type is refused by name."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Text = Annotated[str, Meta(min_length=1)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
ByLanguage = dict[Language, Text]


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Refuses keys it does not know."""


class EmergencyTable(_Strict, frozen=True, kw_only=True):
    """`[emergency]`: the number, and how it is written in a text of each language."""

    number: Text
    words: ByLanguage


class BoundsTable(_Strict, frozen=True, kw_only=True):
    """`[bounds]`: degrees within which a pin is plausible."""

    south: Annotated[float, Meta(ge=-90, le=90)]
    west: Annotated[float, Meta(ge=-180, le=180)]
    north: Annotated[float, Meta(ge=-90, le=90)]
    east: Annotated[float, Meta(ge=-180, le=180)]


class PostTable(_Strict, frozen=True, kw_only=True):
    """`[[posts]]`."""

    id: Code
    name: Text
    districts: list[Text] = []
    central: bool = False


class OfficeTable(_Strict, frozen=True, kw_only=True):
    """`[[offices]]`."""

    code: Code
    name: Text
    contact: Text
    short: Text


class ReasonTable(_Strict, frozen=True, kw_only=True):
    """`[language.LANGUAGE.reason.CODE]`."""

    long: Text
    short: Text
    next: Text


class DayWords(_Strict, frozen=True, kw_only=True):
    """`[language.LANGUAGE.day]`."""

    today: Text
    tomorrow: Text


class LetterTable(_Strict, frozen=True, kw_only=True):
    """`[language.LANGUAGE.letter]`: what a letter made of a chat's text gets."""

    subject: Text
    closing: str


class LanguageTable(_Strict, frozen=True, kw_only=True):
    """`[language.LANGUAGE]`; each of `reason` is a `ReasonTable`. `day` has the words for today and tomorrow."""

    state: dict[Text, Text]
    urgency: dict[Text, Text]
    clock: dict[Text, Text]
    day: DayWords
    field: dict[Text, Text]
    reason: dict[Text, dict[str, object]]
    letter: LetterTable
    undecided: Text


class OutsideTable(_Strict, frozen=True, kw_only=True):
    """`[[places.outside]]`: names of places that belong to others, beside those of `neighbours.csv`."""

    names: list[Text]
    office: Text | None = None


class PlacesTable(_Strict, frozen=True, kw_only=True):
    """`[places]`; the words are those of `treckk_gateway.profile.places.PlaceWords`.

    `ordinary` are words that are no misspelt place. `hub` is the village from which distances are told, `remote_km`
    how far away a place is remote whatever the reporter says. A pin so many metres from a boundary is near both sides.
    """

    village_words: list[Text]
    district_words: list[Text]
    before: list[Text] = []
    beside: list[Text] = []
    toward: list[Text] = []
    landmarks: list[Text] = []
    numbered: list[Text] = []
    named: list[Text] = []
    unnamed: list[Text] = []
    far: list[Text] = []
    ordinary: list[Text] = []
    hub: Text | None = None
    remote_km: Annotated[float, Meta(gt=0)] | None = None
    near_boundary_m: Annotated[float, Meta(ge=0, le=5000)] = 200.0
    aliases: dict[Text, Text] = {}
    variants: dict[Text, Text] = {}
    common: list[Text] = []
    neighbours: dict[Text, Text] = {}
    outside: list[OutsideTable] = []


class FormFieldTable(_Strict, frozen=True, kw_only=True):
    """`[[form.fields]]`, in the order they are asked for.

    `labels` are by language; `parts` are labels that stay in the value, such as "desa" in a place.
    """

    id: Literal["name", "contact", "location", "time", "description", "address", "party", "evidence"]
    needed: bool = False
    labels: dict[Language, list[Text]] = {}
    parts: list[Text] = []


class FormTable(_Strict, frozen=True, kw_only=True):
    """`[form]`.

    `nothing` are answers that leave a field empty; nothing more is asked about the categories `asks_nothing`. The
    other lists are those of `treckk_gateway.profile.signing.Signing`.
    """

    fields: Annotated[list[FormFieldTable], Meta(min_length=1)]
    nothing: list[Text] = []
    asks_nothing: list[Text] = []
    intros: list[Text] = []
    closings: list[Text] = []
    titles: list[Text] = []
    never: list[Text] = []


class TimesFile(_Strict, frozen=True, kw_only=True):
    """`times.toml`; the words are those of `treckk_gateway.profile.times.TimeWords`."""

    days: dict[Text, int] = {}
    nights: list[Text] = []
    parts: dict[Text, Annotated[int, Meta(ge=0, le=23)]] = {}
    weekdays: dict[Text, Annotated[int, Meta(ge=0, le=6)]] = {}
    months: dict[Text, Annotated[int, Meta(ge=1, le=12)]] = {}
    past: list[Text] = []
    ongoing: list[Text] = []
    hurry: list[Text] = []
    habit: list[Text] = []
    spans: list[Text] = []
    counts: list[Text] = []
    stated: list[Text] = []
    hours: list[Text] = []
    zones: list[Text] = []


class EventsFile(_Strict, frozen=True, kw_only=True):
    """`events.toml`; the words are those of `treckk_gateway.profile.events.EventWords`."""

    days: dict[Text, Annotated[int, Meta(ge=0)]] = {}
    eves: dict[Text, Annotated[int, Meta(ge=0, le=6)]] = {}
    ahead: list[Text] = []
    vague: list[Text] = []
    dates: list[Text] = []
    addresses: list[Text] = []
    people: list[Text] = []
    guards: list[Text] = []
    about: list[Text] = []
    crowds: list[Text] = []
    scales: dict[Text, Annotated[int, Meta(ge=1)]] = {}
    numbers: dict[Text, Annotated[int, Meta(ge=1)]] = {}


class ChoiceEntry(_Strict, frozen=True, kw_only=True):
    """An answer offered for tapping: what is shown, and what it says; either may hold placeholders of its text."""

    label: Text
    answer: Text


class AskingTable(_Strict, frozen=True, kw_only=True):
    """`[language.LANGUAGE]` of `dialogue.toml`: a question for each needed field, and what stands before numbers.

    `offer` are answers to a question that may be tapped where the channel can; any other may be written. `one_way`
    stands behind a short message that nobody can answer over the number it came from, and says where to.
    """

    choose: Text
    question: dict[Code, Text]
    one_way: Text | None = None
    offer: dict[Code, list[ChoiceEntry]] = {}


class DialogueFile(_Strict, frozen=True, kw_only=True):
    """`dialogue.toml`; `gather` is in seconds."""

    language: dict[Language, AskingTable]
    answers: dict[Text, list[Text]]
    waits_for: list[Code]
    gather: Annotated[int, Meta(ge=0, le=600)] = 8


class DayTable(_Strict, frozen=True, kw_only=True):
    """`[[calendar.closed]]` and `[[calendar.opened]]`: a day and why it is one."""

    date: dt.date
    name: Text


class CalendarTable(_Strict, frozen=True, kw_only=True):
    """`[calendar]`: `hours` are spans like `08:00-16:00` by weekday (`mon`, ...), `country` is whose holidays count."""

    hours: dict[Text, list[Text]]
    country: str | None = None
    subdivision: str | None = None
    checked_until: dt.date | None = None
    quiet: str | None = None
    closed: list[DayTable] = []
    opened: list[DayTable] = []


class DuplicatesTable(_Strict, frozen=True, kw_only=True):
    """`[duplicates]`: how near in place and time two reports of one category may be one incident."""

    metres: Annotated[float, Meta(gt=0, le=10000)] = 300.0
    hours: Annotated[float, Meta(gt=0, le=720)] = 48.0


class ProfileFile(_Strict, frozen=True, kw_only=True):
    """`profile.toml`; each of `language` is a `LanguageTable`."""

    unit: Text
    zone: Text
    region: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    languages: Annotated[list[Language], Meta(min_length=1)]
    reference_prefix: Annotated[str, Meta(pattern=r"^[A-Z]{2,6}$")]
    emergency: EmergencyTable
    bounds: BoundsTable
    posts: Annotated[list[PostTable], Meta(min_length=1)]
    offices: list[OfficeTable] = []
    form: FormTable
    duplicates: DuplicatesTable = DuplicatesTable()
    language: dict[Language, dict[str, object]]
    places: PlacesTable
    calendar: CalendarTable
    clocks: dict[str, object] = {}


class TogetherEntry(_Strict, frozen=True, kw_only=True):
    """Words that point to something only beside each other: one of `words` and one of `with`, `within` or nearer."""

    words: Annotated[list[Text], Meta(min_length=1)]
    with_: Annotated[list[Text], Meta(min_length=1)] = field(name="with")
    within: Annotated[int, Meta(ge=0)] = 12


class _Cues(_Strict, frozen=True, kw_only=True):
    """Words that point to a category or a matter, from those that nearly decide to those that only add to others."""

    strong_cues: list[Text] = []
    cue_words: list[Text] = []
    hints: list[Text] = []
    together: list[TogetherEntry] = []


class MatterEntry(_Cues, frozen=True, kw_only=True):
    """One of a category's `matters`: what other offices are responsible for. `low` where nobody is in danger."""

    refer_to: Annotated[list[Text], Meta(min_length=1)]
    low: bool = False


class CategoryEntry(_Cues, frozen=True, kw_only=True):
    """One of `categories` in `categories.json`."""

    code: Code
    name: ByLanguage
    includes: str = ""
    legal_basis: str | None = None
    refer_to: list[Text] = []
    matters: list[MatterEntry] = []
    leadership_only: bool = False
    human_first: bool = False
    high: bool = False
    minors: bool = False
    reports: bool = True


class CategoriesFile(_Strict, frozen=True, kw_only=True):
    """`categories.json`."""

    categories: Annotated[list[CategoryEntry], Meta(min_length=1)]
    note: str = ""


class LetterEntry(_Strict, frozen=True, kw_only=True):
    """A letter in `templates.json`."""

    subject: Text
    body: Text


class FormsEntry(_Strict, frozen=True, kw_only=True):
    """One template in one language: what lacks is made of `whatsapp`."""

    whatsapp: Text
    sms: Text | None = None
    email: LetterEntry | None = None
    choices: list[ChoiceEntry] = []


class TemplatesFile(_Strict, frozen=True, kw_only=True):
    """`templates.json`: example values, and the texts by name and language, each a `FormsEntry`."""

    example_values: dict[Text, str]
    templates: dict[Text, dict[Language, dict[str, object]]]
    note: str = ""


class PairTable(_Strict, frozen=True, kw_only=True):
    """`[[pairs]]` of `words.toml`: words that mean a level of urgency only together."""

    level: Text
    words: Annotated[list[Text], Meta(min_length=1)]
    together_with: Annotated[list[Text], Meta(min_length=1)]
    within: Annotated[int, Meta(ge=0)] = 12


class DialectTable(_Strict, frozen=True, kw_only=True):
    """`[[dialects]]` of `words.toml`: words that show a language; `mixes` where it is mixed into the unit's own.

    `file` is a table whose first column has more such words, `without` those of them that show nothing.
    """

    code: Text
    words: list[Text] = []
    file: Text | None = None
    without: list[Text] = []
    mixes: bool = False


class AffixesTable(_Strict, frozen=True, kw_only=True):
    """`[affixes]` of `words.toml`: what may stand before and after a root; `apart` are often written as words alone.

    `softened` are first letters of roots that change after a prefix, with what they become: `tembak`, `menembak`.
    """

    prefixes: list[Text] = []
    suffixes: list[Text] = []
    apart: list[Text] = []
    softened: dict[Text, Text] = {}


class WordsFile(_Strict, frozen=True, kw_only=True):
    """`words.toml`.

    `spellings` are tables (`old,new` and further columns) of words to rewrite; `kept` are words that end like a
    suffixed one and are none; `common` are words and abbreviations that are no misspelling of another word; `clock`
    are words that mean "o'clock" before a number. `roots` add to a list of that name each root with all `affixes`.
    """

    lists: dict[Text, list[Text]]
    pairs: list[PairTable] = []
    dialects: list[DialectTable] = []
    clock: dict[Text, Text] = {}
    kept: list[Text] = []
    common: list[Text] = []
    spellings: list[Text] = []
    affixes: AffixesTable = AffixesTable()
