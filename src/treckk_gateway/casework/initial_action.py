"""What the duty post began by itself in an emergency: leadership confirms it, or sends others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import Incomplete, NotAllowed
from treckk_gateway.model import Actor, Case, EventKind, Role
from treckk_gateway.model.lifecycle import CONFIRMED, CORRECTED, INITIAL_ACTION
from treckk_gateway.store.orders import CaseFields, Change


def unconfirmed(case: Case) -> bool:
    """Whether the duty post went first and leadership has neither confirmed nor corrected it."""
    return INITIAL_ACTION in case.flags and not {CONFIRMED, CORRECTED} & set(case.flags)


@attrs.frozen
class InitialAction:
    """Leadership's word afterwards. A correction is a step: others are instructed, or it is refused."""

    casework: Casework

    def confirming(self, actor: Actor, note: str | None) -> Callable[[Case], Awaitable[Change]]:
        """What confirming changes. Raises `NotAllowed` for others, `Incomplete` when there is nothing to confirm."""

        async def change(case: Case) -> Change:
            if Role.LEADERSHIP not in actor.roles:
                raise NotAllowed("only leadership confirms an initial action")
            if INITIAL_ACTION not in case.flags:
                raise Incomplete("the duty post took no initial action on this case")
            fields = CaseFields(flags=tuple(dict.fromkeys((*case.flags, CONFIRMED))))
            return await self.casework.entry(case, actor, EventKind.CONFIRMED, {"note": note or ""}, fields=fields)

        return change
