"""Plots as SVG, written by hand: a few lines, readable on light and dark ground, nothing to install."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

from figures import Figure, told

_COLOURS = ("#2f6fb0", "#c8641c", "#3d8b52", "#8a4fa3", "#a03648", "#4d7d8c")
_STYLE = (
    "<style>text{font:13px sans-serif;fill:#333}line.axis{stroke:#999}line.goal{stroke:#a03648;stroke-dasharray:5 4}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}}</style>"
)


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", _STYLE, *parts, "</svg>", ""])


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'


def lines(
    title: str, series: Mapping[str, Sequence[tuple[float, float]]], *, across: str, goals: Mapping[float, str] = {}
) -> str:
    """Lines over a logarithmic axis from left to right; `goals` are dashed lines with their words."""
    left, top, width, height, right = 60, 40, 420, 240, 240
    points = [point for one in series.values() for point in one]
    lowest, highest = min(x for x, _ in points), max(x for x, _ in points)
    most = max([y for _, y in points] + list(goals)) * 1.1 or 1.0
    span = log10(highest / lowest) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + width * log10(x / lowest) / span, top + height * (1 - y / most)

    parts = [_text(left, 22, title)]
    parts.append(f'<line class="axis" x1="{left}" y1="{top + height}" x2="{left + width}" y2="{top + height}"/>')
    parts.append(f'<line class="axis" x1="{left}" y1="{top}" x2="{left}" y2="{top + height}"/>')
    for step in range(5):
        at = most * step / 4
        parts.append(_text(left - 6, place(lowest, at)[1] + 4, told(at) if at else "0", "end"))
    ticks = sorted({x for x, _ in points})
    parts += [_text(place(x, 0)[0], top + height + 18, f"{x:,.0f}", "middle") for x in ticks]
    parts.append(_text(left + width / 2, top + height + 36, across, "middle"))
    for at, words in goals.items():
        y = place(lowest, at)[1]
        parts.append(f'<line class="goal" x1="{left}" y1="{y:.0f}" x2="{left + width}" y2="{y:.0f}"/>')
        parts.append(_text(left + width + 8, y + 4, words))
    for number, (name, found) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(x, y) for x, y in sorted(found)]
        drawn = " ".join(f"{x:.0f},{y:.0f}" for x, y in placed)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{colour}"/>' for x, y in placed]
        row = top + height + 60 + 20 * number
        parts.append(f'<circle cx="{left + 6}" cy="{row - 4}" r="5" fill="{colour}"/>{_text(left + 18, row, name)}')
    return _svg(left + width + right, top + height + 60 + 20 * len(series), title, parts)


def against_goals(title: str, figures: Sequence[Figure]) -> str:
    """A bar for each figure that has a goal: how far it came, the goal being the dashed line, twice it the end."""
    left, width, row = 560, 300, 24
    parts = [_text(10, 22, title)]
    for number, one in enumerate(figures):
        assert one.goal is not None
        reached = one.goal / max(one.value, 1e-9) if one.at_most else one.value / one.goal
        y = 40 + row * number
        colour = _COLOURS[2] if one.met else _COLOURS[4]
        parts.append(_text(left - 8, y + 13, f"{one.area}: {one.what}"[:84], "end"))
        parts.append(
            f'<rect x="{left}" y="{y}" width="{width / 2 * min(reached, 2):.0f}" height="16" fill="{colour}"/>'
        )
        parts.append(_text(left + width + 8, y + 13, f"{one.shown.split(' (')[0]}, goal {one.wanted}"))
    end = 40 + row * len(figures)
    parts.append(f'<line class="goal" x1="{left + width / 2}" y1="34" x2="{left + width / 2}" y2="{end}"/>')
    return _svg(left + width + 190, end + 16, title, parts)
