"""Counts and times of a period, with zeros: what came in, from where, what became of it and how long it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

import attrs

from treckk_gateway.model import State
from treckk_gateway.model.lifecycle import SETTLED
from treckk_gateway.profile import Profile
from treckk_gateway.store.rows import StandingRow, TallyRow, WaitRow

UNKNOWN = "-"
"""Stands where a district or a category is not known."""

STEPS = ("acknowledge", "instruct", "depart", "resolve")
"""From opening a case to: the first message that left to its reporter, the instruction, the departure, the outcome."""

_INCIDENTS = frozenset(State) - {State.DUPLICATE, State.REJECTED_SPAM}


class Audience(StrEnum):
    """Who reads: leadership sees every number, everybody else none that may point to one reporter."""

    LEADERSHIP = "leadership"
    PUBLIC = "public"


@attrs.frozen(kw_only=True)
class CountRow:
    """How many cases of a district are of a category. `count` is `None` where it is left out."""

    district: str
    category: str
    count: int | None


@attrs.frozen(kw_only=True)
class Wait:
    """How long a step took, in seconds: over all cases that took it, in a district or (`None`) everywhere.

    `cases` is `None` where it is left out.
    """

    step: str
    district: str | None
    cases: int | None
    median: float | None
    p90: float | None


@attrs.frozen(kw_only=True)
class Numbers:
    """A period in numbers.

    `received` are all cases opened in it; `merged` and `spam` are those of them that are no incident of their own.
    `counts` and what follows leave these out, except `states`. `complete` is the share of cases that had all needed
    fields when leadership first instructed, `completeness` the mean share of fields. `open` and `overdue` are as of
    now, whenever the cases were opened. `about_unit` are numbers of complaints about the unit, for leadership only.
    """

    first: date
    last: date
    audience: Audience
    received: int | None
    merged: int | None
    spam: int | None
    counts: tuple[CountRow, ...]
    channels: Mapping[str, int | None]
    states: Mapping[str, int | None]
    waits: tuple[Wait, ...]
    instructed: int | None
    complete: float | None
    completeness: float | None
    open: int | None
    overdue: int | None
    about_unit: tuple[str, ...] = ()


def counts(rows: Iterable[TallyRow], profile: Profile, hidden: Iterable[str]) -> tuple[CountRow, ...]:
    """A row for every district and category, also where there is nothing, and for what is not known."""
    found: Counter[tuple[str, str]] = Counter()
    for one in rows:
        if one.state in _INCIDENTS:
            found[one.district or UNKNOWN, one.category or UNKNOWN] += one.count
    districts = [*(one.code for one in profile.districts), UNKNOWN]
    categories = [*(one.code for one in profile.categories if one.code not in set(hidden)), UNKNOWN]
    return tuple(
        CountRow(district=district, category=category, count=found[district, category])
        for district in districts
        for category in categories
    )


def summed(rows: Iterable[TallyRow], key: Callable[[TallyRow], str], names: Iterable[str]) -> dict[str, int]:
    """Cases by something, with zeros for the names that must stand there."""
    found: Counter[str] = Counter(dict.fromkeys(names, 0))
    for one in rows:
        found[key(one)] += one.count
    return dict(sorted(found.items()))


def waits(rows: Sequence[WaitRow], districts: Iterable[str]) -> tuple[Wait, ...]:
    """Every step everywhere, and the acknowledgement in each district (R24), also where nothing happened."""
    found = {(one.step, one.district): one for one in rows}
    wanted = [*((step, None) for step in STEPS), *(("acknowledge", one) for one in districts)]
    return tuple(_wait(step, district, found.get((step, district))) for step, district in wanted)


def _wait(step: str, district: str | None, row: WaitRow | None) -> Wait:
    return Wait(
        step=step,
        district=district,
        cases=row.cases if row else 0,
        median=row.median / 1e6 if row else None,
        p90=row.p90 / 1e6 if row else None,
    )


def running(rows: Iterable[StandingRow]) -> tuple[int, int]:
    """How many cases have no outcome yet, and how many of all have a clock that ran out."""
    found = list(rows)
    return sum(one.count for one in found if one.state not in SETTLED), sum(one.overdue for one in found)
