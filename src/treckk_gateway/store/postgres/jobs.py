"""Wake-ups as Procrastinate's jobs: ids only, deferred on our own transaction.

Source: storage-and-engine reference, 6.1 to 6.3. What is due now carries a lock, so that one worker at a time looks at
a conversation; what is due later carries none, since a lock on a future job holds back those behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
from msgspec import Struct
from procrastinate import App

from treckk_gateway.store.postgres.connector import Ask, LentConnector
from treckk_gateway.store.rows import Topic

QUEUE = "treckk"
TASK = "treckk.wake"

_DEFER = f"""
SELECT procrastinate_defer_jobs_v1(array_agg(ROW('{QUEUE}', '{TASK}', priority::integer, lock, NULL,
 jsonb_build_object('topic', topic, 'owner', owner),
 CASE WHEN wait > 0 THEN clock_timestamp() + wait * interval '1 microsecond' END)::procrastinate_job_to_defer_v1
 ORDER BY place))
FROM unnest(%(priorities)s::bigint[], %(locks)s::text[], %(topics)s::text[], %(owners)s::bigint[], %(waits)s::bigint[])
 WITH ORDINALITY job (priority, lock, topic, owner, wait, place)
"""  # noqa: S608 constant text
"""By the engine's Python it costs half as much again."""


class Job(Struct, frozen=True, kw_only=True):
    """A look at what waits for one owner: now, or after `wait` microseconds. `turn` is handled one at a time.

    `behind` is how far it stands behind what came first: 0 is in its turn.
    """

    topic: Topic
    owner: int
    wait: int = 0
    turn: str | None = None
    behind: int = 0


def defer(jobs: Sequence[Job], cursor: psycopg.Cursor[Any]) -> None:
    """Defer jobs in the cursor's transaction, by the engine's own function and the database's clock."""
    values: dict[str, list[Any]] = {
        "priorities": [-one.behind for one in jobs],
        "locks": [one.turn for one in jobs],
        "topics": [str(one.topic) for one in jobs],
        "owners": [one.owner for one in jobs],
        "waits": [one.wait for one in jobs],
    }
    cursor.execute(_DEFER, values)


def app_for(work: Callable[[Topic, int], Awaitable[None]], ask: Ask, **pool: Any) -> App:  # noqa: ANN401 the pool's own arguments
    """An engine whose one task calls `work`. Its loggers tell only of what went wrong: their lines show arguments."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    app = App(connector=LentConnector(ask, **pool))

    @app.task(name=TASK, queue=QUEUE)
    async def wake(*, topic: str, owner: int) -> None:
        await work(Topic(topic), owner)

    return app
