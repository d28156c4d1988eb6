"""Whether two reports tell of one incident: same place, near in time, same category. It is proposed, never decided.

Only codes and pins are compared, so that nothing one reporter wrote can reach another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from treckk_gateway.model import Finding, Incident, Instant, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import Profile
from treckk_gateway.profile.places import distance

LIKELY = 0.5
"""From this on two reports are proposed as one incident."""
_MOST = 2_000
"""Members of the groups of one district and category that a new one is compared with."""
_HOUR = 3_600_000_000
_FAR = 3
"""How many times the near distance two pins may lie apart in one village before it is another incident."""


@attrs.frozen(kw_only=True)
class Likeness:
    """How sure it is that two reports are one incident, and why."""

    confidence: float
    reason: str


def incident(findings: Iterable[Finding], subject: Subject, at: Instant | None) -> Incident:
    """What the findings say about a message, in codes."""
    found = tuple(findings)

    def best(field: str) -> str | None:
        one = judged.best(found, field)
        return one.value if one else None

    def every(field: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.value for one in found if one.field == field))

    pin = subject.message.location if best("location_quality") == "pin" else None
    return Incident(
        category=best("category"),
        also=every("also"),
        offices=every("refer_to"),
        district=best("district"),
        village=best("village"),
        lat=pin.lat if pin else None,
        lng=pin.lng if pin else None,
        landmarks=every("landmark"),
        at=at,
    )


def likeness(one: Incident, other: Incident, profile: Profile) -> Likeness | None:
    """Why both may be one incident; `None` where something speaks against it or too little for it."""
    if not (_one_matter(one, other, profile) and _near_in_time(one, other, profile)):
        return None
    km = _apart(one, other)
    near = profile.duplicates_km
    together = set(one.landmarks) & set(other.landmarks)
    village = one.village is not None and one.village == other.village
    district = one.district is not None and one.district == other.district
    if km is not None and km <= near:
        return Likeness(confidence=0.85, reason=f"same category, pins {km * 1000:.0f} m apart")
    if not district or (km is not None and km > _FAR * near):
        return None
    if village and (together or not (one.landmarks and other.landmarks)):
        beside = f" and both say {min(together)!r}" if together else ""
        return Likeness(confidence=0.75 if together else 0.6, reason=f"same category, same village{beside}")
    if together and None in {one.village, other.village}:
        return Likeness(confidence=LIKELY, reason=f"same category, same district and both say {min(together)!r}")
    return None


def groups(incidents: Sequence[Incident], profile: Profile) -> list[str | None]:
    """For each report of a batch the group it may belong to, `None` where it stands alone.

    A report joins a group when it is like any member of it. Groups are numbered in the order they begin: `D1`, `D2`.
    """
    members: dict[int, list[int]] = {}
    group_of: dict[int, int] = {}
    nearby: dict[str, list[int]] = {}
    for place, one in enumerate(incidents):
        if one.category is None or one.district is None:
            continue
        earlier = nearby.setdefault(one.district, [])
        for other in earlier[-_MOST:]:
            if likeness(one, incidents[other], profile) is not None:
                group = group_of.setdefault(other, other)
                group_of[place] = group
                members.setdefault(group, [group]).append(place)
                break
        earlier.append(place)
    names = {group: f"D{count}" for count, group in enumerate(sorted(members), 1)}
    return [names[group_of[place]] if place in group_of else None for place in range(len(incidents))]


def _one_matter(one: Incident, other: Incident, profile: Profile) -> bool:
    """Whether both are about the same. What only leadership sees is like nothing else."""
    if one.category is None or other.category is None:
        return False
    if one.category != other.category:
        closed = profile.leadership_only
        if closed.intersection((one.category, other.category)):
            return False
        return one.category in other.also or other.category in one.also
    apart = bool(one.offices and other.offices) and not set(one.offices) & set(other.offices)
    return not (apart and one.category in profile.asks_nothing)


def _near_in_time(one: Incident, other: Incident, profile: Profile) -> bool:
    return one.at is None or other.at is None or abs(one.at - other.at) <= profile.duplicates_hours * _HOUR


def _apart(one: Incident, other: Incident) -> float | None:
    if one.lat is None or one.lng is None or other.lat is None or other.lng is None:
        return None
    return distance(one.lat, one.lng, other.lat, other.lng)
