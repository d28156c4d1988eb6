"""Where is it? Pins, exact names, then misspelt ones; two places that fit are a question, never a guess.

Source of the rules: domain reference, section 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from treckk_gateway.model import Finding, Location, PlaceSource, Subject
from treckk_gateway.profile import Profile
from treckk_gateway.profile.places import distance
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.naming import Said, Spot, look
from treckk_gateway.triage.steps.pinning import Pin, pinned

_SURE = {PlaceSource.STAFF: 1.0, PlaceSource.PIN: 0.9, PlaceSource.TEXT: 0.9, PlaceSource.PHOTO: 0.3}
_ASK = "needs_clarification"


async def place(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """Where it happened, as far as the message says.

    - `district` and `village` (codes) when there is one place only; `district_candidate` and `village_candidate` for
      each of several, with the flag `needs_clarification`; `near_district` for those beside it that may be meant.
    - `location_quality`: none, landmark, district, village, precise or pin; `landmark` for words such as "pasar".
    - `location_source`: text, pin, asked, photo, or staff: a person's correction beats a pin, a pin beats words, words
      beat a photo.
    - the flag `outside_regency` and `refer_to` for a place of somebody else; `distance_km` from the unit's middle and,
      where it is far, the flag `remote_area`.
    """
    said = _said(subject, context)
    pin = _pin(subject.message.location, said, context.profile)
    if pin is not None:
        return [*_at(pin, said), *_remote(pin.spot, said, context.profile)]
    return [*_refused(subject.message.location, context.profile), *_told(said, subject, context.profile)]


def _pin(location: Location | None, said: Said, profile: Profile) -> Pin | None:
    """What the message's point says; `None` where it has none that counts."""
    if location is None or location.lat is None or location.lng is None:
        return None
    if not profile.bounds.contains(location.lat, location.lng):
        return None
    if location.source is PlaceSource.PHOTO and (said.spots or said.outside):
        return None
    pin = pinned(location.lat, location.lng, said.districts, profile)
    trusted = location.source in {PlaceSource.STAFF, PlaceSource.PIN}
    if pin.spot is None and not pin.candidates and (said.spots or not trusted):
        return None
    return attrs.evolve(pin, source=location.source, confidence=min(pin.confidence, _SURE[location.source]))


def _at(pin: Pin, said: Said) -> Iterator[Finding]:
    yield _finding("location_quality", "pin", pin.confidence, pin.reason)
    yield _finding("location_source", pin.source.value, pin.confidence, pin.reason)
    yield from _landmarks(said)
    if pin.candidates:
        yield from _ask((Spot(one) for one in pin.candidates), pin.reason)
    elif pin.spot is None:
        yield _finding("flag", "outside_regency", 0.7, pin.reason)
    else:
        yield _finding("district", pin.spot.district, pin.confidence, pin.reason)
        if pin.spot.village:
            yield _finding("village", pin.spot.village, pin.village_confidence, pin.reason)
        yield from (_finding("near_district", one, 0.6, pin.reason) for one in pin.near)


def _refused(location: Location | None, profile: Profile) -> Iterator[Finding]:
    """A point outside the profile's box is no place; that it was sent is said all the same."""
    if location is not None and location.lat is not None and location.lng is not None:
        inside = profile.bounds.contains(location.lat, location.lng)
        reason = "the point lies far from every village" if inside else "the point lies outside the area of this unit"
        yield _finding("location_refused", location.source.value, 0.9, reason)
        yield _finding("flag", _ASK, 0.6, f"{reason}: the place has to be asked for")


def _told(said: Said, subject: Subject, profile: Profile) -> Iterator[Finding]:
    """What words say."""
    source = "asked" if subject.answering else said.source.value
    yield _finding("location_quality", said.quality, said.confidence, said.reason)
    if said.quality != "none":
        yield _finding("location_source", source, said.confidence, said.reason)
    yield from _landmarks(said)
    districts = said.districts
    if len(districts) > 1:
        yield from _ask(said.spots, said.reason)
        return
    if not said.spots:
        if said.outside:
            yield _finding("flag", "outside_regency", 0.7, said.reason)
            yield from _offices(said.outside, profile)
            yield from (_finding("near_district", one, 0.5, "named as near by") for one in said.near)
        return
    spot = said.spot
    yield _finding("district", districts[0], said.confidence, said.reason)
    if spot is not None and spot.village:
        yield _finding("village", spot.village, said.confidence, said.reason)
    yield from (_finding("near_district", one, 0.5, "named as near by") for one in said.near if one != districts[0])
    yield from _remote(spot, said, profile)


def _remote(spot: Spot | None, said: Said, profile: Profile) -> Iterator[Finding]:
    """How far a village is, in a straight line from the unit's middle, and the flag where that is far."""
    village = profile.village(spot.village) if spot and spot.village else None
    km = None
    if village is not None and profile.hub is not None:
        km = distance(profile.hub.lat, profile.hub.lng, village.lat, village.lng)
        reason = f"in a straight line from {profile.hub.name} to a point in {village.name}; roads are longer"
        yield _finding("distance_km", f"{km:.0f}", 0.8, reason)
    far = f"about {km:.0f} km from {profile.hub.name}, roads are longer" if km is not None and profile.hub else ""
    if said.far and (spot is not None or said.spots):
        yield _finding("flag", "remote_area", 0.7, f"says {said.far!r}; {far}" if far else f"says {said.far!r}")
    elif km is not None and profile.remote_km is not None and km >= profile.remote_km:
        yield _finding("flag", "remote_area", 0.8, far)


def _said(subject: Subject, context: TriageContext) -> Said:
    """What the words say: a form's line for the place, the location's own text, else the whole message.

    A place named there beats one named elsewhere; far away is far away wherever it is said.
    """
    location = subject.message.location
    whole = look(context.read(subject), context.profile)
    own = location.text if location is not None and location.text else ""
    form = context.form(subject)
    texts = [own, form.get("location", "")]
    if "address" in form:
        texts.append("\n".join(value for field, value in form.items() if field != "address"))
    for text in filter(None, texts):
        found = look(context.read_text(text), context.profile, placed=True)
        if found.spots or found.outside:
            landmarks = found.landmarks or whole.landmarks
            source = location.source if location is not None and text == own else PlaceSource.TEXT
            return attrs.evolve(found, landmarks=landmarks, far=whole.far, source=_worded(source))
    placed = next((text for text in texts[:2] if not context.profile.form.empty(text)), "")
    if placed and whole.quality == "none":
        return attrs.evolve(whole, stated=True, reason="a place is written, though none of the list")
    return whole


def _worded(source: PlaceSource) -> PlaceSource:
    """Words beside a pin are words."""
    return source if source is PlaceSource.STAFF else PlaceSource.TEXT


def _landmarks(said: Said) -> Iterator[Finding]:
    return (_finding("landmark", one, 0.7, f"says {one!r}") for one in said.landmarks)


def _ask(spots: Iterable[Spot], reason: str) -> Iterator[Finding]:
    spots = tuple(spots)
    for code in dict.fromkeys(one.district for one in spots):
        yield _finding("district_candidate", code, 0.5, reason)
    for village in dict.fromkeys(one.village for one in spots if one.village):
        yield _finding("village_candidate", village, 0.5, reason)
    yield _finding("flag", _ASK, 0.9, reason)


def _offices(codes: Iterable[str], profile: Profile) -> Iterator[Finding]:
    wanted = set(codes)
    offices = {one.office for one in profile.neighbours if one.code in wanted and one.office}
    return (_finding("refer_to", office, 0.6, "responsible for the place named") for office in sorted(offices))


def _finding(field: str, value: str, confidence: float, reason: str) -> Finding:
    return Finding(step="place", field=field, value=value, confidence=round(confidence, 2), reason=reason)
