from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.errors import Incomplete
from treckk_gateway.report import Period

ZONE = ZoneInfo("Asia/Makassar")
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def test_a_day_begins_and_ends_at_the_units_midnight():
    day = Period.of(date(2026, 11, 24), date(2026, 11, 24), ZONE)
    assert day.since == 1_795_449_600_000_000  # 2026-11-23T16:00:00Z
    assert day.until - day.since == 86_400_000_000


@given(DAYS, st.integers(0, 800))
def test_months_cover_the_period_without_gap_or_overlap(first, length):
    period = Period.of(first, first + timedelta(days=length), ZONE)
    months = list(period.months())
    assert months[0].since == period.since
    assert months[-1].until == period.until
    assert all(one.until == other.since for one, other in zip(months, months[1:], strict=False))
    assert all(one.first.month == one.last.month for one in months)


@given(DAYS, st.integers(0, 200), DAYS)
def test_whole_months_are_whole_ended_and_inside(first, length, today):
    period = Period.of(first, first + timedelta(days=length), ZONE)
    whole = period.whole_months(today)
    if whole is None:
        return
    assert whole.first.day == 1
    assert (whole.last + timedelta(days=1)).day == 1
    assert period.first <= whole.first <= whole.last <= period.last
    assert whole.last < today.replace(day=1)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 2, 2), date(2026, 2, 1)), (date(1, 1, 1), date(2, 1, 1)), (date(2026, 1, 1), date(9999, 12, 31)),
        (date(2001, 1, 1), date(2026, 1, 1)),
    ],
)  # fmt: skip
def test_days_that_make_no_period_are_refused(first, last):
    with pytest.raises(Incomplete):
        Period.of(first, last, ZONE)
