from __future__ import annotations

import pytest

from treckk_gateway.profile import Bounds, PlaceKind, load
from treckk_gateway.profile.tokens import tokens

PROFILE = load("balangan")
GAZETTEER = PROFILE.gazetteer


def names(text):
    return [
        [(PROFILE.village(one.code) or PROFILE.district(one.code)).name for one in mention.targets]
        for mention in GAZETTEER.mentions(tokens(text))
    ]


@pytest.mark.parametrize("village", PROFILE.villages, ids=lambda one: one.code)
def test_every_village_is_found_by_its_name(village):
    mentions = GAZETTEER.mentions(tokens(f"di desa {village.name}, kemarin"))
    assert len(mentions) == 1
    assert (PlaceKind.VILLAGE, village.code) in {(one.kind, one.code) for one in mentions[0].targets}
    assert mentions[0].marked is PlaceKind.VILLAGE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Binjai Punggal", [["Binjai Punggal"]]),
        ("Binjai, Punggal sari", [["Binjai Punggal"]]),
        ("Teluk Karya dan Karya", [["Teluk Karya"], ["Karya"]]),
        ("Juai", [["Juai", "Juai"]]),
        ("batumandi", [["Batu Mandi", "Batumandi"]]),
        ("galumbang", [["Galumbang", "Galumbang"]]),
        ("Hauwai Hukai", [["Hauwai"], ["Hukai"]]),
        ("binjais awayanan", []),
        ("hujanmas", [["Hujan Mas"]]),
        ("", []),
    ],
)
def test_the_longest_exact_name_is_found(text, found):
    assert names(text) == found


def test_a_place_of_somebody_else_is_known_with_who_is_responsible():
    (mention,) = GAZETTEER.mentions(tokens("di Murung Pudak"))
    assert mention.targets[0].kind is PlaceKind.OUTSIDE
    neighbour = next(one for one in PROFILE.neighbours if one.code == mention.targets[0].code)
    assert neighbour.office == "satpol_pp_tabalong"


def test_the_nearest_points_come_with_their_distance():
    layap = PROFILE.village("63.11.06.2009")
    nearest = GAZETTEER.nearest(layap.lat, layap.lng)
    assert nearest[0] == (layap, 0.0)
    assert [distance for _one, distance in nearest] == sorted(distance for _one, distance in nearest)
    far = GAZETTEER.nearest(layap.lat + 1, layap.lng, 157)
    assert {one.code: distance for one, distance in far}[layap.code] == pytest.approx(111.3, abs=0.2)


def test_bounds_hold_their_edge_and_nothing_beyond():
    bounds = Bounds(south=-3, west=115, north=-2, east=116)
    assert bounds.contains(-3, 115)
    assert not bounds.contains(0.0, 0.0)
    assert not bounds.contains(-2.5, float("nan"))
