"""Days of the unit, from one to another, as the store counts them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from treckk_gateway.errors import Incomplete
from treckk_gateway.model import Instant

LONGEST = 3660
"""Days one report may cover."""

_EARLIEST, _LATEST = 2000, 2200
_DAY = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Period:
    """From the first day to the last, both included, in the unit's zone."""

    first: date
    last: date
    zone: ZoneInfo

    @classmethod
    def of(cls, first: date, last: date, zone: ZoneInfo) -> Period:
        """A period somebody asked for. Raises `Incomplete` when it ends before it begins or is too long."""
        if not (first.year >= _EARLIEST and last.year <= _LATEST):
            raise Incomplete(f"reports know the years {_EARLIEST} to {_LATEST}", ("period",))
        if last < first:
            raise Incomplete("the last day comes before the first", ("period",))
        if (last - first).days > LONGEST:
            raise Incomplete(f"one report covers at most {LONGEST} days", ("period",))
        return cls(first=first, last=last, zone=zone)

    @property
    def since(self) -> Instant:
        """The first moment in it."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> Instant:
        """The first moment after it."""
        return _midnight(self.last + _DAY, self.zone)

    def months(self) -> Iterator[Period]:
        """The calendar months it touches, each cut to the period, oldest first."""
        day = self.first
        while day <= self.last:
            following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            yield attrs.evolve(self, first=day, last=min(self.last, following - _DAY))
            day = following

    def whole_months(self, today: date) -> Period | None:
        """The ended calendar months inside it, `None` when there are none.

        Who may compare two periods that differ by a day learns what happened on that day; so outside leadership only
        whole months are counted, and only once nothing is added to them any more.
        """
        first = self.first if self.first.day == 1 else _next_month(self.first)
        last = min(self.last, today.replace(day=1) - _DAY)
        if (last + _DAY).day != 1:
            last = last.replace(day=1) - _DAY
        return attrs.evolve(self, first=first, last=last) if first <= last else None


def day_of(at: Instant, zone: ZoneInfo) -> date:
    """The day it is at the unit."""
    return datetime.fromtimestamp(at / 1e6, zone).date()


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> Instant:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1_000_000
