"""The wake-up of a case's clocks: one timer, made due by whatever may have moved them."""

from __future__ import annotations

from treckk_gateway.model import EventKind, Instant
from treckk_gateway.store.orders import CaseFields, ClocksSet, NewEvent
from treckk_gateway.store.rows import Topic
from treckk_gateway.store.sql.connection import Connection

_BY_ITSELF = frozenset(
    {EventKind.REMINDED, EventKind.ESCALATED, EventKind.PROPOSED, EventKind.FINDINGS, EventKind.REPLAYED}
)
"""Events that move no clock: most of them are what clocks did."""

_WAKE = (
    "INSERT INTO timer (case_id, kind, instance, due, state) VALUES (?, 'clock', '', ?, 'queued')"
    " ON CONFLICT (case_id, kind, instance) DO UPDATE SET due = excluded.due, state = 'queued'"
)
_WAKE_WAITING = (
    "UPDATE timer SET due = ? WHERE case_id = ? AND kind = 'clock' AND state = 'queued'"
    " AND EXISTS (SELECT 1 FROM cases WHERE id = ? AND state = 'needs_info')"
)


def wake(connection: Connection, case_id: int, event: NewEvent | None, fields: CaseFields | None, at: Instant) -> None:
    """Have a case's clocks looked at then, in the transaction that may have moved them, whoever brought it about.

    A message moves them only where the case waits for one, or where it tells of more than was known.
    """
    moved = fields is not None and any((fields.state, fields.urgency, fields.category, fields.intent))
    kind = event.kind if event is not None else None
    if moved or (kind is not None and kind is not EventKind.MESSAGE and kind not in _BY_ITSELF):
        connection.execute(_WAKE, (case_id, at))
    elif kind is EventKind.MESSAGE:
        connection.execute(_WAKE_WAITING, (at, case_id, case_id))
    else:
        return
    connection.wake(Topic.TIMER, case_id, at)


def keep(connection: Connection, found: ClocksSet) -> bool:
    """Keep what was found about a case's clocks; false when the case moved on since it was read."""
    connection.lock(case_id=found.case_id)
    kept = connection.execute(
        "UPDATE cases SET due_at = :due WHERE id = :case AND version = :version"
        " AND :seq = (SELECT coalesce(max(seq), 0) FROM case_event WHERE case_id = :case)",
        {"due": found.due, "case": found.case_id, "version": found.version, "seq": found.seq},
    )
    if kept.rowcount != 1:
        return False
    if found.wake is None:
        connection.execute("UPDATE timer SET state = 'done' WHERE id = ?", (found.timer_id,))
    else:
        connection.execute("UPDATE timer SET due = ? WHERE id = ?", (found.wake, found.timer_id))
        connection.wake(Topic.TIMER, found.case_id, found.wake)
    return True


def recount(connection: Connection, rules: str, now: Instant) -> int:
    """Have all clocks looked at when calendar or limits are no longer those of last time; how many."""
    known = connection.execute("SELECT value FROM meta WHERE key = 'clocks'").fetchone()
    if known is not None and known[0] == rules:
        return 0
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ('clocks', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (rules,),
    )
    query = "UPDATE timer SET due = ? WHERE kind = 'clock' AND state = 'queued' RETURNING case_id"
    cases = connection.execute(query, (now,)).fetchall()
    for (case_id,) in cases:
        connection.wake(Topic.TIMER, case_id, now)
    return len(cases)
