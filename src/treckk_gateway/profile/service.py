"""The `[calendar]` and `[clocks]` tables of a profile: hours of service, days without it, and limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from treckk_gateway.profile import shapes
from treckk_gateway.profile.calendar import MIDNIGHT, Calendar, Minutes, National, Quiet, national
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.limits import Limits, read_limits

HOLIDAYS = "holidays.csv"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_A_MINUTE_SHORT = MIDNIGHT - 1


def read_holidays(folder: Folder) -> dict[int, dict[date, str]]:
    """National holidays by year, of the years that `holidays.csv` has; none where there is no such file.

    Raises `ProfileError` for a day that is none, or stands there twice.
    """
    found: dict[int, dict[date, str]] = {}
    rows = folder.table(HOLIDAYS, ("date", "name")) if folder.has(HOLIDAYS) else ()
    for line, row in enumerate(rows, 2):
        try:
            day = date.fromisoformat(row["date"])
        except ValueError:
            refuse(HOLIDAYS, f"line {line}, date", f"{row['date']!r} is no day; write one like 2026-12-25")
        year = found.setdefault(day.year, {})
        if day in year:
            refuse(HOLIDAYS, f"line {line}, date", f"{day} stands there twice")
        year[day] = row["name"]
    return found


def read_calendar(
    file: str, written: shapes.CalendarTable, zone: str, listed: Mapping[int, Mapping[date, str]]
) -> Calendar:
    """The calendar; `listed` are the national holidays of whole years.

    Raises `ProfileError` for hours that cannot be, a week without any, or an unknown country.
    """
    for name in written.hours:
        if name not in WEEKDAYS:
            refuse(file, f"calendar.hours.{name}", f"is no weekday; they are {', '.join(WEEKDAYS)}")
    hours = tuple(_hours(file, name, written.hours.get(name, [])) for name in WEEKDAYS)
    if not any(hours):
        refuse(file, "calendar.hours", "names no hour of service: no deadline would ever end")
    return Calendar(
        zone=ZoneInfo(zone),
        hours=hours,
        national=_national(file, written, listed),
        closed=_days(file, "closed", written.closed),
        opened=_days(file, "opened", written.opened),
        checked=written.checked_until,
        quiet=_quiet(file, written.quiet),
    )


def read_profile_limits(file: str, written: dict[str, object]) -> Limits:
    """The unit's limits: the defaults with what `[clocks]` says instead. Raises `ProfileError`."""
    try:
        return Limits().replaced(read_limits(written, ["refuse_unanswered"]))
    except ValueError as problem:
        name, reason = problem.args
        refuse(file, f"clocks.{name}", reason)


def _national(file: str, written: shapes.CalendarTable, listed: Mapping[int, Mapping[date, str]]) -> National:
    if written.country is None:
        return lambda _year: {}
    if not re.fullmatch(r"[A-Z]{2}", written.country):
        refuse(file, "calendar.country", "is a code of two capital letters, such as ID")
    return national(written.country, written.subdivision, listed)


def _hours(file: str, name: str, spans: Iterable[str]) -> tuple[Minutes, ...]:
    key = f"calendar.hours.{name}"
    found: list[Minutes] = []
    for span in spans:
        begins, ends = _minutes(file, key, span)
        if begins >= ends:
            refuse(file, key, f"{span} ends before it begins; a night is two spans, until 24:00 and from 00:00")
        if ends == _A_MINUTE_SHORT:
            refuse(file, key, f"{span} leaves the last minute of the day closed: write 24:00")
        if found and begins < found[-1][1]:
            refuse(file, key, f"{span} begins before the span in front of it ends")
        found.append((begins, ends))
    return tuple(found)


def _quiet(file: str, written: str | None) -> Quiet:
    if written is None:
        return Quiet()
    begins, ends = _minutes(file, "calendar.quiet", written)
    return Quiet(begins % MIDNIGHT, ends % MIDNIGHT)


def _minutes(file: str, key: str, span: str) -> Minutes:
    found = _SPAN.fullmatch(span)
    if found is None:
        refuse(file, key, f"{span!r} is no span of time; write one like 08:00-16:00")
    first, second, third, fourth = map(int, found.groups())
    begins, ends = first * 60 + second, third * 60 + fourth
    if max(begins, ends) > MIDNIGHT:
        refuse(file, key, f"{span} goes beyond 24:00")
    return begins, ends


def _days(file: str, key: str, entries: Iterable[shapes.DayTable]) -> dict[date, str]:
    found: dict[date, str] = {}
    for one in entries:
        if one.date in found:
            refuse(file, f"calendar.{key}", f"{one.date} stands there twice")
        found[one.date] = one.name
    return found
