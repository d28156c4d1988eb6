"""What is written down when somebody looks at who reported, and what keeps a case from being erased."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.opening import Opening
from treckk_gateway.casework.views import AccessView, IdentityView
from treckk_gateway.errors import Incomplete, NotAllowed
from treckk_gateway.model import Actor, Case, EventKind, Role
from treckk_gateway.model.lifecycle import LEGAL_HOLD
from treckk_gateway.store.orders import CaseFields


@attrs.frozen
class Watching:
    """Opens identities for a reason, and shows leadership who did (lessons, P4 and JAKI 2021)."""

    casework: Casework

    async def identities(self, case: Case, actor: Actor, reason: str) -> tuple[IdentityView, ...]:
        """Who reported; written down with the reason before anything is opened.

        Raises `NotAllowed` for roles that may not know, `Incomplete` without a reason.
        """
        if not self.casework.knows_identities(actor):
            raise NotAllowed("only the desk and leadership may know who reported")
        if not reason.strip():
            raise Incomplete("say why you must know who reported", ("reason",))
        await self.log(case, actor, "identity", reason)
        return await Opening(self.casework).identities(case)

    async def log(self, case: Case, actor: Actor, what: str, reason: str | None = None) -> None:
        """Write down a look."""
        sealed = self.casework.keyring.unit.seal(Purpose.REASON, reason.encode()) if reason else None
        await self.casework.store.log_access(case.case_id, actor.name, what, self.casework.clock(), sealed)

    async def accesses(self, case: Case, actor: Actor) -> tuple[AccessView, ...]:
        """Who looked at the case and why, the newest first. Raises `NotAllowed` for anybody but leadership."""
        if not _leads(actor):
            raise NotAllowed("only leadership sees who looked")
        unit = self.casework.keyring.unit
        return tuple(
            AccessView(
                at=one.at,
                actor=one.actor,
                what=one.what,
                reason=unit.open(Purpose.REASON, one.reason).decode() if one.reason else None,
            )
            for one in await self.casework.store.accesses(case.case_id)
        )

    async def hold(self, case: Case, actor: Actor, reason: str, *, on: bool) -> Case:
        """Keep the case and its reporters from being erased, or no longer.

        Raises `NotAllowed` for anybody but leadership, `Incomplete` without a reason.
        """
        if not _leads(actor):
            raise NotAllowed("only leadership puts a case on hold")
        if not reason.strip():
            raise Incomplete("say why", ("reason",))
        flags = tuple(one for one in case.flags if one != LEGAL_HOLD)
        data = {"legal_hold": "yes" if on else "no", "reason": reason}
        fields = CaseFields(flags=(*flags, LEGAL_HOLD) if on else flags)
        return await self.casework.note(case, actor, EventKind.HELD, data, fields=fields)


def _leads(actor: Actor) -> bool:
    return Role.LEADERSHIP in actor.roles or actor.operator
