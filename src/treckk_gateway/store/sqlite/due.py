"""What is due, heads of lanes only, so that one blocked conversation starves nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from treckk_gateway.model import Instant
from treckk_gateway.store.rows import Counters, Topic, Wake

_INBOX = """
SELECT id, hex(lane) FROM inbox WHERE state = 'new' AND due <= :now AND NOT EXISTS
 (SELECT 1 FROM inbox e WHERE e.state = 'new' AND e.lane = inbox.lane AND e.id < inbox.id) ORDER BY due, id LIMIT :limit
"""
_OUTBOX = """
SELECT id, conversation_id FROM outbox WHERE state = 'queued' AND due <= :now AND NOT EXISTS
 (SELECT 1 FROM outbox e WHERE e.conversation_id = outbox.conversation_id AND e.id < outbox.id
  AND (e.state = 'sending' OR (e.state IN ('queued', 'uncertain') AND (e.urgent OR NOT outbox.urgent)))) ORDER BY due, id LIMIT :limit
"""
_TIMER = "SELECT id, case_id FROM timer WHERE state = 'queued' AND due <= :now ORDER BY due, id LIMIT :limit"

_SOURCES = ((Topic.INBOX, _INBOX), (Topic.OUTBOX, _OUTBOX), (Topic.TIMER, _TIMER))


def heads(connection: sqlite3.Connection, now: Instant, limit: int) -> Sequence[Wake]:
    """At most `limit` due rows of each kind."""
    return [
        Wake(topic, row[0], f"{topic}:{row[1]}")
        for topic, query in _SOURCES
        for row in connection.execute(query, {"now": now, "limit": limit})
    ]


def next_due(connection: sqlite3.Connection) -> Instant | None:
    """The earliest due of all that waits."""
    found = connection.execute(
        "SELECT min(d) FROM (SELECT min(due) d FROM inbox WHERE state = 'new' UNION ALL SELECT min(due) FROM outbox WHERE"
        " state = 'queued' UNION ALL SELECT min(due) FROM timer WHERE state = 'queued')"
    ).fetchone()
    return found[0] if found else None


def counters(connection: sqlite3.Connection) -> Counters:
    """The books, read in one transaction."""
    one = connection.execute(
        "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM inbox WHERE state = 'parked'),"
        " (SELECT count(*) FROM inbox WHERE state = 'new'),"
        " (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')),"
        " (SELECT count(*) FROM outbox WHERE state = 'dead'), (SELECT count(*) FROM outbox WHERE state = 'uncertain'),"
        " (SELECT count(*) FROM outbox WHERE state = 'held'),"
        " (SELECT count(*) FROM inbox WHERE state = 'filed')"
    ).fetchone()
    received, parked, new, waiting, dead, uncertain, held, filed = one
    return Counters(
        received=received,
        filed=filed,
        parked=parked,
        new=new,
        outbox=waiting,
        dead=dead,
        uncertain=uncertain,
        held=held,
    )
