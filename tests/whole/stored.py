"""What is stored, looked at from outside, in either database; and the settings of one that several processes share."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

SHARED = os.environ.get("STORE") == "postgres"
"""Whether towns run over PostgreSQL."""

BRISK = {
    "poll": 0.2,
    "heartbeat": 0.5,
    "stalled": 2.0,
    "sweep": 0.25,
    "overdue": 0.25,
    "again": 0.5,
    "pool_timeout": 2.0,
}
"""An engine's intervals as tests have time for."""


only_embedded = pytest.mark.skipif(SHARED, reason="looks at how SQLite's writer or its wake-ups work")
"""The contract tests have the counterpart for PostgreSQL."""


def shared_tables(folder: Path, database: str, **engine: Any) -> dict[str, dict[str, Any]]:
    """The tables of a configuration that name a PostgreSQL."""
    (folder / "database.secret").write_text(database, encoding="utf-8")
    return {"gateway": {"database": "file:database.secret"}, "engine": BRISK | engine}


def rows_of(path: Path, database: str | None, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The answer of a query, in the embedded database's file or in the shared one."""
    if database is None:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as opened:
            return opened.execute(query, values).fetchall()
    import psycopg  # noqa: PLC0415 what runs on SQLite need not load it

    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(query.replace("?", "%s"), values)
        return cursor.fetchall() if cursor.description else []
