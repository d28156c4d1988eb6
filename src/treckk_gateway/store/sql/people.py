"""Reporters, their identities, and conversations."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import ConversationFields
from treckk_gateway.store.rows import ConversationRow, MessageRow, ReporterRow, Topic
from treckk_gateway.store.sql.connection import Connection

COLUMNS = (
    "conversation.id, conversation.channel_id, conversation.sealed_address, conversation.reporter_id,"
    " conversation.staff, conversation.last_inbound_at, conversation.window_until, conversation.opted_out_at,"
    " conversation.sealed_asking, conversation.language"
)


def reporter(connection: Connection, reporter_id: int) -> ReporterRow | None:
    """A reporter by id, with the wrapped key unless it was destroyed."""
    found = connection.execute(
        "SELECT id, pseudonym, wrapped FROM reporter LEFT JOIN reporter_key ON reporter_id = id WHERE id = ?",
        (reporter_id,),
    ).fetchone()
    return ReporterRow(id=found[0], pseudonym=found[1], wrapped=found[2]) if found else None


def is_erased(connection: Connection, reporter_id: int | None) -> bool:
    """Whether nothing may be sealed under this reporter's key any more."""
    if reporter_id is None:
        return False
    found = connection.execute("SELECT 1 FROM reporter_key WHERE reporter_id = ?", (reporter_id,)).fetchone()
    return found is None


def known_reporter(connection: Connection, identities: Sequence[bytes]) -> ReporterRow | None:
    """The first reporter that one of the identities leads to."""
    for identity in identities:
        found = connection.execute(
            "SELECT reporter_id FROM reporter_identity WHERE identity_hash = ?", (identity,)
        ).fetchone()
        if found:
            return reporter(connection, found[0])
    return None


def ensure_reporter(
    connection: Connection, identities: Sequence[bytes], pseudonym: str, wrapped: bytes, now: Instant
) -> ReporterRow:
    """Find or make; identities not seen before join the one found, known ones stay where they are."""
    known = known_reporter(connection, identities)
    if known is None and connection.lock(keys=identities):
        known = known_reporter(connection, identities)
    if known is None:
        made = connection.execute(
            "INSERT INTO reporter (pseudonym, created_at) VALUES (?, ?) RETURNING id", (pseudonym, now)
        ).fetchone()
        connection.execute("INSERT INTO reporter_key (reporter_id, wrapped) VALUES (?, ?)", (made[0], wrapped))
        known = ReporterRow(id=made[0], pseudonym=pseudonym, wrapped=wrapped)
    connection.executemany(
        "INSERT INTO reporter_identity (identity_hash, reporter_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(identity, known.id) for identity in identities],
    )
    return known


def row_of(found: tuple[object, ...]) -> ConversationRow:
    """A conversation from the columns `COLUMNS`."""
    row_id, channel_id, address, reporter_id, staff, last_inbound_at, window_until, *rest = found
    opted_out_at, asking, language = rest
    return ConversationRow(
        id=row_id,  # type: ignore[arg-type]
        channel_id=channel_id,  # type: ignore[arg-type]
        address=address,  # type: ignore[arg-type]
        reporter_id=reporter_id,  # type: ignore[arg-type]
        staff=staff,  # type: ignore[arg-type]
        last_inbound_at=last_inbound_at,  # type: ignore[arg-type]
        window_until=window_until,  # type: ignore[arg-type]
        opted_out_at=opted_out_at,  # type: ignore[arg-type]
        asking=asking,  # type: ignore[arg-type]
        language=language,  # type: ignore[arg-type]
    )


def conversation(connection: Connection, conversation_id: int) -> ConversationRow | None:
    """A conversation by id."""
    query = f"SELECT {COLUMNS} FROM conversation WHERE id = ?"  # noqa: S608 constant text
    found = connection.execute(query, (conversation_id,)).fetchone()
    return row_of(found) if found else None


def known_conversation(connection: Connection, channel_id: str, address_hash: bytes) -> ConversationRow | None:
    """A conversation by its keyed address."""
    query = f"SELECT {COLUMNS} FROM conversation WHERE channel_id = ? AND address_hash = ?"  # noqa: S608 constant text
    found = connection.execute(query, (channel_id, address_hash)).fetchone()
    return row_of(found) if found else None


def ensure_conversation(
    connection: Connection,
    channel_id: str,
    address_hash: bytes,
    address: bytes,
    reporter_id: int | None,
    staff: str | None,
) -> ConversationRow:
    """Find or make; an existing one keeps its sealed address."""
    made = connection.execute(
        "INSERT INTO conversation (channel_id, address_hash, sealed_address, reporter_id, staff)"  # noqa: S608 constant
        f" VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
        (channel_id, address_hash, address, reporter_id, staff),
    ).fetchone()
    found = row_of(made) if made else known_conversation(connection, channel_id, address_hash)
    assert found is not None  # noqa: S101 made above, or known
    return found


_TOLD = "template IN ('answer_waiting', 'notice_waiting')"
_WAITS = (
    "SELECT id FROM outbox WHERE conversation_id = :id AND state = 'held' UNION ALL"  # noqa: S608 constant
    " SELECT id FROM outbox WHERE conversation_id = :id AND state IN ('queued', 'sending', 'uncertain')"
    f" AND state = 'queued' AND {_TOLD}"
)
_RELEASE = (
    f"UPDATE outbox SET state = CASE WHEN {_TOLD} THEN 'cancelled' ELSE 'queued' END,"  # noqa: S608 constant
    f" reason = CASE WHEN {_TOLD} THEN 'answered' ELSE NULL END, due = :now WHERE id IN ({_WAITS})"
)
"""Whoever writes gets what was held, and need not be told any more that something waits."""
_OWN_ADDRESS = "(channel_id, address_hash) = (SELECT channel_id, address_hash FROM conversation WHERE id = :id)"
_TOUCH = (
    "UPDATE conversation SET last_inbound_at = coalesce(:at, last_inbound_at), window_until ="  # noqa: S608 constant
    " coalesce(:window, window_until),"
    " opted_out_at = CASE WHEN :opted_in THEN NULL ELSE coalesce(:opted_out, opted_out_at) END,"
    " sealed_asking = CASE WHEN :answered THEN :asking ELSE coalesce(:asking, sealed_asking) END,"
    " language = coalesce(:language, language) WHERE id = :id"
    f" RETURNING EXISTS ({_WAITS}), EXISTS (SELECT 1 FROM suppression WHERE {_OWN_ADDRESS})"
)


def touch(connection: Connection, conversation_id: int, fields: ConversationFields) -> None:
    """What an inbound message changes: the window, silence, what we asked. Held messages may leave again."""
    waits, silent = connection.execute(
        _TOUCH,
        {
            "id": conversation_id,
            "at": fields.last_inbound_at,
            "window": fields.window_until,
            "opted_out": fields.opted_out_at,
            "opted_in": fields.opted_in,
            "asking": fields.asking,
            "answered": fields.answered,
            "language": fields.language,
        },
    ).fetchone()
    if waits and fields.last_inbound_at is not None:
        connection.execute(_RELEASE, {"now": fields.last_inbound_at, "id": conversation_id})
        connection.wake(Topic.OUTBOX, conversation_id, fields.last_inbound_at)
    if silent and (fields.opted_in or fields.last_inbound_at is not None):
        whatever = "" if fields.opted_in else " AND reason <> 'opted_out'"
        connection.execute(
            f"DELETE FROM suppression WHERE {_OWN_ADDRESS}{whatever}",  # noqa: S608 constant
            {"id": conversation_id},
        )


def recent_messages(connection: Connection, conversation_id: int, limit: int) -> Sequence[MessageRow]:
    """The last messages, newest first."""
    return [
        message(row)
        for row in connection.execute(
            f"SELECT {MESSAGE} FROM message WHERE conversation_id = ? ORDER BY id DESC LIMIT ?",  # noqa: S608 constant text
            (conversation_id, limit),
        )
    ]


MESSAGE = "id, case_id, conversation_id, reporter_id, at, automatic, sealed_body, direction"


def message(row: tuple[object, ...]) -> MessageRow:
    """A message row from the columns `MESSAGE`."""
    names = ("id", "case_id", "conversation_id", "reporter_id", "at", "automatic", "body", "direction")
    return MessageRow(**(dict(zip(names, row, strict=True)) | {"automatic": bool(row[5])}))  # type: ignore[arg-type]
