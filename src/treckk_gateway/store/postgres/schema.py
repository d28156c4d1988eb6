"""Our tables and Procrastinate's: brought up to this version by one process at a time, and checked by every other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import psycopg
from procrastinate.schema import SchemaManager
from psycopg import errors

from treckk_gateway.errors import SchemaTooNew, SchemaTooOld, StoreAway, StoreUnavailable
from treckk_gateway.store.postgres.lending import connection_arguments
from treckk_gateway.store.postgres.session import Asked

LOCK = 0x74_72_65_63_6B_6B
"""The advisory lock of whoever changes the schema: "treckk"."""

_OLDEST = 130000
_STEP = re.compile(r"(\d+\.\d+\.\d+)_\d+_\w+\.sql")


def connect(conninfo: str) -> Asked:
    """A connection of one's own, committing each statement. Raises `StoreAway` or `StoreUnavailable`."""
    try:
        connection = Asked.connect(conninfo, **connection_arguments())
    except psycopg.Error as problem:
        # libpq names host, port, user and database, never the password.
        raise StoreAway(f"the database cannot be reached: {' '.join(str(problem).split())}") from problem
    if connection.info.server_version < _OLDEST:
        connection.close()
        raise StoreUnavailable("PostgreSQL 13 or newer is needed")
    return connection


def _why(problem: psycopg.Error) -> str:
    if isinstance(problem, errors.InsufficientPrivilege):
        return (
            "InsufficientPrivilege; the user in gateway.database must own the database, or its tables, and have"
            " the right to make them (GRANT CREATE ON SCHEMA public)"
        )
    return type(problem).__name__


@contextmanager
def looking() -> Iterator[None]:
    """What the database refuses to show is `StoreUnavailable`."""
    try:
        yield
    except psycopg.Error as problem:
        raise StoreUnavailable(f"the database cannot be read: {_why(problem)}") from problem


def check(connection: psycopg.Connection[Any], fingerprint: str) -> None:
    """Whether this version can work with the schema, and this key with the data.

    Raises `SchemaTooOld` with the command to run, `SchemaTooNew`, or `StoreUnavailable` for another key's data.
    """
    with looking():
        _check(connection, fingerprint)


def _check(connection: psycopg.Connection[Any], fingerprint: str) -> None:
    _refuse_newer(connection)
    current, newest = _current(connection), _steps()[-1][0]
    engine, wanted = _engine(connection), version("procrastinate")
    if current < newest or engine != wanted:
        found = f"schema {current}, {newest} is needed" if current else "no tables of ours"
        if current == newest:
            found = f"the tables of procrastinate {engine}, here is {wanted}"
        raise SchemaTooOld(f"the database has {found}: run treckk db upgrade --config FILE")
    known = connection.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()
    if known is not None and known[0] != fingerprint:
        raise StoreUnavailable(
            f"this data was sealed with another secret_key (fingerprint {known[0]}, yours is {fingerprint}):"
            " configure that one"
        )


def _refuse_newer(connection: psycopg.Connection[Any]) -> None:
    current, newest = _current(connection), _steps()[-1][0]
    if current > newest:
        raise SchemaTooNew(f"the database has schema {current}, this version knows {newest}: install the newer version")
    engine, ours = _engine(connection), version("procrastinate")
    if engine is not None and _numbers(engine) > _numbers(ours):
        raise SchemaTooNew(
            f"the database has the tables of procrastinate {engine}, here is {ours}:"
            f" pip install procrastinate=={engine}"
        )


def claim(connection: psycopg.Connection[Any], fingerprint: str) -> None:
    """Note whose key seals the data, if nobody did. Raises what `check` raises."""
    connection.execute("INSERT INTO meta (key, value) VALUES ('key', %s) ON CONFLICT DO NOTHING", (fingerprint,))
    check(connection, fingerprint)


def versions(connection: psycopg.Connection[Any]) -> tuple[int, str]:
    """The numbers of our schema and of the engine's."""
    return _current(connection), _engine(connection) or "none"


def upgrade(conninfo: str, fingerprint: str) -> Sequence[str]:
    """Bring the schema to this version; what was done, in words. Safe to run twice, at once, or again after a kill.

    Each step is a transaction. Raises `SchemaTooNew` or `StoreUnavailable`.
    """
    with connect(conninfo) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        try:
            _refuse_newer(connection)
            done = [*_upgrade_ours(connection), *_upgrade_engine(connection)]
            claim(connection, fingerprint)
        except psycopg.Error as problem:
            raise StoreUnavailable(f"the schema cannot be changed: {_why(problem)}") from problem
        finally:
            if not connection.broken:
                connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
    return done


def _upgrade_ours(connection: psycopg.Connection[Any]) -> list[str]:
    current = _current(connection)
    done = []
    for number, step in _steps():
        if number > current:
            with connection.transaction():
                _run(connection, step.read_text(encoding="utf-8"))
                _note(connection, "schema", str(number))
            done.append(f"schema {number}: {step.name.removesuffix('.sql').partition('_')[2]}")
    return done


def _upgrade_engine(connection: psycopg.Connection[Any]) -> list[str]:
    """Procrastinate's own schema: whole where there is none, else the steps after the version noted."""
    current, wanted = _engine(connection), version("procrastinate")
    if current == wanted:
        return []
    with connection.transaction():
        if current is None:
            _run(connection, SchemaManager.get_schema())
        else:
            for step in sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")):
                named = _STEP.fullmatch(step.name)
                if named is not None and _numbers(current) < _numbers(named[1]) <= _numbers(wanted):
                    _run(connection, step.read_text(encoding="utf-8"))
        _note(connection, "engine", wanted)
    return [f"procrastinate {wanted}"]


def _current(connection: psycopg.Connection[Any]) -> int:
    return int(_noted(connection, "schema") or 0)


def _engine(connection: psycopg.Connection[Any]) -> str | None:
    return _noted(connection, "engine")


def _noted(connection: psycopg.Connection[Any], key: str) -> str | None:
    there = connection.execute("SELECT to_regclass('meta')").fetchone()
    if there is None or there[0] is None:
        return None
    found = connection.execute("SELECT value FROM meta WHERE key = %s", (key,)).fetchone()
    return str(found[0]) if found else None


def _note(connection: psycopg.Connection[Any], key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def _run(connection: psycopg.Connection[Any], script: str) -> None:
    # Without values, libpq takes several statements at once.
    connection.execute(script)


def _steps() -> list[tuple[int, Traversable]]:
    found = files(__package__).joinpath("migrations").iterdir()
    return sorted(((int(one.name[:4]), one) for one in found if one.name.endswith(".sql")), key=lambda one: one[0])


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
