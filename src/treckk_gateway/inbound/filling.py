"""What a message gives for a case's form, and what it means as an answer to our question."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.form import OF_PEOPLE, said, sealed
from treckk_gateway.casework.questions import MOST_TRIES, NEEDS_HUMAN, Asking
from treckk_gateway.inbound.answers import value_of
from treckk_gateway.inbound.conversation import Scene, number_of
from treckk_gateway.model import Case, Finding, Intent, MediaKind, Questions
from treckk_gateway.model import subject as judged
from treckk_gateway.privacy import Box
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.store.orders import NewValue

CONFIDENTIAL = "confidential"
ANOTHER_MATTER = "another_matter"
"""Flag: a message in the case plainly reports something else; a person may make a case of its own of it."""
_MATTERS = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST})
_ANSWERS = frozenset({Intent.SUPPLEMENT, Intent.UNKNOWN, *_MATTERS})
_WORDS_OF_NAME = 6
_LONGEST_NAME = 60
_WORDS_OF_TIME = 12
_WORDS_UNKNOWN = 8
_DIGITS_OF_CONTACT = 6


@attrs.frozen(kw_only=True)
class Answer:
    """How a message answers what was asked.

    `given` are the words for fields that no other finding has, `unknown` what its sender cannot say, `district` the
    one picked by number. `heard` is false where it is no answer at all: the question still stands. `failed` says that
    it is one nobody understood, `voice` that it must be listened to.
    """

    heard: bool = True
    given: dict[str, str] = attrs.field(factory=dict, repr=False)
    unknown: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    district: str | None = None
    failed: bool = False
    voice: bool = False


@attrs.frozen(kw_only=True)
class Filled:
    """The form as a message leaves it."""

    missing: tuple[str, ...]
    questions: Questions
    completeness: float | None
    values: tuple[NewValue, ...] = ()
    flags: tuple[str, ...] = ()
    district: str | None = None
    voice: bool = False

    def over(self, case: Case) -> Case:
        """The case with this form."""
        return attrs.evolve(
            case,
            missing=self.missing,
            questions=self.questions,
            completeness=self.completeness,
            flags=tuple(dict.fromkeys((*case.flags, *self.flags))),
        )


@attrs.frozen
class Filling:
    """Reads messages for the form of one unit."""

    casework: Casework

    @property
    def asking(self) -> Asking:
        """The rules of asking."""
        return Asking(self.casework.profile.form, self.casework.profile.dialogue)

    def first(self, scene: Scene, findings: Sequence[Finding], box: Box) -> Filled:
        """The form as the message that opens a case fills it; `completeness` is `None` where triage judged none."""
        given = _values(findings, "given")
        missing = _values(findings, "missing") - given
        judged_at_all = bool(given or missing)
        offered = tuple(dict.fromkeys(one.value for one in findings if one.field == "district_candidate"))
        if judged_at_all and (offered or _vague(findings)):
            missing |= {"location"}
        ordered = self.asking.ordered(missing)
        return Filled(
            missing=ordered,
            questions=Questions(offered=offered),
            completeness=self.asking.completeness(ordered) if judged_at_all else None,
            values=sealed(self._said(scene, findings, given), box),
        )

    def further(self, scene: Scene, case: Case, findings: Sequence[Finding], box: Box) -> Filled:
        """The form as a later message leaves it."""
        if _another_matter(case, findings):
            return _untouched(case, (ANOTHER_MATTER,))
        given = _values(findings, "given")
        words = self._said(scene, findings, given)
        answer = self._answer(scene, case, findings, given | words.keys())
        words = {**words, **answer.given}
        if answer.heard and "description" not in case.missing:
            words.pop("description", None)  # "tadi malam" answers when, and tells nothing of what happened
        offered = tuple(dict.fromkeys(one.value for one in findings if one.field == "district_candidate"))
        if case.district is not None or answer.district is not None:
            offered = ()
        filled = (given | words.keys()) - ({"location"} if offered else set()) - set(answer.unknown)
        if scene.reporter.id != case.reporter_id:  # somebody else's name is not this reporter's
            words = {field: value for field, value in words.items() if field not in OF_PEOPLE}
            filled -= OF_PEOPLE
        judged_first = case.completeness is None and bool(given or _values(findings, "missing"))
        before = self.asking.ordered(_values(findings, "missing")) if judged_first else case.missing
        missing = tuple(one for one in before if one not in filled)
        return Filled(
            missing=missing,
            questions=self._asked(case.questions, answer, offered),
            completeness=self.asking.completeness(missing) if judged_first or case.completeness is not None else None,
            values=sealed(words, box),
            flags=answer.flags,
            district=answer.district,
            voice=answer.voice,
        )

    def answers(self, scene: Scene, case: Case, findings: Sequence[Finding]) -> bool:
        """Whether the message answers what this case's reporter was asked."""
        given = _values(findings, "given")
        if not case.questions.pending or _another_matter(case, findings):
            return False
        return self._answer(scene, case, findings, given).heard

    def picked(self, scene: Scene, case: Case) -> str | None:
        """The code of the district that the message picks by its number."""
        offered = case.questions.offered
        number = number_of(scene.message.text) if "location" in case.questions.pending else None
        return offered[number - 1] if number is not None and 0 < number <= len(offered) else None

    def _answer(
        self, scene: Scene, case: Case, findings: Sequence[Finding], given: set[str] | frozenset[str]
    ) -> Answer:
        pending = case.questions.pending
        if not pending:
            return Answer(heard=False)
        picked = self.picked(scene, case)
        if picked is not None:
            name = self.casework.profile.place_name(None, picked) or picked
            return Answer(given={"location": name}, district=picked)
        text = scene.message.text
        if self._before(text):
            return Answer(unknown=pending, flags=("needs_clarification",))
        if self._other(findings, pending, given):
            return Answer(heard=False)
        if not text.strip() and scene.message.location is None:
            voice = any(one.kind is MediaKind.AUDIO for one in scene.message.attachments)
            flags = ("voice_only", NEEDS_HUMAN)
            return Answer(voice=True, flags=flags) if voice else Answer(heard=False)
        left = tuple(one for one in pending if one not in given)
        if not left:
            # The person's own words say more than what was read out of them.
            own = len(pending) == 1 and pending[0] != "name" and text.strip()
            return Answer(given={pending[0]: own} if own and not self.casework.profile.form.read(text) else {})
        return self._words(case, left, text, partly=len(left) < len(pending))

    def _before(self, text: str) -> bool:
        """Whether somebody says that they have said it already."""
        profile = self.casework.profile
        short = len(tokens(text)) <= _WORDS_UNKNOWN
        return short and profile.dialogue.hears("as_above", text, profile.lexicon.normalise(text))

    def _words(self, case: Case, left: tuple[str, ...], text: str, *, partly: bool) -> Answer:
        """What words mean for the fields that nothing else filled."""
        profile, dialogue = self.casework.profile, self.casework.profile.dialogue
        spellings = (text, profile.lexicon.normalise(text))
        short = len(tokens(text)) <= _WORDS_UNKNOWN
        if short and (dialogue.hears("hide_name", *spellings) or profile.form.empty(text)):
            hidden = "name" in left and not dialogue.hears("unknown", *spellings)
            return Answer(unknown=left, flags=(CONFIDENTIAL,) if hidden else ())
        if short and dialogue.hears("unknown", *spellings):
            return Answer(unknown=left)
        if partly:
            return Answer()
        if len(left) == 1 and _fits(left[0], text):
            return Answer(given={left[0]: text.strip()})
        return self._failed(case, left, text)

    def _failed(self, case: Case, left: tuple[str, ...], text: str) -> Answer:
        """Asked once more, or kept in the person's own words for somebody to read."""
        waits, asked = self.casework.profile.dialogue.waits_for, case.questions.asked
        done = tuple(one for one in left if asked.count(one) >= (MOST_TRIES if one in waits else 1))
        if not done:
            return Answer(failed=True)
        flags = (NEEDS_HUMAN, "needs_clarification") if waits & set(done) else ()
        return Answer(failed=True, unknown=done, given=dict.fromkeys(done, text.strip()), flags=flags)

    def _other(self, findings: Sequence[Finding], pending: tuple[str, ...], given: set[str] | frozenset[str]) -> bool:
        """Whether the message is about something else than what was asked."""
        intent = judged.intent(findings)
        if given & set(pending):
            return False
        daytime = "time" in pending and intent is Intent.HELP  # "malam" is a time of day and a greeting
        return intent not in _ANSWERS and not daytime

    def _said(self, scene: Scene, findings: Sequence[Finding], given: set[str]) -> dict[str, str]:
        return said(scene.message, findings, given, self.casework.profile)

    def _asked(self, before: Questions, answer: Answer, offered: tuple[str, ...]) -> Questions:
        if not answer.heard:
            return attrs.evolve(before, offered=offered or before.offered) if offered else before
        unknown = tuple(dict.fromkeys((*before.unknown, *answer.unknown)))
        return attrs.evolve(before, pending=(), unknown=unknown, offered=offered)


def _vague(findings: Sequence[Finding]) -> bool:
    """Whether a place is known by a landmark only, so that nobody can say which post it is near."""
    return value_of(findings, "location_quality") == "landmark" and value_of(findings, "district") is None


def _another_matter(case: Case, findings: Sequence[Finding]) -> bool:
    """Whether a report plainly tells of something else than the case: for a person to see, and no answer to us."""
    category = value_of(findings, "category")
    also = _values(findings, "also")
    reported = judged.intent(findings) in _MATTERS and category is not None and case.category is not None
    return reported and case.category not in {category, *also}


def _untouched(case: Case, flags: tuple[str, ...]) -> Filled:
    return Filled(missing=case.missing, questions=case.questions, completeness=case.completeness, flags=flags)


def _values(findings: Sequence[Finding], field: str) -> set[str]:
    return {one.value for one in findings if one.field == field}


def _fits(field: str, text: str) -> bool:
    """Whether words nothing else understood may be taken as they are for that field."""
    words = tokens(text)
    if field == "name":
        plain = not any(one.isdigit() for one in text) and "?" not in text and len(text) <= _LONGEST_NAME
        return plain and 0 < len(words) <= _WORDS_OF_NAME
    if field == "time":
        return 0 < len(words) <= _WORDS_OF_TIME and "?" not in text
    if field == "description":
        return len(words) > 1
    return field == "contact" and (sum(map(str.isdigit, text)) >= _DIGITS_OF_CONTACT or "@" in text)
