"""Files of messages: what still has to be fetched, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import FileEnd
from treckk_gateway.store.rows import FileRow
from treckk_gateway.store.sql import watching
from treckk_gateway.store.sql.connection import Connection

_COLUMNS = """
 a.id, a.message_id, m.case_id, m.reporter_id, c.channel_id, a.kind, a.state, a.size, a.name_hash, a.sealed_details,
 a.attempts, a.reason
"""
_FROM = " FROM attachment a JOIN message m ON m.id = a.message_id LEFT JOIN conversation c ON c.id = m.conversation_id"


def _row(row: tuple[object, ...]) -> FileRow:
    names = (
        "id", "message_id", "case_id", "reporter_id", "channel_id", "kind", "state", "size", "name", "details",
        "attempts", "reason",
    )  # fmt: skip
    return FileRow(**dict(zip(names, row, strict=True)))  # type: ignore[arg-type]


def file_row(connection: Connection, file_id: int) -> FileRow | None:
    """A file by id."""
    row = connection.execute(f"SELECT {_COLUMNS} {_FROM} WHERE a.id = ?", (file_id,)).fetchone()
    return _row(row) if row else None


def of_messages(connection: Connection, among: str, values: Sequence[int]) -> Sequence[FileRow]:
    """Files of the messages of some cases; `among` is a condition on `case_id` with `values` for its marks."""
    rows = connection.execute(f"SELECT {_COLUMNS} {_FROM} WHERE m.{among} ORDER BY a.id", values)
    return [_row(row) for row in rows]


def claim(connection: Connection, now: Instant, until: Instant, limit: int) -> Sequence[FileRow]:
    """Files that are due, each put off to `until`, so that nobody else takes it up meanwhile."""
    claimed = connection.execute(
        "UPDATE attachment SET due = :until, attempts = attempts + 1 WHERE due <= :now AND id IN"
        " (SELECT id FROM attachment WHERE due <= :now ORDER BY due, id LIMIT :limit)"
        " RETURNING id",
        {"until": until, "now": now, "limit": limit},
    ).fetchall()
    found = [file_row(connection, row[0]) for row in sorted(claimed)]
    return [one for one in found if one is not None]


def end(connection: Connection, ended: FileEnd) -> None:
    """What became of a file that was looked at; one that was settled meanwhile stays as it is."""
    connection.execute(
        "UPDATE attachment SET state = ?, kind = coalesce(?, kind), size = coalesce(?, size),"
        " name_hash = coalesce(?, name_hash),"
        " sealed_details = coalesce(?, sealed_details), mark = coalesce(?, mark), due = ?, reason = ?"
        " WHERE id = ? AND due IS NOT NULL",
        (
            ended.state,
            ended.kind,
            ended.size,
            ended.name,
            ended.details,
            ended.mark,
            ended.due,
            ended.reason,
            ended.file_id,
        ),
    )
    if ended.mark is not None:
        row = file_row(connection, ended.file_id)
        watching.notice(connection, row.case_id if row else None, ended.mark, 0)
