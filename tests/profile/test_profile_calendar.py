"""Service hours, holidays and what is counted over them: the tests of the reference's working-day rules, and more."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import attrs
import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.errors import ProfileError
from treckk_gateway.profile import Calendar, Duration, Quiet, Unit, load
from treckk_gateway.profile.calendar import national
from treckk_gateway.profile.files import Folder
from treckk_gateway.profile.service import read_holidays

WITA = ZoneInfo("Asia/Makassar")
DAILY = ((480, 960),)
WEEK = (DAILY, DAILY, DAILY, DAILY, ((480, 690), (810, 960)), (), ())
HOUR = 3_600_000_000
EID = {date(2026, 3, 20): "Cuti bersama", date(2026, 3, 23): "Cuti bersama"}
PLAIN = Calendar(zone=WITA, hours=WEEK)
COUNTY = Calendar(zone=WITA, hours=WEEK, national=national("ID"), closed=EID, checked=date(2026, 12, 31))
ALWAYS = Calendar(zone=WITA, hours=(((0, 1440),),) * 7)


def at(text, zone=WITA):
    """`11-24 14:00` of 2026 as an instant; the day 24:00 is the next day's beginning."""
    day, _, time = text.partition(" ")
    hour, minute, *second = map(int, time.split(":"))
    local = datetime.fromisoformat(f"2026-{day}").replace(tzinfo=zone) + timedelta(
        hours=hour, minutes=minute, seconds=second[0] if second else 0
    )
    return int(local.timestamp()) * 1_000_000


def shown(instant, zone=WITA):
    return f"{datetime.fromtimestamp(instant / 1e6, UTC).astimezone(zone):%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        ("11-24 07:59:59", False), ("11-24 08:00", True), ("11-24 15:59:59", True), ("11-24 16:00", False),
        ("11-27 11:29:59", True), ("11-27 11:30", False), ("11-27 13:29:59", False), ("11-27 13:30", True),
        ("11-28 10:00", False), ("11-29 10:00", False),
    ],
)  # fmt: skip
def test_open_to_the_minute_and_closed_at_the_moment_of_closing(moment, opened):
    assert PLAIN.is_open(at(moment)) is opened


@pytest.mark.parametrize(
    ("begins", "duration", "due"),
    [
        # Tuesday to Monday
        ("11-24 14:00", "2 service hours", "11-24 16:00"),
        ("11-24 14:00", "4 service hours", "11-25 10:00"),
        ("11-24 15:59", "2 service minutes", "11-25 08:01"),
        ("11-24 16:00", "1 service hour", "11-25 09:00"),
        ("11-24 06:30", "1 service hour", "11-24 09:00"),
        ("11-27 10:00", "4 service hours", "11-27 16:00"),
        ("11-27 15:00", "4 service hours", "11-30 11:00"),
        ("11-27 20:00", "4 service hours", "11-30 12:00"),
        ("11-27 20:00", "4 hours", "11-28 00:00"),
        ("11-27 20:00", "30 min", "11-27 20:30"),
        # the day of arrival does not count, and what comes outside service comes at the next opening
        ("11-24 08:00", "1 working day", "11-25 16:00"),
        ("11-24 15:59", "1 working day", "11-25 16:00"),
        ("11-24 06:00", "1 working day", "11-25 16:00"),
        ("11-24 16:00", "1 working day", "11-26 16:00"),
        ("11-27 10:00", "1 working day", "11-30 16:00"),
        ("11-27 16:01", "1 working day", "12-01 16:00"),
        ("11-28 10:00", "1 working day", "12-01 16:00"),
        ("11-24 10:00", "5 working days", "12-01 16:00"),
        # days of the calendar end at midnight
        ("11-24 14:00", "7 days", "12-01 24:00"),
        ("11-24 00:00", "1 day", "11-25 24:00"),
        ("11-28 23:59", "1 day", "11-29 24:00"),
    ],
)
def test_when_something_is_due(begins, duration, due):
    assert shown(PLAIN.add(at(begins), Duration.parse(duration))) == shown(at(due))


@pytest.mark.parametrize(
    ("begins", "duration", "due"),
    [
        # Thursday 2026-03-19 is Nyepi and Friday a collective leave, Saturday and Sunday Idulfitri, Monday a leave again
        ("03-18 15:00", "2 service hours", "03-24 09:00"),
        ("03-18 15:00", "1 working day", "03-24 16:00"),
        ("03-17 10:00", "2 working days", "03-24 16:00"),
        ("03-20 10:00", "1 working day", "03-25 16:00"),
        ("03-18 15:00", "24 hours", "03-19 15:00"),
    ],
)
def test_deadlines_over_holidays_next_to_a_weekend_and_over_cuti_bersama(begins, duration, due):
    assert shown(COUNTY.add(at(begins), Duration.parse(duration))) == shown(at(due))


def test_an_odd_holiday_of_the_feed_is_overruled_and_a_missing_one_is_added():
    odd = national("ID")(2026) | {date(2026, 11, 24): "Day of the Odd Feed"}
    wrong = attrs.evolve(COUNTY, national=lambda _year: odd)
    assert (wrong.why_closed(date(2026, 11, 24)), wrong.is_open(at("11-24 10:00"))) == ("Day of the Odd Feed", False)

    right = attrs.evolve(wrong, opened={date(2026, 11, 24): "the feed is wrong"}, closed={date(2026, 11, 25): "HUT"})
    assert right.why_closed(date(2026, 11, 24)) is None
    assert right.why_closed(date(2026, 11, 25)) == "HUT"
    assert shown(right.next_opening(at("11-24 17:00"))) == "11-26 08:00"
    assert right.why_closed(date(2026, 11, 28)) == ""


def test_a_service_that_never_closes_leaves_no_minute_out():
    for moment in ("11-24 23:59:59", "11-24 24:00", "11-25 00:00:01"):
        assert ALWAYS.is_open(at(moment))
    week = 7 * 24 * HOUR
    assert ALWAYS.working_between(at("11-24 00:00"), at("11-24 00:00") + week) == week
    assert ALWAYS.add(at("11-24 09:00"), Duration.parse("48 service hours")) == at("11-26 09:00")


def test_a_night_shift_runs_over_midnight_as_two_spans():
    nightly = Calendar(zone=WITA, hours=(((0, 240), (1200, 1440)),) * 7)
    assert nightly.is_open(at("11-24 24:00"))
    assert shown(nightly.add(at("11-24 23:00"), Duration.parse("3 service hours"))) == "11-25 02:00"
    assert shown(nightly.next_opening(at("11-24 04:00"))) == "11-24 20:00"


def test_the_zone_has_no_daylight_saving_and_one_that_has_keeps_its_hours():
    offsets = {datetime(year, month, 1, tzinfo=WITA).utcoffset() for year in (2026, 2027) for month in range(1, 13)}
    assert offsets == {timedelta(hours=8)}
    berlin = Calendar(zone=ZoneInfo("Europe/Berlin"), hours=(DAILY,) * 7)
    spring = berlin.add(at("03-28 15:00", berlin.zone), Duration.parse("2 service hours"))
    assert shown(spring, berlin.zone) == "03-29 09:00"


def test_years_nobody_compared_are_told_apart_from_those_somebody_did():
    assert COUNTY.is_checked(at("12-31 23:59"))
    assert not COUNTY.is_checked(at("12-31 24:00"))
    assert PLAIN.is_checked(at("12-31 24:00"))


def test_a_calendar_without_hours_or_of_an_unknown_country_says_so():
    never = Calendar(zone=WITA, hours=((),) * 7)
    with pytest.raises(ProfileError, match="no hour of service"):
        never.next_opening(at("11-24 10:00"))
    with pytest.raises(ProfileError, match="no hour of service"):
        never.add(at("11-24 10:00"), Duration.parse("1 working day"))
    with pytest.raises(ProfileError, match=r"calendar\.country: no holidays are known of XX"):
        attrs.evolve(PLAIN, national=national("XX")).is_open(at("11-24 10:00"))


def test_the_shipped_collective_leaves_are_those_the_package_knows():
    joint = holidays.country_holidays("ID", years=2026, categories=("government",))
    shipped = load("balangan").calendar
    assert {day for day in shipped.closed if day.year == 2026} == set(joint)
    assert shipped.opened == {}
    assert shipped.checked == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("moment", "until"),
    [("11-24 20:59", None), ("11-24 21:00", "11-25 06:00"), ("11-25 05:59", "11-25 06:00"), ("11-25 06:00", None)],
)
def test_quiet_hours_run_over_midnight(moment, until):
    quiet = attrs.evolve(PLAIN, quiet=Quiet(1260, 360))
    assert quiet.is_quiet(at(moment)) is (until is not None)
    assert quiet.quiet_until(at(moment)) == at(until or moment)
    assert not PLAIN.is_quiet(at(moment))


def test_a_count_goes_on_with_what_was_left():
    due = PLAIN.add(at("11-24 14:00"), Duration.parse("4 service hours"))
    left = PLAIN.left(due, at("11-24 15:00"), Unit.SERVICE)
    assert left == Duration.parse("3 service hours")
    assert shown(PLAIN.add(at("11-28 12:00"), left)) == "11-30 11:00"

    due = PLAIN.add(at("11-24 14:00"), Duration.parse("5 working days"))
    left = PLAIN.left(due, at("11-26 15:00"), Unit.WORKING_DAYS)
    assert left == Duration.parse("3 working days")
    assert shown(PLAIN.add(at("12-07 10:00"), left)) == "12-10 16:00"
    assert PLAIN.left(due, at("12-01 09:00"), Unit.WORKING_DAYS) == Duration(0, Unit.WORKING_DAYS)
    assert shown(PLAIN.add(at("12-05 10:00"), Duration(0, Unit.WORKING_DAYS))) == "12-07 16:00"


@pytest.mark.parametrize(
    ("due", "left", "unit", "warned"),
    [
        ("11-25 10:00", HOUR, Unit.SERVICE, "11-25 09:00"),
        ("11-25 08:30", HOUR, Unit.SERVICE, "11-24 15:30"),
        ("11-30 08:00", 2 * HOUR, Unit.SERVICE, "11-27 14:00"),
        ("11-24 10:05", 5 * 60_000_000, Unit.PLAIN, "11-24 10:00"),
        ("12-01 16:00", 0, Unit.WORKING_DAYS, "12-01 08:00"),
        ("12-01 16:00", 2, Unit.WORKING_DAYS, "11-27 08:00"),
        ("12-01 24:00", 1, Unit.DAYS, "11-30 00:00"),
    ],
)
def test_a_warning_comes_while_so_much_is_left(due, left, unit, warned):
    assert shown(PLAIN.warning(at(due), left, unit)) == warned


@pytest.mark.parametrize(
    "text", ["", "4", "0 h", "-1 h", "4 fortnights", "1.5 h", "4 h 30 min", "9999 days", "h", "\uff17 days"]
)
def test_a_duration_that_cannot_be_is_refused_with_how_to_write_one(text):
    with pytest.raises(ValueError, match=r"service hours|longer than nothing"):
        Duration.parse(text)


@pytest.mark.parametrize(
    "text", ["5 minutes", "24 hours", "1 service hour", "90 service minutes", "7 days", "1 working day"]
)
def test_a_duration_is_shown_as_it_is_written(text):
    assert str(Duration.parse(text)) == text


# Properties

MOMENTS = st.integers(at("01-01 00:00"), at("12-31 23:59"))
HOURS = st.integers(1, 60 * HOUR).map(lambda amount: Duration(amount, Unit.SERVICE))
ANY = st.one_of(
    HOURS,
    st.integers(1, 200 * HOUR).map(lambda amount: Duration(amount, Unit.PLAIN)),
    st.integers(1, 20).map(lambda amount: Duration(amount, Unit.WORKING_DAYS)),
    st.integers(1, 40).map(lambda amount: Duration(amount, Unit.DAYS)),
)
SPANS = st.sampled_from([(), DAILY, ((0, 1440),), ((480, 690), (810, 960)), ((0, 240), (1200, 1440)), ((1439, 1440),)])
CALENDARS = st.builds(
    lambda hours, closed: Calendar(zone=WITA, hours=hours, closed=dict.fromkeys(closed, "x")),
    st.tuples(*[SPANS] * 7).filter(any),
    st.sets(st.dates(date(2026, 1, 1), date(2027, 3, 1)), max_size=30),
)


@given(CALENDARS, MOMENTS, HOURS, HOURS)
def test_service_time_adds_up(calendar, begins, first, second):
    whole = Duration(first.amount + second.amount, Unit.SERVICE)
    assert calendar.add(calendar.add(begins, first), second) == calendar.add(begins, whole)
    assert calendar.working_between(begins, calendar.add(begins, whole)) == whole.amount
    assert calendar.left(calendar.add(begins, whole), calendar.add(begins, first), Unit.SERVICE) == second


@given(CALENDARS, MOMENTS, MOMENTS, ANY)
def test_what_begins_later_is_due_no_earlier(calendar, one, other, duration):
    first, second = sorted((one, other))
    assert first < calendar.add(first, duration) <= calendar.add(second, duration)


@given(CALENDARS, MOMENTS, ANY, st.dates(date(2026, 1, 1), date(2027, 3, 1)))
def test_one_more_holiday_makes_no_deadline_earlier(calendar, begins, duration, day):
    more = attrs.evolve(calendar, closed={**calendar.closed, day: "one more"})
    assert calendar.add(begins, duration) <= more.add(begins, duration)


@given(CALENDARS, MOMENTS, ANY, st.integers(0, 100), st.integers(0, 500 * HOUR))
def test_a_pause_makes_no_deadline_earlier(calendar, begins, duration, share, length):
    due = calendar.add(begins, duration)
    paused = begins + (due - begins) * share // 101
    left = calendar.left(due, paused, duration.unit)
    assert calendar.add(paused + length, left) >= due


@given(CALENDARS, MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(calendar, moment):
    opening = calendar.next_opening(moment)
    assert calendar.is_open(opening)
    assert calendar.working_between(moment, opening) == 0
    assert (opening == moment) is calendar.is_open(moment)


@given(CALENDARS, MOMENTS, ANY)
def test_a_warning_lies_before_what_it_warns_of(calendar, begins, duration):
    due = calendar.add(begins, duration)
    rest = duration.amount // 4
    assert calendar.warning(due, rest, duration.unit) <= due


def test_the_shipped_holidays_are_those_the_package_knows():
    """Otherwise the package learnt something: `treckk holidays ID 2026 ... 2030` writes the file anew."""
    shipped = read_holidays(Folder(files("treckk_gateway.profile") / "balangan"))
    assert sorted(shipped) == [2026, 2027, 2028, 2029, 2030]
    assert shipped == {year: national("ID")(year) for year in shipped}


def test_a_year_that_is_listed_does_not_load_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    of_year = national("ID", None, {2026: {date(2026, 12, 25): "Natal"}})
    assert of_year(2026) == {date(2026, 12, 25): "Natal"}
    with pytest.raises(ImportError):
        of_year(2031)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("25/12/2026,Natal", r"holidays\.csv: line 2, date: '25/12/2026' is no day; write one like 2026-12-25"),
        ("2026-12-25,Natal\n2026-12-25,Natal", r"line 3, date: 2026-12-25 stands there twice"),
        ("2026-12-25,", r"line 2, name: is empty"),
    ],
)
def test_holidays_that_cannot_be_are_refused(tmp_path, rows, reason):
    (tmp_path / "holidays.csv").write_text(f"date,name\n{rows}\n", encoding="utf-8")
    with pytest.raises(ProfileError, match=reason):
        read_holidays(Folder(tmp_path))
