"""The whole way through one real `treckk serve` on SQLite: a signed webhook in, a case, its receipt at the provider.

First as fast as it goes, in rounds alternated with the bare handler that only answers; then at half of the goal's rate,
open loop: a request that had to wait counts from the moment it was due. The messages are the profile's own samples of
complaints, each from a number of its own. Received, cases and receipts are counted and must be equal.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import tempfile
from pathlib import Path

import pairs
import served
from figures import Figure, Options, ratio, run
from load_whole import Load, complaints
from rounds import Target

AREA = "whole"
GOAL, TAIL_MS = 500.0, 250.0
CONNECTIONS = 32
_BOOKS = (
    "SELECT count(*) FROM inbox WHERE state = 'filed'",
    "SELECT count(*) FROM cases",
    "SELECT count(*) FROM outbox WHERE state = 'sent' AND template IN ('receipt', 'emergency')",
)


def books(file: Path, sent: int) -> str:
    """What a new connection finds, in words. Exits when anything is missing or twice."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
        filed, cases, receipts = (int(opened.execute(query).fetchone()[0]) for query in _BOOKS)
    if {filed, cases, receipts} != {sent}:
        sys.exit(f"{sent} sent, {filed} filed, {cases} cases, {receipts} receipts: no figure is printed")
    return f"{sent:,} answers = {filed:,} filed = {cases:,} cases = {receipts:,} receipts"


def measure(options: Options) -> list[Figure]:
    """Cases a second, the tail at half the goal's rate, and the ratio to the bare handler."""
    most, texts, sent = options.count(1000, 40), complaints(), 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        load = stack.enter_context(Load.started())
        ports = pairs.free_port(), pairs.free_port()
        bare = stack.enter_context(pairs.server([str(pairs.HERE / "servers.py"), "bare"], ports[0]))
        config = served.configured(folder, load.provider_port, port=ports[1])
        target = Target(name="bare", port=ports[0], pid=bare.pid)
        with served.started("serve", config, port=ports[1]) as pid:

            def whole(number: int, rate: float = 0.0) -> dict[str, float]:
                nonlocal sent
                count = min(most, options.count(int(6 * rate), 20)) if rate else most
                before = pairs.cpu_seconds(pid)
                found = load.round(
                    ports[1:], count=count, connections=CONNECTIONS, texts=texts, number=number, rate=rate
                )
                sent += count
                return found | {"cpu_us": (pairs.cpu_seconds(pid) - before) / count * 1e6}

            cases = {"whole": whole, "bare": target.load(CONNECTIONS, options.count(4000, 64))}
            found = pairs.alternate(cases, rounds=options.rounds)
            paced = {}
            for number, rate in enumerate((GOAL / 2, GOAL / 5, GOAL / 20), options.rounds + 1):
                paced[rate] = whole(number, rate)
                print(f"  at {rate:.0f} a second: " + "  ".join(f"{k} {v:,.4g}" for k, v in paced[rate].items()))
        checked = books(folder / "data" / "treckk.db", sent)
    return judged(found, paced, checked)


def judged(
    found: dict[str, list[dict[str, float]]], paced: dict[float, dict[str, float]], checked: str
) -> list[Figure]:
    """The figures."""
    rates = sorted(one["per_second"] for one in found["whole"])
    cpu = pairs.median(found["whole"], "cpu_us")
    spent = f"{cpu / 1e3:.2f} ms of processor time for each"
    rate = pairs.median(found["whole"], "per_second")
    of_bare = pairs.ratios(found["whole"], found["bare"], "per_second")
    of_cpu = pairs.ratios(found["whole"], found["bare"], "cpu_us")
    return [
        Figure(area=AREA, what="cases a second, receipt at the provider", value=rate, low=rates[0], high=rates[-1],
               unit="/s", goal=GOAL, checked=checked, note=spent),
        ratio(AREA, "the same, of the bare handler's requests a second", of_bare, checked=checked),
        ratio(AREA, "processor time for one case, times the bare handler's for a request", of_cpu, checked=checked),
        *(
            Figure(area=AREA, what=f"p99 from webhook to receipt at {rate:.0f} a second", value=one["p99_ms"],
                   unit="ms", goal=TAIL_MS if rate == GOAL / 2 else None, at_most=True, checked=checked, at=rate,
                   series="p99", note=f"p50 {one['p50_ms']:.0f} ms, longest {one['max_ms']:.0f} ms")
            for rate, one in paced.items()
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    run(__doc__, measure)
