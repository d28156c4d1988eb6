"""The embedded store: one SQLite file, one process, one writer thread with group commit."""

from treckk_gateway.store.sqlite.connection import wal_reset_bug
from treckk_gateway.store.sqlite.store import FILE_NAME, SQLiteStore
from treckk_gateway.store.sqlite.wakeups import LocalWakeups

__all__ = ["FILE_NAME", "LocalWakeups", "SQLiteStore", "wal_reset_bug"]
