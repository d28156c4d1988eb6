"""What a clock has to have done is done: people are reminded or told, a step is proposed or taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
import structlog

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.information import Information
from treckk_gateway.casework.menus import Menu, menu_values
from treckk_gateway.casework.views import Given
from treckk_gateway.dispatch.choices import Choices
from treckk_gateway.dispatch.prompts import ADMIN, LEADERSHIP, Prompt, Rung
from treckk_gateway.errors import CaseworkError, NotFoundError
from treckk_gateway.model import (
    Case,
    CaseClock,
    CaseUpdate,
    ClockName,
    EventKind,
    Reason,
    Role,
    Staff,
    State,
    Urgency,
    lifecycle,
)
from treckk_gateway.privacy import Box
from treckk_gateway.profile import Duration
from treckk_gateway.store.orders import CaseFields, Change, Draft

log = structlog.get_logger(__name__)


@attrs.frozen
class Prompting:
    """Does what a prompt says. A clock decides nothing: it reminds, tells, proposes, and closes what rests."""

    casework: Casework

    async def do(self, case: Case, prompt: Prompt) -> bool:
        """Do it, on the case as it was read; false when it has to wait."""
        try:
            if prompt.kind is EventKind.TRANSITION:
                await self._move(case, State.CLOSED, prompt, Given())
            elif prompt.clock.name is ClockName.COMPLETION:
                await self._about_answer(case, prompt)
            else:
                await self._tell_staff(case, prompt)
        except (CaseworkError, NotFoundError) as problem:
            log.info("clock.waits", case_id=case.case_id, clock=prompt.clock.name, reason=type(problem).__name__)
            return False
        return True

    async def _move(self, case: Case, to: State, prompt: Prompt, given: Given) -> None:
        step = lifecycle.step(case.state, to, prompt.actor.roles)
        await self.casework.guard(case, step, given)
        await self.casework.store.change(await self.casework.step(case, step, prompt.actor, given))
        self.casework.hint()

    async def _about_answer(self, case: Case, prompt: Prompt) -> None:
        if prompt.kind is EventKind.REMINDED:
            await self._record(case, prompt, await self._remind(case, prompt.clock))
        elif self.casework.clocks.limits.refuse_unanswered:
            await self._move(case, State.NOT_ACTIONABLE, prompt, Given(reason=Reason.NO_RESPONSE))
        else:
            rungs = [LEADERSHIP] if self.casework.clocks.is_service(case) else [ADMIN, LEADERSHIP]
            staff = [one for rung in rungs for one in await self._people(case, rung)]
            proposed = {"to": State.NOT_ACTIONABLE.value, "reason": Reason.NO_RESPONSE.value}
            await self._record(case, prompt, await self._notice(case, prompt, staff, "staff_proposal"), proposed)

    async def _remind(self, case: Case, clock: CaseClock) -> tuple[Draft, ...]:
        wording = self.casework.wording
        values = wording.missing(case, case.questions.pending or case.missing)
        values |= {"batas": wording.last_day(clock.due or 0)} | wording.standing(case, case.state, case.version)
        return await self.casework.tell_parties(case, CaseUpdate(template="need_info_reminder", values=values))

    async def _tell_staff(self, case: Case, prompt: Prompt) -> None:
        staff: Sequence[Staff] = ()
        for rung in prompt.rungs:
            staff = staff or await self._people(case, rung)
        template = "staff_reminder" if prompt.kind is EventKind.REMINDED else "staff_escalation"
        await self._record(case, prompt, await self._notice(case, prompt, staff, template))

    async def _people(self, case: Case, rung: Rung) -> Sequence[Staff]:
        central = self.casework.profile.central_post.post_id
        roster = self.casework.roster
        told = roster.told([rung.role], {"post": case.post, "central": central}.get(rung.where))
        if rung.role is Role.HOLDER:
            information = Information(self.casework)
            holders = information.holders(await information.topic(case))
            told = [one for one in told if one in holders]
        return [one for one in told if self.casework.may_hear(case, roster.actor(one))]

    async def _notice(self, case: Case, prompt: Prompt, staff: Iterable[Staff], template: str) -> tuple[Draft, ...]:
        """A notice built from an allow-list of fields: never a reporter's."""
        profile, wording = self.casework.profile, self.casework.wording
        language = profile.languages[0]
        values = {
            "kategori": profile.category_name(case.category, language),
            "lokasi": wording.place(case),
            "urgensi": profile.urgency_word(case.urgency, language),
            "pos": profile.post_name(case.post),
            "status": profile.state_word(case.state, language),
            "tugas": profile.clock_word(prompt.clock.name, language),
            "batas": wording.deadline(prompt.clock.due or 0, Duration.parse(prompt.clock.limit).unit),
        }
        words = profile.staff
        drafts: list[Draft] = []
        for one in staff:
            options = await Choices(self.casework).of(
                case, self.casework.roster.actor(one), proposed=prompt.kind is EventKind.PROPOSED
            )
            menu = menu_values(
                Menu(case_id=case.case_id, options=options),
                words.say("choose", nomor=case.reference, status=values["status"]),
                words.say("choose_short", nomor=case.reference, status=values["status"]),
            )
            update = CaseUpdate(template=template, values=values | menu, urgent=case.urgency is Urgency.EMERGENCY)
            drafts += await self.casework.tell_staff([one], update)
        return tuple(drafts)

    async def _record(self, case: Case, prompt: Prompt, drafts: Sequence[Draft], more: Mapping[str, str] = {}) -> None:
        """Write down what is done and have it sent, in one; nothing when the case moved on since it was read."""
        data = {"clock": prompt.clock.name.value, "level": str(prompt.level), **more}
        change = Change(
            case_id=case.case_id,
            version=case.version,
            now=self.casework.clock(),
            fields=CaseFields(),
            event=self.casework.event(await self._box(case), prompt.actor, prompt.kind, data),
            drafts=tuple(drafts),
        )
        await self.casework.store.change(change)
        self.casework.hint()

    async def _box(self, case: Case) -> Box:
        try:
            return await self.casework.people.box(case.reporter_id)
        except NotFoundError:  # erased: nobody opens these entries any more
            return self.casework.keyring.unit
