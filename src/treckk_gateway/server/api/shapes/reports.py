"""Numbers of a period, layers for a map, and cases without identities."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from treckk_gateway.model import Intent, State
from treckk_gateway.report import Audience, Layer
from treckk_gateway.server.api.shapes.elements import Asked, Cursor, Limit, Shown

GeoJson = dict[str, Any]
"""A FeatureCollection (RFC 7946)."""


class DaysQuery(Asked):
    """From the first day to the last, both counted; without them, this month."""

    first: date | UnsetType = msgspec.field(default=UNSET, name="from")
    last: date | UnsetType = msgspec.field(default=UNSET, name="to")


class ReportQuery(DaysQuery):
    """`for` says how much may be told; without it, what the caller may see."""

    audience: Audience | UnsetType = msgspec.field(default=UNSET, name="for")


class ExportQuery(DaysQuery):
    """Where a list of cases goes on."""

    cursor: Cursor | UnsetType = UNSET
    limit: Limit = 50


class LayerPlace(Asked):
    """One of the two layers."""

    layer: Layer


class CountItem(Shown):
    """How many cases of a district are of a category; `-` where unknown, `null` where the number is left out."""

    district: str
    category: str
    count: int | None


class WaitItem(Shown):
    """How long a step took, in seconds from opening; over the whole unit where `district` is `null`."""

    step: str
    district: str | None
    cases: int | None
    median: float | None
    p90: float | None


class ReportItem(Shown):
    """A period in numbers. What is left out, or not for the caller, is `null`."""

    first: date
    last: date
    audience: Audience
    received: int | None
    merged: int | None
    spam: int | None
    counts: list[CountItem]
    channels: dict[str, int | None]
    states: dict[str, int | None]
    waits: list[WaitItem]
    instructed: int | None
    complete: float | None
    completeness: float | None
    open: int | None
    overdue: int | None
    about_unit: list[str]


class ExportItem(Shown):
    """A case without any identity, with the moment of each step it took first."""

    reference: str
    opened_at: str | None
    state: State
    channel_id: str
    intent: Intent
    urgency: str
    post: str | None
    category: str | None
    district: str | None
    village: str | None
    language: str
    completeness: float | None
    completeness_at_instruct: float | None
    acknowledged_at: str | None
    reviewed_at: str | None
    instructed_at: str | None
    departed_at: str | None
    resolved_at: str | None
    refused_at: str | None
    closed_at: str | None
    merged_into: str | None


class ExportPage(Shown):
    """Cases, oldest first."""

    items: list[ExportItem]
    next_cursor: str | None
