"""What a reporter decides about their own case: an objection, a confirmation, a withdrawal."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.findings import sealed
from treckk_gateway.casework.initial_action import unconfirmed
from treckk_gateway.casework.questions import NEEDS_HUMAN, speaks
from treckk_gateway.casework.views import Given
from treckk_gateway.errors import CaseworkError
from treckk_gateway.inbound.answers import Answers, reporter_of, value_of
from treckk_gateway.inbound.conversation import Scene
from treckk_gateway.inbound.joining import SYSTEM, Joinings
from treckk_gateway.inbound.opening import Openings
from treckk_gateway.model import (
    Case,
    CaseUpdate,
    ClockName,
    Finding,
    Intent,
    Role,
    State,
    Transition,
    Urgency,
    lifecycle,
)
from treckk_gateway.model import subject as judged
from treckk_gateway.model.lifecycle import FINAL
from treckk_gateway.store.orders import CaseFields, Draft, Filing, Further

WITHDRAW = "withdraw"
"""Flag: the reporter wished to take the report back and was asked to confirm it."""
SETTLED_BY_REPORTER = "confirmed_by_reporter"
"""Flag: the reporter said that it is settled."""

_OBJECTED = frozenset({State.RESOLVED, State.NOT_ACTIONABLE, State.CLOSED})
_TOLD = frozenset({State.RESOLVED, State.ANSWERED, State.NOT_ACTIONABLE, State.REFERRED})


@attrs.frozen
class Wishes:
    """Filings of what only the reporter may decide."""

    casework: Casework
    answers: Answers
    openings: Openings
    joinings: Joinings

    async def wish(self, scene: Scene, findings: Sequence[Finding], now: int) -> Filing | None:
        """The filing of an objection, a confirmation or a withdrawal; `None` where the message is none."""
        if judged.intent(findings) is not Intent.FEEDBACK or scene.foreign:
            return None
        flags = judged.flags(findings)
        if "reopen" in flags:
            return await self._object(scene, findings, now)
        if WITHDRAW in flags:
            return await self._withdraw(scene, findings, now)
        if value_of(findings, "keyword") == "settled":
            case = scene.case or await self._latest(scene)
            return await self._settle(scene, case, findings, now) if case is not None else None
        return None

    # An objection

    async def _object(self, scene: Scene, findings: Sequence[Finding], now: int) -> Filing | None:
        """Within the time for it the case is reopened; after that the objection opens a case that names the old one."""
        case = self._objected(scene) or await self._latest(scene)
        if case is None or case.state not in _OBJECTED:
            return None if scene.open_cases else self.openings.open(scene, Intent.UNKNOWN, findings, now)
        if now <= await self._objections_end(case, now):
            step = lifecycle.step(case.state, State.REOPENED, {Role.REPORTER})
            return await self._take(scene, case, step, findings, now)
        return self.openings.open(scene, Intent.COMPLAINT, findings, now, follows=case)

    def _objected(self, scene: Scene) -> Case | None:
        """The case objected to: the one named or answered, else the newest with an outcome."""
        if scene.threaded is not None:
            return scene.threaded
        return next((one for one in scene.open_cases if one.state in _OBJECTED), None)

    async def _latest(self, scene: Scene) -> Case | None:
        latest = await self.casework.store.latest_case(scene.reporter.id)
        return await self.casework.store.root(latest.case_id) if latest is not None else None

    async def _objections_end(self, case: Case, now: int) -> int:
        """When the time for objections is over: as its clock says, which never comes before what was promised."""
        rows = await self.casework.store.case_file(case.case_id)
        clocks = self.casework.clocks.of(case, rows.events, now) if rows is not None else ()
        return next((one.due or now for one in clocks if one.name is ClockName.OBJECTION), now)

    # A confirmation

    async def _settle(self, scene: Scene, case: Case, findings: Sequence[Finding], now: int) -> Filing:
        """The reporter's word closes the case where the outcome was told; else it is kept for people to see."""
        filing = await self.joinings.join(scene, case, findings, now)
        alone = len(await self.casework.store.parties(case.case_id)) == 1 and case.reporter_id == scene.reporter.id
        if case.state not in _TOLD or not alone:
            return filing
        after = attrs.evolve(case, flags=tuple(dict.fromkeys((*case.flags, SETTLED_BY_REPORTER))))
        fields = replace(filing.fields or CaseFields(), flags=after.flags)
        filing = replace(filing, fields=fields, version=case.version)
        step = lifecycle.step(case.state, State.CLOSED, {Role.SYSTEM})
        try:
            await self.casework.guard(case, step, Given())
        except CaseworkError:
            return filing
        moved = attrs.evolve(after, version=case.version + 1)
        values = self.casework.wording.standing(moved, State.CLOSED, moved.version + 1)
        told = self._own(scene, case, CaseUpdate(template="closed", values=values, reply=True))
        change = await self.casework.step(moved, step, SYSTEM, Given(), told=told)
        if change.event is None:
            return filing
        return replace(
            filing,
            further=Further(fields=change.fields, event=change.event, drafts=change.drafts, timers=change.timers),
        )

    # A withdrawal

    async def _withdraw(self, scene: Scene, findings: Sequence[Finding], now: int) -> Filing | None:
        """Asked to confirm once; where safety or the unit's conduct is concerned, people look first."""
        if scene.case is None and len(scene.running) > 1:
            return await self._which(scene, now)
        case = scene.case
        if case is None or case.state in FINAL:
            update = CaseUpdate(template="status_not_found", reply=True)
            return Filing(inbox_id=None, now=now, drafts=self.answers.once(scene, update, now))
        if case.taken or await self._people_first(scene, case):
            return await self._noted(scene, case, findings, now)
        said = self.casework.profile.dialogue.hears("withdraw_yes", scene.message.text)
        if WITHDRAW in case.flags and said:
            step = lifecycle.step(case.state, State.WITHDRAWN, {Role.REPORTER})
            return await self._take(scene, case, step, findings, now)
        filing = await self.joinings.join(scene, case, findings, now)
        update = CaseUpdate(template="confirm_withdrawal", reply=True)
        return replace(filing, drafts=(*filing.drafts, *self.answers.once(scene, update, now)), further=None)

    async def _which(self, scene: Scene, now: int) -> Filing:
        known = [await self.casework.as_told(one, scene.conversation.id) for one in scene.running]
        lines = "\n".join(f"- {one.reference}" for one in known)
        update = CaseUpdate(template="ask_withdrawal", values={"daftar_aduan": lines}, reply=True)
        return Filing(inbox_id=None, now=now, drafts=self.answers.once(scene, update, now))

    async def _people_first(self, scene: Scene, case: Case) -> bool:
        profile = self.casework.profile
        return (
            case.urgency is Urgency.EMERGENCY
            or NEEDS_HUMAN in case.flags
            or case.category in profile.leadership_only
            or unconfirmed(case)
            or case.reporter_id != scene.reporter.id
            or len(await self.casework.store.parties(case.case_id)) > 1
        )

    async def _noted(self, scene: Scene, case: Case, findings: Sequence[Finding], now: int) -> Filing:
        """The wish stands with the case, and the desk hears of it; a complaint about the unit only leadership."""
        filing = await self.joinings.join(scene, case, findings, now)
        if WITHDRAW in case.flags:
            return filing
        closed = case.category in self.casework.profile.leadership_only
        roles = [Role.LEADERSHIP] if closed else [Role.ADMIN, Role.LEADERSHIP]
        told = CaseUpdate(
            template="note", values={"isi": self.casework.wording.withdrawal_task(case.reference)}, step="withdrawal"
        )
        desk = await self.casework.tell_staff(self.casework.roster.told(roles), told)
        own = self._own(scene, case, CaseUpdate(template="withdrawal_noted", reply=True))
        return replace(filing, drafts=(*filing.drafts, *own, *desk))

    # Taking a step as the reporter

    async def _take(self, scene: Scene, case: Case, step: Transition, findings: Sequence[Finding], now: int) -> Filing:
        told = None if case.taken is None else ()
        change = await self.casework.step(case, step, reporter_of(scene), Given(), told=told)
        return Filing(
            inbox_id=None,
            now=now,
            case_id=case.case_id,
            version=case.version,
            fields=change.fields,
            event=change.event,
            findings=sealed(await self.answers.box(scene, case), findings),
            drafts=change.drafts,
            timers=change.timers,
        )

    def _own(self, scene: Scene, case: Case, update: CaseUpdate) -> tuple[Draft, ...]:
        return self.answers.drafts(scene, update) if speaks(case) else ()
