"""The database: whether it is there, is ours, is of this version, has the right time, and is being worked on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from treckk_gateway.errors import SchemaTooNew, SchemaTooOld, StoreAway, StoreError
from treckk_gateway.privacy import Keyring
from treckk_gateway.server.doctor.checked import Checked, trouble
from treckk_gateway.settings import Settings
from treckk_gateway.store.sqlite import FILE_NAME, look_at, newest_schema

if TYPE_CHECKING:
    from treckk_gateway.store.postgres import Found

_SECOND = 1_000_000
_APART = 1.0
"""Hosts should agree on the time within this many seconds."""
_LATE = 120.0
"""Work that has been due for so long waits for somebody who does not come."""
_CROWDED = 0.9
_BESIDE = 5
"""Connections a process opens beside `engine.connections`: one for intake, four for the engine."""

_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))

_OTHER_KEY = "configure the secret_key this data was written with; treckk doctor names each key by its fingerprint"


def examined(settings: Settings, *, served: bool) -> Iterator[Checked]:
    """Everything about the configured database. `served`: whether a server runs over this data folder."""
    if settings.database is None:
        yield sqlite(sqlite3.sqlite_version_info)
        yield from _file(settings, served=served)
    else:
        yield from _shared(settings)


def sqlite(version: tuple[int, ...]) -> Checked:
    """Whether this SQLite has the WAL-reset race of 3.7.0 to 3.51.2 (SQLite's release notes)."""
    found = f"{'.'.join(map(str, version))}, Python's own"
    if version >= _FIXED[-1] or any(version[:2] == one[:2] and version >= one for one in _FIXED):
        return Checked(what="SQLite", found=found)
    # Only one connection of ours writes, so we are safe.
    remedy = "let no backup or replication program checkpoint the database; mended in 3.44.6, 3.50.7 and 3.51.3"
    return trouble("SQLite", found, "this version can lose pages when two connections checkpoint at once", remedy)


def _file(settings: Settings, *, served: bool) -> Iterator[Checked]:
    path = settings.data_dir / FILE_NAME
    if not path.exists():
        yield Checked(what="database", found=f"{path}, not there yet: treckk serve makes it")
        return
    try:
        found = look_at(path, int(time.time() * _SECOND))
    except sqlite3.Error as problem:
        said = f"{FILE_NAME} cannot be read: {type(problem).__name__}"
        remedy = "keep the folder as it is, and restore a backup into a new one: treckk restore --help"
        yield trouble("database", str(path), said, remedy, fatal=True)
        return
    newest, seen = newest_schema(), f"{path}, schema {found.schema}"
    if found.schema > newest:
        yield trouble("database", seen, f"this version knows {newest}", "install the newer version again", fatal=True)
    elif found.schema < newest:
        yield Checked(what="database", found=f"{seen}; treckk serve brings it to {newest} at its next start")
    else:
        yield Checked(what="database", found=seen)
    yield from _key(settings, found.fingerprint)
    yield from _late(found.oldest_due, time.time(), working=served)


def _key(settings: Settings, known: str | None) -> Iterator[Checked]:
    own = Keyring(settings.master_key()).fingerprint()
    if known is None or known == own:
        yield Checked(what="key and data", found="they belong together" if known else "no data yet")
    else:
        summary = f"the data was sealed with the key {known}, yours is {own}"
        yield trouble("key and data", "they do not belong together", summary, _OTHER_KEY, fatal=True)


def _shared(settings: Settings) -> Iterator[Checked]:
    from treckk_gateway.store.postgres import examine  # noqa: PLC0415 the extra may be absent

    assert settings.database is not None  # noqa: S101 asked before
    try:
        found = examine(settings.database.reveal(), Keyring(settings.master_key()).fingerprint())
    except StoreError as problem:
        yield trouble("PostgreSQL", "not usable", str(problem), _remedy(problem), fatal=True)
        return
    yield Checked(what="PostgreSQL", found=f"PostgreSQL {found.version}, schema {found.schema}, engine {found.engine}")
    yield Checked(what="key and data", found="they belong together")
    yield _apart(found)
    yield _connections(found, settings)
    yield _workers(found, settings)
    yield from _late(found.oldest_due, found.now, working=True)


def _remedy(problem: StoreError) -> str:
    if isinstance(problem, StoreAway):
        return "start the database, or mend gateway.database or the network; servers spool what comes meanwhile"
    if isinstance(problem, SchemaTooOld):
        return "stop servers and workers, run treckk db upgrade --config FILE, start them again"
    if isinstance(problem, SchemaTooNew):
        return "install the version that wrote it, or a newer one"
    if "secret_key" in str(problem):
        return _OTHER_KEY
    return "use a PostgreSQL that is new enough, and a user who owns the database"


def _apart(found: Found) -> Checked:
    apart = found.now - time.time()
    said = f"{abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} this machine's"
    if abs(apart) > _APART + found.took:
        remedy = "keep both right with chrony or systemd-timesyncd: rates and deadlines are shared between hosts"
        return trouble("database's clock", said, "the clocks disagree", remedy)
    return Checked(what="database's clock", found="agrees with this machine's")


def _connections(found: Found, settings: Settings) -> Checked:
    said = f"{found.connections} of {found.most} in use"
    if found.connections + settings.engine.connections + _BESIDE > found.most * _CROWDED:
        remedy = "raise max_connections in PostgreSQL, or lower engine.connections, or run fewer processes"
        return trouble("connections", said, "another process of ours may not get its connections", remedy)
    return Checked(what="connections", found=said)


def _workers(found: Found, settings: Settings) -> Checked:
    if found.heard is not None and found.heard <= settings.engine.stalled:
        return Checked(what="workers", found=f"{found.workers} show signs of life")
    said = "none" if found.heard is None else f"the last sign of life was {found.heard:.0f} s ago"
    remedy = "start treckk serve (unless engine.serve_works is false) or treckk worker"
    return trouble("workers", said, "nobody files or sends", remedy)


def _late(oldest: int | None, now: float, *, working: bool) -> Iterator[Checked]:
    if oldest is None or now - oldest / _SECOND <= _LATE:
        yield Checked(what="work", found="nothing waits longer than it should")
        return
    said = f"the oldest has been due for {_span(now - oldest / _SECOND)}"
    remedy = (
        "look for wakeups.handler_failed and message.filing_failed in the log; restart once"
        if working
        else ("start treckk serve")
    )
    yield trouble("work", said, "work that is due is not done", remedy)


def _span(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
