"""Durable intake at 32 connections against Flask and Django doing the same: verify, store, commit, answer.

All three keep SQLite at WAL and FULL and one row for each message; both peers run under gunicorn in one process with 32
threads and commit each message by itself, as their users would. They do less than ours: neither seals what it stores.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pairs
from figures import Figure, Options, ratio, run
from rounds import Target, rows_of

AREA = "peers"
CONNECTIONS, GOAL = 32, 10.0


@contextlib.contextmanager
def gunicorn(module: str, folder: Path) -> Iterator[Target]:
    """A peer as it is usually run."""
    port, database = pairs.free_port(), folder / f"{module}.db"
    log = folder / f"{module}.log"
    arguments = [
        "-m", "gunicorn", "--workers", "1", "--threads", str(CONNECTIONS), "--chdir", str(pairs.HERE),
        "--bind", f"127.0.0.1:{port}", "--log-file", str(log), f"{module}:app",
    ]  # fmt: skip
    environment = os.environ | {"PEER_DATABASE": str(database), "PYTHONPATH": str(pairs.HERE)}
    with pairs.server(arguments, port, pass_port=False, environment=environment) as process:
        yield Target(name=module.removeprefix("peer_"), port=port, pid=process.pid, rows=rows_of(database, "inbox"))


def durable(file: Path) -> str:
    """Journal of a database: the other half, FULL, is set by each connection and seen in its code only."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
        return str(opened.execute("PRAGMA journal_mode").fetchone()[0])


def measure(options: Options) -> list[Figure]:
    """Requests a second and processor time, ours against each peer."""
    missing = [name for name in ("flask", "django", "gunicorn") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"skipped: {', '.join(missing)} not installed; make bench installs the extra [bench]")
    figures = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = pairs.free_port()
        server = stack.enter_context(pairs.server([str(pairs.HERE / "servers.py"), "ours", str(folder / "ours")], port))
        ours = Target(name="ours", port=port, pid=server.pid, rows=rows_of(folder / "ours" / "treckk.db", "inbox"))
        peers = [stack.enter_context(gunicorn(f"peer_{name}", folder)) for name in ("flask", "django")]
        cases = {one.name: one.load(CONNECTIONS, options.count(1200, 64)) for one in peers}
        # Ours gets more of them, so that its rounds take as long.
        cases = {"ours": ours.load(CONNECTIONS, options.count(8000, 64)), **cases}
        found = pairs.alternate(cases, rounds=options.rounds)
        journals = {durable(folder / "ours" / "treckk.db"), *(durable(folder / f"peer_{one.name}.db") for one in peers)}
        for peer in peers:
            checked = f"{ours.checked()}; {peer.checked()}; journal {'/'.join(sorted(journals))}, FULL"
            rate = pairs.ratios(found["ours"], found[peer.name], "per_second")
            cpu = pairs.ratios(found[peer.name], found["ours"], "cpu_us")
            title = peer.name.capitalize()
            figures += [
                ratio(AREA, f"requests a second at {CONNECTIONS}, times {title}", rate, goal=GOAL, checked=checked),
                ratio(
                    AREA,
                    f"processor time for one message, {title}'s times ours",
                    cpu,
                    goal=GOAL,
                    checked=checked,
                    note=f"{pairs.median(found[peer.name], 'cpu_us'):.0f} us against"
                    f" {pairs.median(found['ours'], 'cpu_us'):.0f} us",
                ),
            ]
    return figures


if __name__ == "__main__":
    run(__doc__, measure)
