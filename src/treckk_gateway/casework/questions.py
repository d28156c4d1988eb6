"""Which question comes next, and whether the machine may ask at all. Pure: a case in, names of fields out.

Source of the rules: domain reference, sections 7 to 9; what they leave open stands in docs/explanation/conversation.md.
"""

from __future__ import annotations

from typing import Any

import attrs

from treckk_gateway.model import Case, Intent, Questions, State, Urgency
from treckk_gateway.profile import Dialogue, Form, Profile
from treckk_gateway.store.orders import NewTimer

MOST_TRIES = 2
"""How often one field is asked for before a person takes over."""

NEEDS_HUMAN = "needs_human"
SILENT = "silent"
WORDLESS = frozenset({"media_only", "voice_only"})
"""Flags of a case that began without words: what happened, where and when is asked in one text."""

_HANDS_OFF = frozenset({NEEDS_HUMAN, "outside_regency"})
_ASKED_FOR = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST})
_SECOND = 1_000_000
_STATES = frozenset({State.RECEIVED, State.NEEDS_INFO, State.UNDER_REVIEW})


@attrs.frozen
class Asking:
    """The rules of one unit's form."""

    form: Form
    dialogue: Dialogue

    def completeness(self, missing: tuple[str, ...]) -> float:
        """The share of needed fields that was given, 0 to 1."""
        needed = self.form.needed
        return 1.0 if not needed else round(1 - len(set(missing) & set(needed)) / len(needed), 3)

    def ordered(self, fields: frozenset[str] | set[str]) -> tuple[str, ...]:
        """These fields in the order they are asked for."""
        return tuple(one.id for one in self.form.fields if one.id in fields)

    def next(self, case: Case) -> tuple[str, ...]:
        """Fields that may still be asked for, the most useful first.

        One that a case does not wait for is asked for once only.
        """
        asked, waits = case.questions.asked, self.dialogue.waits_for
        return tuple(
            one
            for one in self.form.needed
            if one in case.missing
            and one not in case.questions.unknown
            and asked.count(one) < (MOST_TRIES if one in waits else 1)
        )

    def waits(self, case: Case) -> bool:
        """Whether the case still waits for a field that its reporter may give."""
        held = self.dialogue.waits_for - set(case.questions.unknown)
        return bool(held & set(case.missing))


def may_ask(case: Case) -> bool:
    """Whether the machine may ask this case's reporter for the form.

    Never in danger, where a person looks first or has taken the case, where the matter belongs to somebody else, or
    where the reporter wants no messages.
    """
    wordless = case.intent is Intent.UNKNOWN and bool(WORDLESS & set(case.flags))
    # A voice note is for a person to hear, and still its sender is asked once to write.
    passed = {NEEDS_HUMAN} if wordless and not case.questions.asked else set()
    return (
        speaks(case)
        and case.state in _STATES
        and (case.intent in _ASKED_FOR or wordless)
        and case.urgency is not Urgency.EMERGENCY
        and not _HANDS_OFF & (set(case.flags) - passed)
    )


def speaks(case: Case) -> bool:
    """Whether the machine may write to this case's reporters by itself."""
    return case.taken is None and SILENT not in case.flags


def asked(questions: Questions, fields: tuple[str, ...], offered: tuple[str, ...] = ()) -> Questions:
    """The questions with these fields asked for once more, their answer awaited."""
    return attrs.evolve(questions, asked=(*questions.asked, *fields), pending=fields, offered=offered)


def form_fields(case: Case, target: State, wanted: tuple[str, ...], profile: Profile) -> dict[str, Any]:
    """What a step does to a case's form, as names of `CaseFields`.

    Completeness is kept as it was at the first instruction (domain reference, R29). Who asks the reporter for fields
    waits for them, a person of the desk too.
    """
    if target is State.INSTRUCTED and case.completeness_at_instruct is None:
        return {"completeness_at_instruct": case.completeness}
    fields = tuple(one.id for one in profile.form.fields if one.id in wanted)
    if target is not State.NEEDS_INFO or not fields:
        return {}
    missing = tuple(dict.fromkeys((*case.missing, *fields)))
    offered = case.questions.offered if "location" in fields else ()
    return {
        "missing": missing,
        "completeness": Asking(profile.form, profile.dialogue).completeness(missing),
        "questions": asked(case.questions, fields, offered),
    }


def ask_timers(profile: Profile, case: Case, now: int) -> tuple[NewTimer, ...]:
    """The timer for the next question, once the person has written all they are writing now."""
    if not may_ask(case) or case.questions.pending or not Asking(profile.form, profile.dialogue).next(case):
        return ()
    gather = profile.dialogue.gather * _SECOND
    return (NewTimer(kind="ask", instance=str(now - now % gather if gather else now), due=now + gather),)
