"""What an admin proposes to leadership: refusing, or sending a post. Leadership decides with one word."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import Given
from treckk_gateway.errors import Incomplete, NotAllowed
from treckk_gateway.model import Actor, Case, EventKind, Role, State, lifecycle
from treckk_gateway.store.orders import Change

PROPOSABLE = (State.NOT_ACTIONABLE, State.INSTRUCTED)
"""What may be proposed."""


@attrs.frozen(kw_only=True)
class Proposal:
    """A step somebody proposed, with what goes with it; `by` is who."""

    to: State
    given: Given
    by: str


@attrs.frozen
class Proposals:
    """Proposals are events of the case; one waits until leadership takes a step or declines."""

    casework: Casework

    async def proposing(self, case: Case, actor: Actor, to: State, given: Given) -> Change:
        """What proposing changes.

        Raises `NotAllowed` for others than admins, `IllegalTransition` when leadership could not take that step now,
        `Incomplete` when something that goes with it is missing.
        """
        if Role.ADMIN not in actor.roles:
            raise NotAllowed("proposals are the admin's; leadership decides, the field acts")
        if to not in PROPOSABLE:
            raise Incomplete(f"what can be proposed is {', '.join(PROPOSABLE)}", ("to",))
        step = lifecycle.step(case.state, to, {Role.LEADERSHIP})
        lifecycle.require(step, given.names())
        await self.casework.guard(case, step, given)
        data = {"to": to.value, **self.casework.wording.record(given)}
        return await self.casework.entry(case, actor, EventKind.PROPOSED, data, tells="proposed")

    async def standing(self, case: Case) -> Proposal | None:
        """The proposal that waits for leadership's word: the last one since the last step."""
        rows = await self.casework.store.case_file(case.case_id)
        ending = (EventKind.TRANSITION, EventKind.DECLINED, EventKind.PROPOSED)
        last = next((one for one in reversed(rows.events) if one.kind in ending), None) if rows else None
        if last is None or last.kind is not EventKind.PROPOSED:
            return None
        box = await self.casework.people.box(case.reporter_id)
        data = box.open_value(Purpose.EVENT, last.data, dict[str, str])
        given = Given(reason=data.get("reason"), post=data.get("post"), note=data.get("note"))
        return Proposal(to=State(data["to"]), given=given, by=last.actor)

    async def deciding(self, case: Case, actor: Actor, *, agree: bool, note: str | None = None) -> Change:
        """Leadership takes the step proposed as its own, or declines it.

        Raises `NotAllowed` for others, `Incomplete` when nothing waits.
        """
        if Role.LEADERSHIP not in actor.roles:
            raise NotAllowed("only leadership decides on a proposal")
        standing = await self.standing(case)
        if standing is None:
            raise Incomplete("nothing is proposed on this case", ("proposal",))
        if not agree:
            return await self.casework.entry(
                case, actor, EventKind.DECLINED, {"note": note or "", "by": standing.by}, tells="declined"
            )
        return await self.casework.moving(case, standing.to, actor, standing.given)
