"""The two databases, as tests look at them from outside."""

from __future__ import annotations

import asyncio
import inspect
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from shared_postgres import FINGERPRINT
from treckk_gateway.store.postgres import JobWakeups, PostgresStore, Pulse
from treckk_gateway.store.sqlite import FILE_NAME, LocalWakeups, SQLiteStore

BRISK = Pulse(poll=0.2, heartbeat=0.3, stalled=1.0, sweep=0.3, overdue=0.5, again=0.5, pool_timeout=1.0)
"""The engine's intervals as tests have time for."""


def real_time() -> int:
    return int(time.time() * 1_000_000)


async def until(true: Callable[[], Any], *, within: float = 20.0) -> None:
    """Return once `true()` is, or its awaited result is."""
    async with asyncio.timeout(within):
        while True:
            found = true()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.02)


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
        given = {"connections": 6, "pool_timeout": BRISK.pool_timeout, "horizon": 2 * BRISK.sweep} | more
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
