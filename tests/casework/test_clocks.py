"""A case's clocks as a table: what happened, when one looks, and what is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.casework import Clocks
from treckk_gateway.model import Case, ClockName, ClockState, EventKind, Intent, Role, State, Urgency
from treckk_gateway.model.lifecycle import TRANSITIONS
from treckk_gateway.profile import Calendar, Duration, Limits
from treckk_gateway.store.rows import EventRow

WITA = ZoneInfo("Asia/Makassar")
WEEK = (((480, 960),),) * 5 + ((), ())
CALENDAR = Calendar(zone=WITA, hours=WEEK, checked=date(2026, 12, 31))
CLOCKS = Clocks(calendar=CALENDAR, limits=Limits(), service=frozenset({"layanan_satpol"}))
HOUR = 3_600_000_000
OPENED = "11-24 14:00"


def at(text):
    """`11-24 14:00` at the unit, in 2026; a Tuesday."""
    day, _, time = text.partition(" ")
    hour, minute = map(int, time.split(":"))
    local = datetime.fromisoformat(f"2026-{day}").replace(tzinfo=WITA) + timedelta(hours=hour, minutes=minute)
    return int(local.timestamp()) * 1_000_000


def shown(instant):
    return None if instant is None else f"{datetime.fromtimestamp(instant / 1e6, UTC).astimezone(WITA):%m-%d %H:%M}"


def history(*steps, opener=Role.REPORTER):
    """Events from `(when, state or kind, role)`; the first one opens the case."""
    events = [_event(1, OPENED, EventKind.OPENED, opener)]
    state = State.RECEIVED
    for when, what, role, *promised in steps:
        if isinstance(what, State):
            events.append(_event(len(events) + 1, when, EventKind.TRANSITION, role, state, what, *promised))
            state = what
        else:
            events.append(_event(len(events) + 1, when, what, role, None, None, *promised))
    return events, state


def _event(seq, when, kind, role, source=None, target=None, promised=None):
    moment = at(when) if isinstance(when, str) else when
    told = at(promised) if promised else None
    return EventRow(
        seq=seq, at=moment, actor="x", role=role, kind=kind, source=source, target=target, data=b"", promised=told
    )


def look(now, *steps, clocks=CLOCKS, opener=Role.REPORTER, **fields):
    """The clocks by name, as they stand then."""
    events, state = history(*steps, opener=opener)
    case = Case(case_id=1, reference="TRK-2611-00001", state=state, version=1, channel_id="wa", intent=Intent.COMPLAINT,
                opened_at=at(OPENED), **fields)  # fmt: skip
    return {one.name: one for one in clocks.of(case, events, at(now))}


ADMIN, CHIEF, TEAM, SYSTEM, REPORTER = Role.ADMIN, Role.LEADERSHIP, Role.TEAM, Role.SYSTEM, Role.REPORTER
REVIEW = ("11-24 15:00", State.UNDER_REVIEW, ADMIN)


@pytest.mark.parametrize(
    ("urgency", "due", "warns"),
    [
        (Urgency.EMERGENCY, "11-24 14:05", "11-24 14:03"),
        (Urgency.HIGH, "11-24 14:30", "11-24 14:22"),
        (Urgency.NORMAL, "11-25 10:00", "11-25 09:00"),
        (Urgency.LOW, "11-25 10:00", "11-25 09:00"),
    ],
)
def test_a_person_looks_within_what_the_urgency_allows(urgency, due, warns):
    clock = look("11-24 14:01", urgency=urgency)[ClockName.LOOK]
    assert (shown(clock.started), shown(clock.due), shown(clock.warns)) == (OPENED, due, warns)
    assert (clock.state, clock.paused, clock.ended) == (ClockState.OK, None, None)


@pytest.mark.parametrize(
    ("now", "state", "remaining"),
    [
        ("11-24 15:00", ClockState.OK, 3), ("11-24 20:00", ClockState.OK, 2), ("11-25 08:59", ClockState.OK, 2),
        ("11-25 09:00", ClockState.DUE_SOON, 1), ("11-25 10:00", ClockState.OVERDUE, 0),
    ],
)  # fmt: skip
def test_what_remains_is_time_of_service_and_the_state_follows(now, state, remaining):
    clock = look(now)[ClockName.LOOK]
    assert (clock.state, -(-clock.remaining // HOUR)) == (state, remaining)


@pytest.mark.parametrize("what", [State.UNDER_REVIEW, EventKind.NOTE, EventKind.TAKEN])
def test_whatever_a_person_does_with_it_was_a_look(what):
    clock = look("11-26 14:00", ("11-24 15:00", what, ADMIN))[ClockName.LOOK]
    assert (shown(clock.ended), clock.state, clock.remaining) == ("11-24 15:00", ClockState.OK, 0)
    late = look("11-26 14:00", ("11-25 11:00", what, ADMIN))[ClockName.LOOK]
    assert (shown(late.ended), late.state) == ("11-25 11:00", ClockState.OVERDUE)


def test_the_machines_own_steps_are_no_look_and_a_case_staff_wrote_down_was_seen():
    running = look(
        "11-24 15:30", ("11-24 15:00", State.UNDER_REVIEW, SYSTEM), ("11-24 15:10", EventKind.FINDINGS, SYSTEM)
    )
    assert running[ClockName.LOOK].running
    assert shown(look("11-24 15:00", opener=ADMIN)[ClockName.LOOK].ended) == OPENED


def test_a_clock_pauses_while_the_reporter_is_asked_and_goes_on_with_what_was_left():
    asked = (REVIEW, ("11-24 15:30", State.NEEDS_INFO, ADMIN))
    paused = look("11-26 12:00", *asked)[ClockName.INSTRUCT]
    assert (shown(paused.paused), paused.due, paused.ended) == ("11-24 15:30", None, None)
    assert (paused.state, paused.remaining) == (ClockState.OK, HOUR * 17 // 2)
    # over a weekend and back again: one working day was left, and the day it goes on does not count
    back = look("11-30 12:00", *asked, ("11-28 20:00", State.UNDER_REVIEW, SYSTEM))[ClockName.INSTRUCT]
    assert (shown(back.started), shown(back.due), back.paused) == ("11-24 15:00", "12-01 16:00", None)


def test_a_pause_inside_a_holiday_moves_nothing_but_what_the_holiday_does():
    closed = attrs.evolve(CLOCKS, calendar=attrs.evolve(CALENDAR, closed={date(2026, 11, 25): "HUT"}))
    asked = (REVIEW, ("11-25 09:00", State.NEEDS_INFO, ADMIN), ("11-25 11:00", State.UNDER_REVIEW, SYSTEM))
    assert shown(look("11-25 12:00", *asked, clocks=closed)[ClockName.INSTRUCT].due) == "11-27 16:00"
    assert shown(look("11-25 12:00", REVIEW, clocks=closed)[ClockName.INSTRUCT].due) == "11-26 16:00"


def test_what_was_overdue_is_not_saved_by_a_question():
    late = look("11-27 12:00", REVIEW, ("11-26 09:00", State.NEEDS_INFO, ADMIN))[ClockName.INSTRUCT]
    assert (late.state, late.paused, shown(late.due)) == (ClockState.OVERDUE, None, "11-25 16:00")


def test_danger_waits_for_nobodys_answer():
    asked = (REVIEW, ("11-24 15:30", State.NEEDS_INFO, ADMIN))
    clock = look("11-24 15:40", *asked, urgency=Urgency.EMERGENCY)[ClockName.INSTRUCT]
    assert (clock.paused, shown(clock.due)) == (None, "11-24 17:00")


@pytest.mark.parametrize(
    ("urgency", "due"), [(Urgency.HIGH, "11-24 17:00"), (Urgency.NORMAL, "11-25 16:00"), (Urgency.LOW, "11-25 16:00")]
)
def test_leadership_decides_in_time(urgency, due):
    assert shown(look("11-24 15:00", REVIEW, urgency=urgency)[ClockName.INSTRUCT].due) == due
    decided = look("11-26 9:00", REVIEW, ("11-25 10:00", State.INSTRUCTED, CHIEF))[ClockName.INSTRUCT]
    assert (shown(decided.ended), decided.state) == ("11-25 10:00", ClockState.OK)


def test_every_word_of_the_reporter_gives_the_whole_time_again():
    asked = (REVIEW, ("11-24 16:30", State.NEEDS_INFO, ADMIN))
    assert shown(look("11-25 9:00", *asked)[ClockName.COMPLETION].due) == "12-02 00:00"
    answered = (*asked, ("11-26 19:00", EventKind.MESSAGE, REPORTER))
    assert shown(look("11-27 9:00", *answered)[ClockName.COMPLETION].due) == "12-04 00:00"
    assert (
        shown(look("11-27 9:00", *asked, ("11-26 19:00", EventKind.NOTE, ADMIN))[ClockName.COMPLETION].due)
        == "12-02 00:00"
    )
    service = look("11-25 9:00", *asked, category="layanan_satpol")[ClockName.COMPLETION]
    assert (shown(service.due), service.limit, service.provisional) == ("12-25 00:00", "30 days", False)


def test_a_question_has_a_target_a_cap_and_one_extension():
    forwarded = ("11-24 15:00", State.INFO_FORWARDED, ADMIN)
    found = look("11-25 9:00", forwarded)
    assert shown(found[ClockName.ANSWER].due) == "12-01 16:00"
    assert shown(found[ClockName.ANSWER_CAP].due) == "12-08 16:00"
    extended = look("11-25 9:00", forwarded, ("12-08 10:00", EventKind.EXTENDED, ADMIN))
    assert shown(extended[ClockName.ANSWER_CAP].due) == "12-17 16:00"
    answered = look("12-18 9:00", forwarded, ("12-02 10:00", State.ANSWERED, Role.HOLDER))
    assert answered[ClockName.ANSWER].state is ClockState.OVERDUE
    assert answered[ClockName.ANSWER_CAP].state is ClockState.OK


def test_an_outcome_may_be_objected_to_for_ten_days_and_a_reopened_case_begins_anew():
    handled = (REVIEW, ("11-24 15:10", State.INSTRUCTED, CHIEF), ("11-24 15:20", State.EN_ROUTE, TEAM),
               ("11-24 15:30", State.RESOLVED, TEAM))  # fmt: skip
    clock = look("11-25 9:00", *handled)[ClockName.OBJECTION]
    assert (shown(clock.due), clock.running) == ("12-05 00:00", True)
    again = look("11-26 9:00", *handled, ("11-26 08:00", State.REOPENED, REPORTER))
    assert set(again) == {ClockName.LOOK}
    assert (shown(again[ClockName.LOOK].started), shown(again[ClockName.LOOK].due)) == ("11-26 08:00", "11-26 12:00")


def test_complaints_about_the_unit_have_the_times_of_the_service_law():
    found = look("11-25 9:00", ("11-24 14:00", State.UNDER_REVIEW, SYSTEM), category="layanan_satpol")
    assert set(found) == {ClockName.LOOK, ClockName.SERVICE_COMPLETE, ClockName.SERVICE_DECIDE}
    assert shown(found[ClockName.SERVICE_COMPLETE].due) == "12-09 00:00"
    assert shown(found[ClockName.SERVICE_DECIDE].due) == "01-24 00:00"
    assert found[ClockName.SERVICE_DECIDE].provisional
    asked = look("12-20 9:00", ("11-24 14:00", State.UNDER_REVIEW, SYSTEM), ("11-27 9:00", State.NEEDS_INFO, CHIEF),
                 category="layanan_satpol")  # fmt: skip
    assert shown(asked[ClockName.SERVICE_COMPLETE].ended) == "11-27 09:00"
    assert shown(asked[ClockName.SERVICE_DECIDE].paused) == "11-27 09:00"


def test_an_initial_action_waits_for_leaderships_word_until_it_is_given():
    went = ("11-24 14:10", State.EN_ROUTE, Role.DUTY)
    clock = look("11-24 15:00", went, flags=("initial_action",))[ClockName.CONFIRM]
    assert (shown(clock.due), clock.running) == ("11-25 16:00", True)
    resolved = look("11-27 9:00", went, ("11-24 15:30", State.RESOLVED, TEAM), flags=("initial_action",))
    assert resolved[ClockName.CONFIRM].state is ClockState.OVERDUE
    confirmed = look("11-27 9:00", went, ("11-25 9:00", EventKind.CONFIRMED, CHIEF), flags=("initial_action",))
    assert shown(confirmed[ClockName.CONFIRM].ended) == "11-25 09:00"


@pytest.mark.parametrize("correction", [State.INSTRUCTED, State.NOT_ACTIONABLE])
def test_the_clock_of_an_initial_action_ends_with_a_correction_too(correction):
    went = ("11-24 14:10", State.EN_ROUTE, Role.DUTY)
    found = look("11-27 9:00", went, ("11-24 15:30", correction, CHIEF), flags=("initial_action",))
    assert shown(found[ClockName.CONFIRM].ended) == "11-24 15:30"


def test_a_request_about_personal_data_counts_hours_and_no_calendar():
    asked = ("11-27 17:00", EventKind.DATA_REQUEST, REPORTER)
    assert shown(look("11-28 9:00", asked)[ClockName.PERSONAL_DATA].due) == "11-30 17:00"
    answered = look("12-05 9:00", asked, ("11-30 18:00", EventKind.DATA_ANSWERED, ADMIN))[ClockName.PERSONAL_DATA]
    assert answered.state is ClockState.OVERDUE


def test_a_day_the_reporter_was_told_is_never_moved_earlier():
    shorter = attrs.evolve(CLOCKS, limits=Limits().replaced({"objection": Duration.parse("3 days")}))
    told = (REVIEW, ("11-24 15:10", State.INSTRUCTED, CHIEF), ("11-24 15:20", State.EN_ROUTE, TEAM),
            ("11-24 15:30", State.RESOLVED, TEAM, "12-05 00:00"))  # fmt: skip
    assert shown(look("11-25 9:00", *told, clocks=shorter)[ClockName.OBJECTION].due) == "12-05 00:00"
    longer = attrs.evolve(CLOCKS, limits=Limits().replaced({"objection": Duration.parse("20 days")}))
    assert shown(look("11-25 9:00", *told, clocks=longer)[ClockName.OBJECTION].due) == "12-15 00:00"


def test_an_undone_merge_and_a_reroute_keep_the_clock():
    merged = (REVIEW, ("11-24 15:20", State.DUPLICATE, ADMIN))
    assert shown(look("11-25 9:00", *merged)[ClockName.INSTRUCT].ended) == "11-24 15:20"
    undone = look("11-25 9:00", *merged, ("11-25 08:30", State.UNDER_REVIEW, ADMIN))[ClockName.INSTRUCT]
    assert (shown(undone.started), shown(undone.due), undone.running) == ("11-24 15:00", "11-25 16:00", True)


def test_a_clock_set_back_in_between_breaks_nothing():
    odd = look(
        "11-24 14:30", REVIEW, ("11-24 14:10", State.NEEDS_INFO, ADMIN), ("11-24 14:20", State.UNDER_REVIEW, SYSTEM)
    )
    assert (odd[ClockName.INSTRUCT].running, shown(odd[ClockName.INSTRUCT].due)) == (True, "11-25 16:00")


# Properties

WALKS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30 * 24)), max_size=8)


@given(WALKS, st.integers(0, 2000), st.sampled_from(list(Urgency)), st.sampled_from(["pkl", "layanan_satpol"]))
def test_whatever_happened_clocks_can_be_shown_and_time_only_makes_them_worse(walk, later, urgency, category):
    events, state, moment = [_event(1, OPENED, EventKind.OPENED, REPORTER)], State.RECEIVED, at(OPENED)
    for choice, hours in walk:
        possible = [one for one in TRANSITIONS if one.source is state]
        if not possible:
            break
        step = possible[choice % len(possible)]
        moment += hours * HOUR
        role = sorted(step.roles)[choice % len(step.roles)]
        events.append(_event(len(events) + 1, moment, EventKind.TRANSITION, role, state, step.target))
        state = step.target
    case = Case(case_id=1, reference="T", state=state, version=1, channel_id="wa", intent=Intent.COMPLAINT,
                opened_at=at(OPENED), urgency=urgency, category=category)  # fmt: skip
    order = list(ClockState)
    now = CLOCKS.of(case, events, moment)
    then = CLOCKS.of(case, events, moment + later * HOUR)
    assert (
        [one.name for one in now]
        == [one.name for one in then]
        == [one for one in ClockName if one in {c.name for c in now}]
    )
    for one, other in zip(now, then, strict=True):
        assert (one.due, one.paused, one.ended, one.started) == (other.due, other.paused, other.ended, other.started)
        assert order.index(one.state) <= order.index(other.state)
        assert 0 <= other.remaining <= one.remaining
        assert one.ended is None or one.ended >= one.started
