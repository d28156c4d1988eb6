"""Times as people say them. The clock stands at Thursday 26 November 2026, 09:00."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.profile import load

PROFILE = load("balangan")
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=ZoneInfo("Asia/Makassar"))


def read(text, now=NOW):
    words = PROFILE.lexicon.read(text)
    return PROFILE.times.read(text, (words.original, words.formal), now)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # a moment
        ("tadi malam jam 22.00", "2026-11-25T22:00+08:00"),
        ("semalam jam 11", "2026-11-25T23:00+08:00"),
        ("jam 2 tadi malam", "2026-11-26T02:00+08:00"),
        ("tadi malam jam 12", "2026-11-26T00:00+08:00"),
        ("kemarin jam 3 sore", "2026-11-25T15:00+08:00"),
        ("kmrn jam 1 siang", "2026-11-25T13:00+08:00"),
        ("tadi pagi jam 7", "2026-11-26T07:00+08:00"),
        ("samalam pukul 08.30", "2026-11-25T08:30+08:00"),
        ("12 November 2026 jam 09.30", "2026-11-12T09:30+08:00"),
        ("12/11/2026 pkl 21:15", "2026-11-12T21:15+08:00"),
        ("last night at 10", "2026-11-25T22:00+08:00"),
        ("besok jam 20.00", "2026-11-27T20:00+08:00"),
        # a day
        ("kemarin", "2026-11-25"),
        ("kmrn sore", "2026-11-25"),
        ("tadi malam", "2026-11-25"),
        ("samalam", "2026-11-25"),
        ("senin lalu", "2026-11-23"),
        ("senin kemarin", "2026-11-23"),
        ("kamis kemarin", "2026-11-19"),
        ("tgl 1 november", "2026-11-01"),
        ("kemarin jam 8", "2026-11-25"),
        # it goes on, or comes again
        ("ada ribut skrg", "ongoing"),
        ("masih terbakar", "ongoing"),
        ("wayahini", "ongoing"),
        ("tiap malam minggu", "habit"),
        ("saban hari", "habit"),
        ("sudah 2 bulan", "habit"),
        ("dua minggu ini", "habit"),
        ("sejak kemarin", "habit"),
        ("siang malam", "habit"),
        # said, and not when
        ("jam 22.00", "stated"),
        ("pkl 22.00", "stated"),
        ("hari Sabtu", "stated"),
        ("kemarin dan tadi malam jam 9 dan jam 10", "2026-11-25"),
        ("12 agustus", "stated"),
        ("31/02/2026", "stated"),
        ("tadi jam 22.00", "stated"),
        ("kemarin malam jam 2", "2026-11-25"),
    ],
)
def test_a_time_is_told_as_far_as_it_is_known(text, value):
    found = read(text)
    assert found is not None
    assert found.value == value
    assert found.phrases


@pytest.mark.parametrize(
    "text", ["", "pkl liar di trotoar", "jam sekolah", "jam 25.00", "5-500jt", "3 kg", "malam", "lalu"]
)
def test_what_says_no_time_gives_none(text):
    assert read(text) is None


def test_in_the_evening_last_night_may_be_this_one_and_is_not_chosen():
    evening = NOW.replace(hour=21)
    assert read("tadi malam", evening).value == "stated"
    assert read("tadi malam", NOW.replace(hour=2)).value == "2026-11-25"


def test_haste_is_told_apart_from_now():
    assert read("cepat pak").hurry
    assert not read("sekarang cepat pak").hurry


@given(st.text(max_size=200), st.integers(0, 10**6))
def test_any_text_is_read(text, minutes):
    now = NOW + timedelta(minutes=minutes)
    for one in (text, f"kemarin jam {text}", f"{text} november {text}"):
        found = read(one, now)
        assert found is None or found.value in {"ongoing", "habit", "stated"} or datetime.fromisoformat(found.value)
