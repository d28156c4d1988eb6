"""Wake-ups as Procrastinate's jobs: ids only, deferred on our own transaction.

Source: storage-and-engine reference, 6.1 to 6.3. What is due now carries a lock, so that one worker at a time looks at
a conversation; what is due later carries none, since a lock on a future job holds back those behind it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from msgspec import Struct
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.jobs import Job as EngineJob
from procrastinate.manager import JobManager
from psycopg_pool import AsyncConnectionPool

from treckk_gateway.store.rows import Topic

QUEUE = "treckk"
TASK = "treckk.wake"

_FRESH = 0.5
"""Seconds for which a connection that answered is taken to live."""
_LENT: WeakKeyDictionary[psycopg.AsyncConnection[Any], float] = WeakKeyDictionary()

_DEFERRING = JobManager(SyncPsycopgConnector())
"""Never opened: it only defers on connections of ours."""


class Job(Struct, frozen=True, kw_only=True):
    """A look at what waits for one owner: now, or after `wait` microseconds. `turn` is handled one at a time.

    `behind` is how far it stands behind what came first: 0 is in its turn.
    """

    topic: Topic
    owner: int
    wait: int = 0
    turn: str | None = None
    behind: int = 0


def defer(jobs: Sequence[Job], connection: psycopg.Connection[Any]) -> None:
    """Defer jobs in the connection's transaction."""
    now = datetime.now(UTC)
    _DEFERRING.batch_defer_jobs(
        [
            EngineJob(
                id=None,
                queue=QUEUE,
                lock=one.turn,
                priority=-one.behind,
                queueing_lock=None,
                task_name=TASK,
                task_kwargs={"topic": str(one.topic), "owner": one.owner},
                scheduled_at=now + timedelta(microseconds=one.wait) if one.wait else None,
            )
            for one in jobs
        ],
        connection=connection,
    )


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    """Each call of the engine's is one statement, which needs no transaction around it."""
    await connection.set_autocommit(True)


async def _check(connection: psycopg.AsyncConnection[Any]) -> None:
    """Ask a connection whether it lives, unless it was lent a moment ago: the engine asks before each statement."""
    now = time.monotonic()
    if now - _LENT.get(connection, -_FRESH) >= _FRESH:
        await AsyncConnectionPool.check_connection(connection)
    _LENT[connection] = now


def _pool(**given: Any) -> AsyncConnectionPool[Any]:  # noqa: ANN401 the pool's own arguments
    return AsyncConnectionPool(**(given | {"check": _check}))


def app_for(work: Callable[[Topic, int], Awaitable[None]], **pool: Any) -> App:  # noqa: ANN401 the pool's own arguments
    """An engine whose one task calls `work`. Its loggers tell only of what went wrong: their lines show arguments."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    app = App(connector=PsycopgConnector(pool_factory=_pool, configure=_configure, **pool))

    @app.task(name=TASK, queue=QUEUE)
    async def wake(*, topic: str, owner: int) -> None:
        await work(Topic(topic), owner)

    return app
