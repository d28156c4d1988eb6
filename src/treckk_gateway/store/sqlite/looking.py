"""A database file as an operator looks at it, beside a running server too."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from msgspec import Struct

from treckk_gateway.model import Instant
from treckk_gateway.store.sql import due
from treckk_gateway.store.sqlite.connection import open_reader


class Seen(Struct, frozen=True, kw_only=True):
    """What is there: the schema's number, the public name of the key, and since when work has been due, if any is."""

    schema: int
    fingerprint: str | None
    oldest_due: Instant | None


def look_at(path: Path, now: Instant) -> Seen:
    """Look at it without writing. Raises `sqlite3.Error` when it is not a database of ours."""
    with closing(open_reader(path)) as connection:
        [[number]] = connection.execute("PRAGMA user_version").fetchall()
        if not number:
            return Seen(schema=0, fingerprint=None, oldest_due=None)
        known = connection.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()
        return Seen(schema=number, fingerprint=known[0] if known else None, oldest_due=due.oldest_work(connection, now))
