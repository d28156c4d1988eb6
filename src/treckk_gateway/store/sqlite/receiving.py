"""Keeping requests and setting items aside."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewRequest
from treckk_gateway.store.rows import InboxRow

_COLUMNS = "id, channel_id, dedupe_key, kind, item, lane, key_day, sealed_raw, received_at, state, reason, attempts"

_FIRST = """
INSERT INTO inbox (channel_id, dedupe_key, kind, item, lane, key_day, sealed_raw, raw_of, received_at, claimed_at,
 state, reason, due)
VALUES """
_VALUES = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KEEP = f"{_FIRST} {_VALUES} ON CONFLICT DO NOTHING RETURNING id"
_MOST_TOGETHER = 128


def _row(found: tuple[object, ...]) -> InboxRow:
    names = (
        "id",
        "channel_id",
        "dedupe_key",
        "kind",
        "item",
        "lane",
        "key_day",
        "raw",
        "received_at",
        "state",
        "reason",
        "attempts",
    )
    return InboxRow(**dict(zip(names, found, strict=True)))  # type: ignore[arg-type]


def intake_key(connection: sqlite3.Connection, day: str, wrapped: bytes) -> bytes:
    """The day's wrapped key, stored if it was missing."""
    connection.execute("INSERT INTO intake_key (day, wrapped) VALUES (?, ?) ON CONFLICT DO NOTHING", (day, wrapped))
    return bytes(connection.execute("SELECT wrapped FROM intake_key WHERE day = ?", (day,)).fetchone()[0])


@lru_cache(maxsize=_MOST_TOGETHER)
def _keeping(count: int) -> str:
    return f"{_FIRST} {', '.join([_VALUES] * count)} ON CONFLICT DO NOTHING"


class AcceptTogether:
    """`accept` for many requests: those of one item in as few statements as can be."""

    def __call__(self, connection: sqlite3.Connection, arguments: Sequence[NewRequest]) -> list[tuple[bool, ...]]:
        """For each request whether its items are new."""
        results: list[tuple[bool, ...]] = [()] * len(arguments)
        single = [number for number, one in enumerate(arguments) if len(one.items) == 1]
        for begin in range(0, len(single), _MOST_TOGETHER):
            _accept_single(connection, arguments, single[begin : begin + _MOST_TOGETHER], results)
        for number, one in enumerate(arguments):
            if len(one.items) != 1:
                results[number] = accept(connection, one)
        return results

    def is_one_statement(self, arguments: Sequence[NewRequest]) -> bool:
        """Whether all of them are stored by a single insert."""
        return len(arguments) <= _MOST_TOGETHER and all(len(one.items) == 1 for one in arguments)


accept_together = AcceptTogether()


def _accept_single(
    connection: sqlite3.Connection, requests: Sequence[NewRequest], chosen: list[int], results: list[tuple[bool, ...]]
) -> None:
    values: list[object] = []
    for number in chosen:
        values += _values(requests[number], 0, requests[number].raw, None)
    done = connection.execute(_keeping(len(chosen)), values)
    for number in chosen:
        results[number] = (True,)
    if done.rowcount == len(chosen):
        return
    # Some were known. Only this connection inserts, so what is new are the last rows, in the order given.
    query = "SELECT channel_id, dedupe_key FROM inbox ORDER BY id DESC LIMIT ?"
    new = set(connection.execute(query, (done.rowcount,)))
    for number in chosen:
        key = (requests[number].channel_id, requests[number].items[0].dedupe_key)
        results[number] = (key in new,)
        new.discard(key)


def _values(request: NewRequest, number: int, raw: bytes | None, raw_of: int | None) -> tuple[object, ...]:
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


def accept(connection: sqlite3.Connection, request: NewRequest) -> tuple[bool, ...]:
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


def inbox(connection: sqlite3.Connection, inbox_id: int) -> InboxRow | None:
    """An item; the raw request is read from the item that holds it."""
    columns = _COLUMNS.replace(
        "sealed_raw", "coalesce(sealed_raw, (SELECT sealed_raw FROM inbox o WHERE o.id = inbox.raw_of))"
    )
    found = connection.execute(f"SELECT {columns} FROM inbox WHERE id = ?", (inbox_id,)).fetchone()  # noqa: S608 constant text
    return _row(found) if found else None


def park(connection: sqlite3.Connection, inbox_id: int, reason: str) -> None:
    """Set aside, unless it was filed."""
    connection.execute(
        "UPDATE inbox SET state = 'parked', reason = ? WHERE id = ? AND state = 'new'", (reason, inbox_id)
    )


def postpone(connection: sqlite3.Connection, inbox_id: int, due: Instant) -> None:
    """Later again."""
    connection.execute(
        "UPDATE inbox SET due = ?, attempts = attempts + 1 WHERE id = ? AND state = 'new'", (due, inbox_id)
    )


def mark_filed(connection: sqlite3.Connection, inbox_id: int) -> bool:
    """Filed, and the raw request dropped once no other item needs it. False when it was not new."""
    done = connection.execute(
        "UPDATE inbox SET state = 'filed' WHERE id = ? AND state = 'new' RETURNING coalesce(raw_of, id)", (inbox_id,)
    ).fetchone()
    if done is None:
        return False
    connection.execute(
        "UPDATE inbox SET sealed_raw = NULL WHERE id = ? AND state = 'filed'"
        " AND NOT EXISTS (SELECT 1 FROM inbox o WHERE o.raw_of = inbox.id AND o.state <> 'filed')",
        done,
    )
    return True


def parked(connection: sqlite3.Connection, cursor: int | None, limit: int) -> Sequence[InboxRow]:
    """Parked items, newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM inbox WHERE state = 'parked' AND id < ? ORDER BY id DESC LIMIT ?",  # noqa: S608 constant text
        (cursor or 1 << 62, limit),
    )
    return [_row(row) for row in rows]


def unpark(connection: sqlite3.Connection, inbox_id: int, now: Instant) -> bool:
    """Back to new, attempts forgotten."""
    changed = connection.execute(
        "UPDATE inbox SET state = 'new', reason = NULL, due = ?, attempts = 0 WHERE id = ? AND state = 'parked' AND"
        " coalesce(sealed_raw, (SELECT sealed_raw FROM inbox o WHERE o.id = inbox.raw_of)) IS NOT NULL",
        (now, inbox_id),
    )
    return changed.rowcount == 1


def end_intake_keys(connection: sqlite3.Connection, before: int) -> int:
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
