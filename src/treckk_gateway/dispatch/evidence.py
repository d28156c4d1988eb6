"""The same file in two cases: leadership is told, nobody is accused (lessons, G6)."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.model import Actor, Case, CaseUpdate, EventKind, Role
from treckk_gateway.store.rows import TimerRow

_MOST = 5


@attrs.frozen
class Evidence:
    """Handles `evidence` timers: a file came that lies in another case already. Only the very same bytes count."""

    casework: Casework

    async def handle(self, timer: TimerRow) -> None:
        """Tell leadership once, and write it into the case where others may know of both."""
        store = self.casework.store
        case = await store.root(timer.case_id)
        if case is None:
            await store.finish_timer(timer.id)
            return
        others = await self._others(case, bytes.fromhex(timer.instance))
        if not others:
            await store.finish_timer(timer.id)
            return
        update = CaseUpdate(
            template="staff_same_file",
            values={"aduan_lain": ", ".join(one.reference for one in others[:_MOST])},
            step=f"evidence:{timer.instance}",
        )
        drafts = await self.casework.tell_staff(self.casework.roster.told([Role.LEADERSHIP]), update)
        only = self.casework.profile.leadership_only
        shown = [one.reference for one in others if (one.category in only) == (case.category in only)]
        data = {"same_file_in": ", ".join(shown)}
        await self.casework.note(case, Actor.system("evidence"), EventKind.NOTE, data, drafts=drafts, finishes=timer.id)

    async def _others(self, case: Case, mark: bytes) -> list[Case]:
        """The other cases, each where it goes on; what was merged with this one is the same incident."""
        found: dict[int, Case] = {}
        for one in await self.casework.store.same_file(case.case_id, mark):
            root = await self.casework.store.root(one.case_id)
            if root is not None and root.case_id != case.case_id:
                found[root.case_id] = root
        return list(found.values())
