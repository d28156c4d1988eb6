"""What the unit's own people need of the store: secret reply addresses, their last notices, personnel requests."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewPersonnel, PersonnelAnswer
from treckk_gateway.store.rows import OutboxRow, PersonnelRow
from treckk_gateway.store.sql import outbox
from treckk_gateway.store.sql.connection import Connection

_PERSONNEL = (
    "id, post, case_id, wanted, asked_by, asked_at, sealed_reason, granted, answered_by, answered_at, sealed_answer"
)
_NAMES = (
    "id", "post", "case_id", "wanted", "asked_by", "asked_at", "reason", "granted", "answered_by", "answered_at",
    "answer",
)  # fmt: skip


def conversation_token(connection: Connection, conversation_id: int, token_hash: bytes, sealed: bytes) -> bytes:
    """The sealed token of a conversation, storing the one given if there is none yet."""
    connection.execute(
        "INSERT INTO conversation_token (conversation_id, token_hash, sealed_token) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (conversation_id, token_hash, sealed),
    )
    found = connection.execute(
        "SELECT sealed_token FROM conversation_token WHERE conversation_id = ?", (conversation_id,)
    ).fetchone()
    return bytes(found[0])


def conversation_of_token(connection: Connection, token_hash: bytes) -> int | None:
    """The conversation a token belongs to."""
    found = connection.execute(
        "SELECT conversation_id FROM conversation_token WHERE token_hash = ?", (token_hash,)
    ).fetchone()
    return found[0] if found else None


def notices(connection: Connection, conversation_id: int, limit: int) -> Sequence[OutboxRow]:
    """What somebody of the unit was sent, newest first; what never left is none of it."""
    query = (
        f"SELECT {outbox.COLUMNS} FROM outbox WHERE conversation_id = ? AND substr(template, 1, 6) = 'staff_'"  # noqa: S608 constant
        " AND state IN ('sending', 'sent', 'uncertain') ORDER BY id DESC LIMIT ?"
    )
    return [outbox.row_of(found) for found in connection.execute(query, (conversation_id, limit))]


def notice_answered(connection: Connection, channel_id: str, ids: Sequence[str]) -> OutboxRow | None:
    """The message of ours that one of these provider's ids names, the last id first."""
    for one in reversed(ids):
        found = connection.execute(
            "SELECT outbox_id FROM attempt WHERE channel_id = ? AND provider_message_id = ?", (channel_id, one)
        ).fetchone()
        if found:
            return outbox.outbox(connection, found[0])
    return None


def next_number(connection: Connection, name: str) -> int:
    """The next number of a row; one that is then not used leaves a gap."""
    number: int = connection.execute(
        "INSERT INTO sequence (name, last) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last ="
        " sequence.last + 1 RETURNING last",
        (name,),
    ).fetchone()[0]
    return number


def ask_personnel(connection: Connection, asked: NewPersonnel, now: Instant) -> None:
    """Keep a request."""
    connection.execute(
        "INSERT INTO personnel_request (id, post, case_id, wanted, asked_by, asked_at, sealed_reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (asked.id, asked.post, asked.case_id, asked.wanted, asked.asked_by, now, asked.reason),
    )


def answer_personnel(connection: Connection, answered: PersonnelAnswer, now: Instant) -> bool:
    """Answer a request that waits; false when it does not."""
    done = connection.execute(
        "UPDATE personnel_request SET granted = ?, answered_by = ?, answered_at = ?, sealed_answer = ?"
        " WHERE id = ? AND granted IS NULL",
        (answered.granted, answered.answered_by, now, answered.answer, answered.id),
    )
    return done.rowcount == 1


def personnel_request(connection: Connection, request_id: int) -> PersonnelRow | None:
    """A request by its number."""
    found = connection.execute(f"SELECT {_PERSONNEL} FROM personnel_request WHERE id = ?", (request_id,)).fetchone()  # noqa: S608
    return _row(found) if found else None


def personnel_requests(
    connection: Connection, *, post: str | None, waiting: bool, cursor: int | None, limit: int
) -> Sequence[PersonnelRow]:
    """Requests, newest first, below the id `cursor`; of one post, or only those that wait."""
    clauses, values = ["id < ?"], [cursor or 1 << 62]
    if post is not None:
        clauses.append("post = ?")
        values.append(post)  # type: ignore[arg-type]
    if waiting:
        clauses.append("granted IS NULL")
    query = f"SELECT {_PERSONNEL} FROM personnel_request WHERE {' AND '.join(clauses)} ORDER BY id DESC LIMIT ?"  # noqa: S608 constant
    return [_row(found) for found in connection.execute(query, (*values, limit))]


def _row(found: tuple[object, ...]) -> PersonnelRow:
    values = dict(zip(_NAMES, found, strict=True))
    granted = values["granted"]
    return PersonnelRow(**(values | {"granted": None if granted is None else bool(granted)}))  # type: ignore[arg-type]
