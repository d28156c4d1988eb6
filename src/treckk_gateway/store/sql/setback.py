"""A clock that was set back: nobody waits for the time that was lost."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from treckk_gateway.model import Instant
from treckk_gateway.store.port import Store
from treckk_gateway.store.rows import Topic
from treckk_gateway.store.sql.connection import Connection

log = structlog.get_logger(__name__)

_JITTER = 1_000_000
"""Microseconds a clock that is kept in step may go back."""

_NEWEST = (
    "SELECT max(newest) FROM (SELECT max(received_at) newest FROM inbox WHERE id = (SELECT max(id) FROM inbox)"
    " UNION ALL SELECT max(created_at) FROM outbox WHERE id = (SELECT max(id) FROM outbox)) each"
)
_WAITING = (
    (Topic.INBOX, "new", "id"),
    (Topic.OUTBOX, "queued", "conversation_id"),
    (Topic.TIMER, "queued", "case_id"),
)
"""What waits for a moment, in which state, and whose it is."""


def rewind(connection: Connection, now: Instant, last: Instant | None) -> int:
    """The clock was set back from `last` (without it: from the newest row's time); how many rows that moved.

    What had been due by then is due now, and a wait for another try keeps its length. Deadlines stay where they are.
    """
    if last is None:
        last = connection.execute(_NEWEST).fetchone()[0]
    if last is None or last <= now:
        return 0
    moved = 0
    for topic, state, owner in _WAITING:
        waiting = f"UPDATE {topic} SET due = ? WHERE state = '{state}' AND due > ? AND due <= ? RETURNING {owner}, due"  # noqa: S608 constant
        later = f"UPDATE {topic} SET due = due - ? WHERE state = '{state}' AND due > ? RETURNING {owner}, due"  # noqa: S608 constant
        owners = connection.execute(waiting, (now, now, last)).fetchall()
        if topic is not Topic.TIMER:
            owners += connection.execute(later, (last - now, last)).fetchall()
        for one, due in owners:
            connection.wake(topic, one, due)
        moved += len(owners)
    return moved


class Latest:
    """The latest time a clock showed, so that one that was set back is noticed."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._latest: Instant | None = None

    async def now(self, store: Store) -> Instant:
        """Now. When that is earlier than it was, what waits in the store is told."""
        now, latest = self._clock(), self._latest
        if latest is not None and now >= latest - _JITTER:
            self._latest = max(now, latest)
            return now
        moved = await store.rewind(now, latest)
        if moved:
            log.warning("clock.set_back", count=moved)
        self._latest = now
        return now
