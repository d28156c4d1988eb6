"""What one message costs as the database grows: 1 thousand, 10 thousand, 100 thousand and 1 million cases, both stores.

The first cases come by real webhooks through a real server; `multiplying.py` makes the rest of them. Then servers over
all sizes run at once and get webhooks in turn, so that processor time of the server (with PostgreSQL: also of the
database) and memory compare within one run. `--million` adds the largest; without it the run stays within minutes.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pairs
import served
from figures import Figure, Options, ratio, run
from load_whole import Load, complaints
from multiplying import multiply
from scaling import database

AREA = "growth"
FIRST = 250
SIZES = (1_000, 10_000, 100_000, 1_000_000)
GOAL = 1.25
_CONNECTIONS = 8
Rounds = dict[str, list[dict[str, float]]]


def sizes(options: Options) -> tuple[int, ...]:
    """Which are measured."""
    if options.quick:
        return (40, 400)
    return SIZES if options.million else SIZES[:3]


def filled(connection: Any, cases: int, first: int, tell: str) -> None:
    """Bring a database with `first` cases to so many, with a bar."""
    begun = time.monotonic()
    copies = cases // first - 1
    for done in multiply(connection, copies, recent=min(copies, 3)):
        connection.commit()
        bar = "#" * (30 * done // copies)
        print(f"\r  {tell} [{bar:<30}] {(done + 1) * first:>9,} cases", end="", flush=True)
    print(f"  {time.monotonic() - begun:.0f} s", flush=True)


class Sqlite:
    """The embedded store: a folder for each size, copied from the first."""

    name = "SQLite"
    messages = 150

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, size: int) -> Path:
        """The folder of a size."""
        return self.folder / f"lite-{size}"

    def config(self, size: int, provider: int, port: int) -> Path:
        """Its configuration."""
        return served.configured(self.place(size), provider, port=port)

    def grow(self, first: int, size: int) -> None:
        """Make that size from the first."""
        shutil.copytree(self.place(first) / "data", self.place(size) / "data", ignore=shutil.ignore_patterns("*.sock"))
        with contextlib.closing(sqlite3.connect(self.place(size) / "data" / "treckk.db")) as opened:
            opened.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000; PRAGMA temp_store=MEMORY;")
            filled(opened, size, first, f"{self.name:<10}")
            opened.execute("PRAGMA optimize")
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def cases(self, size: int) -> int:
        """How many it holds."""
        with contextlib.closing(sqlite3.connect(self.place(size) / "data" / "treckk.db")) as opened:
            return int(opened.execute("SELECT count(*) FROM cases").fetchone()[0])

    def spent(self, _size: int) -> float:
        """Processor time of the database beside the server's own."""
        return 0.0


class Postgres:
    """The shared store: a database for each size, made from the first as its template."""

    name = "PostgreSQL"
    messages = 60

    def __init__(self, folder: Path, server: str) -> None:
        self.folder, self.server = folder, server
        self.first: int | None = None

    def uri(self, size: int) -> str:
        """The database of a size."""
        head, _, tail = self.server.partition("?")
        return f"{head.rpartition('/')[0]}/growth_{size}" + (f"?{tail}" if tail else "")

    def config(self, size: int, provider: int, port: int) -> Path:
        """Its configuration."""
        import psycopg  # noqa: PLC0415 an extra

        path = served.configured(self.folder / f"pg-{size}", provider, port=port, database=self.uri(size))
        if self.first is None:
            self.first = size
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE growth_{size}")
            served.upgraded(path)
        return path

    def grow(self, first: int, size: int) -> None:
        """Make that size from the first."""
        import psycopg  # noqa: PLC0415 an extra

        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE growth_{size} TEMPLATE growth_{first}")
        with psycopg.connect(self.uri(size)) as opened:
            opened.execute("SET session_replication_role = replica")
            opened.execute("SET synchronous_commit = off")
            filled(opened, size, first, f"{self.name:<10}")
        with psycopg.connect(self.uri(size), autocommit=True) as opened:
            opened.execute("VACUUM ANALYZE")

    def cases(self, size: int) -> int:
        """How many it holds."""
        import psycopg  # noqa: PLC0415 an extra

        with psycopg.connect(self.uri(size)) as opened:
            return int(opened.execute("SELECT count(*) FROM cases").fetchone()[0])

    def spent(self, size: int) -> float:
        """Processor time of the sessions of that size's database."""
        import psycopg  # noqa: PLC0415 an extra

        asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        with psycopg.connect(self.server) as opened:
            found = opened.execute(asked, (f"growth_{size}",)).fetchall()
        return sum(pairs.cpu_seconds(pid) for (pid,) in found)


def measure(options: Options) -> Iterator[Figure]:
    """Cost and memory at each size, of that at the smallest."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        load = stack.enter_context(Load.started())
        stores: list[Sqlite | Postgres] = [Sqlite(folder), Postgres(folder, stack.enter_context(database()))]
        for number, store in enumerate(stores):
            first = options.count(FIRST, 20)
            begin(store, load, first, number)
            for size in sizes(options):
                store.grow(first, size)
            yield from compared(store, load, options, number)


def begin(store: Sqlite | Postgres, load: Load, first: int, number: int) -> None:
    """The first cases, by real webhooks; the server rests a moment so that nothing is left to send."""
    port = pairs.free_port()
    config = store.config(first, load.provider_port, port)
    with served.started("serve", config, port=port):
        load.round([port], count=first, connections=_CONNECTIONS, texts=complaints(), number=5000 + number)
        time.sleep(3)


def compared(store: Sqlite | Postgres, load: Load, options: Options, number: int) -> list[Figure]:
    """All sizes served at once and asked in turn."""
    count = options.count(store.messages, 10)
    wanted = sizes(options)
    with contextlib.ExitStack() as stack:
        cases: dict[str, Callable[[int], dict[str, float]]] = {}
        for size in wanted:
            port = pairs.free_port()
            pid = stack.enter_context(served.started("serve", store.config(size, load.provider_port, port), port=port))
            cases[f"{store.name} {size:,}"] = asked(
                store, load, size=size, port=port, pid=pid, count=count, series=number
            )
        found = pairs.alternate(cases, rounds=options.rounds)
    sent = count * (options.rounds + 1)
    for size in wanted:
        if store.cases(size) != size + sent:
            sys.exit(f"{store.name}: {store.cases(size)} cases where {size + sent} were expected: no figure is printed")
    checked = f"at each size {sent:,} answers = cases = receipts"
    return list(judged(store.name, wanted, found, checked))


def asked(
    store: Sqlite | Postgres, load: Load, *, size: int, port: int, pid: int, count: int, series: int
) -> Callable[[int], dict[str, float]]:
    """A function that runs one round against one size."""

    def one_round(number: int) -> dict[str, float]:
        before, beside = pairs.cpu_seconds(pid), store.spent(size)
        found = load.round(
            [port], count=count, connections=_CONNECTIONS, texts=complaints(), number=6000 + 100 * series + number
        )
        spent, beside = pairs.cpu_seconds(pid) - before, store.spent(size) - beside
        return {
            "cpu_us": (spent + beside) / count * 1e6,
            "database_us": beside / count * 1e6,
            "per_second": found["per_second"],
            "mb": pairs.resident_bytes(pid) / 1e6,
        }

    return one_round


def judged(
    name: str, wanted: tuple[int, ...], found: dict[str, list[dict[str, float]]], checked: str
) -> Iterator[Figure]:
    """The figures of one store."""
    least = found[f"{name} {wanted[0]:,}"]
    for size in wanted[1:]:
        these = found[f"{name} {size:,}"]
        note = f"{pairs.median(these, 'cpu_us') / 1e3:.2f} ms against {pairs.median(least, 'cpu_us') / 1e3:.2f} ms"
        yield ratio(
            AREA, f"{name}: processor time for a message with {size:,} cases, of that with {wanted[0]:,}",
            pairs.ratios(these, least, "cpu_us"), goal=GOAL, at_most=True, checked=checked, note=note,
            series=f"{name}, processor time", at=size,
        )  # fmt: skip
        yield ratio(
            AREA, f"{name}: memory of the server with {size:,} cases, of that with {wanted[0]:,}",
            pairs.ratios(these, least, "mb"), goal=GOAL, at_most=True, checked=checked,
            note=f"{pairs.median(these, 'mb'):.0f} MB", series=f"{name}, memory", at=size,
        )  # fmt: skip


if __name__ == "__main__":
    run(__doc__, measure)
