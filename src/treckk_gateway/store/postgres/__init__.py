"""The shared store: PostgreSQL, any number of processes, woken by Procrastinate. Needs the extra `postgres`."""

from treckk_gateway.store.postgres.examining import Found, examine
from treckk_gateway.store.postgres.schema import upgrade
from treckk_gateway.store.postgres.store import PostgresStore
from treckk_gateway.store.postgres.wakeups import JobWakeups, Pulse

__all__ = ["Found", "JobWakeups", "PostgresStore", "Pulse", "examine", "upgrade"]
