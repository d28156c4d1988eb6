"""The next question, asked once a person has written all they are writing now: the machine's half of the form."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.offering import numbered, offering
from treckk_gateway.casework.questions import WORDLESS, Asking, asked, may_ask
from treckk_gateway.casework.views import Given
from treckk_gateway.channel import TextForm
from treckk_gateway.errors import NotFoundError
from treckk_gateway.inbound.joining import SYSTEM
from treckk_gateway.model import Case, CaseUpdate, EventKind, Intent, Role, State, lifecycle
from treckk_gateway.store.orders import CaseFields, Change, Draft
from treckk_gateway.store.rows import ConversationRow, TimerRow

_SECOND = 1_000_000
_LONGEST = 6
"""How many times the gathering time a person who goes on writing is waited for."""
_LATER = 600 * _SECOND
_GIVEN_UP = 24 * 3600 * _SECOND
_TRIES = 5
_FILLED_IN = "web"
"""The scheme of addresses whose people fill in forms rather than chat."""


@attrs.frozen
class Asker:
    """Handles `ask` timers."""

    casework: Casework

    async def handle(self, timer: TimerRow) -> None:
        """Ask what is missing, once; nothing where the machine may not ask, or no more."""
        store = self.casework.store
        for _ in range(_TRIES):
            case = await store.case(case_id=timer.case_id)
            reporter = await self._reporter(case) if case is not None else None
            fields = self._fields(case) if case is not None else ()
            if case is None or reporter is None or not fields:
                break
            later = await self._later(case, reporter, timer)
            if later is not None:
                await store.postpone_timer(timer.id, later)
                return
            change = await self._change(case, reporter, fields)
            if await store.change(replace(change, finishes=timer.id)) is not None:
                self.casework.hint()
                return
        await store.finish_timer(timer.id)

    def _fields(self, case: Case) -> tuple[str, ...]:
        """What may be asked for now."""
        if not may_ask(case) or case.questions.pending:
            return ()
        fields = self._asking.next(case)
        if case.state is State.UNDER_REVIEW:
            # Only what the case does not wait for, where it was the machine that had begun to ask.
            waits = self.casework.profile.dialogue.waits_for
            return tuple(one for one in fields if one not in waits) if case.questions.asked else ()
        return fields

    async def _reporter(self, case: Case) -> ConversationRow | None:
        """The conversation the case was opened in, where anything can be sent there."""
        for party in await self.casework.store.parties(case.case_id):
            if party.reporter_id != case.reporter_id or party.conversation_id is None:
                continue
            found = await self.casework.store.conversation(party.conversation_id)
            if found is not None and self.casework.speaks(found.channel_id):
                return found
        return None

    async def _later(self, case: Case, reporter: ConversationRow, timer: TimerRow) -> int | None:
        """When to look again: the person is still writing, or has another question of ours to answer."""
        now = self.casework.clock()
        opening = self._opening(case, timer, now)
        if opening is not None:
            return opening
        gather = self.casework.profile.dialogue.gather * _SECOND
        quiet = (reporter.last_inbound_at or 0) + gather
        if quiet > now and now - int(timer.instance) < _LONGEST * gather:
            return quiet
        others = await self.casework.store.open_cases(case.reporter_id) if case.reporter_id is not None else ()
        busy = reporter.asking is not None or any(
            one.questions.pending and one.case_id != case.case_id for one in others
        )
        return now + _LATER if busy and now - int(timer.instance) < _GIVEN_UP else None

    def _opening(self, case: Case, timer: TimerRow, now: int) -> int | None:
        """The next opening, for the question after a report that was told when the unit will reply.

        Whoever writes again meanwhile is asked then.
        """
        told = int(timer.instance) <= case.opened_at
        if not told or self.casework.after_hours(case.urgency, case.language, now) is None:
            return None
        return self.casework.clocks.calendar.next_opening(now)

    async def _change(self, case: Case, reporter: ConversationRow, fields: tuple[str, ...]) -> Change:
        """The question with what it does to the case: a step where the case must wait for the answer."""
        together = self._together(reporter)
        wordless = case.intent is Intent.UNKNOWN and bool(WORDLESS & set(case.flags)) and not case.questions.asked
        waits = self.casework.profile.dialogue.waits_for
        if wordless:
            fields = tuple(one for one in fields if one in waits)
        elif not together:
            fields = fields[:1]
        template = "media_only" if wordless else "need_info" if together else None
        held = case.state is State.RECEIVED and bool(waits & set(fields))
        state = State.NEEDS_INFO if held else case.state
        try:
            box = await self.casework.people.box(reporter.reporter_id)
        except NotFoundError:
            return Change(case_id=case.case_id, version=case.version, now=self.casework.clock(), fields=CaseFields())
        update = self._update(case, fields, template, state)
        told = (self.casework.draft(box, reporter, update),)
        if held:
            step = lifecycle.step(State.RECEIVED, State.NEEDS_INFO, {Role.SYSTEM})
            return await self.casework.step(case, step, SYSTEM, Given(missing=fields), told=told)
        return await self._asked(case, fields, told)

    async def _asked(self, case: Case, fields: tuple[str, ...], told: tuple[Draft, ...]) -> Change:
        box = await self.casework.people.box(case.reporter_id)
        offered = case.questions.offered if "location" in fields else ()
        return Change(
            case_id=case.case_id,
            version=case.version,
            now=self.casework.clock(),
            fields=CaseFields(questions=asked(case.questions, fields, offered)),
            event=self.casework.event(box, SYSTEM, EventKind.ASKED, {"fields": ", ".join(fields)}),
            drafts=told,
        )

    def _update(self, case: Case, fields: tuple[str, ...], template: str | None, state: State) -> CaseUpdate:
        """The text: a list for letters, the place with its choices, or one question."""
        profile, wording, now = self.casework.profile, self.casework.wording, self.casework.clock()
        step = lifecycle.step(State.RECEIVED, State.NEEDS_INFO, {Role.SYSTEM})
        values = wording.of_step(case, step, Given(missing=fields), now)
        values |= wording.standing(case, state, case.version + 1)
        language = profile.reply_language(case.language)
        if template is None and fields == ("location",):
            template = "ask_place"
            places = [profile.place_name(None, code) or code for code in case.questions.offered]
            values["pilihan_lokasi"] = self._listed(places, language)
            values |= offering(numbered(places))
        elif template is None:
            template = "ask_field"
            values["pertanyaan"] = profile.dialogue.question(fields[0], language)
            values |= offering(profile.dialogue.offered(fields[0], language))
        return CaseUpdate(template=template, values=values, reply=True)

    def _listed(self, places: Sequence[str], language: str) -> str:
        """The districts to choose from, numbered; empty where there is nothing to choose."""
        if not places:
            return ""
        lines = [f"{number}. {name}" for number, name in enumerate(places, 1)]
        return "\n".join(["", self.casework.profile.dialogue.choose[language], *lines, ""])

    def _together(self, reporter: ConversationRow) -> bool:
        """Whether everything is asked at once: in letters, and where people fill in forms."""
        capabilities = self.casework.channels[reporter.channel_id].capabilities
        return capabilities.form is TextForm.EMAIL or _FILLED_IN in capabilities.schemes

    @property
    def _asking(self) -> Asking:
        return Asking(self.casework.profile.form, self.casework.profile.dialogue)
