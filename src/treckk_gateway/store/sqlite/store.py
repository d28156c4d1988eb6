"""The Store port over one SQLite file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from treckk_gateway.errors import StoreUnavailable
from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewRequest
from treckk_gateway.store.sql import SqlStore, inbox, outbox
from treckk_gateway.store.sqlite import connection, receiving
from treckk_gateway.store.sqlite.writer import Rank, Writer

T = TypeVar("T")

FILE_NAME = "treckk.db"
LOCK_NAME = "treckk.lock"
_EVER = 1 << 62


class SQLiteStore(SqlStore):
    """One file in `folder`, one process. Reads run in two threads of our own, never in the host's."""

    def __init__(self, folder: Path, *, fingerprint: str, queue_limit: int = 2000, queue_seconds: float = 3.0) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._fingerprint = fingerprint
        self._lock: int | None = None
        self._writer = Writer(self._connect, limit=queue_limit, oldest=queue_seconds)
        self._readers: ThreadPoolExecutor | None = None
        self._near: sqlite3.Connection | None = None
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []

    @property
    def alive(self) -> bool:
        """Whether writes can be taken."""
        return self._writer.alive

    async def open(self) -> None:
        """Lock the folder, migrate, start. Raises `StoreLocked`, `SchemaTooNew` or `StoreUnavailable`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = connection.take_lock(self._folder / LOCK_NAME)
        try:
            await self._writer.start()
        except BaseException:
            self._unlock()
            raise
        self._near = connection.open_reader(self._path)
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="treckk-reader", initializer=self._enter_reader)

    async def close(self) -> None:
        """Readers first, the writer last, then the lock. Safe to call twice."""
        readers, self._readers = self._readers, None
        near, self._near = self._near, None
        if near is not None:
            near.close()
        if readers is not None:
            readers.shutdown(wait=True, cancel_futures=True)
            for one in self._opened:
                one.close()
            self._opened.clear()
        await self._writer.stop()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connect(self) -> sqlite3.Connection:
        opened = connection.open_writer(self._path)
        try:
            connection.migrate(opened)
            self._claim(opened)
        except BaseException:
            opened.close()
            raise
        return opened

    def _claim(self, opened: sqlite3.Connection) -> None:
        opened.execute("INSERT INTO meta (key, value) VALUES ('key', ?) ON CONFLICT DO NOTHING", (self._fingerprint,))
        known = opened.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()[0]
        if known != self._fingerprint:
            raise StoreUnavailable(
                f"this data was sealed with another secret_key (fingerprint {known}, yours is"
                f" {self._fingerprint}): configure that one"
            )

    def _enter_reader(self) -> None:
        # Noted at once: a thread whose first query is called off must not leave its connection open.
        self._local.connection = connection.open_reader(self._path)
        self._opened.append(self._local.connection)

    async def _read(self, query: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401 passed through
        readers = self._readers
        if readers is None:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(readers, partial(self._query, query, arguments, named))

    async def _look(self, query: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 passed through
        # In this thread: handing a look-up of 20 us to another thread and back costs ten times that.
        if self._near is None:
            raise StoreUnavailable("the store is closed")
        return query(self._near, *arguments)

    def _query(self, query: Callable[..., T], arguments: tuple[Any, ...], named: dict[str, Any]) -> T:
        reader: sqlite3.Connection = self._local.connection
        return query(reader, *arguments, **named)

    async def _write(
        self,
        operation: Callable[..., T],
        *arguments: Any,  # noqa: ANN401 passed through
        rank: Rank = Rank.WORK,
    ) -> T:
        return await self._writer.run(lambda opened: operation(opened, *arguments), rank)

    # what is done otherwise than elsewhere

    async def intake_key(self, day: str, wrapped: bytes) -> bytes:
        """See `Store.intake_key`."""
        return await self._write(inbox.intake_key, day, wrapped, rank=Rank.INTAKE)

    async def accept(self, request: NewRequest) -> tuple[bool, ...]:
        """See `Store.accept`."""
        return await self._writer.join(receiving.accept_together, request, Rank.INTAKE)

    async def recover(self, now: Instant) -> int:  # noqa: ARG002 the only process ended: all of it is over
        """See `Store.recover`."""
        return await self._write(outbox.recover, _EVER)
