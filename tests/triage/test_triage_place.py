"""The traps of the gazetteer: domain reference, section 10."""

from __future__ import annotations

from pathlib import Path

import pytest

from treckk_gateway.model import Address, InboundMessage, Location, PlaceSource, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load
from treckk_gateway.triage import TriageContext, steps

PROFILE = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
JUAI, HALONG, AWAYAN, BATU_MANDI = "63.11.01", "63.11.02", "63.11.03", "63.11.04"
LAMPIHONG, PARINGIN, SELATAN, TEBING_TINGGI = "63.11.05", "63.11.06", "63.11.07", "63.11.08"


def values(found, field):
    return [one.value for one in found if one.field == field]


async def place(text="", location=None, profile=PROFILE, line=None):
    message = InboundMessage(
        dedupe_key="m-1", sender=Address("whatsapp", "+6281200000000"), text=text, location=location, subject=line
    )
    return await steps.place(Subject(message=message), TriageContext(profile=profile, now=0))


PLACES = [
    # the name stands twice
    ("ribut di Galumbang Juai", JUAI, "Galumbang"),
    ("ribut di desa Galumbang, Paringin Selatan", SELATAN, "Galumbang"),
    # a village named like its district
    ("di pasar Juai", JUAI, None),
    ("di desa Juai", JUAI, "Juai"),
    ("di kec. Halong", HALONG, None),
    ("desa halong kec halong", HALONG, "Halong"),
    ("di awayan", AWAYAN, None),
    ("tebing tinggi", TEBING_TINGGI, None),
    ("warnet Batumandi", BATU_MANDI, None),
    ("ds batumandi", BATU_MANDI, "Batumandi"),
    # one name inside another
    ("Awayan Hilir", AWAYAN, "Awayan Hilir"),
    ("Badalungga Hilir", AWAYAN, "Badalungga Hilir"),
    ("Binjai", SELATAN, "Binjai"),
    ("Binjai Punggal", HALONG, "Binjai Punggal"),
    ("Halubau Utara", SELATAN, "Halubau Utara"),
    ("Teluk Karya", LAMPIHONG, "Teluk Karya"),
    ("Lampihong Kiri", LAMPIHONG, "Lampihong Kiri"),
    ("Paringin Timur", PARINGIN, "Paringin Timur"),
    ("Paringin Selatan", SELATAN, None),
    ("Paringin", PARINGIN, None),
    # ordinary words
    ("ada mobil merah baru di simpang tiga", None, None),
    ("bata merah, karya siapa, di panggung", None, None),
    ("desa merah", AWAYAN, "Merah"),
    ("kampung baru", AWAYAN, "Baru"),
    ("desa karya", HALONG, "Karya"),
    ("Simpang Tiga Lampihong", LAMPIHONG, "Simpang Tiga"),
    ("simpang tiga, kec. Lampihong", LAMPIHONG, "Simpang Tiga"),
    ("Baru saja ada ribut di Awayan", AWAYAN, None),
    # spelling
    ("Sungai Pumpung", AWAYAN, "Sei Pumpung"),
    ("Sei. Batung", JUAI, "Sungai Batung"),
    ("juuh", TEBING_TINGGI, "Ju'uh"),
    ("JU\u2019UH", TEBING_TINGGI, "Ju'uh"),
    ("Teluk Masjid", BATU_MANDI, "Teluk Mesjid"),
    ("Banua Hanyar", BATU_MANDI, "Banua Hanyar"),
    ("Lokbatu", BATU_MANDI, "Lok Batu"),
    ("pasel", SELATAN, None),
    # several places that agree, and one that is settled by its own district
    ("Layap dan Balang", PARINGIN, None),
    ("Uren Halong, dekat Juai", HALONG, "Uren"),
    ("orang Amuntai jualan di Lampihong", LAMPIHONG, None),
    # near spellings are other words
    ("Hukaii Layyap", None, None),
    ("di rumah saya", None, None),
    ("", None, None),
]


@pytest.mark.parametrize(("text", "district", "village"), PLACES)
async def test_a_place_is_found_by_its_exact_name(text, district, village):
    found = await place(text)
    assert values(found, "district") == ([district] if district else [])
    names = [PROFILE.village(code).name for code in values(found, "village")]
    assert names == ([village] if village else [])
    assert values(found, "flag") == []


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("ribut di Galumbang", [JUAI, SELATAN]),
        ("dari Layap ke Auh", [PARINGIN, TEBING_TINGGI]),
        ("Batu Piring, Paringin", [SELATAN, PARINGIN]),
        ("Awayan atau Halong", [AWAYAN, HALONG]),
    ],
)
async def test_two_places_that_fit_are_a_question_and_never_a_guess(text, candidates):
    found = await place(text)
    assert values(found, "district_candidate") == candidates
    assert values(found, "flag") == ["needs_clarification"]
    assert values(found, "district") == values(found, "village") == []


@pytest.mark.parametrize(
    ("text", "office"),
    [
        ("di Amuntai", "satpol_pp_hsu"),
        ("pasar Barabai", "satpol_pp_hst"),
        ("Murung Pudak", "satpol_pp_tabalong"),
        ("Kandangan", "sp4n"),
        ("kab Kotabaru", "satpol_pp_kotabaru"),
    ],
)
async def test_a_place_of_somebody_else_is_referred(text, office):
    found = await place(text)
    assert (values(found, "flag"), values(found, "refer_to")) == (["outside_regency"], [office])
    assert values(found, "district") == []


async def test_a_pin_beats_words_and_says_how_sure_it_is():
    pin = Location.read(-2.38385, 115.51926)
    found = await place("di Halong", pin)
    assert values(found, "district") == [AWAYAN]
    assert judged.best(found, "district").confidence < 0.9


async def test_a_pin_between_two_districts_asks_unless_words_settle_it():
    village = PROFILE.village("63.11.06.2009")
    nearest = PROFILE.gazetteer.nearest(village.lat, village.lng, 157)
    other = next(one for one, _km in nearest if one.district != PARINGIN)
    middle = Location.read((village.lat + other.lat) / 2, (village.lng + other.lng) / 2)
    districts = {one.district for one, _km in PROFILE.gazetteer.nearest(middle.lat, middle.lng)}
    assert len(districts) > 1
    asked = await place("ribut", middle)
    assert values(asked, "flag") == ["needs_clarification"]
    assert set(values(asked, "district_candidate")) <= districts
    named = PROFILE.district(min(values(asked, "district_candidate")))
    assert values(await place(f"di kecamatan {named.name}", middle), "district") == [named.code]


async def test_a_pin_far_away_is_no_place_here():
    pin = Location.read(-2.0, 115.05)
    assert values(await place("ribut", pin), "flag") == ["outside_regency"]
    assert values(await place("ribut di Halong", pin), "district") == [HALONG]


@pytest.mark.parametrize(("lat", "lng"), [(51.5, 0.1), (-3.4, 114.8), (0.001, 0.001)])
async def test_a_point_outside_the_units_box_is_refused_and_the_place_asked_for(lat, lng):
    found = await place("ribut", Location.read(lat, lng))
    assert values(found, "location_refused") == ["pin"]
    assert values(found, "location_quality") == ["none"]
    assert values(found, "flag") == ["needs_clarification"]
    assert values(found, "district") == []
    assert values(await place("ribut di Halong", Location.read(lat, lng)), "district") == [HALONG]


async def test_no_place_is_never_zero_zero():
    assert Location.read(0, 0) is None
    at_zero = Location(lat=0.0, lng=0.0, source=PlaceSource.PIN)
    assert values(await place("ribut", at_zero), "location_quality") == ["none"]


async def test_the_locations_own_words_come_before_the_messages():
    assert values(await place("saya di Halong", Location.read(None, None, "Desa Auh")), "district") == [TEBING_TINGGI]


async def test_a_forms_line_for_the_place_comes_before_where_the_sender_lives():
    form = "Nama: Budi\nAlamat: Desa Inan\nLokasi kejadian: depan pasar Awayan\nUraian: ribut"
    assert values(await place(form), "district") == [AWAYAN]
    without = "Alamat: Desa Inan\nUraian: ribut di Auh"
    assert values(await place(without), "district") == [TEBING_TINGGI]
    assert values(await place("Alamat: Desa Inan\nUraian: ribut"), "district") == [SELATAN]


async def test_the_subject_line_of_an_answer_names_no_place():
    assert values(await place("ok", line="Re: ribut di Auh"), "district") == []
    assert values(await place("ok", line="ribut di Auh"), "district") == [TEBING_TINGGI]


async def test_another_countys_places_follow_the_same_rules():
    assert values(await place("in Twin Oaks", profile=TINY), "district_candidate") == ["N", "S"]
    assert values(await place("in Twin Oaks, Southmoor", profile=TINY), "village") == ["S1"]
    assert values(await place("the mill is loud", profile=TINY), "district") == []
    assert values(await place("in hamlet Mill", profile=TINY), "village") == ["N2"]
    assert values(await place("up at the top end", profile=TINY), "district") == ["N"]
    assert values(await place("in Eastby", profile=TINY), "refer_to") == ["police"]
