"""Who looked at what and why, and files that came before."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Case, Instant
from treckk_gateway.store.rows import AccessRow, Topic
from treckk_gateway.store.sql import casefile
from treckk_gateway.store.sql.connection import Connection

_MOST = 1000
_MOST_CASES = 20
_SAME = """
SELECT DISTINCT message.case_id FROM attachment JOIN message ON message.id = attachment.message_id
WHERE attachment.mark = ? AND message.case_id IS NOT NULL AND message.case_id <> ? ORDER BY message.case_id LIMIT ?
"""


def log_access(connection: Connection, case_id: int, actor: str, what: str, now: Instant, reason: bytes | None) -> None:
    """Write down a look."""
    connection.execute(
        "INSERT INTO access_log (case_id, at, actor, what, sealed_reason) VALUES (?, ?, ?, ?, ?)",
        (case_id, now, actor, what, reason),
    )


def accesses(connection: Connection, case_id: int) -> Sequence[AccessRow]:
    """Who looked at a case, the newest first."""
    query = "SELECT at, actor, what, sealed_reason FROM access_log WHERE case_id = ? ORDER BY id DESC LIMIT ?"
    return [
        AccessRow(at=row[0], actor=row[1], what=row[2], reason=row[3])
        for row in connection.execute(query, (case_id, _MOST))
    ]


def same_file(connection: Connection, case_id: int, mark: bytes) -> Sequence[Case]:
    """Other cases that hold the same file."""
    found = connection.execute(_SAME, (mark, case_id, _MOST_CASES)).fetchall()
    cases = [casefile.case(connection, other) for (other,) in found]
    return [one for one in cases if one is not None]


def notice(connection: Connection, case_id: int | None, mark: bytes | None, now: Instant) -> None:
    """Have people told, once for each case and file, when the same file lies in another case already."""
    if case_id is None or mark is None or connection.execute(_SAME, (mark, case_id, 1)).fetchone() is None:
        return
    connection.execute(
        "INSERT INTO timer (case_id, kind, instance, due, state) VALUES (?, 'evidence', ?, ?, 'queued')"
        " ON CONFLICT DO NOTHING",
        (case_id, mark.hex(), now),
    )
    connection.wake(Topic.TIMER, case_id, now)
