"""The API's calls about numbers: counts, times, layers, and cases without identities."""

from __future__ import annotations

from typing import Any

import attrs
from msgspec import UNSET, UnsetType

from treckk_gateway.errors import NotAllowed
from treckk_gateway.model import Role
from treckk_gateway.report import Audience, Numbers, Period, Reports, forms
from treckk_gateway.server.api.route import OVERSEERS, Call, Route
from treckk_gateway.server.api.shapes.reports import (
    CountItem,
    DaysQuery,
    ExportItem,
    ExportPage,
    ExportQuery,
    GeoJson,
    LayerPlace,
    ReportItem,
    ReportQuery,
    WaitItem,
)
from treckk_gateway.store.rows import ExportRow

_CSV, _GEOJSON = "text/csv", "application/geo+json"


def _reports(call: Call) -> Reports:
    return call.gateway.reports


def _period(call: Call) -> Period:
    first, last = (None if one is UNSET else one for one in (call.query.first, call.query.last))
    return _reports(call).period(first, last)


def _audience(call: Call) -> Audience:
    """What was asked for, as far as the caller may. Raises `NotAllowed`."""
    leads = call.actor.operator or Role.LEADERSHIP in call.actor.roles
    wanted: Audience | UnsetType = call.query.audience
    if isinstance(wanted, UnsetType):
        return Audience.LEADERSHIP if leads else Audience.PUBLIC
    if wanted is Audience.LEADERSHIP and not leads:
        raise NotAllowed("only leadership sees every number")
    return wanted


async def _numbers(call: Call) -> Numbers:
    return await _reports(call).numbers(_period(call), _audience(call))


async def _report(call: Call) -> ReportItem:
    found = await _numbers(call)
    return ReportItem(
        **{name: getattr(found, name) for name in ReportItem.__struct_fields__ if name not in _LISTS},
        counts=[CountItem(**attrs.asdict(one)) for one in found.counts],
        waits=[WaitItem(**attrs.asdict(one)) for one in found.waits],
        about_unit=list(found.about_unit),
        channels=dict(found.channels),
        states=dict(found.states),
    )


_LISTS = frozenset({"counts", "waits", "about_unit", "channels", "states"})


async def _report_csv(call: Call) -> str:
    return forms.numbers_csv(await _numbers(call), call.gateway.profile)


async def _layer_csv(call: Call) -> str:
    layer = call.place.layer
    return forms.layer_csv(
        await _reports(call).layer(_period(call), layer, _audience(call)), layer, call.gateway.profile
    )


async def _layer_geojson(call: Call) -> dict[str, Any]:
    layer = call.place.layer
    found = await _reports(call).layer(_period(call), layer, _audience(call))
    return forms.layer_geojson(found, layer, call.gateway.profile)


async def _cases(call: Call) -> ExportPage:
    after = 0 if call.query.cursor is UNSET else int(call.query.cursor)
    items = await _reports(call).page(_period(call), call.actor.roles, after, call.query.limit)
    more = len(items) == call.query.limit
    return ExportPage(items=[_item(one) for one in items], next_cursor=str(items[-1].id) if more else None)


def _item(row: ExportRow) -> ExportItem:
    return ExportItem(**forms.case_values(row))


async def _cases_csv(call: Call) -> str:
    return forms.cases_csv([one async for one in _reports(call).cases(_period(call), call.actor.roles)])


ROUTES = (
    Route(
        method="GET", path="/report", name="showReport", summary="A period in numbers, with zeros",
        run=_report, answers=ReportItem, query=ReportQuery, roles=OVERSEERS, errors=(409,),
    ),
    Route(
        method="GET", path="/report.csv", name="showReportTable", summary="District by category as CSV",
        run=_report_csv, answers=str, media=_CSV, query=ReportQuery, roles=OVERSEERS, errors=(409,),
    ),
    Route(
        method="GET", path="/report/layers/{layer}.csv", name="showLayerTable", summary="A vulnerability layer as CSV",
        run=_layer_csv, answers=str, media=_CSV, place=LayerPlace, query=ReportQuery, roles=OVERSEERS,
        errors=(404, 409),
    ),
    Route(
        method="GET", path="/report/layers/{layer}.geojson", name="showLayer", summary="A layer for a map",
        run=_layer_geojson, answers=GeoJson, media=_GEOJSON, place=LayerPlace, query=ReportQuery,
        roles=OVERSEERS, errors=(404, 409),
    ),
    Route(
        method="GET", path="/report/cases", name="exportCases", summary="Cases without identities, oldest first",
        run=_cases, answers=ExportPage, query=ExportQuery, roles=OVERSEERS, errors=(409,),
    ),
    Route(
        method="GET", path="/report/cases.csv", name="exportCaseTable", summary="Cases without identities as CSV",
        run=_cases_csv, answers=str, media=_CSV, query=DaysQuery, roles=OVERSEERS, errors=(409,),
    ),
)  # fmt: skip
"""Every call about numbers."""
