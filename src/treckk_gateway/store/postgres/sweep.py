"""The proof that rows are the truth: what is due and was not looked at is woken again, whatever became of its job.

Source: storage-and-engine reference, 6.5. It never reads the engine's tables.
"""

from __future__ import annotations

from msgspec import Struct

from treckk_gateway.model import Instant
from treckk_gateway.store.postgres.session import Session
from treckk_gateway.store.rows import Topic
from treckk_gateway.store.sql import outbox

_MOST = 1000

_OVERDUE = """
UPDATE {table} SET woken_at = :now WHERE id IN (SELECT id FROM {table} WHERE {waits} AND due <= :late AND
 coalesce(woken_at, 0) <= :again ORDER BY {order} LIMIT :most FOR UPDATE SKIP LOCKED) RETURNING {owner}
"""
_QUEUED, _QUIET = "state = 'queued'", "state = 'held' AND reason = 'quiet_hours'"
_TABLES = (
    (Topic.INBOX, _OVERDUE.format(table="inbox", waits="state = 'new'", order="id", owner="id, lane")),
    (Topic.OUTBOX, _OVERDUE.format(table="outbox", waits=_QUEUED, order="due, id", owner="conversation_id")),
    (Topic.OUTBOX, _OVERDUE.format(table="outbox", waits=_QUIET, order="due, id", owner="conversation_id")),
    (Topic.TIMER, _OVERDUE.format(table="timer", waits=_QUEUED, order="due, id", owner="case_id")),
)


class Lateness(Struct, frozen=True, kw_only=True):
    """Microseconds: how long after its time a row is overdue, and how long after a sweep it is woken again."""

    overdue: int
    again: int


def sweep(session: Session, now: Instant, lateness: Lateness) -> int:
    """Wake what is overdue, and settle that what should have been sent long ago is uncertain. How many were woken."""
    outbox.recover(session, now)
    woken = 0
    values = {"now": now, "late": now - lateness.overdue, "again": now - lateness.again, "most": _MOST}
    for topic, statement in _TABLES:
        seen = set()
        for owner, *lane in session.execute(statement, values).fetchall():
            if (lane[0] if lane else owner) not in seen:
                seen.add(lane[0] if lane else owner)
                session.rouse(topic, owner)
        woken += len(seen)
    return woken
