"""One SQLite file as the source or the target of a copy.

Source: storage-and-engine reference, 5.4 and 5.5: who reads beside a running server neither writes nor checkpoints.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from treckk_gateway.errors import CopyRefused, StoreUnavailable
from treckk_gateway.store.copying import BATCH, OWN, Rows, Table
from treckk_gateway.store.sqlite.connection import migrate, open_reader, open_writer


class SQLiteEnd:
    """A file whose transaction has begun."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def schema(self) -> int:
        """The number of its schema."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @property
    def key(self) -> str | None:
        """The fingerprint of the key that seals it."""
        found = self._connection.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()
        return str(found[0]) if found else None

    def tables(self) -> Mapping[str, Table]:
        """See `Source.tables`."""
        names = self._connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> ?", (OWN,)
        ).fetchall()
        return {name: Table(self._columns(name), self._parents(name)) for (name,) in names}

    def _columns(self, table: str) -> tuple[str, ...]:
        found = self._connection.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", (table,))
        return tuple(name for (name,) in found)

    def _parents(self, table: str) -> frozenset[str]:
        found = self._connection.execute('SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)', (table,))
        return frozenset(name for (name,) in found)

    def count(self, table: str) -> int:
        """See `Source.count`."""
        return int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 a name of the schema

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[Rows]:
        """See `Source.batches`."""
        cursor = self._connection.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 names of the schema
        while batch := cursor.fetchmany(BATCH):
            yield batch

    def write(self, table: str, columns: Sequence[str], batches: Iterable[Rows]) -> None:
        """See `Target.write`."""
        values = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 names of the schema
        for batch in batches:
            self._connection.executemany(statement, batch)

    def file_names(self) -> Iterator[str]:
        """The names of all files that rows speak of."""
        query = "SELECT DISTINCT name_hash FROM attachment WHERE name_hash IS NOT NULL ORDER BY name_hash"
        for (name,) in self._connection.execute(query):
            yield str(name)

    def damage(self) -> str | None:
        """What SQLite finds wrong with the file, if anything."""
        said = str(self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if said != "ok":
            return "the file is damaged"
        broken = self._connection.execute("PRAGMA foreign_key_check").fetchone()
        return f"{broken[0]} refers to rows that are not there" if broken else None

    def must_be_sound(self) -> None:
        """Raises `CopyRefused` when SQLite finds anything wrong."""
        damage = self.damage()
        if damage:
            raise CopyRefused(f"the copy is not sound: {damage}; nothing was kept")


@contextmanager
def reading(path: Path) -> Iterator[SQLiteEnd]:
    """The data as of one moment, also beside a running server. Raises `StoreUnavailable` when there is none."""
    if not path.is_file():
        raise StoreUnavailable(f"there is no database {path}: nothing was stored yet, or gateway.data_dir is another")
    try:
        with closing(open_reader(path)) as connection, connection.snapshot():
            end = SQLiteEnd(connection)
            if not end.schema:
                raise StoreUnavailable(f"{path} holds no tables of ours")
            yield end
    except sqlite3.DatabaseError as problem:
        raise StoreUnavailable(f"{path} cannot be read: {type(problem).__name__}") from problem


@contextmanager
def reading_still(path: Path) -> Iterator[SQLiteEnd]:
    """A file that nobody writes to; nothing is changed or left beside it. Raises `StoreUnavailable`."""
    try:
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            yield SQLiteEnd(connection)
    except sqlite3.DatabaseError as problem:
        raise StoreUnavailable(f"{path} cannot be read: {type(problem).__name__}") from problem


@contextmanager
def writing(path: Path, *, schema: int, fingerprint: str) -> Iterator[SQLiteEnd]:
    """A new file of that schema, one file and nothing beside it once all is written; half of one is deleted.

    Raises `StoreUnavailable` when it cannot be written.
    """
    try:
        with closing(open_writer(path)) as connection:
            migrate(connection, upto=schema)
            connection.execute("PRAGMA foreign_keys=OFF")  # looked at as a whole below
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO meta (key, value) VALUES ('key', ?)", (fingerprint,))
            end = SQLiteEnd(connection)
            yield end
            connection.execute("COMMIT")
            end.must_be_sound()
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as problem:
        _delete(path)
        raise StoreUnavailable(f"{path} cannot be written: {type(problem).__name__}") from problem
    except BaseException:
        _delete(path)
        raise


def bring_up(path: Path) -> None:
    """Bring a file that nobody uses to the schema of this version, and leave one file."""
    with closing(open_writer(path)) as connection:
        migrate(connection)
        connection.execute("PRAGMA journal_mode=DELETE")


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
