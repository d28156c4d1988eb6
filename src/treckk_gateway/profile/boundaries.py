"""Outlines of villages and districts out of a GeoJSON file (RFC 7946) that the operator names; none ship.

They are indicative and no legal boundary: a point near an edge is near both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from math import cos, hypot, radians
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import attrs
import msgspec
from msgspec import Meta, Struct

from treckk_gateway.errors import ProfileError
from treckk_gateway.profile.places import KM_PER_DEGREE, Bounds

LARGEST = 64 * 2**20
"""Bytes of a file that are read."""

Ring = tuple[tuple[float, float], ...]
_Position = Annotated[list[float], Meta(min_length=2, max_length=4)]
_Ring = Annotated[list[_Position], Meta(min_length=4)]
_Polygon = Annotated[list[_Ring], Meta(min_length=1)]


class _Geometry(Struct):
    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class _Properties(Struct):
    code: str


class _Feature(Struct):
    type: Literal["Feature"]
    geometry: _Geometry
    properties: _Properties


class _Collection(Struct):
    type: Literal["FeatureCollection"]
    features: Annotated[list[_Feature], Meta(min_length=1)]


@attrs.frozen(kw_only=True)
class Area:
    """The outline of the place with that code: rings of (lng, lat), degrees; a ring inside another is a hole.

    `polygons` are as the file has them: of each the outer ring first, then its holes.
    """

    code: str
    polygons: tuple[tuple[Ring, ...], ...] = attrs.field(repr=False)
    rings: tuple[Ring, ...] = attrs.field(init=False, repr=False)
    box: tuple[float, float, float, float] = attrs.field(init=False, repr=False)
    """West, south, east, north."""

    @rings.default
    def _rings(self) -> tuple[Ring, ...]:
        return tuple(ring for polygon in self.polygons for ring in polygon)

    @box.default
    def _box(self) -> tuple[float, float, float, float]:
        lngs = [lng for ring in self.rings for lng, _lat in ring]
        lats = [lat for ring in self.rings for _lng, lat in ring]
        return min(lngs), min(lats), max(lngs), max(lats)

    def contains(self, lat: float, lng: float) -> bool:
        """Whether the point lies inside: a line from it to the east crosses the outline an odd number of times."""
        if not self.within(lat, lng, 0.0):
            return False
        inside = False
        for ring in self.rings:
            for (x, y), (other_x, other_y) in pairwise(ring):
                if (y > lat) != (other_y > lat) and lng < x + (lat - y) / (other_y - y) * (other_x - x):
                    inside = not inside
        return inside

    def within(self, lat: float, lng: float, margin: float) -> bool:
        """Whether the point lies in the box around the outline, wider by so many degrees."""
        west, south, east, north = self.box
        return west - margin <= lng <= east + margin and south - margin <= lat <= north + margin

    def away(self, lat: float, lng: float) -> float:
        """Kilometres from the point to the outline."""
        narrow = cos(radians(lat))
        return KM_PER_DEGREE * min(
            _to_segment((x - lng) * narrow, y - lat, (other_x - lng) * narrow, other_y - lat)
            for ring in self.rings
            for (x, y), (other_x, other_y) in pairwise(ring)
        )


def _to_segment(x: float, y: float, other_x: float, other_y: float) -> float:
    """How far a segment passes from the origin."""
    run, rise = other_x - x, other_y - y
    length = run * run + rise * rise
    part = 0.0 if length == 0.0 else max(0.0, min(1.0, -(x * run + y * rise) / length))
    return hypot(x + part * run, y + part * rise)


@attrs.frozen
class Boundaries:
    """Outlines by code, of villages, of districts or of both."""

    areas: tuple[Area, ...] = attrs.field(repr=False)

    def at(self, lat: float, lng: float) -> tuple[str, ...]:
        """Codes of the places that contain the point."""
        return tuple(one.code for one in self.areas if one.contains(lat, lng))

    def around(self, lat: float, lng: float, km: float) -> tuple[tuple[str, float], ...]:
        """Places whose outline passes so near, nearest first, with the distance in kilometres."""
        margin = km / KM_PER_DEGREE / max(cos(radians(lat)), 0.01)
        near = ((one.code, one.away(lat, lng)) for one in self.areas if one.within(lat, lng, margin))
        return tuple(sorted((pair for pair in near if pair[1] <= km), key=lambda pair: pair[1]))


def read_boundaries(path: Path, codes: Collection[str], bounds: Bounds) -> Boundaries:
    """Read a FeatureCollection of polygons and multi-polygons whose property `code` is one of `codes`.

    Raises `ProfileError` with the file's name and what is wrong with it.
    """
    try:
        if path.stat().st_size > LARGEST:
            _refuse(path, f"is larger than {LARGEST // 2**20} MB")
        written = msgspec.json.decode(path.read_bytes(), type=_Collection)
    except OSError as problem:
        _refuse(path, f"cannot be read: {problem.strerror}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        _refuse(path, f"is no GeoJSON FeatureCollection of polygons with a property code: {problem}")
    return Boundaries(tuple(_areas(path, written.features, codes, bounds)))


def _areas(path: Path, features: Sequence[_Feature], codes: Collection[str], bounds: Bounds) -> Iterator[Area]:
    seen: set[str] = set()
    for count, feature in enumerate(features):
        code, where = feature.properties.code, f"features[{count}]"
        if code not in codes:
            _refuse(path, f"{where}.properties.code: {code!r} is no district or village of the profile")
        if code in seen:
            _refuse(path, f"{where}.properties.code: {code!r} stands there twice")
        seen.add(code)
        yield Area(
            code=code,
            polygons=tuple(
                tuple(_ring(path, where, ring, bounds) for ring in polygon)
                for polygon in _polygons(path, where, feature.geometry)
            ),
        )


def _polygons(path: Path, where: str, geometry: _Geometry) -> Iterable[list[list[list[float]]]]:
    shape: Any = _Polygon if geometry.type == "Polygon" else Annotated[list[_Polygon], Meta(min_length=1)]
    try:
        polygons: list[Any] = msgspec.convert(geometry.coordinates, shape)
    except msgspec.ValidationError as problem:
        _refuse(path, f"{where}.geometry.coordinates: {problem}")
    return [polygons] if geometry.type == "Polygon" else polygons


def _ring(path: Path, where: str, ring: list[list[float]], bounds: Bounds) -> Ring:
    points = tuple((one[0], one[1]) for one in ring)
    if points[0] != points[-1]:
        _refuse(path, f"{where}.geometry: a ring does not end where it begins")
    for lng, lat in points:
        if not bounds.contains(lat, lng):
            _refuse(path, f"{where}.geometry: {lng}, {lat} lies outside [bounds] of the profile; GeoJSON has lng, lat")
    return points


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ProfileError(f"{path.name}: {reason}")
