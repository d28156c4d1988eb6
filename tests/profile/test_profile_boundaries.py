"""Outlines out of a GeoJSON file. The shapes are drawn here: squares of the tiny county, one with a hole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway import Gateway
from treckk_gateway.errors import ProfileError
from treckk_gateway.model import Address, InboundMessage, Location, PlaceSource, Subject
from treckk_gateway.profile import Area, bounded, load
from treckk_gateway.settings import from_mapping
from treckk_gateway.triage import TriageContext, steps

TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
KM = 1 / 111.32
"""Degrees of latitude."""


def square(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(code, *polygons):
    kind, shape = ("Polygon", polygons[0]) if len(polygons) == 1 else ("MultiPolygon", polygons)
    return {"type": "Feature", "properties": {"code": code}, "geometry": {"type": kind, "coordinates": list(shape)}}


SHAPES = [
    feature("N1", [square(20.30, 10.75, 20.50, 10.90)]),
    feature("N2", [square(20.50, 10.60, 20.70, 10.75), square(20.58, 10.66, 20.60, 10.68)]),
    feature("S1", [square(20.50, 10.10, 20.90, 10.60)], [square(20.10, 10.10, 20.12, 10.12)]),
    feature("S", [square(20.10, 10.10, 20.90, 10.60)]),
]


@pytest.fixture
def write(tmp_path):
    def write(features=SHAPES, **changes):
        file = tmp_path / "outlines.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": features} | changes), "utf-8")
        return file

    return write


async def place(profile, lat, lng, text="loud", source=PlaceSource.PIN):
    message = InboundMessage(
        dedupe_key="m-1",
        sender=Address("whatsapp", "x"),
        text=text,
        location=Location(lat=lat, lng=lng, source=source),
    )
    return await steps.place(Subject(message=message), TriageContext(profile=profile, now=0))


def values(found, field):
    return [one.value for one in found if one.field == field]


async def test_a_pin_lies_in_the_village_whose_outline_holds_it(write):
    profile = bounded(TINY, write())
    found = await place(profile, 10.80, 20.40)
    assert (values(found, "district"), values(found, "village")) == (["N"], ["N1"])
    assert values(found, "location_quality") == ["pin"]
    assert {one.confidence for one in found if one.field in {"district", "village"}} == {0.9}
    assert values(await place(profile, 10.11, 20.11), "village") == ["S1"]


async def test_where_only_the_district_is_drawn_the_district_is_known(write):
    found = await place(bounded(TINY, write()), 10.30, 20.20)
    assert (values(found, "district"), values(found, "village")) == (["S"], [])


@pytest.mark.parametrize(("lat", "lng"), [(10.80, 20.60), (10.95, 20.40), (10.67, 20.59)])
async def test_a_pin_outside_every_outline_is_not_ours(write, lat, lng):
    found = await place(bounded(TINY, write()), lat, lng)
    assert values(found, "flag") == ["outside_regency"]
    assert values(found, "district") == []
    assert values(await place(bounded(TINY, write()), lat, lng, "in Upper Lea"), "village") == ["N1"]


async def test_fifty_metres_from_a_boundary_both_sides_are_told(write):
    profile = bounded(TINY, write())
    north, south = await place(profile, 10.60 + 0.05 * KM, 20.60), await place(profile, 10.60 - 0.05 * KM, 20.60)
    assert (values(north, "village"), values(north, "near_district")) == (["N2"], ["S"])
    assert (values(south, "village"), values(south, "near_district")) == (["S1"], ["N"])
    assert "boundary is 50 m away" in next(one.reason for one in north if one.field == "village")
    assert values(await place(profile, 10.60 + 0.3 * KM, 20.60), "near_district") == []


async def test_a_pin_just_outside_belongs_to_the_nearest(write):
    found = await place(bounded(TINY, write()), 10.90 + 0.1 * KM, 20.40)
    assert values(found, "village") == ["N1"]
    assert "just outside the boundary" in found[0].reason


async def test_a_person_beats_a_pin_and_a_photo_beats_nothing(write):
    profile = bounded(TINY, write())
    corrected = await place(profile, 10.80, 20.40, "in hamlet Mill", PlaceSource.STAFF)
    assert (values(corrected, "village"), values(corrected, "location_source")) == (["N1"], ["staff"])
    photo = await place(profile, 10.80, 20.40, "in hamlet Mill", PlaceSource.PHOTO)
    assert (values(photo, "village"), values(photo, "location_source")) == (["N2"], ["text"])
    only = await place(profile, 10.80, 20.40, "loud", PlaceSource.PHOTO)
    assert values(only, "village") == ["N1"]
    assert max(one.confidence for one in only if one.field == "district") <= 0.3


@given(st.floats(10.0, 11.0), st.floats(20.0, 21.0))
def test_a_point_lies_in_a_square_when_it_is_between_its_sides(lat, lng):
    area = Area(code="N1", polygons=((tuple(map(tuple, square(20.3, 10.2, 20.6, 10.9))),),))
    edge = min(abs(lat - 10.2), abs(lat - 10.9), abs(lng - 20.3), abs(lng - 20.6))
    if edge > 1e-9:
        assert area.contains(lat, lng) is (20.3 < lng < 20.6 and 10.2 < lat < 10.9)


BAD = [
    ({"type": "Feature"}, "is no GeoJSON FeatureCollection"),
    ({"features": []}, "is no GeoJSON FeatureCollection"),
    ({"features": [feature("X9", [square(20.3, 10.2, 20.6, 10.9)])]}, "'X9' is no district or village"),
    ({"features": [SHAPES[0], SHAPES[0]]}, "'N1' stands there twice"),
    ({"features": [feature("N1", [square(10.3, 20.2, 10.6, 20.9)])]}, "GeoJSON has lng, lat"),
    ({"features": [feature("N1", [square(20.3, 10.2, 20.6, 10.9)[:3]])]}, "coordinates"),
    ({"features": [feature("N1", [[*square(20.3, 10.2, 20.6, 10.9)[:4], [20.4, 10.4]]])]}, "does not end where it"),
    ({"features": [feature("N1", [[["a", 1]] * 4])]}, "coordinates"),
    ({"features": [{**SHAPES[0], "geometry": {"type": "Point", "coordinates": [20.3, 10.2]}}]}, "is no GeoJSON"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD)
def test_a_bad_file_is_refused_with_its_name_and_the_reason(write, changes, reason):
    with pytest.raises(ProfileError, match=r"^outlines\.geojson: ") as refused:
        bounded(TINY, write(**changes))
    assert reason in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_json_is_refused(tmp_path, content):
    file = tmp_path / "outlines.geojson"
    file.write_bytes(content)
    with pytest.raises(ProfileError, match=r"outlines\.geojson"):
        bounded(TINY, file)


def test_the_gateway_reads_the_file_it_is_told_of(write, tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    table = {"public_url": "https://aduan.example.go.id", "secret_key": "env:A_KEY", "boundaries": "outlines.geojson"}
    settings = from_mapping({"gateway": table}, base=write().parent)
    gateway = Gateway(settings, profile=TINY)
    assert gateway.profile.boundaries.at(10.80, 20.40) == ("N1",)
    write(features=[])
    with pytest.raises(ProfileError, match=r"outlines\.geojson"):
        Gateway(settings, profile=TINY)
