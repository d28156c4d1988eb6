"""`treckk holidays`: a country's holidays as the file of a profile, so that no server has to load all countries."""

from __future__ import annotations

import csv
import sys
from typing import Annotated

import typer

from treckk_gateway.errors import ProfileError
from treckk_gateway.profile.calendar import national

Years = Annotated[list[int], typer.Argument(help="Years, such as 2026 2027.", metavar="YEAR...", min=1900, max=2200)]
Country = Annotated[str, typer.Argument(help="The country's code, such as ID.")]
Subdivision = Annotated[str | None, typer.Option(help="The code of a part of it that has holidays of its own.")]


def holidays(country: Country, years: Years, *, subdivision: Subdivision = None) -> None:
    """Write national holidays as the package `holidays` knows them, for holidays.csv in a profile's folder.

    A year that stands in that file is taken from there. Compare it with the year's decree before you rely on it.
    """
    of_year = national(country, subdivision)
    try:
        days = sorted(pair for year in dict.fromkeys(years) for pair in of_year(year).items())
    except ProfileError as problem:
        typer.echo(str(problem).removeprefix("profile.toml: calendar.country: "), err=True)
        raise typer.Exit(1) from None
    written = csv.writer(sys.stdout, lineterminator="\n")
    written.writerow(("date", "name"))
    written.writerows((day.isoformat(), name) for day, name in days)
