"""How long something may take, in the unit it is meant in: `4 service hours` is not four hours, nor half a day.

Source: working-day rules of the open311-and-sp4n reference, section 5: a clock has a unit, and none becomes another.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

import attrs

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_WRITTEN = re.compile(
    r"([0-9]{1,6}) ?(min|minutes?|h|hours?|service minutes?|service hours?|days?|working days?)", re.IGNORECASE
)
_LONGEST = 3660
"""Days; ten years and a little."""


class Unit(StrEnum):
    """What is counted: time as it passes, time of service, days of the calendar, working days."""

    PLAIN = "plain"
    SERVICE = "service"
    DAYS = "days"
    WORKING_DAYS = "working days"

    @property
    def whole(self) -> bool:
        """Whether whole days are counted, so that it ends with one."""
        return self in {Unit.DAYS, Unit.WORKING_DAYS}


@attrs.frozen
class Duration:
    """`amount` is microseconds, or days where the unit counts whole ones."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Self:
        """From words such as `30 min`, `24h`, `4 service hours`, `7 days`, `1 working day`. Raises `ValueError`."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError("write a number and min, h, service hours, days or working days: '4 service hours'")
        count, word = int(found[1]), found[2].lower()
        if "day" in word:
            made = cls(count, Unit.WORKING_DAYS if word.startswith("working") else Unit.DAYS)
        else:
            scale = MINUTE if "min" in word else HOUR
            made = cls(count * scale, Unit.SERVICE if word.startswith("service") else Unit.PLAIN)
        if not 0 < made.amount <= (_LONGEST if made.unit.whole else _LONGEST * DAY):
            raise ValueError("must be longer than nothing and at most ten years")
        return made

    def __str__(self) -> str:
        if self.unit.whole:
            return f"{self.amount} {self.unit.value.removesuffix('s')}{'' if self.amount == 1 else 's'}"
        size, word = (HOUR, "hour") if self.amount % HOUR == 0 else (MINUTE, "minute")
        count = self.amount // size
        service = "service " if self.unit is Unit.SERVICE else ""
        return f"{count} {service}{word}{'' if count == 1 else 's'}"
