"""The shared store: PostgreSQL, any number of processes, woken by Procrastinate. Needs the extra `postgres`."""

from treckk_gateway.store.postgres.schema import examine, upgrade
from treckk_gateway.store.postgres.store import PostgresStore
from treckk_gateway.store.postgres.wakeups import JobWakeups, Pulse

__all__ = ["JobWakeups", "PostgresStore", "Pulse", "examine", "upgrade"]
