"""Where is it? Exact names and pins; two places that fit are a question, never a guess.

Source of the rules: domain reference, section 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import attrs

from treckk_gateway.model import Finding, Location, Subject
from treckk_gateway.profile import Mention, PlaceKind, Profile, Target
from treckk_gateway.triage.pipeline import TriageContext, words_of

_CLEARLY = 1.3
"""How many times farther another district's nearest point must be for a pin to be clearly in this one."""
_FARTHEST = 15.0
"""Kilometres from the nearest point of a village beyond which a pin is taken for somebody else's."""


@attrs.frozen
class Spot:
    """A place as far as it is known: codes of a district, and of a village in it."""

    district: str
    village: str | None = None


@attrs.frozen(kw_only=True)
class Found:
    """What words say about a place: the spots that fit, and places of others that were named."""

    spots: tuple[Spot, ...] = ()
    outside: tuple[str, ...] = ()


async def place(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The fields `district` and `village` (codes) when there is one place only.

    Two that fit give the field `district_candidate` for each and the flag `needs_clarification`; a place that is not
    the unit's gives the flag `outside_regency` and, where it is known, who is responsible as `refer_to`. A pin beats
    words; without boundaries it goes to the nearest known points, so it is never very sure.
    """
    said = _said(subject, context)
    location = subject.message.location
    if location is not None and location.lat is not None and location.lng is not None:
        pinned = _pinned(location, said, context.profile)
        if pinned is not None:
            return pinned
    return _stated(said, context.profile)


def _stated(said: Found, profile: Profile) -> list[Finding]:
    if len({one.district for one in said.spots}) > 1:
        return _ask(said.spots, "names that fit several places")
    if said.spots:
        villages = {one.village for one in said.spots if one.village}
        found = [_finding("district", said.spots[0].district, 0.9, "named in the message")]
        if len(villages) == 1:
            found.append(_finding("village", villages.pop(), 0.9, "named in the message"))
        return found
    return [*_outside("names a place outside"), *_offices(said.outside, profile)] if said.outside else []


def _pinned(location: Location, said: Found, profile: Profile) -> list[Finding] | None:
    """What a pin says; `None` when it is no use, because it lies nowhere near and words name a place here."""
    lat, lng = location.lat or 0.0, location.lng or 0.0
    near = profile.gazetteer.nearest(lat, lng) if profile.bounds.contains(lat, lng) else ()
    if not near or near[0][1] > _FARTHEST:
        return None if said.spots else _outside("the pin lies far from every village")
    first, distance = near[0]
    close = [village for village, away in near if away <= distance * _CLEARLY]
    districts = {one.district for one in close}
    named = {one.district for one in said.spots} & districts
    if len(named) == 1:
        districts = named
    if len(districts) > 1:
        return _ask([Spot(one) for one in sorted(districts)], "the pin lies between several districts")
    reason = f"pin; the nearest known point is {distance:.1f} km away"
    found = [_finding("district", districts.pop(), 0.7, reason)]
    if len(close) == 1:
        found.append(_finding("village", first.code, 0.5, reason))
    return found


def _said(subject: Subject, context: TriageContext) -> Found:
    """What the words say: the location's own text, else a form's line for the place, else the whole message."""
    location = subject.message.location
    for text in (
        (location.text if location else None) or "",
        *_form_lines(words_of(subject), context),
        words_of(subject),
    ):
        found = look(text, context) if text else Found()
        if found.spots or found.outside:
            return found
    return Found()


def _form_lines(text: str, context: TriageContext) -> Iterable[str]:
    """What a filled-in form says about where it happened; else all of it but the sender's own address."""
    form = context.profile.form.read(text)
    yield form.get("location", "")
    if "address" in form:
        yield "\n".join(value for field, value in form.items() if field != "address")


def look(text: str, context: TriageContext) -> Found:
    """The places a text names, each narrowed down as far as the text itself allows."""
    profile = context.profile
    mentions = profile.gazetteer.mentions(context.read_text(text).original)
    meant = [spots for mention in _counting(mentions, profile) if (spots := _spots(mention, profile))]
    outside = tuple(one.targets[0].code for one in mentions if one.targets[0].kind is PlaceKind.OUTSIDE)
    return Found(spots=_agreed(meant), outside=outside)


def _counting(mentions: Sequence[Mention], profile: Profile) -> list[Mention]:
    """Mentions without ordinary words that merely look like a village: those need `desa` or their district beside."""
    beside: set[int] = set()
    for one, other in pairwise(mentions):
        if other.start - one.end <= 1 and _related(one, other, profile):
            beside |= {one.start, other.start}
    return [one for one in mentions if not one.common or one.marked is PlaceKind.VILLAGE or one.start in beside]


def _related(one: Mention, other: Mention, profile: Profile) -> bool:
    return bool(_districts(one, PlaceKind.VILLAGE, profile) & _districts(other, PlaceKind.DISTRICT, profile)) or bool(
        _districts(one, PlaceKind.DISTRICT, profile) & _districts(other, PlaceKind.VILLAGE, profile)
    )


def _districts(mention: Mention, kind: PlaceKind, profile: Profile) -> set[str]:
    return {_spot(one, profile).district for one in mention.targets if one.kind is kind}


def _spots(mention: Mention, profile: Profile) -> tuple[Spot, ...]:
    """What a mention may mean: a bare name that is a district's is the district, unless `desa` stands before it."""
    wanted = mention.marked or PlaceKind.DISTRICT
    own = [one for one in mention.targets if one.kind is not PlaceKind.OUTSIDE]
    meant = [one for one in own if one.kind is wanted] or own
    return tuple(_spot(one, profile) for one in meant)


def _spot(target: Target, profile: Profile) -> Spot:
    village = profile.village(target.code) if target.kind is PlaceKind.VILLAGE else None
    return Spot(village.district, village.code) if village else Spot(target.code)


def _agreed(meant: Sequence[tuple[Spot, ...]]) -> tuple[Spot, ...]:
    """All spots that remain when a named district settles which of its namesakes a village is."""
    named = {spots[0].district for spots in meant if len(spots) == 1 and spots[0].village is None}
    narrowed = [tuple(one for one in spots if one.district in named) or spots for spots in meant]
    certain = {spots[0].district for spots in narrowed if len(spots) == 1 and spots[0].village}
    if len(certain) == 1 and certain <= named:
        # "Uren, Halong, near the border of Juai": the village with its own district beside it decides.
        narrowed = [tuple(one for one in spots if one.district in certain) for spots in narrowed]
    return tuple(dict.fromkeys(one for spots in narrowed for one in spots))


def _ask(spots: Iterable[Spot], reason: str) -> list[Finding]:
    codes = dict.fromkeys(one.district for one in spots)
    return [
        *(_finding("district_candidate", code, 0.5, reason) for code in codes),
        _finding("flag", "needs_clarification", 0.9, reason),
    ]


def _outside(reason: str) -> list[Finding]:
    return [_finding("flag", "outside_regency", 0.7, reason)]


def _offices(codes: Iterable[str], profile: Profile) -> Iterable[Finding]:
    offices = {one.office for one in profile.neighbours if one.code in set(codes) and one.office}
    return (_finding("refer_to", office, 0.6, "responsible for the place named") for office in sorted(offices))


def _finding(field: str, value: str, confidence: float, reason: str) -> Finding:
    return Finding(step="place", field=field, value=value, confidence=confidence, reason=reason)
