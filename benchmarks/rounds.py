"""One round of webhooks against one server, as often as is asked for, with what it cost and what it kept."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pairs
from served import PATH, PUBLIC


@attrs.define(kw_only=True)
class Target:
    """A running server, how to count what it stored, and how many answers 200 it gave so far."""

    name: str
    port: int
    pid: int
    rows: Callable[[], int] | None = None
    answered: int = 0

    def load(self, connections: int, count: int) -> Callable[[int], dict[str, float]]:
        """A function that runs one round: rate, times, and processor time of all its processes for one answer."""

        def one_round(number: int) -> dict[str, float]:
            job = {
                "port": self.port, "path": PATH, "public_url": PUBLIC + PATH, "connections": connections,
                "count": count, "seed": f"{self.name}/{connections}/{number}", "salt": number * 104729 + connections,
                "core": pairs.LOAD_CORE,
            }  # fmt: skip
            before = pairs.family_cpu_seconds(self.pid)
            done = subprocess.run(
                [sys.executable, str(pairs.HERE / "load.py")],
                input=json.dumps(job),
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            )
            measured: dict[str, float] = json.loads(done.stdout)
            measured["cpu_us"] = (pairs.family_cpu_seconds(self.pid) - before) / max(measured["ok"], 1) * 1e6
            self.answered += int(measured["ok"])
            if measured["bad"] or measured["ok"] != count:
                sys.exit(f"{self.name}: {measured['bad']} answers were not 200, {measured['ok']} of {count} were")
            return measured

        return one_round

    def checked(self) -> str:
        """Answers and rows in words. Exits when they differ: then no figure is printed."""
        if self.rows is None:
            return f"{self.name} {self.answered:,} answers"
        found = self.rows()
        if found != self.answered:
            sys.exit(f"{self.name}: {self.answered} answers 200 and {found} rows: no figure is printed")
        return f"{self.name} {self.answered:,} answers = {found:,} rows"


def rows_of(file: Path, table: str) -> Callable[[], int]:
    """What a new connection finds in a SQLite file."""

    def count() -> int:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
            return int(opened.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 our own names

    return count
