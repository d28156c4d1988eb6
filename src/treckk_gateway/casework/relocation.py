"""A person of the unit says where it is: the case goes to the post of that place, with its clock and its number.

Source: domain reference, section 10, rule 4 (a location corrected by a human beats everything); lessons, G1 and G3.
"""

from __future__ import annotations

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import Incomplete, NotAllowed
from treckk_gateway.model import Actor, Case, EventKind, Role, State
from treckk_gateway.model.lifecycle import FINAL, PLACE_BY_STAFF
from treckk_gateway.profile import Mention, PlaceKind, Target
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.store.orders import CaseFields, Change

_PLACING = frozenset({Role.ADMIN, Role.LEADERSHIP, Role.TEAM, Role.DUTY})
_DECIDED = frozenset({State.INSTRUCTED, State.EN_ROUTE, *FINAL})
_FARTHEST = 15.0
"""Kilometres from the nearest village beyond which a pin is none of ours."""


@attrs.frozen(kw_only=True)
class Place:
    """Where it is, as a person of the unit says: codes, a point, and words for how to find it."""

    district: str
    village: str | None = None
    lat: float | None = None
    lng: float | None = None
    landmark: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Relocation:
    """Reads places as staff write them, and moves cases there."""

    casework: Casework

    def named(self, text: str) -> tuple[Place, ...]:
        """The places a text may mean: one, several that need a word more, or none. What follows is how to find it."""
        profile = self.casework.profile
        mentions = [
            one for one in profile.gazetteer.mentions(tokens(text)) if one.targets[0].kind is not PlaceKind.OUTSIDE
        ]
        meant_by = [target for one in mentions for target in _meant(one)]
        districts = {one.code for one in meant_by if one.kind is PlaceKind.DISTRICT}
        found = [profile.village(code) for code in sorted({t.code for t in meant_by if t.kind is PlaceKind.VILLAGE})]
        meant = [one for one in found if one is not None and (not districts or one.district in districts)]
        if meant:
            return tuple(Place(district=one.district, village=one.code, landmark=_landmark(text)) for one in meant)
        return tuple(Place(district=code, landmark=_landmark(text)) for code in sorted(districts))

    def pinned(self, lat: float, lng: float) -> Place | None:
        """The place of a point; `None` when it lies nowhere near."""
        profile = self.casework.profile
        near = profile.gazetteer.nearest(lat, lng, 1) if profile.bounds.contains(lat, lng) else ()
        if not near or near[0][1] > _FARTHEST:
            return None
        village = near[0][0]
        return Place(district=village.district, village=village.code, lat=lat, lng=lng)

    def check(self, place: Place) -> None:
        """Raise `Incomplete` for codes that name nothing, or do not belong together."""
        profile = self.casework.profile
        village = profile.village(place.village)
        if profile.district(place.district) is None:
            raise Incomplete("there is no such district", ("district",))
        if place.village is not None and village is None:
            raise Incomplete("there is no such village", ("village",))
        if village is not None and village.district != place.district:
            raise Incomplete("that village lies in another district", ("another_district",))

    async def moving(self, case: Case, actor: Actor, place: Place) -> Change:
        """What the correction changes. The post follows, unless leadership has already sent one: then it is told.

        Raises `NotAllowed` for roles that do not place cases, `Incomplete` for codes that name nothing.
        """
        if not actor.roles & _PLACING:
            raise NotAllowed("places are corrected by the desk, leadership and the field")
        self.check(place)
        post = self.casework.profile.post_of(place.district).post_id
        decided = case.state in _DECIDED
        data = {
            "district": place.district,
            "village": place.village or "",
            "lat": "" if place.lat is None else f"{place.lat:.6f}",
            "lng": "" if place.lng is None else f"{place.lng:.6f}",
            "landmark": place.landmark or "",
            "post": post,
            "was": "/".join(one or "-" for one in (case.district, case.village, case.post)),
        }
        fields = CaseFields(
            district=place.district,
            village=place.village or "",
            post=None if decided else post,
            flags=tuple(dict.fromkeys((*case.flags, PLACE_BY_STAFF))),
        )
        moved = post != case.post
        return await self.casework.entry(
            case, actor, EventKind.LOCATED, data, fields=fields, tells="moved" if moved else None
        )


def _meant(mention: Mention) -> tuple[Target, ...]:
    """What a name stands for: a bare one that is a district's is the district, unless `desa` stands before it."""
    wanted = mention.marked or PlaceKind.DISTRICT
    return tuple(one for one in mention.targets if one.kind is wanted) or mention.targets


def _landmark(text: str) -> str | None:
    """Words for how to find it: what stands after a comma or a semicolon."""
    _, mark, rest = text.partition(";")
    return rest.strip()[:120] or None if mark else None
