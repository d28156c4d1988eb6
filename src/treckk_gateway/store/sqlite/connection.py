"""Opening one SQLite file the one safe way: a lock beside it, a single writer, read-only readers.

Source: storage-and-engine reference, 5.4 and 5.5. SQLite 3.7.0 to 3.51.2 can lose committed pages when two connections
write and checkpoint at the same moment, so only the writer's connection does either.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from treckk_gateway.errors import SchemaTooNew, StoreLocked, StoreUnavailable

_OLDEST = (3, 37, 0)
_SAFE = (3, 51, 3)
_BACKPORTED = {(3, 44): 6, (3, 50): 7}


class Connection(sqlite3.Connection):
    """A connection that operations can use: one writes, so nobody is locked out, and nobody needs to be woken."""

    def lock(self, **_: object) -> bool:
        """Nobody else writes."""
        return False

    def wake(self, *_: object, **__: object) -> None:
        """Rows that are due are looked for after every commit."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A transaction that only reads sees one state."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("COMMIT")


def wal_reset_bug() -> bool:
    """Whether this SQLite has the WAL-reset race; we are safe either way, a second writing program is not."""
    version = sqlite3.sqlite_version_info
    return version < _SAFE and version[2] < _BACKPORTED.get(version[:2], 1 << 30)


def take_lock(path: Path) -> int:
    """Hold the data folder for this process; the descriptor is the lock. Raises `StoreLocked` when another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        os.close(descriptor)
        raise StoreLocked(
            "another process uses this data folder, a server or what embeds the gateway: stop it first or use its API"
        ) from problem
    return descriptor


def open_writer(path: Path) -> Connection:
    """The only connection that writes and checkpoints. `BEGIN` is ours; every commit is on the disk when it returns."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed")
    new = not path.exists()
    connection = sqlite3.connect(
        path, isolation_level=None, cached_statements=256, check_same_thread=False, factory=Connection
    )
    if new:
        path.chmod(0o600)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def open_reader(path: Path) -> Connection:
    """A connection that can neither write nor checkpoint."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        cached_statements=256,
        check_same_thread=False,
        factory=Connection,
    )
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def migrate(connection: Connection, *, upto: int | None = None) -> None:
    """Bring the schema to this version, or only up to that number, each numbered file in a transaction of its own.

    Raises `SchemaTooNew` when a newer version of this software wrote the file.
    """
    steps = _steps()
    current = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if current > steps[-1][0]:
        raise SchemaTooNew(
            f"the data has schema {current}, this version knows {steps[-1][0]}: install the newer version again"
        )
    for number, step in steps:
        if current < number <= (upto or number):
            connection.executescript(f"BEGIN IMMEDIATE;\n{step.read_text()}\nPRAGMA user_version={number};\nCOMMIT;")


def newest_schema() -> int:
    """The number of the schema that this version writes."""
    return _steps()[-1][0]


def _steps() -> list[tuple[int, Traversable]]:
    found = files(__package__).joinpath("migrations").iterdir()
    return sorted(((int(one.name[:4]), one) for one in found if one.name.endswith(".sql")), key=lambda one: one[0])
