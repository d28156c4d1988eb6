"""Which village and district a point lies in: by the operator's boundaries, else by the nearest known points."""

from __future__ import annotations

from collections.abc import Collection

import attrs

from treckk_gateway.model import PlaceSource
from treckk_gateway.profile import Boundaries, Profile
from treckk_gateway.triage.steps.naming import Spot

_CLEARLY = 1.3
"""How many times farther another district's nearest point must be for a pin to be clearly in this one."""
_FARTHEST = 15.0
"""Kilometres from the nearest point of a village beyond which a pin is taken for somebody else's."""
_INSIDE, _ON_EDGE, _NEAREST, _NEAREST_VILLAGE = 0.9, 0.6, 0.5, 0.4


@attrs.frozen(kw_only=True)
class Pin:
    """What a point says: a spot, or several districts it may be in, or neither: it is nowhere here.

    `near` are further districts, so close that theirs may be meant.
    """

    spot: Spot | None = None
    candidates: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    confidence: float = 0.7
    village_confidence: float = 0.5
    reason: str = ""
    source: PlaceSource = PlaceSource.PIN


def pinned(lat: float, lng: float, named: Collection[str], profile: Profile) -> Pin:
    """What a point says; `named` are districts the words name, which settle what a point alone cannot."""
    if profile.boundaries is not None:
        return _bounded(lat, lng, profile.boundaries, profile)
    return _nearest(lat, lng, named, profile)


def _bounded(lat: float, lng: float, boundaries: Boundaries, profile: Profile) -> Pin:
    around = dict(boundaries.around(lat, lng, profile.near_boundary_km))
    inside = boundaries.at(lat, lng)
    codes = inside or tuple(around)[:1]
    spots = sorted((_spot(one, profile) for one in codes), key=lambda one: one.village is None)
    if not spots:
        return Pin(reason="the pin lies outside every boundary")
    spot = spots[0]
    near = dict.fromkeys(_spot(one, profile).district for one in around)
    near.pop(spot.district, None)
    sure = _INSIDE if inside and not near else _ON_EDGE
    edge = f"; a boundary is {min(around.values()) * 1000:.0f} m away" if around else ""
    return Pin(
        spot=spot,
        near=tuple(near),
        confidence=sure,
        village_confidence=sure,
        reason=("the pin lies inside the boundary" if inside else "the pin lies just outside the boundary") + edge,
    )


def _spot(code: str, profile: Profile) -> Spot:
    village = profile.village(code)
    return Spot(village.district, village.code) if village else Spot(code)


def _nearest(lat: float, lng: float, named: Collection[str], profile: Profile) -> Pin:
    near = profile.gazetteer.nearest(lat, lng)
    if not near or near[0][1] > _FARTHEST:
        return Pin(reason="the pin lies far from every village")
    first, away = near[0]
    close = [village for village, far in near if far <= away * _CLEARLY]
    districts = {one.district for one in close}
    settled = districts.intersection(named)
    if len(settled) == 1:
        districts = settled
    if len(districts) > 1:
        return Pin(candidates=tuple(sorted(districts)), reason="the pin lies between several districts")
    spot = Spot(districts.pop(), first.code if len(close) == 1 else None)
    reason = f"pin; the nearest known point is {away:.1f} km away, and there are no boundaries to check it by"
    return Pin(spot=spot, confidence=_NEAREST, village_confidence=_NEAREST_VILLAGE, reason=reason)
