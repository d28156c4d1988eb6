"""Entries that are no step: evidence, the point released to the field, a case handed down to leadership."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import Incomplete, NotAllowed, NotFoundError
from treckk_gateway.model import Actor, Case, EventKind, Role, State
from treckk_gateway.model.lifecycle import ABOUT_LEADERSHIP, PIN_RELEASED
from treckk_gateway.store.orders import CaseFields, Change
from treckk_gateway.store.rows import FileRows

_AT_WORK = frozenset({State.INSTRUCTED, State.EN_ROUTE})


@attrs.frozen
class Marks:
    """What they change, not yet applied."""

    casework: Casework

    async def evidence(self, case: Case, actor: Actor, files: int, *, pin: bool, note: str) -> Change:
        """The entry for photos and pins somebody of the unit sent. The files themselves join with the message."""
        data = {"files": str(files), "pin": "yes" if pin else "", "note": note}
        return await self.casework.entry(case, actor, EventKind.EVIDENCE, data)

    async def releasing(self, case: Case, actor: Actor) -> Change:
        """Leadership lets the field see the exact point.

        Raises `NotAllowed` for others, `Incomplete` when there is no point.
        """
        if Role.LEADERSHIP not in actor.roles:
            raise NotAllowed("only leadership releases the point")
        rows = await self.casework.store.case_file(case.case_id)
        located = rows is not None and any(one.kind is EventKind.LOCATED for one in rows.events)
        if not located and (rows is None or await pin_of(self.casework, rows) is None):
            raise Incomplete("there is no point to release", ("pin",))
        fields = CaseFields(flags=tuple(dict.fromkeys((*case.flags, PIN_RELEASED))))
        told = "instructed" if case.state in _AT_WORK else None
        return await self.casework.entry(case, actor, EventKind.PIN_RELEASED, {}, fields=fields, tells=told)

    async def handing_down(self, case: Case, actor: Actor) -> Change:
        """A complaint about leadership becomes one about the unit, which leadership sees.

        Raises `NotAllowed` for others than who oversees leadership, `Incomplete` when it is none.
        """
        if not actor.oversees:
            raise NotAllowed("only who oversees leadership hands such a case down")
        if ABOUT_LEADERSHIP not in case.flags:
            raise Incomplete("this is no complaint about leadership", ("about_leadership",))
        fields = CaseFields(flags=tuple(one for one in case.flags if one != ABOUT_LEADERSHIP))
        return await self.casework.entry(case, actor, EventKind.HANDED_DOWN, {}, fields=fields, tells="handed_down")


async def pin_of(casework: Casework, rows: FileRows) -> tuple[float, float] | None:
    """The last point a reporter sent; `None` when there is none. Only ever shown to the field after a release."""
    for row in reversed(rows.messages):
        try:
            box = await casework.people.box(row.reporter_id)
        except NotFoundError:
            continue
        location = box.open_value(Purpose.MESSAGE, row.body, MessageBody).location
        if row.direction == "in" and location is not None and location.lat is not None and location.lng is not None:
            return location.lat, location.lng
    return None
