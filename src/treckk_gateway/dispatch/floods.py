"""When many complaints come at once, the desk gets the first few one by one and the rest as a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import reply
from treckk_gateway.model import Case, Staff, Urgency
from treckk_gateway.store.orders import CaseFilter, Draft, Filing, NewTimer
from treckk_gateway.store.rows import OpenedRow

WINDOW = 600_000_000
"""Ten minutes, in microseconds: what comes within is listed together."""
SINGLY = 5
"""How many of a window are told one by one."""
_LOOKED_BACK = 20
_PAGE = 200
_LISTED = 30


@attrs.frozen
class Floods:
    """Decides by rows alone: what opened before this case in the same window. Emergencies are always told at once."""

    casework: Casework

    async def postponed(self, case: Case, timer_id: int) -> bool:
        """Whether the case waits for its window's list; then its timer is finished and the list's is set."""
        window = case.opened_at // WINDOW
        page = await self.casework.store.earlier(case.case_id, _LOOKED_BACK)
        before = sum(one.opened_at // WINDOW == window and self._counts(one) for one in page)
        if before < SINGLY:
            return False
        # Only the first ones past the limit make the list; the later ones stand in it.
        timer = NewTimer(kind="dispatch", instance=f"flood:{window}", due=(window + 1) * WINDOW)
        timers = (timer,) if before < _LOOKED_BACK // 2 else ()
        filing = Filing(
            inbox_id=None, now=self.casework.clock(), case_id=case.case_id, timers=timers, finishes=timer_id
        )
        await self.casework.store.file(filing)
        self.casework.hint()
        return True

    async def summary(self, case: Case, people: Iterable[Staff]) -> Sequence[Draft]:
        """The list of a window for the desk; each case of it asks, and the first makes it."""
        opened = [one for one in await self._opened(case.opened_at) if self._counts(one)]
        listed = opened[SINGLY:]
        numbers = ", ".join(one.reference for one in listed[:_LISTED]) + (", ..." if len(listed) > _LISTED else "")
        text = self.casework.profile.staff.say("several", jumlah=str(len(listed)), daftar=numbers)
        window = f"flood:{case.opened_at // WINDOW}"
        drafts = await self.casework.tell_staff(people, reply(text, window))
        return [replace(one, once=window) for one in drafts]

    async def _opened(self, moment: int) -> list[Case]:
        """Cases of the window, oldest first."""
        window, cursor = moment // WINDOW, None
        found: list[Case] = []
        while True:
            page = await self.casework.store.cases(CaseFilter(cursor=cursor, limit=_PAGE))
            found += [one for one in page if one.opened_at // WINDOW == window]
            if len(page) < _PAGE or page[-1].opened_at // WINDOW < window:
                return found[::-1]
            cursor = page[-1].case_id

    def _counts(self, case: Case | OpenedRow) -> bool:
        return case.urgency != Urgency.EMERGENCY and case.category not in self.casework.profile.leadership_only
