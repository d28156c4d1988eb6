"""What a case is about, without anybody's identity: enough to tell whether two are one matter."""

from __future__ import annotations

import attrs

from treckk_gateway.model.lifecycle import Reason, State
from treckk_gateway.model.message import Instant


@attrs.frozen(kw_only=True)
class Incident:
    """What happened, where and when, in codes.

    `also` are further categories, `offices` referral codes, `landmarks` words of the profile's list. `lat` and `lng`
    are those of a pin, WGS84 degrees. What is not known is empty.
    """

    category: str | None = None
    also: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    district: str | None = None
    village: str | None = None
    lat: float | None = attrs.field(default=None, repr=False)
    lng: float | None = attrs.field(default=None, repr=False)
    landmarks: tuple[str, ...] = ()
    at: Instant | None = None


@attrs.frozen(kw_only=True)
class OpenCase(Incident):
    """A case that runs, of whomever."""

    reference: str


@attrs.frozen(kw_only=True)
class PriorCase:
    """What became of an earlier case of the same reporter."""

    state: State
    reason: Reason | None = None
    category: str | None = None
    district: str | None = None
    village: str | None = None
    at: Instant = 0
