"""When the unit serves, and how its time is counted: pure functions over hours, holidays and days the county names.

Source: the open311-and-sp4n reference, section 5 (working-day rules). Instants come in and go out in microseconds
since the epoch; days and hours are those of the unit's zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import attrs

from treckk_gateway.errors import ProfileError
from treckk_gateway.model import Instant
from treckk_gateway.profile.durations import Duration, Unit

Minutes = tuple[int, int]
"""From and until, in minutes of the day, the end not included: (480, 960) is 08:00-16:00, the last end is 1440."""

National = Callable[[int], Mapping[date, str]]
"""A year's national holidays."""

MIDNIGHT = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_FARTHEST = 4000
"""Days looked ahead for an opening; ten years of them is a calendar that is closed for good."""


@attrs.frozen
class Quiet:
    """Minutes of the day within which nobody is rung up; it may run over midnight. None where both are equal."""

    begins: int = 0
    ends: int = 0

    def holds(self, minute: int) -> bool:
        """Whether that minute of the day is quiet."""
        if self.begins <= self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends


@attrs.define(kw_only=True, eq=False)
class Calendar:
    """A unit's calendar.

    `hours` are the spans of service of each weekday, Monday first. `closed` are days without service beside the
    national holidays, `opened` days that are working days although the list of national holidays has them; both with
    the reason. Up to `checked` (inclusive) somebody compared all this with the year's decree: what is counted beyond
    it is provisional. `None` means that it never needs checking.
    """

    zone: ZoneInfo
    hours: tuple[tuple[Minutes, ...], ...]
    national: National = attrs.field(default=lambda _year: {}, repr=False)
    closed: Mapping[date, str] = attrs.field(factory=dict, repr=False)
    opened: Mapping[date, str] = attrs.field(factory=dict, repr=False)
    checked: date | None = None
    quiet: Quiet = Quiet()
    _spans: dict[date, tuple[tuple[Instant, Instant], ...]] = attrs.field(factory=dict, init=False, repr=False)

    def day(self, at: Instant) -> date:
        """The day it is at the unit."""
        return self._local(at).date()

    def why_closed(self, day: date) -> str | None:
        """The name of the holiday or closure, `""` for a weekday without hours, `None` for a working day."""
        if day in self.closed:
            return self.closed[day]
        if day not in self.opened:
            name = self.national(day.year).get(day)
            if name is not None:
                return name
        return None if self.hours[day.weekday()] else ""

    def works(self, day: date) -> bool:
        """Whether it is a working day."""
        return bool(self._open(day))

    def is_checked(self, at: Instant) -> bool:
        """Whether the days up to then were compared with the year's decree."""
        return self.checked is None or self.day(at) <= self.checked

    def is_open(self, at: Instant) -> bool:
        """Whether the unit serves at that moment; the moment of closing is closed."""
        return any(begins <= at < ends for begins, ends in self._open(self.day(at)))

    def is_quiet(self, at: Instant) -> bool:
        """Whether that moment lies in the quiet hours."""
        local = self._local(at)
        return self.quiet.holds(local.hour * 60 + local.minute)

    def quiet_until(self, at: Instant) -> Instant:
        """When the quiet hours around that moment end; the moment itself when it is not quiet."""
        if not self.is_quiet(at):
            return at
        day = self.day(at)
        end = self._instant(day, self.quiet.ends)
        return end if end > at else self._instant(day + _DAY, self.quiet.ends)

    def next_opening(self, at: Instant) -> Instant:
        """The moment itself while open, otherwise the next opening. Raises `ProfileError` when there is none."""
        return max(at, next(begins for begins, ends in self._ahead(at) if ends > at))

    def add(self, at: Instant, duration: Duration) -> Instant:
        """When something that begins then and may take so long is due.

        Hours end to the minute. Days end with their last day: of the calendar at midnight, of work with the end of
        service; the day of the beginning does not count, and what begins outside service begins at the next opening.
        """
        if duration.unit is Unit.PLAIN:
            return at + duration.amount
        if duration.unit is Unit.SERVICE:
            return self._serve(at, duration.amount)
        if duration.unit is Unit.DAYS:
            return self._instant(self.day(at) + (duration.amount + 1) * _DAY, 0)
        day = self.day(self.next_opening(at))
        for _ in range(duration.amount):
            day = self._working_day(day + _DAY)
        return self._open(day)[-1][1]

    def left(self, due: Instant, at: Instant, unit: Unit) -> Duration:
        """What is left at a moment before `due`, so that the count may go on from another."""
        if unit is Unit.PLAIN:
            return Duration(due - at, unit)
        if unit is Unit.SERVICE:
            return Duration(self.working_between(at, due), unit)
        last, day = self._last_day(due), self.day(at)
        if unit is Unit.DAYS:
            return Duration((last - day).days, unit)
        return Duration(sum(self.works(one) for one in _days(day + _DAY, last)), unit)

    def warning(self, due: Instant, left: int, unit: Unit) -> Instant:
        """The moment when only so much is left: microseconds, or whole days, at whose beginning it is."""
        if unit is Unit.PLAIN:
            return due - left
        if unit is Unit.SERVICE:
            return self._serve_back(due, left)
        day = self._last_day(due)
        if unit is Unit.DAYS:
            return self._instant(day - left * _DAY, 0)
        for _ in range(left):
            day = self._working_day(day - _DAY, -_DAY)
        return self._open(day)[0][0] if self.works(day) else self._instant(day, 0)

    def working_between(self, begins: Instant, ends: Instant) -> int:
        """Microseconds of service between two moments, 0 when they are the wrong way round."""
        if ends <= begins:
            return 0
        days = _days(self.day(begins), self.day(ends))
        spans = (span for day in days for span in self._open(day))
        return sum(max(0, min(ends, closing) - max(begins, opening)) for opening, closing in spans)

    def _serve(self, at: Instant, amount: int) -> Instant:
        left = amount
        for begins, ends in self._ahead(at):
            start = max(begins, at)
            if left <= ends - start:
                return start + left
            left -= max(0, ends - start)
        raise _never()

    def _serve_back(self, at: Instant, amount: int) -> Instant:
        left, day = amount, self.day(at)
        for _ in range(_FARTHEST):
            for begins, ends in reversed(self._open(day)):
                end = min(ends, at)
                if left <= end - begins:
                    return end - left
                left -= max(0, end - begins)
            day -= _DAY
        raise _never()

    def _ahead(self, at: Instant) -> Iterator[tuple[Instant, Instant]]:
        """Spans of service that have not ended by then, for as far as anybody looks."""
        day = self.day(at)
        for _ in range(_FARTHEST):
            yield from (span for span in self._open(day) if span[1] > at)
            day += _DAY
        raise _never()

    def _working_day(self, day: date, step: timedelta = _DAY) -> date:
        """That day, or the next (or last) one with service."""
        for _ in range(_FARTHEST):
            if self.works(day):
                return day
            day += step
        raise _never()

    def _last_day(self, due: Instant) -> date:
        """The day something due then ends with: midnight belongs to the day before."""
        return self.day(due - 1)

    def _open(self, day: date) -> tuple[tuple[Instant, Instant], ...]:
        found = self._spans.get(day)
        if found is None:
            spans = self.hours[day.weekday()] if self.why_closed(day) is None else ()
            found = tuple((self._instant(day, begins), self._instant(day, ends)) for begins, ends in spans)
            if len(self._spans) >= _FARTHEST:
                self._spans.clear()
            self._spans[day] = found
        return found

    def _instant(self, day: date, minute: int) -> Instant:
        local = datetime(day.year, day.month, day.day, tzinfo=self.zone) + timedelta(minutes=minute)
        return (local.astimezone(UTC) - _EPOCH) // _MICRO

    def _local(self, at: Instant) -> datetime:
        return (_EPOCH + at * _MICRO).astimezone(self.zone)


def national(
    country: str, subdivision: str | None = None, listed: Mapping[int, Mapping[date, str]] = MappingProxyType({})
) -> National:
    """A country's public holidays as the `holidays` package knows them: a beginning, not the truth.

    The package is loaded with the first year that is not `listed`; that raises `ProfileError` for a country it does not
    know.
    """

    @cache
    def of_year(year: int) -> Mapping[date, str]:
        if year in listed:
            return listed[year]
        import holidays  # noqa: PLC0415 knows 250 countries: a tenth of a second and twelve megabytes

        try:
            own = holidays.country_holidays(country, subdiv=subdivision).default_language  # else that of the process
            return dict(holidays.country_holidays(country, subdiv=subdivision, years=year, language=own))
        except NotImplementedError:
            reason = f"no holidays are known of {country} {subdivision or ''}".rstrip()
            raise ProfileError(f"profile.toml: calendar.country: {reason}") from None

    return of_year


def _days(first: date, last: date) -> Iterator[date]:
    return (first + count * _DAY for count in range((last - first).days + 1))


def _never() -> ProfileError:
    return ProfileError("the calendar names no hour of service in the ten years to come")
