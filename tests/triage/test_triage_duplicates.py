"""One incident told twice, and a reporter's earlier reports: proposals and hints for a person."""

from __future__ import annotations

import attrs
import pytest

from treckk_gateway.model import (
    Address,
    Case,
    Finding,
    InboundMessage,
    Incident,
    Intent,
    OpenCase,
    PriorCase,
    Reason,
    State,
    Subject,
)
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load, samples
from treckk_gateway.triage import Pipeline, TriageContext, default_steps, steps
from treckk_gateway.triage.duplicates import groups, incident, likeness

PROFILE = load("balangan")
HOUR = 3_600_000_000
NOW = 1_795_654_800_000_000
LAYAP, BALANG, PARINGIN = "63.11.06.2009", "63.11.06.2005", "63.11.06"
HERE = Incident(category="miras", district=PARINGIN, village=LAYAP, at=NOW)


def evolve(**changes):
    return attrs.evolve(HERE, **changes)


SAME = [
    ("the same village", evolve(at=NOW - HOUR)),
    ("a further category", evolve(category="keributan", also=("miras",))),
    ("pins 200 m apart, another village", evolve(village=BALANG, lat=-2.3160, lng=115.49)),
    ("no time is known", evolve(at=None)),
    ("a landmark only one names", evolve(landmarks=("pasar",))),
]
OTHER = [
    ("another category", evolve(category="ternak")),
    ("another village beside it", evolve(village=BALANG)),
    ("the district only", evolve(village=None)),
    ("three days ago", evolve(at=NOW - 72 * HOUR)),
    ("no category", evolve(category=None)),
    ("no place", evolve(district=None, village=None)),
    ("a pin two kilometres away", evolve(lat=-2.34, lng=115.49)),
]


@pytest.mark.parametrize(("_why", "other"), SAME)
def test_same_place_time_and_category_are_proposed_as_one(_why, other):
    one = attrs.evolve(HERE, lat=-2.3179, lng=115.49) if other.lat else HERE
    for pair in ((one, other), (other, one)):
        found = likeness(*pair, PROFILE)
        assert found is not None
        assert found.confidence >= 0.5
        assert found.reason


@pytest.mark.parametrize(("_why", "other"), OTHER)
def test_neighbouring_but_different_is_not(_why, other):
    one = attrs.evolve(HERE, lat=-2.3179, lng=115.49) if other.lat else HERE
    assert likeness(one, other, PROFILE) is None
    assert likeness(other, one, PROFILE) is None


def test_a_landmark_both_name_makes_one_of_two_in_a_district():
    one, other = evolve(village=None, landmarks=("pasar",)), evolve(village=None, landmarks=("pasar", "bank"))
    assert likeness(one, other, PROFILE) is not None
    assert likeness(one, evolve(village=None, landmarks=("sekolah",)), PROFILE) is None
    assert likeness(evolve(landmarks=("pasar",)), evolve(landmarks=("sekolah",)), PROFILE) is None


def test_other_offices_matters_are_one_only_where_an_office_is():
    fire = evolve(category="luar_kewenangan", offices=("damkar", "bpbd"))
    water = evolve(category="luar_kewenangan", offices=("pdam",))
    assert likeness(fire, evolve(category="luar_kewenangan", offices=("bpbd",)), PROFILE) is not None
    assert likeness(fire, water, PROFILE) is None


def test_what_only_leadership_sees_is_never_shown_beside_another_matter():
    closed = evolve(category="layanan_satpol", also=("miras",))
    assert likeness(HERE, closed, PROFILE) is None
    assert likeness(evolve(also=("layanan_satpol",)), closed, PROFILE) is None


def subject(text="ada yang mabuk-mabukan di Layap malam ini", nearby=(), history=(), case=None):
    message = InboundMessage(dedupe_key="m-1", sender=Address("whatsapp", "+6281200000000"), text=text)
    return Subject(message=message, nearby=nearby, history=history, case=case)


async def triage(of):
    return await Pipeline(default_steps(PROFILE)).run(of, TriageContext(profile=PROFILE, now=NOW))


def open_case(reference="TRK-2611-00007", **changes):
    return OpenCase(reference=reference, **attrs.asdict(evolve(at=NOW - HOUR, **changes), recurse=False))


async def test_a_running_case_is_proposed_with_a_reason_that_quotes_nobody():
    found = await triage(subject(nearby=(open_case(), open_case("TRK-2611-00008", category="ternak"))))
    (proposed,) = [one for one in found if one.field == "duplicate_of"]
    assert proposed.value == "TRK-2611-00007"
    assert proposed.reason == "same category, same village"


async def test_a_case_is_no_duplicate_of_itself_and_a_question_of_none():
    case = Case(
        case_id=1, reference="TRK-2611-00007", state=State.RECEIVED, version=1, channel_id="wa", intent=Intent.COMPLAINT
    )
    own = await triage(subject(nearby=(open_case(),), case=case))
    asked = await triage(subject("apakah boleh jualan di Layap? mau tanya syaratnya", nearby=(open_case(),)))
    assert not [one for one in (*own, *asked) if one.field == "duplicate_of"]


def test_a_batch_is_grouped_in_the_order_its_groups_begin():
    other = evolve(category="ternak", village=BALANG)
    batch = [evolve(village=None), HERE, other, evolve(at=NOW + HOUR), evolve(at=NOW - 72 * HOUR), other, Incident()]
    assert groups(batch, PROFILE) == [None, "D1", "D2", "D1", None, "D2", None]
    assert groups([], PROFILE) == []


async def test_the_two_samples_of_one_fire_are_grouped_and_nothing_else_is():
    batch = samples("balangan")
    incidents = []
    for one in batch:
        of, label = subject(one["text"]), one["expected"]
        codes = {"category": label["category"], "also": tuple(label["also"]), "offices": tuple(label["refer_to"])}
        incidents.append(attrs.evolve(incident(await triage(of), of, None), **codes))
    grouped = {one["id"] for one, group in zip(batch, groups(incidents, PROFILE), strict=True) if group}
    assert grouped == {one["id"] for one in batch if one["expected"]["duplicate_group"]}


# History


def prior(**changes):
    return PriorCase(
        **{"state": State.RESOLVED, "category": "miras", "district": PARINGIN, "village": LAYAP, "at": 1} | changes
    )


async def test_earlier_outcomes_are_a_hint_in_words():
    refuted = prior(state=State.NOT_ACTIONABLE, reason=Reason.REFUTED, category="ternak")
    found = await steps.history(
        subject(history=(prior(category="pkl"), prior(category="pkl"), refuted)),
        TriageContext(profile=PROFILE, now=NOW),
    )
    assert [(one.field, one.value, one.reason) for one in found] == [
        ("history", "3", "3 reports before: 2 resolved, 1 refuted")
    ]


async def test_the_same_matter_again_is_flagged_and_nothing_is_blocked():
    without, again = await triage(subject()), await triage(subject(history=(prior(), prior(state=State.WITHDRAWN))))
    assert "repeat_report" in judged.flags(again)
    assert "repeat_report" not in judged.flags(await triage(subject(history=(prior(village=BALANG),))))
    assert [one for one in again if one.step != "history"] == list(without)


async def test_without_earlier_reports_there_is_no_hint():
    assert await steps.history(subject(), TriageContext(profile=PROFILE, now=NOW)) == []


def test_an_incident_is_read_from_findings():
    found = [
        Finding(step="place", field="village", value=LAYAP, confidence=0.9),
        Finding(step="category", field="category", value="miras", confidence=0.9),
        Finding(step="place", field="landmark", value="pasar", confidence=0.9),
    ]
    assert incident(found, subject(), NOW) == Incident(category="miras", village=LAYAP, landmarks=("pasar",), at=NOW)
