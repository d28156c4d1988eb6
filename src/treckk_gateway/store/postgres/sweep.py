"""The proof that rows are the truth: what is due is woken again, whatever became of its job.

Source: storage-and-engine reference, 6.5. It never reads the engine's tables. It also gives jobs to what falls due
before long: a job for every clock of every open case would make the engine look through all of them for each next one.
"""

from __future__ import annotations

from msgspec import Struct

from treckk_gateway.model import Instant
from treckk_gateway.store.postgres.session import Session
from treckk_gateway.store.rows import Topic
from treckk_gateway.store.sql import outbox

SWEEPER = 0x73_77_65_65_70
"""The advisory lock of the one who sweeps: "sweep"."""

_MOST = 1000

# A row was woken for its time if it was woken within the horizon before it.
_FOUND = """
UPDATE {table} SET woken_at = :now WHERE id IN (SELECT id FROM {table} WHERE state = '{state}' AND due <= :soon AND
 ((due > :now AND coalesce(woken_at, 0) < due - :horizon) OR (due <= :late AND coalesce(woken_at, 0) <= :again))
 ORDER BY {order} LIMIT :most FOR UPDATE SKIP LOCKED) RETURNING due, {owner}
"""
_TABLES = (
    (Topic.INBOX, _FOUND.format(table="inbox", state="new", order="id", owner="id, lane")),
    (Topic.OUTBOX, _FOUND.format(table="outbox", state="queued", order="due, id", owner="conversation_id")),
    (Topic.TIMER, _FOUND.format(table="timer", state="queued", order="due, id", owner="case_id")),
)


class Lateness(Struct, frozen=True, kw_only=True):
    """Microseconds: how long after its time a row is overdue, and how long after a sweep it is woken again.

    `waiting`: after whoever sweeps just now, who may be looking for less; else it is left to them.
    """

    overdue: int
    again: int
    waiting: bool = False


def sweep(session: Session, now: Instant, lateness: Lateness) -> int:
    """Wake what is overdue, and settle that what should have been sent long ago is uncertain. How many were woken.

    One process at a time; what falls due within the horizon is given its job too.
    """
    if lateness.waiting:
        session.execute("SELECT pg_advisory_xact_lock(?)", (SWEEPER,))
    elif not session.execute("SELECT pg_try_advisory_xact_lock(?)", (SWEEPER,)).fetchall()[0][0]:
        return 0
    outbox.recover(session, now)
    woken = 0
    values = {
        "now": now,
        "soon": now + session.horizon,
        "horizon": session.horizon,
        "late": now - lateness.overdue,
        "again": now - lateness.again,
        "most": _MOST,
    }
    for topic, statement in _TABLES:
        seen = set()
        for due, owner, *lane in session.execute(statement, values).fetchall():
            if due > now:
                session.wake(topic, owner, due)
            elif (lane[0] if lane else owner) not in seen:
                seen.add(lane[0] if lane else owner)
                session.rouse(topic, owner)
        woken += len(seen)
    return woken
