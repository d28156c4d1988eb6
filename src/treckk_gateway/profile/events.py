"""When an event is to be held and how many are expected, in the words of who asks to have it secured.

A day is told where only one can be meant; what may be two, such as "Sabtu depan", is given in the words used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice

import attrs

from treckk_gateway.profile.phrases import Phrases
from treckk_gateway.profile.times import TimeWords
from treckk_gateway.profile.tokens import fold

_MOST = 40
"""Dates and crowds that are looked at in a message, in its first `_LONGEST` characters."""
_LONGEST = 2_000
_WEEK, _MONTHS = 7, 12
_FARTHEST = timedelta(days=300)
"""How far ahead a date without a year is looked for: one that has just gone by is not next year's."""
_FEWEST = 10
"""People from which a number behind a word for people is a crowd: "peserta 600", not "warga 5 rumah"."""
_BEFORE = 2
"""Words before a number among which its guards stand: "personel sebanyak 10 orang"."""
_COUNT = r"\d{1,3}(?:[.,]\d{3})+|\d{1,7}"


@attrs.frozen(kw_only=True)
class EventWords:
    """A language's words about events to come.

    `days` are phrases with how many days from today, beside those of `TimeWords`; `eves` evenings named after the day
    that follows, with the weekday they fall on (0 to 6 from Monday). `ahead` behind a weekday may mean either week.
    `vague` say when without a day. `dates` stand before a bare day of the month; behind one of `addresses` numbers
    are no date. `people` are words for a crowd, `guards` for who is asked for; `about` stands before an estimate;
    `crowds` are numbers without a figure; `scales` multiply a number, `numbers` are ones written out.
    """

    days: Mapping[str, int] = attrs.field(factory=dict)
    eves: Mapping[str, int] = attrs.field(factory=dict)
    ahead: Sequence[str] = ()
    vague: Sequence[str] = ()
    dates: Sequence[str] = ()
    addresses: Sequence[str] = ()
    people: Sequence[str] = ()
    guards: Sequence[str] = ()
    about: Sequence[str] = ()
    crowds: Sequence[str] = ()
    scales: Mapping[str, int] = attrs.field(factory=dict)
    numbers: Mapping[str, int] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Told:
    """A day in ISO 8601 or a number, or the words where neither can be told for sure; and the words that say so."""

    value: str
    phrases: tuple[str, ...]
    sure: bool


class Events:
    """Reads dates to come and crowds with one language's words."""

    def __init__(self, words: EventWords | None = None, times: TimeWords | None = None) -> None:
        words, times = words or EventWords(), times or TimeWords()
        self._phrases: Phrases[tuple[str, int]] = Phrases(_senses(words, times))
        self._ahead: Phrases[bool] = Phrases((one, True) for one in words.ahead)
        self._months = {fold(name): month for name, month in times.months.items()}
        self._guards, self._addresses = _words(words.guards), _words(words.addresses)
        self._scales = {fold(name): scale for name, scale in words.scales.items()}
        self._numbers = {fold(name): number for name, number in words.numbers.items()}
        months, people = _either(times.months), _either(words.people)
        count = rf"(?:{_COUNT}|{_either(words.numbers)})"
        scales = _either(words.scales)

        def figure(which: int) -> str:
            return rf"(?P<n{which}>{count})(?:an)?\s{{0,2}}(?P<s{which}>{scales})?(?:an)?(?!\w)"

        until = rf"(?:(?P<low>{_COUNT})\s{{0,2}}[-\u2013]\s{{0,2}})?"
        self._day = re.compile(
            rf"(?<![\d/.-])(?:(?:(?P<from>\d{{1,2}})\s{{0,2}}[-\u2013]\s{{0,2}})?(?P<d2>\d{{1,2}})[a-z]{{0,2}}\s{{1,3}}(?:of\s)?"
            rf"(?P<m2>{months})(?!\w)(?:,?\s{{1,3}}(?P<y2>\d{{4}}))?"
            r"|(?P<d1>\d{1,2})(?P<sep>[/.-])(?P<m1>\d{1,2})(?:(?P=sep)(?P<y1>\d{4}|\d\d))?(?![\d/.-]\d|\d)"
            rf"|\b(?P<m3>{months})\s{{1,3}}(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?!\w)(?:,?\s{{1,3}}(?P<y3>\d{{4}}))?"
            rf"|\b(?:{_either(words.dates)})\.?\s{{0,3}}(?P<d4>\d{{1,2}})(?!\w|[/.-]\d|\s{{1,3}}(?:{months})\b))",
            re.IGNORECASE,
        )
        self._crowd = re.compile(
            rf"(?<![\w/.,]){until}{figure(1)}\s{{0,3}}(?:{people})(?!\w)(?P<after>\s{{1,3}}\w+)?"
            rf"|(?<!\w)(?:{people})\s{{0,2}}:?\s{{0,2}}(?:(?:{_either(words.about)})\s{{1,2}})?{figure(2)}"
            rf"|(?<!\w)(?P<vague>(?:{_either(words.crowds)})(?:\s{{1,3}}(?:{people}))?)(?!\w)",
            re.IGNORECASE,
        )

    def day(self, text: str, rows: Iterable[Sequence[str]], today: date) -> Told | None:
        """The day of an event; `None` where the message names none to come.

        `text` is the message as written, `rows` its words, in each spelling there is. A date goes before a weekday.
        """
        written = list(islice(self._dates(text[:_LONGEST], today), _MOST))
        said = written or [one for row in rows for one in islice(self._said(row, today), _MOST)]
        if not said:
            return None
        phrases = tuple(dict.fromkeys(phrase for phrase, _day in said))
        days = {day for _phrase, day in said}
        known = days.pop() if len(days) == 1 else None
        value = known.isoformat() if known else ", ".join(phrases[:4])
        return Told(value=value, phrases=phrases, sure=known is not None)

    def crowd(self, text: str) -> Told | None:
        """How many people are expected; those that are asked for as guards are none of them."""
        found = [
            told
            for match in islice(self._crowd.finditer(text[:_LONGEST]), _MOST)
            if (told := self._people(text, match)) is not None
        ]
        if not found:
            return None
        phrases = tuple(dict.fromkeys(phrase for phrase, _number in found))
        numbers = {number for _phrase, number in found if number is not None}
        value = str(numbers.pop()) if len(numbers) == 1 else ", ".join(phrases[:4])
        return Told(value=value, phrases=phrases, sure=value.isdecimal())

    def _people(self, text: str, match: re.Match[str]) -> tuple[str, int | None] | None:
        phrase = " ".join((match[0].removesuffix(match["after"]) if match["after"] else match[0]).split()).casefold()
        if match["vague"]:
            return phrase, None
        if match["n1"] is None:
            number = self._number(match["n2"], match["s2"])
            return (phrase, number) if number >= _FEWEST else None
        around = fold(text[max(0, match.start() - 40) : match.start()]).split()[-_BEFORE:]
        if self._guards & {*around, fold(match["after"] or "")}:
            return None
        return phrase, None if match["low"] else self._number(match["n1"], match["s1"])

    def _number(self, count: str, scale: str | None) -> int:
        digits = re.sub(r"[.,]", "", count)
        number = int(digits) if digits.isdecimal() else self._numbers[fold(count)]
        return number * (self._scales[fold(scale)] if scale else 1)

    def _dates(self, text: str, today: date) -> Iterator[tuple[str, date | None]]:
        """Dates as written and as meant, `None` where it may be several days; those gone by are left out."""
        for match in self._day.finditer(text):
            phrase = " ".join(match[0].split()).casefold()
            before = fold(text[max(0, match.start() - 20) : match.start()]).split()[-1:]
            if match["m1"] and (self._addresses & set(before) or (match["sep"] != "/" and not match["y1"])):
                continue
            day = int(match["d1"] or match["d2"] or match["d3"] or match["d4"])
            name = match["m2"] or match["m3"]
            month = self._months[fold(name)] if name else int(match["m1"] or 0)
            year = match["y1"] or match["y2"] or match["y3"]
            meant = _coming(day, month, int(year) % 100 + 2000 if year else None, today)
            if meant is not None:
                yield phrase, None if match["from"] else meant

    def _said(self, row: Sequence[str], today: date) -> Iterator[tuple[str, date | None]]:
        """Days told by their distance or weekday."""
        for one in self._phrases.find(row):
            sense, value = one.value
            ahead = next((two for two in self._ahead.find(row[one.end : one.end + 4]) if two.start == 0), None)
            before = next(self._ahead.find(row[max(0, one.start - 1) : one.start]), None)
            phrase = " ".join(two.phrase for two in (before, one, ahead) if two is not None)
            if sense == "vague":
                yield phrase, None
            elif sense == "day":
                yield one.phrase, today + timedelta(days=value)
            else:
                yield phrase, _weekday(value, today, next_one=bool(ahead or before))


def _weekday(wanted: int, today: date, *, next_one: bool) -> date | None:
    """The coming day of that name; `None` where this week's or the next one's may be meant."""
    away = (wanted - today.weekday()) % _WEEK
    if away == 0:
        return today + timedelta(days=_WEEK) if next_one else None
    return None if next_one and wanted > today.weekday() else today + timedelta(days=away)


def _coming(day: int, month: int, year: int | None, today: date) -> date | None:
    """The date, with the year or month that makes it the next one; `None` for none, and for one gone by."""
    if year is not None:
        meant = _on(year, month, day)
        return meant if meant is not None and meant >= today else None
    turn = today.month == _MONTHS
    after = (today.year + turn, 1 if turn else today.month + 1)
    months = [(today.year, month), (today.year + 1, month)] if month else [(today.year, today.month), after]
    found = (_on(one, other, day) for one, other in months)
    coming = next((one for one in found if one is not None and one >= today), None)
    return coming if coming is not None and coming - today <= _FARTHEST else None


def _on(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _senses(words: EventWords, times: TimeWords) -> Iterator[tuple[str, tuple[str, int]]]:
    yield from ((phrase, ("vague", 0)) for phrase in words.vague)
    yield from ((phrase, ("weekday", day)) for phrase, day in words.eves.items())
    yield from ((phrase, ("day", away)) for phrase, away in words.days.items())
    yield from ((phrase, ("day", away)) for phrase, away in times.days.items() if away > 0)
    yield from ((phrase, ("weekday", day)) for phrase, day in times.weekdays.items())


def _words(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, phrases))


def _either(words: Iterable[str]) -> str:
    """An expression for one of the phrases; for none where there are none."""
    known = sorted({fold(one) for one in words} - {""}, key=len, reverse=True)
    return "|".join(r"[\s-]{1,3}".join(map(re.escape, one.split())) for one in known) or "(?!)"
