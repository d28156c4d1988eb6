"""A shared database as an operator looks at it."""

from __future__ import annotations

import time

from msgspec import Struct

from treckk_gateway.model import Instant
from treckk_gateway.store.postgres import schema
from treckk_gateway.store.postgres.session import Session
from treckk_gateway.store.sql import due

_ALIVE = "30 seconds"
_WORKERS = (
    f"SELECT count(*) FILTER (WHERE last_heartbeat > now() - interval '{_ALIVE}'),"  # noqa: S608 constant text
    " extract(epoch FROM now() - max(last_heartbeat))::float FROM procrastinate_workers"
)
_CONNECTIONS = (
    "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


class Found(Struct, frozen=True, kw_only=True):
    """What is there.

    `now` is the database's time in seconds, read within `took` seconds. `heard` is how many seconds ago the last worker
    gave a sign of life, `None` when there never was one.
    """

    version: int
    schema: int
    engine: str
    now: float
    took: float
    oldest_due: Instant | None
    workers: int
    heard: float | None
    connections: int
    most: int


def examine(conninfo: str, fingerprint: str) -> Found:
    """Look at it. Raises `StoreAway`, `StoreUnavailable`, `SchemaTooOld` or `SchemaTooNew`."""
    with schema.connect(conninfo) as connection, schema.looking():
        schema.check(connection, fingerprint)
        asked = time.monotonic()
        [[now]] = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float").fetchall()
        took = time.monotonic() - asked
        [[workers, heard]] = connection.execute(_WORKERS).fetchall()
        [[connections, most]] = connection.execute(_CONNECTIONS).fetchall()
        number, engine = schema.versions(connection)
        return Found(
            version=connection.info.server_version // 10000,
            schema=number,
            engine=engine,
            now=now,
            took=took,
            oldest_due=due.oldest_work(Session(connection, int, 0), int(now * 1_000_000)),
            workers=workers,
            heard=heard,
            connections=connections,
            most=most,
        )
