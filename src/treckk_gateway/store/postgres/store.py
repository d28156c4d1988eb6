"""The Store port over PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import psycopg

from treckk_gateway.errors import StoreUnavailable
from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewRequest
from treckk_gateway.store.postgres import schema
from treckk_gateway.store.postgres.errand import ERRAND
from treckk_gateway.store.postgres.hands import Hands
from treckk_gateway.store.postgres.intake import Intake
from treckk_gateway.store.postgres.lending import Lender
from treckk_gateway.store.postgres.session import Session
from treckk_gateway.store.postgres.sweep import Lateness, sweep
from treckk_gateway.store.rows import Topic, Wake
from treckk_gateway.store.sql import SqlStore, due, inbox, outbox

T = TypeVar("T")

_SECOND = 1_000_000
_ENGINE = 2
"""Threads and connections in which the engine asks, so that its signs of life wait for nobody."""


class PostgresStore(SqlStore):
    """One database for any number of processes. Operations run in `connections` threads of our own.

    What falls due within `horizon` seconds gets a job at once, and should be twice the interval of sweeps; what is due
    later is found by a sweep when it comes nearer.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        fingerprint: str,
        clock: Callable[[], Instant],
        connections: int = 8,
        pool_timeout: float = 5.0,
        horizon: float = 120.0,
        queue_limit: int = 2000,
        queue_seconds: float = 3.0,
    ) -> None:
        self.conninfo = conninfo
        self._fingerprint = fingerprint
        self._clock = clock
        self._lender = Lender(
            conninfo, clock, size=connections + 1 + _ENGINE, timeout=pool_timeout, horizon=int(horizon * _SECOND)
        )
        self._hands = Hands(connections, "treckk-store")
        self._door = Hands(1, "treckk-intake")
        self._engine = Hands(_ENGINE, "treckk-engine")
        self._intake = Intake(self._lender.write, self._door, limit=queue_limit, oldest=queue_seconds)
        self._open = False
        self._patience = pool_timeout
        self._probing: asyncio.Future[Any] | None = None
        self._probed_at = 0.0

    @property
    def alive(self) -> bool:
        """Whether writes can be taken, as far as is known. Each question asks the database once more, for the next.

        It may refuse, or stand still and answer nothing: then what was asked of it is not answered in time.
        """
        if not self._open:
            return False
        if self._probing is None or self._probing.done():
            self._probing, self._probed_at = asyncio.ensure_future(self._probe()), time.monotonic()
        silent = time.monotonic() - self._probed_at > self._patience
        return not (self._lender.down or self._intake.behind or silent)

    async def open(self) -> None:
        """Check the schema and the key, and connect. Raises `SchemaTooOld`, `SchemaTooNew` or `StoreUnavailable`."""
        await self._door.do(self._begin)
        self._open = True

    def _begin(self) -> None:
        with schema.connect(self.conninfo) as connection:
            schema.check(connection, self._fingerprint)
            schema.claim(connection, self._fingerprint)
        self._lender.open()

    async def close(self) -> None:
        """Store what waits, end the threads, close the connections. Safe to call twice.

        A database that does not answer is not waited for: what it was asked, it does or does not, and nobody was told.
        """
        self._open = False
        until = time.monotonic() + self._patience
        await self._intake.close(self._patience)
        for one in (self._hands, self._door, self._engine):
            one.close(max(0.0, until - time.monotonic()))
        self._lender.close()

    async def _read(self, query: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401 passed through
        return await self._do(self._hands, partial(self._lender.read, query, *arguments, **named))

    async def _write(self, operation: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 passed through
        errand = ERRAND.get()
        if errand is None or errand.closed:
            return await self._do(self._hands, partial(self._lender.write, operation, *arguments))
        # Shielded: it commits though nobody waits for it any more, and what it makes due must not be forgotten.
        writing = self._do(self._hands, partial(self._lender.write_on_errand, operation, *arguments))
        errand.take_from(writing)
        return (await asyncio.shield(writing))[0]

    def _do(self, hands: Hands, work: Callable[[], T]) -> asyncio.Future[T]:
        if not self._open:
            raise StoreUnavailable("the store is closed")
        return hands.do(work)

    async def _probe(self) -> None:
        try:
            await self._read(_nothing)
        except StoreUnavailable:
            return

    # what is done otherwise than elsewhere

    async def intake_key(self, day: str, wrapped: bytes) -> bytes:
        """See `Store.intake_key`."""
        return await self._write(inbox.intake_key, day, wrapped)

    async def accept(self, request: NewRequest) -> tuple[bool, ...]:
        """See `Store.accept`."""
        return await self._intake.accept(request)

    async def recover(self, now: Instant) -> int:
        """See `Store.recover`: others may be sending, so only what should have ended by now counts."""
        return await self._write(outbox.recover, now)

    # what the engine asks

    async def ask(self, query: str, values: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        """A statement of the engine's own, beside all others. Raises `StoreUnavailable` or `psycopg.Error`."""
        found = await self._do(self._engine, partial(self._lender.read, Session.engine, query, values))
        if isinstance(found, psycopg.Error):
            raise found
        return found

    async def head(self, topic: Topic, owner: int, now: Instant) -> Wake | None:
        """What is to be handled next of what waits for one owner, if it is due."""
        return await self._read(due.head, topic, owner, now)

    async def sweep(self, now: Instant, lateness: Lateness) -> int:
        """Wake what is overdue; how many owners were woken."""
        return await self._write(sweep, now, lateness)

    async def wake(self, topic: Topic, owner: int, due_at: Instant) -> None:
        """Have one owner looked at, now or later."""
        return await self._write(_wake, topic, owner, due_at)


def _wake(session: Session, topic: Topic, owner: int, due_at: Instant) -> None:
    session.wake(topic, owner, due_at)


def _nothing(session: Session) -> None:
    session.execute("SELECT 1")
