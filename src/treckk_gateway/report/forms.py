"""Numbers as files others read: CSV tables and GeoJSON (RFC 7946)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import asdict

from treckk_gateway.profile import Profile
from treckk_gateway.report.layers import Layer, LayerRow
from treckk_gateway.report.numbers import UNKNOWN, Numbers
from treckk_gateway.store.rows import ExportRow

_LEFT_OUT = "<3"
"""Stands for a number that is left out."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

CASE_COLUMNS = tuple(one for one in ExportRow.__struct_fields__ if one != "id")
"""The columns of exported cases."""

Geometry = Mapping[str, Any]


def numbers_csv(found: Numbers, profile: Profile) -> str:
    """District by category, with zeros."""
    language = profile.languages[0]
    rows = [
        (one.district, _district(profile, one.district), one.category, _category(profile, one.category, language),
         _shown(one.count))
        for one in found.counts
    ]  # fmt: skip
    return table(("district", "district_name", "category", "category_name", "cases"), rows)


def layer_csv(found: Iterable[LayerRow], layer: Layer, profile: Profile) -> str:
    """A line for each number: districts with zeros, villages where there is something."""
    language = profile.languages[0]
    rows = []
    for one in found:
        village = profile.village(one.village)
        rows.append(
            (
                f"{one.month:%Y-%m}",
                "village" if one.village else "district",
                one.district,
                _district(profile, one.district),
                one.village or "",
                village.name if village else "",
                one.key,
                _category(profile, one.key, language) if layer is Layer.DISTURBANCE else one.key,
                _shown(one.count),
            )
        )
    names = ("month", "level", "district", "district_name", "village", "village_name", "key", "key_name", "cases")
    return table(names, rows)


def cases_csv(found: Iterable[ExportRow]) -> str:
    """A line for each case, without any identity. Moments are ISO 8601 in UTC."""
    return table(CASE_COLUMNS, [tuple(case_values(one).values()) for one in found])


def case_values(row: ExportRow) -> dict[str, Any]:
    """A case as names and values; moments are ISO 8601 in UTC, what is not known is `None`."""
    values = asdict(row)
    return {name: _moment(values[name]) if name.endswith("_at") else values[name] for name in CASE_COLUMNS}


def layer_geojson(found: Iterable[LayerRow], layer: Layer, profile: Profile) -> dict[str, Any]:
    """One feature for each place and month: a point inside it, or its outline where the operator's file has one.

    `counts` holds a number for each key, `null` where it is left out.
    """
    places: dict[tuple[str, str, str], dict[str, int | None]] = {}
    for one in found:
        places.setdefault((f"{one.month:%Y-%m}", one.district, one.village or ""), {})[one.key] = one.count
    outlines = _outlines(profile)
    features = [
        {
            "type": "Feature",
            "geometry": _geometry(profile, district, village, outlines),
            "properties": {
                "month": month,
                "layer": layer.value,
                "level": "village" if village else "district",
                "code": village or district,
                "name": _place(profile, district, village),
                "district": district,
                "counts": counts,
            },
        }
        for (month, district, village), counts in sorted(places.items())
    ]
    return {"type": "FeatureCollection", "features": features}


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV as RFC 4180 has it. What a spreadsheet would take for a formula is made text."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(names)
    writer.writerows([[_cell(one) for one in row] for row in rows])
    return written.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and len(value) > 1 and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _shown(count: int | None) -> object:
    return _LEFT_OUT if count is None else count


def _district(profile: Profile, code: str) -> str:
    found = profile.district(code)
    return found.name if found else code


def _category(profile: Profile, code: str, language: str) -> str:
    return profile.category_name(None if code == UNKNOWN else code, language)


def _place(profile: Profile, district: str, village: str) -> str:
    found = profile.village(village)
    return found.name if found else _district(profile, district)


def _outlines(profile: Profile) -> dict[str, Geometry]:
    areas = profile.boundaries.areas if profile.boundaries is not None else ()
    return {one.code: {"type": "MultiPolygon", "coordinates": one.polygons} for one in areas}


def _geometry(profile: Profile, district: str, village: str, outlines: Mapping[str, Geometry]) -> Geometry | None:
    outline = outlines.get(village or district)
    if outline is not None:
        return outline
    point = profile.village(village) or profile.district(district)
    return {"type": "Point", "coordinates": [point.lng, point.lat]} if point else None


def _moment(at: int | None) -> str | None:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None
