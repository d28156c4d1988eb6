"""The page of a run: its figures, machine and plots under docs/explanation.

`python benchmarks/page.py` writes it again from the results that are there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import figures
import plots

_TEMPLATE = Path(__file__).with_name("page.md")


def write(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write page and plots; where they are."""
    found = figures.read([json.dumps(one) for one in results["figures"]])
    drawn = dict(_drawn(found))
    place = folder / "speed"
    place.mkdir(exist_ok=True)
    for old in place.glob("*.svg"):
        old.unlink()
    for name, (_words, svg) in drawn.items():
        (place / f"{name}.svg").write_text(svg, encoding="utf-8")
    page = folder / "speed.md"
    text = _TEMPLATE.read_text("utf-8")
    for name, part in {
        "machine": _machine(results),
        "figures": _table(found),
        "plots": "\n\n".join(f"![{words}](speed/{name}.svg)" for name, (words, _svg) in drawn.items()),
    }.items():
        text = text.replace(f"{{{name}}}", part)
    page.write_text(text, encoding="utf-8")
    return [page, *(place / f"{name}.svg" for name in drawn)]


def _machine(results: Mapping[str, Any]) -> str:
    rows = [f"| {key.replace('_', ' ')} | {value} |" for key, value in results["machine"].items()]
    rows += [f"| not measured: {area} | {why} |" for area, why in results["missing"].items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def _table(found: Sequence[figures.Figure]) -> str:
    lines = ["| figure | measured | goal | | counted in the same run |", "|---|---|---|---|---|"]
    area = ""
    for one in found:
        if one.area != area:
            area = one.area
            lines.append(f"| **{area}** | | | | |")
        note = f"; {one.note}" if one.note else ""
        lines.append(f"| {one.what} | {one.shown} | {one.wanted} | {one.verdict} | {one.checked}{note} |")
    return "\n".join(lines)


def _drawn(found: Sequence[figures.Figure]) -> list[tuple[str, tuple[str, str]]]:
    """Name, words and SVG of each plot there are figures for."""
    made = []
    judged = [one for one in found if one.goal is not None]
    if judged:
        title = "How far each figure came (dashed: its goal)"
        made.append(("goals", (title, plots.against_goals(title, judged))))
    for area, series, title, across in (
        ("intake", ("of the bare handler",), "Durable intake: requests a second, of the bare handler's", "connections"),
        ("intake", ("times one commit each",), "Durable intake: times one commit for each message", "connections"),
        ("growth", None, "Cost of one message, times that with a thousand cases", "cases in the database"),
        ("scaling", None, "PostgreSQL: cases a second, times one worker's", "workers"),
        ("whole", ("p99",), "The whole way: p99 from webhook to receipt, ms", "cases a second"),
    ):
        points: dict[str, list[tuple[float, float]]] = {}
        goals: dict[float, str] = {}
        for one in found:
            if one.area == area and one.at is not None and one.series and (series is None or one.series in series):
                points.setdefault(one.series, []).append((one.at, one.value))
                if one.goal is not None:
                    goals[one.goal] = f"goal {one.wanted}"
        if points:
            name = f"{area}-{series[0].split()[0]}" if series else area
            made.append((name, (title, plots.lines(title, points, across=across, goals=goals))))
    return made


def main() -> None:
    """Write the page of the results that are there."""
    folder = Path(__file__).parents[1] / "docs" / "explanation"
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "speed.json"
    for path in write(json.loads(source.read_text("utf-8")), folder):
        print(path)


if __name__ == "__main__":
    main()
