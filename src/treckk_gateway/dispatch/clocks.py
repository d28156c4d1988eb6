"""What clocks bring about: reminders, escalation to the next role, a proposal, a quiet close. They decide nothing.

A case has one timer for all its clocks. It is due whenever they may have moved, and sets itself to the next moment
something is to be done. What was done stands in the case's history, so that nothing is done twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import attrs
import structlog

from treckk_gateway.casework.casework import Casework
from treckk_gateway.dispatch.prompting import Prompting
from treckk_gateway.dispatch.prompts import Prompt, Prompts
from treckk_gateway.model import Case, CaseClock, ClockName, EventKind, Instant
from treckk_gateway.store.orders import ClocksSet, FirstClocks
from treckk_gateway.store.rows import EventRow, TimerRow

_SECOND = 1_000_000
_MOST = 20
"""Prompts of one case in one go; there are never so many."""

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Watch:
    """Handles `clock` timers. What cannot be done yet is tried again after `patience` seconds."""

    casework: Casework
    patience: float = 900.0

    async def recount(self) -> None:
        """Have all clocks looked at when calendar or limits changed since they were set.

        The year's holidays are loaded for it. Raises `ProfileError` when the country of the profile is none.
        """
        clocks = self.casework.clocks
        clocks.calendar.is_open(self.casework.clock())
        closed = [sorted(map(str, one)) for one in (clocks.calendar.closed, clocks.calendar.opened)]
        rules = f"{clocks.calendar.zone}{clocks.calendar.hours}{closed}{clocks.limits}{sorted(clocks.service)}"
        count = await self.casework.store.recount(hashlib.sha256(rules.encode()).hexdigest(), self.casework.clock())
        if count:
            log.info("clocks.recounted", count=count)

    async def handle(self, timer: TimerRow) -> None:
        """Do what is due, each once, then sleep until there is more to do."""
        put_off: set[tuple[ClockName, EventKind]] = set()
        for _ in range(_MOST):
            case = await self.casework.store.case(case_id=timer.case_id)
            if case is None:
                await self.casework.store.finish_timer(timer.id)
                return
            events = await self.casework.store.history(case.case_id)
            now = self.casework.clock()
            clocks = self.casework.clocks.of(case, events, now)
            planned = sorted(Prompts(self.casework).of(case, events, clocks, now), key=lambda one: one.at)
            prompt = next((one for one in planned if one.at <= now and one.key not in put_off), None)
            if prompt is None:
                if await self._sleep(timer.id, case, events, clocks, planned, now):
                    return
            elif not await Prompting(self.casework).do(case, prompt):
                put_off.add(prompt.key)

    def first(self, case: Case, now: Instant) -> FirstClocks | None:
        """The clocks of a case that opens now; `None` where one of them has something to do at once, or there is none.

        What a look at them right after the opening would find: nothing but the opening has happened.
        """
        clocks = self.casework.clocks.of(case, (), now)
        wake = min((one.at for one in Prompts(self.casework).of(case, (), clocks, now)), default=None)
        if wake is None or wake <= now:
            return None
        return FirstClocks(due=_earliest(clocks), wake=wake)

    async def _sleep(
        self,
        timer_id: int,
        case: Case,
        events: Sequence[EventRow],
        clocks: Iterable[CaseClock],
        planned: Iterable[Prompt],
        now: Instant,
    ) -> bool:
        """Set the timer to the next moment; false when the case moved on meanwhile."""
        later = now + int(self.patience * _SECOND)
        found = ClocksSet(
            timer_id=timer_id,
            case_id=case.case_id,
            version=case.version,
            seq=events[-1].seq if events else 0,
            due=_earliest(clocks),
            wake=min((one.at if one.at > now else later for one in planned), default=None),
        )
        return await self.casework.store.set_clocks(found)


def _earliest(clocks: Iterable[CaseClock]) -> Instant | None:
    """When the first clock that runs is due."""
    return min((one.due for one in clocks if one.running and one.due is not None), default=None)
