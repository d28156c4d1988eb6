"""The store's aggregates against a count by hand, and what is told to whom."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

import attrs
import pytest

from treckk_gateway.model import EventKind, Intent, Role, State, Urgency
from treckk_gateway.profile import Area, Boundaries, load
from treckk_gateway.report import Audience, Layer, Period, Reports, forms
from treckk_gateway.store.orders import CaseFields, Change, ClocksSet, Filing, NewCase, NewEvent

PROFILE = load("balangan")
ZONE = ZoneInfo(PROFILE.zone)
HOUR = 3_600_000_000
VILLAGES = [one for one in PROFILE.villages if one.district in {"63.11.06", "63.11.01"}][:6]


def at(year, month, day, hour=8):
    return int(datetime(year, month, day, hour, tzinfo=ZONE).timestamp()) * 1_000_000


class Archive:
    """Cases written straight into a store, at whatever moment."""

    def __init__(self, store):
        self.store, self.count, self.made = store, itertools.count(1), []

    async def case(self, when, *, category="pkl", village=None, channel="whatsapp", state=State.RECEIVED, steps=(),
                   intent=Intent.COMPLAINT):  # fmt: skip
        number = next(self.count)
        place = next((one for one in PROFILE.villages if one.code == village), None)
        filed = await self.store.file(
            Filing(
                inbox_id=None, now=when,
                opens=NewCase(
                    prefix="TRK", channel_id=channel, intent=intent, urgency=Urgency.NORMAL, language="id",
                    reporter_id=None, conversation_id=None, token=b"t", token_hash=number.to_bytes(16, "big"),
                    category=category, district=place.district if place else None, village=village,
                ),
            )
        )  # fmt: skip
        for target, later in (*steps, *([(state, 0)] if state is not State.RECEIVED else [])):
            case = await self.store.case(case_id=filed.case_id)
            event = NewEvent(
                actor="x", role=Role.ADMIN, kind=EventKind.TRANSITION, data=b"", source=case.state, target=target
            )
            fields = CaseFields(state=target)
            await self.store.change(
                Change(case_id=case.case_id, version=case.version, now=when + later, fields=fields, event=event)
            )
        self.made.append((when, category, place.district if place else None, village, channel, state))
        return filed


@pytest.fixture
def archive(store):
    return Archive(store)


def reports(archive, now):
    return Reports(store=archive.store, profile=PROFILE, clock=lambda: now)


def days(first, last):
    return Period.of(first, last, ZONE)


async def test_counts_are_those_by_hand_with_zeros_everywhere(archive):
    places = [*VILLAGES, None]
    for count in range(60):
        village = places[count * 7 % len(places)]
        category = ("pkl", "miras", "ternak", None, "layanan_satpol")[count * 3 % 5]
        state = (State.RECEIVED, State.DUPLICATE, State.REJECTED_SPAM, State.CLOSED)[count % 4]
        await archive.case(
            at(2026, 1 + count % 3, 1 + count % 27), category=category, village=village.code if village else None,
            state=state, channel=("whatsapp", "sms", "email")[count % 3],
        )  # fmt: skip
    first, last = date(2026, 1, 5), date(2026, 3, 14)
    inside = [one for one in archive.made if at(2026, 1, 5, 0) <= one[0] < at(2026, 3, 15, 0)]
    incidents = [one for one in inside if one[5] not in {State.DUPLICATE, State.REJECTED_SPAM}]

    found = await reports(archive, at(2026, 6, 1)).numbers(days(first, last), Audience.LEADERSHIP)

    expected = Counter((one[2] or "-", one[1] or "-") for one in incidents)
    assert {(one.district, one.category): one.count for one in found.counts if one.count} == dict(expected)
    assert len(found.counts) == (len(PROFILE.districts) + 1) * (len(PROFILE.categories) + 1)
    assert found.received == len(inside)
    assert found.states["duplicate"] == found.merged == sum(one[5] is State.DUPLICATE for one in inside)
    assert sum(found.states.values()) == len(inside)
    assert set(found.states) == {*State}
    assert found.channels == dict(Counter(one[4] for one in inside))
    assert len(found.about_unit) == sum(one[1] == "layanan_satpol" for one in inside)
    assert found.open == sum(one[5] is State.RECEIVED for one in archive.made)


async def test_times_are_nearest_rank_from_events(archive):
    took = [5, 1, 9, 2, 7, 3, 8, 4, 6, 100, 11]
    for hours in took:
        steps = (
            (State.UNDER_REVIEW, HOUR // 2), (State.INSTRUCTED, hours * HOUR), (State.EN_ROUTE, (hours + 1) * HOUR),
            (State.RESOLVED, (hours + 2) * HOUR), (State.REOPENED, 500 * HOUR), (State.INSTRUCTED, 600 * HOUR),
        )  # fmt: skip
        await archive.case(at(2026, 1, 2), village=VILLAGES[0].code, steps=steps)
    await archive.case(
        at(2026, 1, 2), village=VILLAGES[0].code, state=State.DUPLICATE, steps=((State.INSTRUCTED, HOUR),)
    )
    await archive.case(at(2026, 1, 2), village=VILLAGES[-1].code)

    found = await reports(archive, at(2026, 2, 1)).numbers(
        days(date(2026, 1, 1), date(2026, 1, 31)), Audience.LEADERSHIP
    )

    ranked = sorted(took)
    middle, ninety = ranked[math.ceil(len(took) / 2) - 1], ranked[math.ceil(0.9 * len(took)) - 1]
    waits = {(one.step, one.district): one for one in found.waits}
    instruct = waits["instruct", None]
    assert (instruct.cases, instruct.median, instruct.p90) == (len(took), middle * 3600, ninety * 3600)
    assert waits["depart", None].median == (middle + 1) * 3600
    assert waits["resolve", None].p90 == (ninety + 2) * 3600
    assert (waits["acknowledge", "63.11.03"].cases, waits["acknowledge", "63.11.03"].median) == (0, None)
    assert {one.district for one in found.waits if one.step == "acknowledge"} == {
        None, *(one.code for one in PROFILE.districts)
    }  # fmt: skip


async def fill(archive):
    for count, (place, number) in enumerate(zip(VILLAGES, (1, 2, 5, 4, 0, 7), strict=True)):
        for _ in range(number):
            await archive.case(at(2026, 1, 3 + count), village=place.code, category="miras")
    for number in range(4):
        await archive.case(at(2026, 1, 20), village=VILLAGES[0].code, category="layanan_satpol")
        await archive.case(at(2026, 1, 20), village=VILLAGES[0].code, category="tertib_jalan")
        await archive.case(at(2026, 2, 3 + number), village=VILLAGES[1].code, category="pkl")
    await archive.case(at(2026, 1, 20), village=VILLAGES[0].code, category="pkl", intent=Intent.INFO_REQUEST)


async def test_leadership_sees_every_number_and_the_public_no_small_one(archive):
    await fill(archive)
    asked = reports(archive, at(2026, 2, 10))
    period = days(date(2026, 1, 1), date(2026, 2, 10))

    told = await asked.layer(period, Layer.DISTURBANCE, Audience.LEADERSHIP)
    villages = {one.village: one.count for one in told if one.village and one.key == "miras"}
    assert villages == {place.code: n for place, n in zip(VILLAGES, (1, 2, 5, 4, 0, 7), strict=True) if n}
    assert any(one.key == "layanan_satpol" and one.count == 4 for one in told)
    assert len([one for one in told if one.village is None]) == 2 * len(PROFILE.districts) * len(PROFILE.categories)

    public = await asked.layer(period, Layer.DISTURBANCE, Audience.PUBLIC)
    assert {one.month for one in public} == {date(2026, 1, 1)}, "this month has not ended"
    assert not any(one.key == "layanan_satpol" for one in public)
    assert not any(one.count is not None and 0 < one.count < 3 for one in public)
    hidden = {one.village for one in public if one.key == "miras" and one.village and one.count is None}
    assert {VILLAGES[0].code, VILLAGES[1].code} <= hidden

    text = forms.layer_csv(public, Layer.DISTURBANCE, PROFILE)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {one["cases"] for one in rows if one["village"] == VILLAGES[0].code and one["key"] == "miras"} == {"<3"}
    assert "layanan_satpol" not in text


async def test_a_regulation_is_told_only_where_all_its_categories_are(archive):
    await fill(archive)
    asked = reports(archive, at(2026, 2, 10))
    period = days(date(2026, 1, 1), date(2026, 1, 31))
    kinds = await asked.layer(period, Layer.DISTURBANCE, Audience.PUBLIC)
    laws = await asked.layer(period, Layer.PERDA, Audience.PUBLIC)
    shown = {(one.district, one.village, one.key): one.count for one in kinds}
    basis = {one.code: one.legal_basis for one in PROFILE.categories}
    assert laws
    for one in laws:
        parts = [shown.get((one.district, one.village, code), 0) for code, law in basis.items()
                 if law == one.key and code != "layanan_satpol"]  # fmt: skip
        assert one.count == (None if None in parts else sum(parts))


async def test_the_map_shows_points_inside_and_outlines_of_the_operators_file(archive):
    await fill(archive)
    asked = reports(archive, at(2026, 2, 10))
    found = await asked.layer(days(date(2026, 1, 1), date(2026, 1, 31)), Layer.PERDA, Audience.LEADERSHIP)
    ring = ((115.4, -2.3), (115.5, -2.3), (115.5, -2.4), (115.4, -2.3))
    drawn = Boundaries((Area(code=VILLAGES[0].code, polygons=((ring,),)),))
    shown = forms.layer_geojson(found, Layer.PERDA, attrs.evolve(PROFILE, boundaries=drawn))
    assert shown["type"] == "FeatureCollection"
    by_code = {one["properties"]["code"]: one for one in shown["features"]}
    assert by_code[VILLAGES[0].code]["geometry"] == {"type": "MultiPolygon", "coordinates": ((ring,),)}
    assert by_code[VILLAGES[1].code]["geometry"] == {"type": "Point", "coordinates": [VILLAGES[1].lng, VILLAGES[1].lat]}
    assert {one.code for one in PROFILE.districts} <= set(by_code)
    assert set(by_code[VILLAGES[1].code]["properties"]) == {
        "month", "layer", "level", "code", "name", "district", "counts",
    }  # fmt: skip


async def test_public_numbers_are_sums_of_what_each_month_shows(archive):
    await fill(archive)
    asked = reports(archive, at(2026, 3, 10))
    both = await asked.numbers(days(date(2026, 1, 1), date(2026, 2, 28)), Audience.PUBLIC)
    single = [await asked.numbers(days(date(2026, m, 1), date(2026, m, 28 if m == 2 else 31)), Audience.PUBLIC)
              for m in (1, 2)]  # fmt: skip
    parts = [{(one.district, one.category): one.count for one in month.counts} for month in single]
    for one in both.counts:
        values = [part[one.district, one.category] for part in parts]
        assert one.count == (None if None in values else sum(values))
    assert both.about_unit == ()
    assert both.received == sum(month.received for month in single)
    assert not any(one.category == "layanan_satpol" for one in both.counts)


async def test_cases_are_exported_without_anybody_in_them(archive):
    await fill(archive)
    asked = reports(archive, at(2026, 2, 10))
    period = days(date(2026, 1, 1), date(2026, 12, 31))
    seen = [one async for one in asked.cases(period, {Role.ADMIN})]
    all_of_them = [one async for one in asked.cases(period, {Role.LEADERSHIP})]
    assert len(all_of_them) - len(seen) == 4
    rows = list(csv.DictReader(io.StringIO(forms.cases_csv(all_of_them))))
    assert len(rows) == len(archive.made)
    assert set(rows[0]) == set(forms.CASE_COLUMNS)
    assert not {"reporter_id", "pseudonym", "address", "text", "name"} & set(rows[0])
    assert rows[0]["opened_at"] == "2026-01-03T00:00:00Z"


def test_a_cell_is_never_a_formula():
    assert forms.table(("a", "b"), [("=1+1", None)]).splitlines()[1] == "'=1+1,"


async def test_a_case_whose_clock_ran_out_is_overdue(archive, backend):
    late = await archive.case(at(2026, 1, 5))
    await archive.case(at(2026, 1, 6))
    case = await archive.store.case(case_id=late.case_id)
    [(seq,)] = backend.rows("SELECT coalesce(max(seq), 0) FROM case_event WHERE case_id = ?", case.case_id)
    kept = ClocksSet(case_id=case.case_id, version=case.version, seq=seq, timer_id=0, due=at(2026, 1, 7), wake=None)
    assert await archive.store.set_clocks(kept)
    asked = reports(archive, at(2026, 1, 8))
    found = await asked.numbers(days(date(2026, 1, 1), date(2026, 1, 31)), Audience.LEADERSHIP)
    assert (found.open, found.overdue) == (2, 1)
