"""Verified, durable intake of WhatsApp webhooks against a bare handler and against one commit per message.

All servers run at once on one core and are loaded in turn from the other; only ratios inside this run count. A figure
is printed only when every answer was 200 and the rows in the reopened database are as many as the answers.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pairs
from figures import Figure, Options, ratio, run
from rounds import Target, rows_of

AREA = "intake"
COUNTS = {1: 500, 4: 1200, 32: 5000, 128: 5000}
GOALS = {1: (None, 0.9), 4: (None, None), 32: (0.42, 4.0), 128: (0.50, 4.5)}
"""Of the bare handler, and times one commit for each message."""
Rounds = dict[str, list[dict[str, float]]]


def started(stack: contextlib.ExitStack, folder: Path) -> dict[str, Target]:
    """The three servers."""
    targets = {}
    for name, arguments in {
        "bare": ["bare"],
        "ours": ["ours", str(folder / "ours")],
        "single": ["single", str(folder / "single")],
    }.items():
        port = pairs.free_port()
        process = stack.enter_context(pairs.server([str(pairs.HERE / "servers.py"), *arguments], port))
        rows = rows_of(folder / name / "treckk.db", "inbox") if name != "bare" else None
        targets[name] = Target(name=name, port=port, pid=process.pid, rows=rows)
    return targets


def measure(options: Options) -> list[Figure]:
    """Ratios of requests a second and of processor time, for each number of connections."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        targets = started(stack, folder)
        found = {}
        for connections, usual in COUNTS.items():
            count = options.count(usual, 2 * connections)
            print(f"{connections} connections, {count} messages a round", flush=True)
            cases = {name: one.load(connections, count) for name, one in targets.items()}
            found[connections] = pairs.alternate(cases, rounds=options.rounds)
        checked = "; ".join(one.checked() for one in targets.values())
    return [figure for connections, results in found.items() for figure in judged(connections, results, checked)]


def judged(connections: int, results: Rounds, checked: str) -> list[Figure]:
    """The figures for one number of connections."""
    ours, at = results["ours"], f"at {connections} connection{'s' if connections > 1 else ''}"
    goals = GOALS[connections]
    note = f"p50 {pairs.median(ours, 'p50_ms'):.2f} ms, p99 {pairs.median(ours, 'p99_ms'):.2f} ms"
    more = {"checked": checked, "at": connections}
    return [
        ratio(AREA, f"requests a second {at}, of the bare handler's", pairs.ratios(ours, results["bare"], "per_second"),
              goal=goals[0], note=note, series="of the bare handler", **more),
        ratio(AREA, f"requests a second {at}, times one commit each",
              pairs.ratios(ours, results["single"], "per_second"),
              goal=goals[1], series="times one commit each", **more),
        ratio(AREA, f"processor time {at}, the bare handler's of ours", pairs.ratios(results["bare"], ours, "cpu_us"),
              note=f"{pairs.median(results['bare'], 'cpu_us'):.0f} us of {pairs.median(ours, 'cpu_us'):.0f} us",
              series="processor time", **more),
    ]  # fmt: skip


if __name__ == "__main__":
    run(__doc__, measure)
