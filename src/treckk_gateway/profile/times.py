"""When something happened, in the words people use: "tadi malam jam 10", "tiap hari", "sejak kemarin".

What can be told is told as a moment or a day; what may be two is only said to be stated. Nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice

import attrs
from msgspec import structs

from treckk_gateway.profile.phrases import Found, Phrases
from treckk_gateway.profile.tokens import fold, tokens

ONGOING, HABIT, STATED = "ongoing", "habit", "stated"
"""Values of a time that is no moment: it goes on now; it comes again and again; it was said, but not when."""

_NOON, _EVENING, _MORNING, _HOURS, _MINUTES = 12, 18, 6, 24, 60
_RECENT = timedelta(days=60)
_WORDS = 600
"""Words of a message that are read, and at most so many times in it."""
_MOST = 40
_LONGEST = 2_000
"""Characters of a message in which clock times and dates are looked for."""


_DIGIT = re.compile(r"\d")


class _Sense(StrEnum):
    """What a word says about time."""

    DAY = "day"
    NIGHT = "night"
    PART = "part"
    WEEKDAY = "weekday"
    PAST = "past"
    ONGOING = "ongoing"
    HURRY = "hurry"
    HABIT = "habit"
    SPAN = "span"
    COUNT = "count"
    STATED = "stated"


@attrs.frozen(kw_only=True)
class TimeWords:
    """A language's words about time.

    `days` are phrases with how many days from today; `nights` mean the night before; `parts` the parts of a day with
    the hour they begin; `weekdays` 0 to 6 from Monday; `months` 1 to 12; `past` makes a weekday the last one. `spans`
    behind a number or a word of `counts` are a period ("2 bulan"). `hours` stand before a clock time, `zones` behind.
    """

    days: Mapping[str, int] = attrs.field(factory=dict)
    nights: Sequence[str] = ()
    parts: Mapping[str, int] = attrs.field(factory=dict)
    weekdays: Mapping[str, int] = attrs.field(factory=dict)
    months: Mapping[str, int] = attrs.field(factory=dict)
    past: Sequence[str] = ()
    ongoing: Sequence[str] = ()
    hurry: Sequence[str] = ()
    habit: Sequence[str] = ()
    spans: Sequence[str] = ()
    counts: Sequence[str] = ()
    stated: Sequence[str] = ()
    hours: Sequence[str] = ()
    zones: Sequence[str] = ()


@attrs.frozen(kw_only=True)
class Time:
    """A moment or day in ISO 8601, or `ongoing`, `habit` or `stated`; and the words that say so.

    `hurry`: nothing but haste says that it is now.
    """

    value: str
    phrases: tuple[str, ...]
    hurry: bool = False


@attrs.frozen(kw_only=True)
class _Clock:
    """A time of day. `sure` where it cannot be meant twelve hours apart."""

    hour: int
    minute: int
    sure: bool
    text: str


class Times:
    """Reads times with one language's words."""

    def __init__(self, words: TimeWords | None = None) -> None:
        words = words or TimeWords()
        self._phrases: Phrases[tuple[_Sense, int]] = Phrases(_senses(words))
        self._past = frozenset(fold(one) for one in words.past)
        self._spans = frozenset(fold(one) for one in words.spans)
        hours, zones = _either(words.hours), _either(words.zones)
        self._clock = re.compile(
            rf"(?<!\w)(?:(?P<word>{hours})\.?\s{{0,3}}(?P<h>\d{{1,2}})(?:[.:](?P<m>\d\d))?"
            rf"|(?P<h2>\d{{1,2}})(?::(?P<m2>\d\d)|\.(?P<m3>\d\d)\s{{0,2}}(?:{zones})))(?![\w]|[.:,]\d)",
            re.IGNORECASE,
        )
        self._date = re.compile(r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d\d)(?![\d/-])")
        self._months = {"".join(tokens(name)): month for name, month in words.months.items()}
        self._named = re.compile(
            rf"(?<!\d)(\d{{1,2}})\s{{1,3}}({_either(words.months)})(?!\w)(?:\s{{1,3}}(\d{{4}}))?", re.IGNORECASE
        )

    def read(self, text: str, rows: Iterable[Sequence[str]], now: datetime) -> Time | None:
        """What a message says about when; `None` when it says nothing.

        `text` is the message as written, `rows` its words, in each spelling there is; `now` is local time.
        """
        found = [one for row in rows for one in islice(self._said(row[:_WORDS]), _MOST)]
        begun = text[:_LONGEST]
        numbered = _DIGIT.search(begun) is not None
        clocks = self._clocks(begun) if numbered else []
        dates = self._dates(begun, now.date()) if numbered else []
        if not (found or clocks or dates):
            return None
        texts = [*(one.phrase for one in found), *(one.text for one in clocks), *(said for said, _day in dates)]
        phrases = tuple(dict.fromkeys(texts))
        senses = {one.value[0] for one in found}
        if not (senses - {_Sense.PAST, _Sense.PART} or clocks or dates):
            return None
        if senses == {_Sense.HURRY} and not clocks and not dates:
            return Time(value=ONGOING, phrases=phrases, hurry=True)
        return Time(value=_value(found, clocks, {day for _said, day in dates}, now), phrases=phrases)

    def _clocks(self, text: str) -> list[_Clock]:
        """Clock times as written."""
        matches = islice(self._clock.finditer(text), _MOST)
        return [one for match in matches if (one := _clock(match)) is not None]

    def _dates(self, text: str, today: date) -> list[tuple[str, date | None]]:
        """Dates as written and as meant; `None` where the year cannot be told: without one it is the last such day."""
        found: list[tuple[str, date | None]] = []
        for match in islice(self._date.finditer(text), _MOST):
            day, month, year = map(int, match.groups())
            found.append((match[0], _day(day, month, year if year >= 100 else 2000 + year)))  # noqa: PLR2004 two digits
        for match in islice(self._named.finditer(text), _MOST):
            month = self._months[match[2].casefold()]
            one = _day(int(match[1]), month, int(match[3]) if match[3] else today.year)
            recent = one is not None and timedelta(0) <= today - one <= _RECENT
            found.append((match[0].casefold(), one if match[3] or recent else None))
        return found

    def _said(self, row: Sequence[str]) -> Iterator[Found[tuple[_Sense, int]]]:
        """What the words say, with periods put together from a number and its unit, and dates from day and month."""
        before: Found[tuple[_Sense, int]] | None = None
        for one in self._phrases.find(row):
            sense = one.value[0]
            number = row[one.start - 1] if one.start else ""
            counted = number.isdecimal() or (before and before.end == one.start and before.value[0] is _Sense.COUNT)
            last = before is not None and before.end == one.start and before.value[0] is _Sense.WEEKDAY
            if last and one.phrase in self._past:
                yield structs.replace(one, value=(_Sense.PAST, 0))
            elif counted and row[one.start] in self._spans:
                yield structs.replace(one, value=(_Sense.HABIT, 0), phrase=f"{number} {one.phrase}")
            elif sense not in {_Sense.SPAN, _Sense.COUNT}:
                yield one
            before = one


def _value(
    found: Sequence[Found[tuple[_Sense, int]]], clocks: Sequence[_Clock], dates: set[date | None], now: datetime
) -> str:
    senses = {one.value[0] for one in found}
    if _Sense.HABIT in senses:
        return HABIT
    days = _days(found, dates, now)
    if _Sense.ONGOING in senses and not clocks:
        return ONGOING
    if _Sense.ONGOING in senses and not days:
        days = {now.date()}
    if len(days) != 1:
        return STATED
    day = days.pop()
    if day is None:
        return STATED
    moment = _moment(day, clocks, found, now) if len(clocks) == 1 else None
    if clocks and moment is None and day == now.date():
        return STATED
    return moment.isoformat(timespec="minutes") if moment else day.isoformat()


def _days(found: Sequence[Found[tuple[_Sense, int]]], dates: set[date | None], now: datetime) -> set[date | None]:
    """The different days that are meant; a night belongs to the evening it begins with."""
    today = now.date()
    days = set(dates)
    past = any(one.value[0] is _Sense.PAST for one in found)
    for one in found:
        sense, value = one.value
        if sense is _Sense.DAY:
            days.add(today + timedelta(days=value))
        elif sense is _Sense.NIGHT and now.hour < _EVENING:
            days.add(today - timedelta(days=1))
        elif sense is _Sense.WEEKDAY and past:
            days.add(today - timedelta(days=(today.weekday() - value - 1) % 7 + 1))
    return days


def _moment(
    day: date, clocks: Sequence[_Clock], found: Sequence[Found[tuple[_Sense, int]]], now: datetime
) -> datetime | None:
    """The day with its clock time, if it can be told and has come, unless it is to come."""
    clock = clocks[0]
    night = any(one.value[0] is _Sense.NIGHT for one in found)
    parts = {one.value[1] for one in found if one.value[0] is _Sense.PART} | ({_EVENING} if night else set())
    hour = clock.hour
    if not clock.sure and len(parts) == 1:
        begin = parts.pop()
        if begin >= _EVENING and (hour < _MORNING or hour == _NOON):
            # "tadi malam jam 2" is after midnight; "kemarin malam jam 2" may be either night's.
            if not night:
                return None
            hour %= _NOON
            day += timedelta(days=1)
        elif (begin >= _EVENING and hour < _NOON) or (begin in range(11, _EVENING) and hour < _MORNING + 1):
            hour += _NOON
    elif not clock.sure:
        return None
    elif night and hour < _MORNING:
        day += timedelta(days=1)
    moment = datetime(day.year, day.month, day.day, hour, clock.minute, tzinfo=now.tzinfo)
    ahead = any(one.value[0] is _Sense.DAY and one.value[1] > 0 for one in found) or day > now.date()
    return moment if moment <= now or ahead else None


def _clock(match: re.Match[str]) -> _Clock | None:
    written = match["h"] or match["h2"]
    minutes = match["m"] or match["m2"] or match["m3"]
    hour, minute = int(written), int(minutes or 0)
    if hour >= _HOURS or minute >= _MINUTES:
        return None
    sure = hour > _NOON or written.startswith("0")
    return _Clock(hour=hour, minute=minute, sure=sure, text=match[0].strip().casefold())


def _day(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _senses(words: TimeWords) -> Iterator[tuple[str, tuple[_Sense, int]]]:
    tables = {
        _Sense.DAY: words.days,
        _Sense.PART: words.parts,
        _Sense.WEEKDAY: words.weekdays,
    }
    lists = {
        _Sense.NIGHT: words.nights,
        _Sense.PAST: words.past,
        _Sense.ONGOING: words.ongoing,
        _Sense.HURRY: words.hurry,
        _Sense.HABIT: words.habit,
        _Sense.SPAN: words.spans,
        _Sense.COUNT: words.counts,
        _Sense.STATED: words.stated,
    }
    for sense, table in tables.items():
        yield from ((phrase, (sense, value)) for phrase, value in table.items())
    for sense, phrases in lists.items():
        yield from ((phrase, (sense, 0)) for phrase in phrases)


def _either(words: Iterable[str]) -> str:
    """An expression for one of the words; for none where there are none."""
    known = ["".join(tokens(one)) for one in words]
    return "|".join(map(re.escape, sorted(filter(None, known), key=len, reverse=True))) or "(?!)"
