"""A case's history: events are appended, never changed."""

from __future__ import annotations

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewEvent
from treckk_gateway.store.sql.connection import Connection


def append(connection: Connection, case_id: int, event: NewEvent, now: Instant) -> int:
    """Append an event to a case's history; its place in it."""
    seq: int = connection.execute(
        "INSERT INTO case_event (case_id, seq, at, actor, role, kind, source, target, promised, sealed_data)"
        " VALUES (:case, 1 + coalesce((SELECT max(seq) FROM case_event WHERE case_id = :case), 0), :now,"
        " :actor, :role, :kind,"
        " :source, :target, :promised, :data) RETURNING seq",
        {
            "case": case_id,
            "now": now,
            "actor": event.actor,
            "role": event.role,
            "kind": event.kind,
            "source": event.source,
            "target": event.target,
            "promised": event.promised,
            "data": event.data,
        },
    ).fetchone()[0]
    return seq
