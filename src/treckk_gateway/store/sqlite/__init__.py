"""The embedded store: one SQLite file, one process, one writer thread with group commit."""

from treckk_gateway.store.sqlite.connection import newest_schema, take_lock, wal_reset_bug
from treckk_gateway.store.sqlite.looking import Seen, look_at
from treckk_gateway.store.sqlite.store import FILE_NAME, LOCK_NAME, SQLiteStore
from treckk_gateway.store.sqlite.wakeups import LocalWakeups

__all__ = [
    "FILE_NAME",
    "LOCK_NAME",
    "LocalWakeups",
    "SQLiteStore",
    "Seen",
    "look_at",
    "newest_schema",
    "take_lock",
    "wal_reset_bug",
]
