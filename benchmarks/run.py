"""Every benchmark after the other, each in a process of its own with a limit, and one table of all figures.

`make bench`, or `make bench ARGS="--only sending,micro --rounds 3"`. The results of a run become JSON and, unless it
was quick or only a part, the page docs/explanation/speed.md with its plots.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import figures
import page
import pairs

AREAS = {
    "intake": ("durable intake against a bare handler and one commit per message", 240),
    "disks": ("durable intake against one commit per message, on slower disks", 120),
    "peers": ("durable intake against Flask and Django", 240),
    "whole": ("webhook in, case, receipt at the provider", 300),
    "scaling": ("PostgreSQL with 1, 2 and 4 workers", 420),
    "sending": ("SMTP and Twilio against the usual ways", 240),
    "growth": ("cost of a message with 1 thousand to 1 million cases", 600),
    "micro": ("signature, form, JSON codec, log line", 120),
    "mail": ("mail parsing against the standard library, with the hostile set", 150),
    "triage": ("triage of one message, and of hostile texts", 60),
    "start": ("import time, cold start and idle memory", 90),
}
"""What is measured, and after how many seconds it is given up."""
DOCS = Path(__file__).parents[1] / "docs" / "explanation"
_MILLION = 1200
_GRACE = 20
"""Seconds an area has to end what it started."""


def arguments() -> argparse.Namespace:
    """The command line."""
    known = "\n".join(f"  {name:<9} {what}" for name, (what, _limit) in AREAS.items())
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, epilog=f"areas:\n{known}", formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", metavar="AREAS", help="some areas, with commas between")
    parser.add_argument("--rounds", type=int, default=3, help="pairs that are measured after one to warm up (3)")
    parser.add_argument("--quick", action="store_true", help="tiny numbers: shows that all runs, measures nothing")
    parser.add_argument("--million", action="store_true", help="growth: also with a million cases; minutes more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the results go (docs/explanation/speed.json)")
    parser.add_argument("--no-page", action="store_true", help="leave the page and the committed results as they are")
    given = parser.parse_args()
    given.areas = [one.strip() for one in given.only.split(",")] if given.only else list(AREAS)
    unknown = sorted(set(given.areas) - set(AREAS))
    if unknown or given.rounds < 1:
        parser.error(f"no such area: {', '.join(unknown)}" if unknown else "--rounds is at least 1")
    return given


def measured(area: str, given: argparse.Namespace, folder: Path) -> tuple[list[figures.Figure], str]:
    """The figures of one area, and why there are none."""
    out = folder / f"{area}.jsonl"
    command = [sys.executable, str(pairs.HERE / f"{area}.py"), "--rounds", str(given.rounds), "--json", str(out)]
    command += ["--quick"] * given.quick + ["--million"] * (given.million and area == "growth")
    limit = AREAS[area][1] + (_MILLION if given.million and area == "growth" else 0)
    process = subprocess.Popen(command, start_new_session=True)
    try:
        code = process.wait(limit)
        problem = "" if code == 0 else "it ended with an error, see above"
    except subprocess.TimeoutExpired:
        problem = f"given up after {limit} s"
    finally:
        stopped(process)
    found = figures.read(out.read_text("utf-8").splitlines()) if out.exists() else []
    return found, problem


def stopped(process: subprocess.Popen[bytes]) -> None:
    """End an area with everything it started; nothing is left to run on."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main() -> int:
    """Run what was asked for; the exit code says whether all of it could be measured, not whether goals were met."""
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    pairs.need_two_cores()
    machine, begun = pairs.machine(), time.monotonic()
    found: list[figures.Figure] = []
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        for number, area in enumerate(given.areas, 1):
            print(f"\n[{number}/{len(given.areas)}] {area}: {AREAS[area][0]}", flush=True)
            figures_of_area, problem = measured(area, given, Path(name))
            found += figures_of_area
            if problem:
                missing[area] = problem
    took = time.monotonic() - begun
    machine |= {"load_after": f"{os.getloadavg()[0]:.1f}", "seconds": f"{took:.0f}", "rounds": str(given.rounds)}
    print(f"\n{figures.table(found)}\n")
    print("  ".join(f"{key} {value}" for key, value in machine.items()))
    for area, problem in missing.items():
        print(f"not measured: {area}: {problem}")
    keep(given, found, missing, machine)
    return 1 if missing else 0


def keep(
    given: argparse.Namespace, found: list[figures.Figure], missing: dict[str, str], machine: dict[str, str]
) -> None:
    """Write the results and, after a whole run that measured something, the page."""
    whole = not given.only and not given.quick and not given.no_page
    target = given.json or (DOCS / "speed.json" if whole else None)
    results = {"machine": machine, "missing": missing, "figures": [json.loads(figures.kept(one)) for one in found]}
    if target is not None:
        target.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"results: {target}")
    if whole:
        for path in page.write(results, DOCS):
            print(f"page: {path}")


if __name__ == "__main__":
    sys.exit(main())
