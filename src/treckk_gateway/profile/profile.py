"""A unit's own words and places: everything that another county writes anew, and no code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs

from treckk_gateway.model import ClockName, Reason, State, Urgency
from treckk_gateway.profile.boundaries import Boundaries
from treckk_gateway.profile.calendar import Calendar
from treckk_gateway.profile.dialogue import Dialogue
from treckk_gateway.profile.events import Events
from treckk_gateway.profile.form import Form
from treckk_gateway.profile.information import Information
from treckk_gateway.profile.lexicon import Lexicon
from treckk_gateway.profile.limits import Limits
from treckk_gateway.profile.places import Bounds, District, Gazetteer, Neighbour, Village
from treckk_gateway.profile.signing import Signing
from treckk_gateway.profile.staff_words import StaffWords
from treckk_gateway.profile.templates import Templates
from treckk_gateway.profile.times import Times


@attrs.frozen(kw_only=True)
class Post:
    """Where people stand by: headquarters (`central`) or a district post. `districts` are codes it answers for."""

    post_id: str
    name: str
    districts: tuple[str, ...] = ()
    central: bool = False


@attrs.frozen(kw_only=True)
class Together:
    """One of `words` and one of `others`, with at most `within` words between them."""

    words: tuple[str, ...]
    others: tuple[str, ...]
    within: int = 12


@attrs.frozen(kw_only=True)
class Cues:
    """Words that point to something and decide nothing alone.

    `strong` ones nearly do, as those of `together` do beside each other; `hints` only add to others. A word with `~`
    before it is a root, of which every form counts.
    """

    strong: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    together: tuple[Together, ...] = ()


@attrs.frozen(kw_only=True)
class Matter:
    """A matter that other offices are responsible for, alone or too. `low` where nobody is in danger."""

    matter_id: str
    offices: tuple[str, ...]
    cues: Cues
    low: bool = False


@attrs.frozen(kw_only=True)
class Category:
    """What a complaint is about. `names` are by language; `cues` are words that point to it and decide nothing.

    `leadership_only`: only leadership sees such a case (a complaint about the unit). `human_first`: a person reads it
    before anything else. `high`: it is urgent whatever is said. `minors`: children matter in it, and a person reads it
    first where they do. `reports` is false where the cue words speak of a request as readily as of a complaint.
    `offices` are referral codes for an emergency of this category; those of its `matters` hold always.
    """

    code: str
    names: Mapping[str, str]
    includes: str = ""
    legal_basis: str | None = None
    cues: Cues = Cues()
    matters: tuple[Matter, ...] = ()
    offices: tuple[str, ...] = ()
    leadership_only: bool = False
    human_first: bool = False
    high: bool = False
    minors: bool = False
    reports: bool = True


@attrs.frozen(kw_only=True)
class Office:
    """Somebody else whom a reporter is referred to. `contact` says how to reach them, `short` the same in an SMS."""

    code: str
    name: str
    contact: str
    short: str


@attrs.frozen(kw_only=True)
class ReasonText:
    """Why nothing can be done: `long` completes "because ...", `short` fits an SMS, `next` says what one can do now."""

    long: str
    short: str
    next: str


@attrs.frozen(kw_only=True)
class Vocabulary:
    """Names of one language for what the software knows by code. `today` and `tomorrow` stand before a time of day."""

    states: Mapping[State, str]
    urgencies: Mapping[Urgency, str]
    clocks: Mapping[ClockName, str]
    today: str
    tomorrow: str
    fields: Mapping[str, str]
    reasons: Mapping[Reason, ReasonText]
    undecided: str


@attrs.frozen(kw_only=True)
class Profile:
    """One unit's profile.

    `zone` is an IANA time zone, `region` the country code for phone numbers written without one, `languages` those
    texts exist in (the first is the unit's own), `reference_prefix` begins each case number. Codes of places are those
    of `districts` and `villages`. A language that is not known is answered in the first one. `limits` are the unit's;
    an operator may set others. `ordinary` are words that stand for themselves, neither a name nor a misspelt place.
    Distances are told from `hub`; from `remote_km` on a place is remote whatever its reporter says. Nothing more is
    asked about the categories `asks_nothing`. Two reports of one category within `duplicates_km` and
    `duplicates_hours` may be one incident. `boundaries` are what the operator's file says, if there is one.
    """

    name: str
    unit: str
    zone: str
    region: str
    languages: tuple[str, ...]
    reference_prefix: str
    emergency_number: str
    posts: tuple[Post, ...]
    categories: tuple[Category, ...]
    districts: tuple[District, ...]
    villages: tuple[Village, ...]
    neighbours: tuple[Neighbour, ...]
    offices: Mapping[str, Office]
    vocabularies: Mapping[str, Vocabulary]
    bounds: Bounds
    form: Form = attrs.field(repr=False)
    dialogue: Dialogue = attrs.field(repr=False)
    calendar: Calendar
    limits: Limits
    staff: StaffWords = attrs.field(repr=False)
    information: Information = attrs.field(repr=False)
    gazetteer: Gazetteer = attrs.field(repr=False)
    lexicon: Lexicon = attrs.field(repr=False)
    templates: Templates = attrs.field(repr=False)
    times: Times = attrs.field(repr=False)
    events: Events = attrs.field(repr=False)
    signing: Signing = attrs.field(repr=False)
    ordinary: frozenset[str] = attrs.field(factory=frozenset, repr=False)
    hub: Village | None = None
    remote_km: float | None = None
    near_boundary_km: float = 0.2
    asks_nothing: frozenset[str] = frozenset()
    duplicates_km: float = 0.3
    duplicates_hours: float = 48.0
    boundaries: Boundaries | None = attrs.field(default=None, repr=False)

    def is_ordinary(self, word: str) -> bool:
        """Whether a word is known to stand for itself, and so is neither anybody's name nor a misspelt place."""
        return word in self.ordinary_words

    @cached_property
    def ordinary_words(self) -> frozenset[str]:
        """Those of `ordinary`, and the words of landmarks."""
        return self.ordinary | self.gazetteer.words.landmarks.words

    @cached_property
    def leadership_only(self) -> frozenset[str]:
        """Codes of the categories that only leadership sees."""
        return frozenset(one.code for one in self.categories if one.leadership_only)

    @cached_property
    def human_first(self) -> frozenset[str]:
        """Codes of the categories that a person reads before anything else."""
        return frozenset(one.code for one in self.categories if one.human_first)

    @property
    def central_post(self) -> Post:
        """Headquarters: everything without a known place goes there."""
        return next(one for one in self.posts if one.central)

    def post_of(self, district: str | None) -> Post:
        """The post that answers for a district (code); headquarters where there is none."""
        return next((one for one in self.posts if district in one.districts), self.central_post)

    def post(self, post_id: str | None) -> Post | None:
        """The post of that id."""
        return next((one for one in self.posts if one.post_id == post_id), None)

    def post_name(self, post_id: str | None) -> str:
        """The post's name, `-` when there is no such post."""
        found = self.post(post_id)
        return found.name if found else "-"

    def category(self, code: str | None) -> Category | None:
        """The category of that code."""
        return self._categories_by_code.get(code)

    def category_name(self, code: str | None, language: str) -> str:
        """The category's name, or the words for "not decided yet"."""
        found = self.category(code)
        if found is None:
            return self._words(language).undecided
        return found.names.get(self.reply_language(language)) or found.names[self.languages[0]]

    def district(self, code: str | None) -> District | None:
        """The district of that code."""
        return self._districts_by_code.get(code)

    def village(self, code: str | None) -> Village | None:
        """The village of that code."""
        return self._villages_by_code.get(code)

    @cached_property
    def _categories_by_code(self) -> Mapping[str | None, Category]:
        return {one.code: one for one in self.categories}

    @cached_property
    def _districts_by_code(self) -> Mapping[str | None, District]:
        return {one.code: one for one in self.districts}

    @cached_property
    def _villages_by_code(self) -> Mapping[str | None, Village]:
        return {one.code: one for one in self.villages}

    def place_name(self, village: str | None, district: str | None) -> str | None:
        """Village and district in words, such as `Layap, Paringin`; `None` when neither code is known."""
        small = self.village(village)
        large = self.district(small.district if small else district)
        return ", ".join(one.name for one in (small, large) if one is not None) or None

    def state_word(self, state: State, language: str) -> str:
        """The state as its reporter is told."""
        return self._words(language).states[state]

    def urgency_word(self, urgency: Urgency, language: str) -> str:
        """The level as staff are told."""
        return self._words(language).urgencies[urgency]

    def clock_word(self, clock: ClockName, language: str) -> str:
        """What a clock waits for, as staff are told."""
        return self._words(language).clocks[clock]

    def day_word(self, ahead: int, language: str) -> str | None:
        """The word for today (0) or tomorrow (1)."""
        words = self._words(language)
        return (words.today, words.tomorrow)[ahead] if ahead in {0, 1} else None

    def field_name(self, field: str, language: str) -> str:
        """What a field of the form is called, the field's own name when the profile has none."""
        return self._words(language).fields.get(field, field)

    def reason_text(self, reason: Reason, language: str) -> ReasonText:
        """The words for a reason why nothing can be done."""
        return self._words(language).reasons[reason]

    def reply_language(self, language: str | None) -> str:
        """The language somebody is answered in: theirs where texts exist in it, else the unit's own."""
        return language if language in self.languages else self.languages[0]

    def _words(self, language: str) -> Vocabulary:
        return self.vocabularies[self.reply_language(language)]
