"""Requests to secure an event: its day and its crowd, as people write them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treckk_gateway.model import Address, Case, Finding, InboundMessage, Intent, State, Subject
from treckk_gateway.profile import load
from treckk_gateway.triage import Pipeline, TriageContext, default_steps, steps

PROFILE = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
NOW = 1_795_654_800_000_000
"""Thursday 26 November 2026, 09:00 in Balangan."""
ASKED = Finding(step="intent", field="intent", value="security_request", confidence=0.85, reason="asks")


async def event(text, *, found=(ASKED,), case=None, profile=PROFILE, now=NOW):
    message = InboundMessage(dedupe_key="m-1", sender=Address("whatsapp", "+6281200000000"), text=text)
    context = TriageContext(profile=profile, now=now, found=found)
    return {one.field: one for one in await steps.event(Subject(message=message, case=case), context)}


async def value(field, text, **more):
    found = (await event(text, **more)).get(field)
    return found.value if found else None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("haul tanggal 5 Desember", "2026-12-05"),
        ("acara 5 desember 2026", "2026-12-05"),
        ("acara tanggal 12 Januari", "2027-01-12"),
        ("acara 5/12", "2026-12-05"),
        ("acara tgl 05/12/2026", "2026-12-05"),
        ("acara 5-12-26", "2026-12-05"),
        ("haul guru tanggal 5, mohon anggota", "2026-12-05"),
        ("pemilihan pada tanggal 28", "2026-11-28"),
        ("Sabtu, 5 Desember 2026", "2026-12-05"),
        ("December 5th", "2026-12-05"),
        ("the 5th of December", "2026-12-05"),
        ("besok kami mau demo", "2026-11-27"),
        ("acara lusa", "2026-11-28"),
        ("nanti malam ada konser", "2026-11-26"),
        ("acara hari Ahad", "2026-11-29"),
        ("acara Sabtu malam", "2026-11-28"),
        ("acara malam minggu", "2026-11-28"),
        ("mlm minggu ini", "2026-11-28"),
        ("acara malam Jumat", "malam jumat"),
        ("acara Senin depan", "2026-11-30"),
        ("concert next Monday", "2026-11-30"),
        # May be this week's or the next one's; several; no day
        ("acara Sabtu depan", "sabtu depan"),
        ("concert next Saturday", "next saturday"),
        ("acara malam minggu depan", "malam minggu depan"),
        ("acara hari Kamis", "kamis"),
        ("acara minggu depan hari rabu", "minggu depan, rabu"),
        ("acara 5-7 Desember", "5-7 desember"),
        ("acara 5 Desember dan 9 Desember", "5 desember, 9 desember"),
        ("akhir pekan", "akhir pekan"),
        # No date of an event to come
        ("acara di RT 5/2", None),
        ("surat no 12/11", None),
        ("jam 10.30", None),
        ("31/2", None),
        ("5 Desember 2025", None),
        ("tadi malam", None),
        ("mohon pengamanan pengajian", None),
    ],
)
async def test_the_day_of_an_event_is_told_where_only_one_can_be_meant(text, day):
    assert await value("event_date", text) == day


@pytest.mark.parametrize(
    ("text", "crowd"),
    [
        ("sekitar 300 orang", "300"),
        ("jamaah sekitar 3.000 orang", "3000"),
        ("kurang lebih 1.200 peserta", "1200"),
        ("penonton kira2 500an", "500"),
        ("pawai obor peserta 600 orang", "600"),
        ("about 800 people", "800"),
        ("pengajian 200 org", "200"),
        ("2 ribu warga", "2000"),
        ("5rb orang", "5000"),
        ("tiga ratus orang", "300"),
        ("two hundred guests", "200"),
        ("dihadiri ratusan warga", "ratusan warga"),
        ("puluhan ribu jamaah", "puluhan ribu jamaah"),
        ("hundreds of people", "hundreds of people"),
        ("300-500 orang", "300-500 orang"),
        ("300 peserta dan 50 tamu", "300 peserta, 50 tamu"),
        # Who is asked for, and addresses
        ("mohon bantuan 10 personel", None),
        ("mohon 10 orang personel", None),
        ("personel sebanyak 10 orang", None),
        ("warga 5 rumah", None),
        ("mohon pengamanan tanggal 5 Desember", None),
    ],
)
async def test_a_crowd_is_a_number_or_the_words_used_and_never_the_guards(text, crowd):
    assert await value("event_crowd", text) == crowd


async def test_a_finding_says_how_sure_it_is_and_why():
    found = await event("haul tanggal 5 Desember, ratusan warga")
    sure, vague = found["event_date"], found["event_crowd"]
    assert (sure.step, sure.confidence, sure.reason) == ("event", 0.8, "says '5 desember': read on 2026-11-26")
    assert (vague.confidence, vague.reason) == (0.5, "says 'ratusan warga': no single one can be told")


async def test_days_are_those_of_the_unit_and_not_of_greenwich():
    late = NOW + 16 * 3600 * 1_000_000  # 01:00 of the 27th in Balangan, still the 26th in UTC
    assert await value("event_date", "acara besok", now=late) == "2026-11-28"
    turn = NOW + 30 * 24 * 3600 * 1_000_000  # 26 December
    assert await value("event_date", "acara tanggal 5", now=turn) == "2027-01-05"


async def test_only_requests_to_secure_an_event_and_what_is_added_to_them_are_read():
    text = "tanggal 5 Desember, 300 orang"
    assert await event(text, found=()) == {}
    fields = {
        "case_id": 1,
        "reference": "TRK-2611-00001",
        "state": State.NEEDS_INFO,
        "version": 1,
        "channel_id": "desk",
    }
    assert await event(text, found=(), case=Case(**fields, intent=Intent.COMPLAINT)) == {}
    assert set(await event(text, found=(), case=Case(**fields, intent=Intent.SECURITY_REQUEST))) == {
        "event_date",
        "event_crowd",
    }


async def test_a_profile_without_words_for_events_still_works():
    assert await event("5 Desember, 300 orang", profile=TINY) == {}
    assert await value("event_date", "on 5/12", profile=TINY) == "2026-12-05"


@pytest.mark.parametrize(
    ("text", "day", "crowd"),
    [
        (
            "Sehubungan dengan Maulid Akbar tanggal 12 Desember, kami memohon personel untuk jamaah sekitar 3.000 orang",
            "2026-12-12",
            "3000",
        ),
        ("mhn bntuan pngmanan acr pengajian ds Pimping mlm sbtu 200 org", "2026-11-27", "200"),
        (
            "We are holding a concert on 5 December at Awayan field, about 800 people. Could your unit help with security?",
            "2026-12-05",
            "800",
        ),
    ],
)
async def test_the_whole_pipeline_finds_them(text, day, crowd):
    message = InboundMessage(dedupe_key="m-1", sender=Address("whatsapp", "+6281200000000"), text=text)
    found = await Pipeline(default_steps(PROFILE)).run(
        Subject(message=message), TriageContext(profile=PROFILE, now=NOW)
    )
    values = {one.field: one.value for one in found}
    assert (values.get("event_date"), values.get("event_crowd")) == (day, crowd)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("0123456789/.- orangtangglseptembermalamsbu:,"), max_size=120))
def test_nothing_that_is_written_breaks_it(text):
    events = PROFILE.events
    dated, crowd = events.day(text, [tuple(text.split())], date(2026, 2, 28)), events.crowd(text)
    for told in (dated, crowd):
        assert told is None or (told.value and told.phrases)
