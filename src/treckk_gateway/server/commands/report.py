"""`treckk report`: leadership's view on the command line, from the running server or from the data."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from treckk_gateway.report import Audience, Layer
from treckk_gateway.server.commands.asking import ApiClient, ask
from treckk_gateway.server.commands.options import HERE, Config
from treckk_gateway.server.commands.printing import console, print_json

_DAY = ["%Y-%m-%d"]
_WHOLE = ("received", "merged", "spam", "open", "overdue", "instructed")
_HOUR, _DAYS = 3600, 86400


class Format(StrEnum):
    """What is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    GEOJSON = "geojson"


def report(
    *,
    config: Config = HERE,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="The first day; this month's first.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="The last day; today.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is printed; geojson takes --layer.")] = Format.TABLE,
    layer: Annotated[Layer | None, typer.Option(help="A vulnerability layer instead of the numbers.")] = None,
    audience: Annotated[
        Audience, typer.Option("--for", help="public leaves out small numbers and counts whole ended months only.")
    ] = Audience.LEADERSHIP,
    cases: Annotated[bool, typer.Option("--cases", help="Cases one by one, without identities.")] = False,
) -> None:
    """Print a period in numbers: what came in, from where, what became of it, and how long it took."""
    days = {"from": _day(first), "to": _day(last)}
    if cases and layer is not None:
        raise typer.BadParameter("say either --cases or --layer")
    if form is Format.GEOJSON and layer is None:
        raise typer.BadParameter("geojson shows a layer: add --layer disturbance or --layer perda")
    if layer is not None or cases:
        _print(ask(config, lambda api: _listed(api, form, layer, {**days, "for": audience.value})))
        return
    if form is Format.CSV:
        _print(ask(config, lambda api: api.text("/report.csv", **days, **{"for": audience.value})))
        return
    found = ask(config, lambda api: api.get("/report", **days, **{"for": audience.value}))
    if form is Format.JSON:
        print_json(found)
    else:
        _show(found)


async def _listed(api: ApiClient, form: Format, layer: Layer | None, query: dict[str, str | None]) -> str:
    if layer is not None:
        kind = "geojson" if form in {Format.GEOJSON, Format.JSON} else "csv"
        return await api.text(f"/report/layers/{layer}.{kind}", **query)
    days = {name: value for name, value in query.items() if name != "for"}
    if form is not Format.JSON:
        return await api.text("/report/cases.csv", **days)
    lines = [msgspec.json.encode(one) async for one in api.all("/report/cases", **days)]
    return b"\n".join(lines).decode() + ("\n" if lines else "")


def _show(found: dict[str, Any]) -> None:
    out = console()
    out.print(f"{found['first']} to {found['last']}, for {found['audience']}", style="bold")
    out.print(", ".join(f"{name} {_number(found[name])}" for name in _WHOLE))
    if found["complete"] is not None:
        mean = f"{found['completeness']:.0%} of the fields on average"
        out.print(f"complete when first instructed: {found['complete']:.0%}, {mean}")
    out.print(_counts(found["counts"]))
    waits = Table("step", "district", "cases", "median", "90 of 100", box=None)
    for one in found["waits"]:
        times = (_time(one["median"]), _time(one["p90"]))
        waits.add_row(one["step"], one["district"] or "all", _number(one["cases"]), *times)
    out.print(waits)
    for name in ("states", "channels"):
        shown = ", ".join(f"{key} {_number(value)}" for key, value in found[name].items())
        out.print(f"{name}: {shown or '-'}")
    if found["about_unit"]:
        out.print(f"about the unit: {', '.join(found['about_unit'])}")


def _counts(counts: list[dict[str, Any]]) -> Table:
    """Categories down, districts across, each with its sum; a sum that misses a number is left out too."""
    districts = list(dict.fromkeys(one["district"] for one in counts))
    rows: dict[str, list[int | None]] = {}
    for one in counts:
        rows.setdefault(one["category"], []).append(one["count"])
    shown = Table("category", *districts, "all", box=None)
    for category, row in rows.items():
        shown.add_row(category, *map(_number, row), _number(_sum(row)))
    sums = [_sum(column) for column in zip(*rows.values(), strict=True)]
    shown.add_row("all", *map(_number, sums), _number(_sum(sums)))
    return shown


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(one for one in known if one is not None)


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < _HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / _HOUR:.1f} h" if seconds < 2 * _DAYS else f"{seconds / _DAYS:.1f} d"


def _day(given: datetime | None) -> str | None:
    return given.date().isoformat() if given is not None else None


def _print(text: str) -> None:
    sys.stdout.write(text)
