"""Which case somebody means: by number, by the notice they answer, or because only one can be meant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.information import Information
from treckk_gateway.casework.initial_action import unconfirmed
from treckk_gateway.dispatch.reading import Said
from treckk_gateway.model import Act, Actor, Case, Role, State, Urgency
from treckk_gateway.model.act import STEPS
from treckk_gateway.model.lifecycle import FINAL, SETTLED, TRANSITIONS
from treckk_gateway.store.orders import CaseFilter

_MONTHS = 12
"""How far back a running number alone is looked for."""
_MOST = 500
"""Cases looked through for what waits for somebody: a list cut short could leave out the one that presses."""

_PRESSING = {one: rank for rank, one in enumerate(Urgency)}

_DESK_STATES = (
    State.RECEIVED, State.NEEDS_INFO, State.REOPENED, State.RESOLVED, State.ANSWERED, State.NOT_ACTIONABLE,
    State.REFERRED,
)  # fmt: skip
_TASKS: dict[Role, tuple[State, ...]] = {
    Role.ADMIN: _DESK_STATES,
    Role.LEADERSHIP: (State.UNDER_REVIEW, State.EN_ROUTE, State.RESOLVED),
    Role.TEAM: (State.INSTRUCTED, State.EN_ROUTE),
    Role.DUTY: (State.INSTRUCTED, State.EN_ROUTE, State.RECEIVED, State.NEEDS_INFO, State.UNDER_REVIEW),
    Role.HOLDER: (State.INFO_FORWARDED,),
}
_ALSO: dict[Act, frozenset[State]] = {
    Act.EVIDENCE: frozenset({State.INSTRUCTED, State.EN_ROUTE, State.RESOLVED}),
    Act.EXTEND: frozenset({State.INFO_FORWARDED}),
    Act.PERSONNEL: frozenset({State.INSTRUCTED, State.EN_ROUTE}),
    Act.AGREE: frozenset({State.UNDER_REVIEW, State.NEEDS_INFO, State.EN_ROUTE}),
    Act.DECLINE: frozenset({State.UNDER_REVIEW, State.NEEDS_INFO, State.EN_ROUTE}),
    Act.CONFIRM: frozenset({State.EN_ROUTE, State.RESOLVED}),
    Act.FAQ: frozenset({State.RECEIVED, State.INFO_FORWARDED}),
}


@attrs.frozen
class CaseSearch:
    """Looks cases up for one person: what they may not see does not exist for them."""

    casework: Casework
    actor: Actor

    async def numbered(self, said: Said) -> tuple[Case, ...]:
        """The cases a written number may mean: of the last months, open ones before those that ended."""
        prefix = self.casework.profile.reference_prefix
        if said.reference is not None:
            wanted = [f"{prefix}-{said.reference}"]
        else:
            wanted = [f"{prefix}-{month}-{said.number:05d}" for month in self._months()]
        found = []
        for reference in wanted:
            case = await self.casework.store.case(reference=reference)
            if case is not None and self.casework.visible(case, self.actor):
                found.append(case)
        running = [one for one in found if one.state not in FINAL]
        return tuple(running or found[:1])

    async def tasks(self) -> tuple[Case, ...]:
        """All that waits for this person: the most urgent first, then what has waited longest, what is done last."""
        states = {state for role in self.actor.roles for state in _TASKS.get(role, ())}
        found = [case for case in await self._in(states) if await self._theirs(case)]
        return tuple(sorted(found, key=lambda one: (one.state in SETTLED, _PRESSING[one.urgency], one.opened_at)))

    async def fitting(self, acts: Iterable[Act]) -> tuple[Case, ...]:
        """Cases on which this person could do one of these acts now."""
        wanted = tuple(acts)
        tasks = await self.tasks()
        return tuple(one for one in tasks if any(self.can(one, act) for act in wanted))

    def can(self, case: Case, act: Act) -> bool:
        """Whether the act fits the state the case is in."""
        if act is Act.CONFIRM and not unconfirmed(case):
            return False
        if act in _ALSO:
            return case.state in _ALSO[act]
        target = STEPS.get(act)
        if target is None:
            return True
        return any(
            one.source is case.state and one.target is target and not one.roles.isdisjoint(self.actor.roles)
            for one in TRANSITIONS
        )

    async def _theirs(self, case: Case) -> bool:
        """Whether a case in a state that concerns their role really waits for them."""
        roles = self.actor.roles
        if Role.LEADERSHIP in roles and (case.state is State.UNDER_REVIEW or unconfirmed(case)):
            return True
        if Role.ADMIN in roles and case.state in _DESK_STATES:
            return True
        if Role.HOLDER in roles and case.state is State.INFO_FORWARDED:
            information = Information(self.casework)
            holders = information.holders(await information.topic(case))
            return self.actor.name in {one.name for one in holders}
        if case.state in {State.INSTRUCTED, State.EN_ROUTE}:
            return bool(roles & {Role.TEAM, Role.DUTY})
        return Role.DUTY in roles and case.urgency is Urgency.EMERGENCY and case.state in _TASKS[Role.DUTY]

    async def _in(self, states: Iterable[State]) -> list[Case]:
        wanted = tuple(sorted(states))
        if not wanted:
            return []
        casework, actor = self.casework, self.actor
        found = await casework.store.cases(
            CaseFilter(
                states=wanted,
                posts=casework.posts_of(actor, None),
                hide_categories=casework.hidden_categories(actor),
                hide_flags=casework.hidden_flags(actor),
                limit=_MOST,
            )
        )
        return list(found)

    def _months(self) -> list[str]:
        """This month and those before, as case numbers have them: `2611`."""
        now = datetime.fromtimestamp(self.casework.clock() / 1e6, UTC)
        count = now.year * 12 + now.month - 1
        return [f"{(one // 12) % 100:02d}{one % 12 + 1:02d}" for one in range(count, count - _MONTHS, -1)]
