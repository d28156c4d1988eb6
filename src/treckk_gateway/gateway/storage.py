"""Which database, and which engine wakes work on it."""

from __future__ import annotations

from typing import NamedTuple

from treckk_gateway.casework import Clock
from treckk_gateway.settings import Settings
from treckk_gateway.store import Store, Wakeups
from treckk_gateway.store.sqlite import LocalWakeups, SQLiteStore


class Storage(NamedTuple):
    """A store and its engine."""

    store: Store
    wakeups: Wakeups


def storage(settings: Settings, fingerprint: str, clock: Clock) -> Storage:
    """The embedded one in the data folder, or the one that `gateway.database` names."""
    kind = _embedded if settings.database is None else _shared
    return kind(settings, fingerprint, clock)


def _embedded(settings: Settings, fingerprint: str, clock: Clock) -> Storage:
    store = SQLiteStore(
        settings.data_dir,
        fingerprint=fingerprint,
        queue_limit=settings.queue_limit,
        queue_seconds=settings.queue_age,
    )
    engine = settings.engine
    return Storage(store, LocalWakeups(store, clock, slots=engine.slots, poll=engine.poll))


def _shared(settings: Settings, fingerprint: str, clock: Clock) -> Storage:
    from treckk_gateway.store.postgres import JobWakeups, PostgresStore, Pulse  # noqa: PLC0415 the extra may be absent

    assert settings.database is not None  # noqa: S101 asked before
    engine = settings.engine
    store = PostgresStore(
        settings.database.reveal(),
        fingerprint=fingerprint,
        clock=clock,
        connections=engine.connections,
        pool_timeout=engine.pool_timeout,
        horizon=2 * engine.sweep,
        queue_limit=settings.queue_limit,
        queue_seconds=settings.queue_age,
    )
    pulse = Pulse(
        slots=engine.slots,
        poll=engine.poll,
        heartbeat=engine.heartbeat,
        stalled=engine.stalled,
        sweep=engine.sweep,
        overdue=engine.overdue,
        again=engine.again,
        pool_timeout=engine.pool_timeout,
    )
    return Storage(store, JobWakeups(store, clock, pulse))
