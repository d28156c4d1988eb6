"""Verified, durable intake of WhatsApp webhooks against a bare handler and against one commit per message.

All servers run at once on one core and are loaded in turn from the other; only ratios inside this run count. A figure
is printed only when every answer was 200 and the rows in the reopened database are as many as the answers.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pairs
import servers

ROUNDS = int(os.environ.get("ROUNDS", "5"))
COUNTS = {1: 1500, 4: 3000, 32: 8000, 128: 8000}


def loading(name: str, port: int, pid: int, connections: int) -> Callable[[int], dict[str, float]]:
    """A function that runs one round against a server."""

    def one_round(number: int) -> dict[str, float]:
        job = {
            "port": port, "path": servers.PATH, "public_url": servers.PUBLIC + servers.PATH, "connections": connections,
            "count": COUNTS[connections],
            "seed": f"{name}/{connections}/{number}", "salt": number * 104729 + connections,
            "core": pairs.LOAD_CORE,
        }  # fmt: skip
        before = pairs.cpu_seconds(pid)
        done = subprocess.run(
            [sys.executable, str(pairs.HERE / "load.py")],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            check=True,
        )
        measured: dict[str, float] = json.loads(done.stdout)
        measured["cpu_us"] = (pairs.cpu_seconds(pid) - before) / max(measured["ok"], 1) * 1e6
        totals[name] = totals.get(name, 0) + int(measured["ok"])
        if measured["bad"] or measured["ok"] != job["count"]:
            sys.exit(f"{name}: {measured['bad']} answers were not 200, {measured['ok']} of {job['count']} were")
        return measured

    return one_round


totals: dict[str, int] = {}


def rows(folder: Path) -> int:
    """What a new connection finds in the database."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'treckk.db'}?mode=ro", uri=True)) as opened:
        return int(opened.execute("SELECT count(*) FROM inbox").fetchone()[0])


def main() -> None:
    """Run and print."""
    pairs.need_two_cores()
    wanted = [int(one) for one in sys.argv[1:] if one.isdigit()] or [1, 32, 128]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started = {}
        for name, arguments in {
            "bare": ["bare"],
            "ours": ["ours", str(folder / "ours")],
            "one commit per message": ["single", str(folder / "single")],
        }.items():
            port = pairs.free_port()
            process = stack.enter_context(pairs.server([str(pairs.HERE / "servers.py"), *arguments], port))
            started[name] = (port, process.pid)
        table = []
        for connections in wanted:
            print(f"{connections} connections, {COUNTS[connections]} messages a round")
            cases = {name: loading(name, port, pid, connections) for name, (port, pid) in started.items()}
            table += judged(connections, pairs.alternate(cases, rounds=ROUNDS))
        for name, place in (("ours", "ours"), ("one commit per message", "single")):
            found = rows(folder / place)
            print(
                f"{name}: {totals[name]} answers 200, {found} rows" + ("" if found == totals[name] else "  NOT EQUAL")
            )
            if found != totals[name]:
                sys.exit("rows and answers differ: no figure is printed")
    print(json.dumps(pairs.machine()))
    pairs.report("intake", table)


def judged(connections: int, results: dict[str, list[dict[str, float]]]) -> list[dict[str, object]]:
    """The rows of the table for one number of connections."""
    against_bare = pairs.ratios(results["ours"], results["bare"], "per_second")
    against_single = pairs.ratios(results["ours"], results["one commit per message"], "per_second")
    goals = {1: (None, 0.9), 32: (0.42, 4.0), 128: (0.50, 4.5)}.get(connections, (None, None))
    made = []
    for what, ratio, goal in (
        ("of the bare handler", against_bare, goals[0]),
        ("times one commit each", against_single, goals[1]),
    ):
        made.append(
            {
                "what": f"{connections} connections: req/s {what}",
                "value": f"{ratio[1]:.2f} ({ratio[0]:.2f} to {ratio[2]:.2f})",
                "goal": f">= {goal}" if goal else "-",
                "verdict": pairs.verdict(ratio[1], goal) if goal else "",
            }
        )
    ours = results["ours"]
    made.append(
        {
            "what": f"{connections} connections: p50 / p99 ms, cpu us",
            "value": " / ".join(f"{pairs.median(ours, one):.2f}" for one in ("p50_ms", "p99_ms", "cpu_us")),
            "goal": "-",
            "verdict": f"bare {pairs.median(results['bare'], 'cpu_us'):.0f} us",
        }
    )
    return made


if __name__ == "__main__":
    main()
