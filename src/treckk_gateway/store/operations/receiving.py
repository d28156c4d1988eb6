"""What came in, kept and listed until it is filed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewRequest, Pace
from treckk_gateway.store.rows import InboxRow, RecoveryRow


class InboxStore(Protocol):
    """The inbox."""

    async def intake_key(self, day: str, wrapped: bytes) -> bytes:
        """The wrapped key of that day, storing `wrapped` if there is none yet."""

    async def accept(self, request: NewRequest) -> tuple[bool, ...]:
        """Keep a request; for each item whether it is new. A known dedupe key adds nothing."""

    async def inbox(self, inbox_id: int) -> InboxRow | None:
        """A stored item with its raw request."""

    async def park(self, inbox_id: int, reason: str) -> None:
        """Set an item aside for staff."""

    async def postpone(self, inbox_id: int, due_at: Instant) -> None:
        """Try an item again later; counts the attempt."""

    async def parked(self, cursor: int | None, limit: int) -> Sequence[InboxRow]:
        """Parked items, newest first, below the id `cursor`."""

    async def unpark(self, inbox_id: int, now: Instant) -> bool:
        """Back to new; false when it was not parked."""

    async def end_intake_keys(self, before: int) -> int:
        """Destroy the keys of days (since the epoch) before that, where nothing new waits; how many parked end."""

    async def begin_recovery(self, channel_id: str, now: Instant, until: Instant, every: Instant) -> Instant | None:
        """Take the look that is due, which nobody else takes before `until`; from when on, `None` when none is due."""

    async def advance_recovery(self, channel_id: str, reached: Instant, found: int, now: Instant, due: Instant) -> None:
        """Everything until `reached` was taken in, `found` of it new; the next look, or part of one, is at `due`."""

    async def postpone_recovery(self, channel_id: str, due: Instant) -> None:
        """The provider could not say: the same look again at `due`."""

    async def take_turn(self, channel_id: str, now: Instant, pace: Pace) -> Instant | None:
        """Take a slot of the channel's rate; otherwise when one will be free."""

    async def recoveries(self) -> Sequence[RecoveryRow]:
        """How far each channel got."""
