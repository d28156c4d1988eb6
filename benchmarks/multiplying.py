"""Many cases from few: those the gateway itself made, copied with ids, hashes and numbers of their own.

Every copy is a case as the gateway leaves it, with reporter, conversation, message, findings, history, outbox and
timers, sealed under the key of the reporter it was copied from. The first copies stay open and recent; the others lie
in the past, closed, their timers done. The same statements run on both databases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any

YEARS = 10
_SPAN = YEARS * 365 * 86_400_000_000
_HASH, _TEXT, _TIME = "hash", "text", "time"

# What of each table differs in a copy: the id of which table, a random hash, a text of its own, a moment before now.
TABLES: Mapping[str, Mapping[str, str]] = {
    "reporter": {"id": "reporter", "pseudonym": _TEXT, "created_at": _TIME},
    "reporter_key": {"reporter_id": "reporter"},
    "reporter_identity": {"identity_hash": _HASH, "reporter_id": "reporter"},
    "conversation": {
        "id": "conversation", "address_hash": _HASH, "reporter_id": "reporter", "last_inbound_at": _TIME,
        "window_until": _TIME,
    },
    "cases": {"id": "cases", "reference": _TEXT, "opened_at": _TIME, "changed_at": _TIME, "reporter_id": "reporter"},
    "inbox": {"id": "inbox", "dedupe_key": _TEXT, "lane": _HASH, "raw_of": "inbox", "received_at": _TIME, "due": _TIME},
    "case_party": {
        "id": "case_party", "case_id": "cases", "reporter_id": "reporter", "conversation_id": "conversation",
        "token_hash": _HASH, "since": _TIME,
    },
    "case_event": {"case_id": "cases", "at": _TIME},
    "message": {
        "id": "message", "inbox_id": "inbox", "case_id": "cases", "conversation_id": "conversation",
        "reporter_id": "reporter", "at": _TIME,
    },
    "finding": {"id": "finding", "case_id": "cases", "at": _TIME},
    "form_value": {"id": "form_value", "case_id": "cases", "at": _TIME},
    "outbox": {
        "id": "outbox", "delivery_id": _TEXT, "send_key": _TEXT, "case_id": "cases", "conversation_id": "conversation",
        "due": _TIME, "created_at": _TIME,
    },
    "attempt": {
        "id": _TEXT, "outbox_id": "outbox", "started_at": _TIME, "ended_at": _TIME, "provider_message_id": _TEXT,
    },
    "timer": {"id": "timer", "case_id": "cases"},
}  # fmt: skip
_ENDED = {("cases", "state"): "'closed'", ("cases", "due_at"): "NULL", ("timer", "state"): "'done'"}
"""What of a case that is over is otherwise."""
_CHUNK = 50


class _Dialect:
    """Where both databases differ: random bytes, a table of numbers, and how columns are asked for."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.lite = isinstance(connection, sqlite3.Connection)
        self.random = "randomblob(16)" if self.lite else "decode(md5(random()::text || id_of_copy::text), 'hex')"
        self.overriding = "" if self.lite else "OVERRIDING SYSTEM VALUE"

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        return [one[0] for one in self.connection.execute(f"SELECT * FROM {table} LIMIT 0").description]  # noqa: S608

    def highest(self, table: str) -> int:
        """The highest id."""
        return int(self.connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])  # noqa: S608

    def numbers(self, first: int, last: int) -> str:
        """A table of the numbers of copies."""
        if self.lite:
            found = ", ".join(f"({number})" for number in range(first, last + 1))
            return f"(SELECT column1 AS k FROM (VALUES {found}))"  # noqa: S608 numbers of ours
        return f"generate_series({first}, {last}) AS g(k)"


def multiply(connection: Any, copies: int, *, recent: int) -> Iterator[int]:
    """Make `copies` copies of all that is there, the first `recent` of them open; yields how many are done.

    Nobody else may use the database meanwhile. Commits are the caller's.
    """
    dialect = _Dialect(connection)
    ids = {table for columns in TABLES.values() for table in columns.values() if table in TABLES}
    highest = {table: dialect.highest(table) for table in sorted(ids)}
    columns = {table: dialect.columns(table) for table in TABLES}
    for table in TABLES:
        connection.execute(f"CREATE TEMP TABLE first_{table} AS SELECT * FROM {table}")  # noqa: S608
    first = 1
    while first <= copies:
        last = min(first + _CHUNK - 1, copies, recent if first <= recent else copies)
        for table, changed in TABLES.items():
            written = _expression(dialect, table, changed, highest, _SPAN // max(copies, 1), ended=first > recent)
            chosen = ", ".join(written(column) for column in columns[table])
            connection.execute(
                f"INSERT INTO {table} ({', '.join(columns[table])}) {dialect.overriding} SELECT {chosen}"  # noqa: S608
                f" FROM {dialect.numbers(first, last)} CROSS JOIN first_{table} t"
            )
        yield last
        first = last + 1
    for table in TABLES:
        connection.execute(f"DROP TABLE first_{table}")
    if not dialect.lite:
        for table in sorted(ids):
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
            )


def _expression(
    dialect: _Dialect, table: str, changed: Mapping[str, str], highest: Mapping[str, int], gap: int, *, ended: bool
) -> Callable[[str], str]:
    """What a column of a copy is."""

    def written(column: str) -> str:
        kind = changed.get(column)
        if ended and (table, column) in _ENDED:
            return _ENDED[table, column]
        if kind is None:
            return f"t.{column}"
        if kind == _HASH:
            return dialect.random.replace("id_of_copy", f"t.{column}::text || k")
        if kind == _TEXT:
            return f"t.{column} || '-' || k"
        if kind == _TIME:
            return f"t.{column} - k * {gap}" if ended else f"t.{column} - k * 1000000"
        return f"t.{column} + k * {highest[kind]}"

    return written
