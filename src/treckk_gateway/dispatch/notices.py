"""Who is told what when a case opens or moves. A notice is built from an allow-list of fields: never a reporter's."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import Given
from treckk_gateway.errors import CaseworkError
from treckk_gateway.model import Actor, Case, CaseUpdate, Role, State, Urgency
from treckk_gateway.model.lifecycle import INITIAL_ACTION, SETTLED

_DESK = (Role.ADMIN,)
_ABOVE = (Role.LEADERSHIP,)
_FIELD = (Role.TEAM, Role.DUTY)

_TOLD: dict[State, tuple[Role, ...]] = {
    State.UNDER_REVIEW: _ABOVE,
    State.INSTRUCTED: _FIELD,
    State.RESOLVED: (*_DESK, *_ABOVE),
    State.NOT_ACTIONABLE: _DESK,
    State.REOPENED: (*_DESK, *_ABOVE),
    State.WITHDRAWN: _DESK,
    State.INFO_FORWARDED: (Role.HOLDER,),
    State.ANSWERED: _DESK,
}


@attrs.frozen
class Notices:
    """Handles `dispatch` timers: the durable hand-over from intake, triage and every transition."""

    casework: Casework

    async def handle(self, timer_id: int) -> None:
        """Tell whom the event concerns, once."""
        store = self.casework.store
        timer = await store.timer(timer_id)
        if timer is None:
            return
        case = await store.case(case_id=timer.case_id)
        if case is None:
            await store.finish_timer(timer_id)
            return
        what, _, _rest = timer.instance.partition(":")
        if what == "opened" and self._only_leadership(case):
            await self._to_leadership(case, timer_id)
            return
        roles, template = self._concerned(case, what)
        await self._tell(case, roles, template, timer_id)

    def _only_leadership(self, case: Case) -> bool:
        return case.category in self.casework.profile.leadership_only

    async def _to_leadership(self, case: Case, timer_id: int) -> None:
        """A complaint about the unit skips everyone else (domain reference, rule g)."""
        try:
            await self.casework.move(
                case.case_id, State.UNDER_REVIEW, Actor.system("dispatch"), Given(), finishes=timer_id
            )
        except CaseworkError:
            await self.casework.store.finish_timer(timer_id)

    def _concerned(self, case: Case, what: str) -> tuple[tuple[Role, ...], str]:
        if what == "opened":
            urgent = case.urgency is Urgency.EMERGENCY
            return ((*_DESK, Role.DUTY, *_ABOVE) if urgent else _DESK), "staff_new_case"
        if what == "message":
            return (_DESK if case.state in {State.NEEDS_INFO, *SETTLED} else ()), "staff_new_case"
        if what == State.EN_ROUTE:
            return (_ABOVE if INITIAL_ACTION in case.flags else ()), "staff_new_case"
        known = what in set(State)
        template = "staff_instructed" if what == State.INSTRUCTED else "staff_new_case"
        return (_TOLD.get(State(what), ()) if known else ()), template

    async def _tell(self, case: Case, roles: Iterable[Role], template: str, timer_id: int) -> None:
        wanted = [one for one in roles if not self._only_leadership(case) or one is Role.LEADERSHIP]
        field = {Role.TEAM, Role.DUTY}
        staff = [
            *self.casework.roster.told([one for one in wanted if one not in field]),
            *self.casework.roster.told([one for one in wanted if one in field], case.post),
        ]
        update = CaseUpdate(template=template, values=self.order(case), urgent=case.urgency is Urgency.EMERGENCY)
        drafts = await self.casework.tell_staff(staff, update)
        await self.casework.tell(case, drafts, finishes=timer_id)

    def order(self, case: Case) -> dict[str, str]:
        """The fields of a field order: these and no others (lessons, JAKI 2021)."""
        profile, wording = self.casework.profile, self.casework.wording
        return {
            "kategori": profile.category_name(case.category, profile.languages[0]),
            "lokasi": wording.place(case),
            "urgensi": profile.urgency_word(case.urgency, profile.languages[0]),
            "pos": profile.post_name(case.post),
        }
