"""Both stores, each test once on either."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared_postgres import FINGERPRINT
from treckk_gateway.store.postgres import JobWakeups, PostgresStore, Pulse
from treckk_gateway.store.sqlite import FILE_NAME, LocalWakeups, SQLiteStore

BRISK = Pulse(poll=0.2, heartbeat=0.3, stalled=1.0, sweep=0.3, overdue=0.5, again=0.5, pool_timeout=1.0)
"""The engine's intervals as tests have time for."""


class Embedded:
    """SQLite in a folder."""

    name = "sqlite"
    many = False

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self.folder = folder
        self.clock = clock

    def store(self, **more: Any) -> SQLiteStore:
        return SQLiteStore(self.folder, fingerprint=FINGERPRINT, **more)

    def wakeups(self, store: SQLiteStore, *, slots: int = 32) -> LocalWakeups:
        return LocalWakeups(store, self.clock, slots=slots, poll=0.05)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        path = (self.folder / FILE_NAME).as_uri()
        with closing(sqlite3.connect(f"{path}?mode=ro", uri=True, timeout=10)) as opened:
            return opened.execute(query, values).fetchall()

    def columns(self) -> dict[str, set[str]]:
        names = [name for (name,) in self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: {row[1] for row in self.rows(f"PRAGMA table_info({name})")} for name in names}


class Shared:
    """PostgreSQL, one database."""

    name = "postgres"
    many = True

    def __init__(self, uri: str, clock: Callable[[], int]) -> None:
        self.uri = uri
        self.clock = clock

    def store(self, **more: Any) -> PostgresStore:
        given = {"connections": 6, "pool_timeout": BRISK.pool_timeout} | more
        return PostgresStore(self.uri, fingerprint=FINGERPRINT, clock=self.clock, **given)

    def wakeups(self, store: PostgresStore, *, slots: int = 32, pulse: Pulse = BRISK) -> JobWakeups:
        return JobWakeups(store, self.clock, pulse)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            cursor = connection.execute(query.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []

    def columns(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        for table, column in self.rows(query):
            found.setdefault(table, set()).add(column)
        return {name: columns for name, columns in found.items() if not name.startswith("procrastinate")}


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, clock: Any) -> Embedded | Shared:
    if request.param == "sqlite":
        return Embedded(tmp_path, clock.now)
    return Shared(request.getfixturevalue("database"), clock.now)


@pytest.fixture
def shared(database: str, clock: Any) -> Shared:
    """PostgreSQL alone, for what only a shared database knows."""
    return Shared(database, clock.now)


@pytest.fixture
async def opening() -> AsyncIterator[Callable[..., Any]]:
    """`await opening(backend)`: an open store, closed after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(backend: Embedded | Shared, **more: Any) -> Any:
            store = backend.store(**more)
            await store.open()
            stack.push_async_callback(store.close)
            return store

        yield open_one


@pytest.fixture
async def store(backend: Embedded | Shared, opening: Callable[..., Any]) -> Any:
    return await opening(backend)


@pytest.fixture
async def others(backend: Embedded | Shared, store: Any, opening: Callable[..., Any]) -> list[Any]:
    """Three stores over the same data, as three processes have them; of SQLite, where one process is the rule, one."""
    return [store, await opening(backend), await opening(backend)] if backend.many else [store] * 3
