"""Keeping requests and setting items aside."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewRequest
from treckk_gateway.store.rows import InboxRow, Topic
from treckk_gateway.store.sql.connection import Connection

_COLUMNS = "id, channel_id, dedupe_key, kind, item, lane, key_day, sealed_raw, received_at, state, reason, attempts"
_RAW = "coalesce(sealed_raw, (SELECT sealed_raw FROM inbox o WHERE o.id = inbox.raw_of))"
_ITEM = f"SELECT {_COLUMNS.replace('sealed_raw', _RAW)} FROM inbox WHERE id = ?"  # noqa: S608 constant text

INSERT = """
INSERT INTO inbox (channel_id, dedupe_key, kind, item, lane, key_day, sealed_raw, raw_of, received_at, claimed_at,
 state, reason, due)
VALUES """
_VALUES = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KEEP = f"{INSERT} {_VALUES} ON CONFLICT DO NOTHING RETURNING id"


def _row(found: tuple[object, ...]) -> InboxRow:
    row_id, channel_id, dedupe_key, kind, item, lane, key_day, raw, received_at, state, reason, attempts = found
    return InboxRow(
        id=row_id,  # type: ignore[arg-type]
        channel_id=channel_id,  # type: ignore[arg-type]
        dedupe_key=dedupe_key,  # type: ignore[arg-type]
        kind=kind,  # type: ignore[arg-type]
        item=item,  # type: ignore[arg-type]
        lane=lane,  # type: ignore[arg-type]
        key_day=key_day,  # type: ignore[arg-type]
        raw=raw,  # type: ignore[arg-type]
        received_at=received_at,  # type: ignore[arg-type]
        state=state,  # type: ignore[arg-type]
        reason=reason,  # type: ignore[arg-type]
        attempts=attempts,  # type: ignore[arg-type]
    )


def intake_key(connection: Connection, day: str, wrapped: bytes) -> bytes:
    """The day's wrapped key, stored if it was missing."""
    connection.execute("INSERT INTO intake_key (day, wrapped) VALUES (?, ?) ON CONFLICT DO NOTHING", (day, wrapped))
    return bytes(connection.execute("SELECT wrapped FROM intake_key WHERE day = ?", (day,)).fetchone()[0])


def _values(request: NewRequest, number: int, raw: bytes | None, raw_of: int | None) -> tuple[object, ...]:
    """The values of one item, in the order of `INSERT`'s columns."""
    item = request.items[number]
    return (
        request.channel_id,
        item.dedupe_key,
        item.kind,
        item.item,
        item.lane,
        request.key_day,
        raw,
        raw_of,
        request.received_at,
        item.claimed_at,
        "parked" if request.parked else "new",
        request.parked,
        request.received_at,
    )


def accept(connection: Connection, request: NewRequest) -> tuple[bool, ...]:
    """Insert what is new; the raw request stands with the first new item, the others point to it."""
    first: int | None = None
    new = []
    for number in range(len(request.items)):
        values = _values(request, number, request.raw if first is None else None, first)
        found = connection.execute(_KEEP, values).fetchone()
        new.append(found is not None)
        if found is not None and first is None:
            first = found[0]
    return tuple(new)


def inbox(connection: Connection, inbox_id: int) -> InboxRow | None:
    """An item; the raw request is read from the item that holds it."""
    found = connection.execute(_ITEM, (inbox_id,)).fetchone()
    return _row(found) if found else None


def park(connection: Connection, inbox_id: int, reason: str) -> None:
    """Set aside, unless it was filed."""
    connection.execute(
        "UPDATE inbox SET state = 'parked', reason = ? WHERE id = ? AND state = 'new'", (reason, inbox_id)
    )


def postpone(connection: Connection, inbox_id: int, due: Instant) -> None:
    """Later again."""
    connection.execute(
        "UPDATE inbox SET due = ?, attempts = attempts + 1 WHERE id = ? AND state = 'new'", (due, inbox_id)
    )
    connection.wake(Topic.INBOX, inbox_id, due)


_NEEDED = "EXISTS (SELECT 1 FROM inbox o WHERE o.raw_of = inbox.id AND o.state <> 'filed')"
_FILE = (
    f"UPDATE inbox SET state = 'filed', sealed_raw = CASE WHEN {_NEEDED} THEN sealed_raw END"  # noqa: S608 constant text
    " WHERE id = ? AND state = 'new' RETURNING raw_of"
)
_DROP = f"UPDATE inbox SET sealed_raw = NULL WHERE id = ? AND state = 'filed' AND NOT {_NEEDED}"  # noqa: S608 constant text


def mark_filed(connection: Connection, inbox_id: int) -> bool:
    """Filed, and the raw request dropped once no other item needs it. False when it was not new."""
    connection.lock(inbox_id=inbox_id)
    done = connection.execute(_FILE, (inbox_id,)).fetchone()
    if done is None:
        return False
    if done[0] is not None:
        connection.lock(inbox_id=done[0])
        connection.execute(_DROP, done)
    return True


def parked(connection: Connection, cursor: int | None, limit: int) -> Sequence[InboxRow]:
    """Parked items, newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM inbox WHERE state = 'parked' AND id < ? ORDER BY id DESC LIMIT ?",  # noqa: S608 constant text
        (cursor or 1 << 62, limit),
    )
    return [_row(row) for row in rows]


def unpark(connection: Connection, inbox_id: int, now: Instant) -> bool:
    """Back to new, attempts forgotten."""
    changed = connection.execute(
        "UPDATE inbox SET state = 'new', reason = NULL, due = ?, attempts = 0"  # noqa: S608 constant text
        f" WHERE id = ? AND state = 'parked' AND {_RAW} IS NOT NULL",
        (now, inbox_id),
    )
    if changed.rowcount:
        connection.wake(Topic.INBOX, inbox_id, now)
    return changed.rowcount == 1


def end_intake_keys(connection: Connection, before: int) -> int:
    """Destroy old days' keys and what was parked under them; the rows stay, so that a repeat is still known."""
    ended = connection.execute(
        "UPDATE inbox SET sealed_raw = NULL, reason = 'its time of keeping ended'"
        " WHERE state = 'parked' AND sealed_raw IS NOT NULL AND CAST(key_day AS INTEGER) < ?",
        (before,),
    )
    connection.execute(
        "DELETE FROM intake_key WHERE CAST(day AS INTEGER) < ?"
        " AND NOT EXISTS (SELECT 1 FROM inbox WHERE state = 'new' AND key_day = intake_key.day)",
        (before,),
    )
    return ended.rowcount
