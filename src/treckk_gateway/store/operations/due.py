"""What is due, and the timers of cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import ClocksSet
from treckk_gateway.store.rows import TimerRow, Wake


class DueStore(Protocol):
    """Work that waits for its time."""

    async def heads(self, now: Instant, limit: int, *, far: bool = False) -> Sequence[Wake]:
        """What is due, the first of each lane only; of new items channels take turns.

        With `far` a long row of one channel's new items is looked past for those of others, which costs more.
        """

    async def rewind(self, now: Instant, last: Instant | None = None) -> int:
        """The clock was set back from `last`, or from the newest row's time: what was due by then is due now.

        A wait for another try keeps its length. How many rows that moved.
        """

    async def next_due(self) -> Instant | None:
        """When the next row falls due."""

    async def oldest_work(self, now: Instant) -> Instant | None:
        """Since when the oldest work that could be done by now has been due; `None` when there is none."""

    async def timer(self, timer_id: int) -> TimerRow | None:
        """A timer that still waits."""

    async def finish_timer(self, timer_id: int) -> None:
        """The timer's work is done."""

    async def postpone_timer(self, timer_id: int, due_at: Instant) -> None:
        """Look at a timer again later."""

    async def set_clocks(self, found: ClocksSet) -> bool:
        """Keep what was found about a case's clocks, and when to look again.

        False when the case is no longer as it was read, and nothing happened: its timer is still due.
        """

    async def recount(self, rules: str, now: Instant) -> int:
        """Make all clocks due when `rules` (a digest of calendar and limits) are not those of last time; how many."""
