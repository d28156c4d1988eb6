"""A figure with its goal and the count that shows that nothing was lost; how figures are printed and kept."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import attrs
import pairs


@attrs.frozen(kw_only=True)
class Options:
    """What every benchmark is told. `quick` uses numbers so small that its figures mean nothing."""

    rounds: int = 3
    quick: bool = False
    million: bool = False

    def count(self, usual: int, quick: int) -> int:
        """How many of something, by whether this is only to see that everything runs."""
        return quick if self.quick else usual


@attrs.frozen(kw_only=True)
class Figure:
    """One line of the table.

    `value` is the median over the rounds, `low` and `high` its range; `goal` is reached from above, with `at_most` from
    below. `checked` says in numbers what was compared, in the same run.
    """

    area: str
    what: str
    value: float
    checked: str
    unit: str = "x"
    low: float | None = None
    high: float | None = None
    goal: float | None = None
    at_most: bool = False
    note: str = ""
    series: str = ""
    at: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; `None` where there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def shown(self) -> str:
        """The value with its range."""
        unit = "" if self.unit == "x" else f" {self.unit}"
        if self.low is None or self.high is None:
            return f"{told(self.value)}{unit}"
        return f"{told(self.value)} ({told(self.low)} to {told(self.high)}){unit}"

    @property
    def wanted(self) -> str:
        """The goal in words."""
        if self.goal is None:
            return "-"
        return f"{'<=' if self.at_most else '>='} {told(self.goal)}"

    @property
    def verdict(self) -> str:
        """In words, never a test that fails on a busy machine."""
        return {None: "", True: "met", False: "MISSED"}[self.met]


def told(value: float) -> str:
    """A number with three figures that matter."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.1e}"


def ratio(area: str, what: str, found: tuple[float, float, float], **more: object) -> Figure:
    """A figure from lowest, median and highest."""
    return Figure(area=area, what=what, value=found[1], low=found[0], high=found[2], **more)  # type: ignore[arg-type]


def table(figures: Sequence[Figure]) -> str:
    """All figures with their goals, in columns."""
    rows = [("figure", "measured", "goal", "", "checked in the same run")]
    rows += [(f"{one.area}: {one.what}", one.shown, one.wanted, one.verdict, one.checked) for one in figures]
    wide = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, wide, strict=False)), row[4]]) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def kept(figure: Figure) -> str:
    """A figure as a line of JSON."""
    return json.dumps(attrs.asdict(figure) | {"verdict": figure.verdict}, ensure_ascii=False)


def read(lines: Sequence[str]) -> list[Figure]:
    """Figures from such lines."""
    names = {field.name for field in attrs.fields(Figure)}
    return [Figure(**{key: value for key, value in json.loads(one).items() if key in names}) for one in lines if one]


def run(description: str, measure: Callable[[Options], Iterable[Figure]]) -> None:
    """The command line of one benchmark: measure, print, and add to the file that was named."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=3, help="pairs that are measured after one to warm up (3)")
    parser.add_argument("--quick", action="store_true", help="tiny numbers: shows that it runs, measures nothing")
    parser.add_argument("--million", action="store_true", help="growth: also with a million cases")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add one line for each figure")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("given up"))  # what was started is then ended in order
    pairs.need_two_cores()
    found = []
    for one in measure(Options(rounds=given.rounds, quick=given.quick, million=given.million)):
        found.append(one)
        if given.json:  # at once: whoever is given up later has told what it knew
            with given.json.open("a", encoding="utf-8") as file:
                file.write(kept(one) + "\n")
    print(table(found))
