"""One PostgreSQL database as the source or the target of a copy."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from treckk_gateway.errors import CopyRefused, StoreUnavailable
from treckk_gateway.store.copying import BATCH, OWN, Rows, Table
from treckk_gateway.store.postgres.schema import check, connect

_ENGINE = "procrastinate%"
_COLUMNS = """
SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c
 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'r' AND c.relname <> %s AND c.relname NOT LIKE %s
 AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'meta'::regclass)
 GROUP BY c.relname
"""
_PARENTS = """
SELECT child.relname::text, parent.relname::text FROM pg_constraint k
 JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
 WHERE k.contype = 'f' AND child.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'meta'::regclass)
"""
_IDENTITIES = """
SELECT table_name::text, column_name::text FROM information_schema.columns
 WHERE table_schema = current_schema() AND is_identity = 'YES' AND table_name NOT LIKE %s
"""
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'treckk%'"
    " AND pid <> pg_backend_pid()"
)
_LINGERING = 2.0
"""Seconds for which PostgreSQL may still show a connection that was closed."""


class PostgresEnd:
    """A database inside a transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def tables(self) -> Mapping[str, Table]:
        """See `Source.tables`."""
        parents: dict[str, set[str]] = {}
        for child, parent in self._connection.execute(_PARENTS):
            parents.setdefault(child, set()).add(parent)
        found = self._connection.execute(_COLUMNS, (OWN, _ENGINE)).fetchall()
        return {name: Table(tuple(columns), frozenset(parents.get(name, ()))) for name, columns in found}

    def count(self, table: str) -> int:
        """See `Source.count`."""
        row = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 a name of the schema
        assert row is not None  # noqa: S101 a count is always one row
        return int(row[0])

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[Rows]:
        """See `Source.batches`. Rows stay at the server until they are wanted."""
        with self._connection.cursor(name="copying") as cursor:
            cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 as above
            while batch := cursor.fetchmany(BATCH):
                yield batch

    def write(self, table: str, columns: Sequence[str], batches: Iterable[Rows]) -> None:
        """See `Target.write`. COPY keeps ids that the database would give itself (PostgreSQL's documentation: COPY)."""
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor().copy(statement) as end:
            for batch in batches:
                for row in batch:
                    end.write_row(row)

    def number_on(self) -> None:
        """Let every table give ids after the highest it has."""
        for table, column in self._connection.execute(_IDENTITIES, (_ENGINE,)).fetchall():
            self._connection.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, %s), max({column})) FROM {table} HAVING max({column}) > 0",  # noqa: S608 as above
                (table, column),
            )


@contextmanager
def reading(conninfo: str, fingerprint: str) -> Iterator[PostgresEnd]:
    """The data as of one moment, beside whoever works on it.

    Raises `StoreUnavailable`, or `SchemaTooOld` or `SchemaTooNew` where it is not of this version.
    """
    with _told(), connect(conninfo) as connection:
        check(connection, fingerprint)
        connection.execute("SET statement_timeout = 0")
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgresEnd(connection)


@contextmanager
def writing(conninfo: str, fingerprint: str) -> Iterator[PostgresEnd]:
    """A database that nobody uses: what is written is kept as a whole at the end, or not at all.

    Raises `CopyRefused` where servers or workers are connected to it, and what `reading` raises.
    """
    with _told(), connect(conninfo) as connection:
        check(connection, fingerprint)
        _alone(connection)
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("SET synchronous_commit = on")
        with connection.transaction():
            end = PostgresEnd(connection)
            connection.execute(f"LOCK TABLE {', '.join(sorted(end.tables()))} IN ACCESS EXCLUSIVE MODE")
            yield end
            end.number_on()


def _alone(connection: psycopg.Connection[Any]) -> None:
    """Raises `CopyRefused` where others of ours stay connected; one that has just gone is shown a moment longer."""
    until = time.monotonic() + _LINGERING
    while connection.execute(_OTHERS).fetchall()[0][0]:
        if time.monotonic() > until:
            raise CopyRefused("servers or workers are connected to that database: stop them first")
        time.sleep(0.05)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as problem:
        # The driver's own text may quote a row.
        raise StoreUnavailable(
            f"the database did not do it, and nothing was kept: {type(problem).__name__}"
        ) from problem
