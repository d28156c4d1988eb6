"""The unit's places out of its tables."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from treckk_gateway.profile import shapes
from treckk_gateway.profile.files import Folder, degrees, refuse
from treckk_gateway.profile.phrases import Phrases
from treckk_gateway.profile.places import Bounds, District, Gazetteer, Neighbour, PlaceKind, PlaceWords, Village
from treckk_gateway.profile.tokens import fold

_DISTRICTS, _VILLAGES, _NEIGHBOURS = "districts.csv", "villages.csv", "neighbours.csv"
_PROFILE = "profile.toml"


@attrs.frozen(kw_only=True)
class Geography:
    """The places of a unit."""

    districts: tuple[District, ...]
    villages: tuple[Village, ...]
    neighbours: tuple[Neighbour, ...]
    bounds: Bounds
    gazetteer: Gazetteer
    hub: Village | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all places."""
        places: tuple[District | Village | Neighbour, ...] = (*self.districts, *self.villages, *self.neighbours)
        return tuple(one.name for one in places)


def read_geography(folder: Folder, words: shapes.PlacesTable, box: shapes.BoundsTable) -> Geography:
    """Read `districts.csv`, `villages.csv` and, where there is one, `neighbours.csv`. Raises `ProfileError`."""
    bounds = Bounds(south=box.south, west=box.west, north=box.north, east=box.east)
    districts = _districts(folder, bounds)
    _once(_DISTRICTS, districts)
    villages = _villages(folder, bounds, {one.code for one in districts})
    _once(_VILLAGES, villages)
    neighbours = (*_bordering(folder, words), *_further(words))
    codes = {one.code for one in districts} | {one.code for one in villages}
    for name, code in words.aliases.items():
        if code not in codes or not fold(name):
            refuse(_PROFILE, f"places.aliases.{name}", f"there is no district or village {code!r}")
    spoken = PlaceWords(
        markers=dict.fromkeys(map(fold, words.village_words), PlaceKind.VILLAGE)
        | dict.fromkeys(map(fold, words.district_words), PlaceKind.DISTRICT),
        aliases=words.aliases,
        variants=words.variants,
        common=frozenset(words.common),
        before=_words(words.before),
        beside=_words(words.beside),
        toward=_words(words.toward),
        landmarks=Phrases((one, None) for one in words.landmarks),
        numbered=_words(words.numbered),
        named=_words(words.named),
        unnamed=_words(words.unnamed),
        far=Phrases((one, None) for one in words.far),
    )
    hub = next((one for one in villages if one.code == words.hub), None)
    if words.hub is not None and hub is None:
        refuse(_PROFILE, "places.hub", f"there is no village {words.hub!r}")
    return Geography(
        districts=districts,
        villages=villages,
        neighbours=neighbours,
        bounds=bounds,
        gazetteer=Gazetteer(districts, villages, neighbours, spoken),
        hub=hub,
    )


def _words(written: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, written)) - {""}


def _districts(folder: Folder, bounds: Bounds) -> tuple[District, ...]:
    found = []
    for line, row in enumerate(folder.table(_DISTRICTS, ("code", "name", "lat", "lng")), 2):
        lat, lng = degrees(_DISTRICTS, line, row)
        _inside(_DISTRICTS, line, bounds, lat, lng)
        found.append(District(code=row["code"], name=row["name"], lat=lat, lng=lng))
    return tuple(found)


def _villages(folder: Folder, bounds: Bounds, districts: set[str]) -> tuple[Village, ...]:
    found = []
    for line, row in enumerate(folder.table(_VILLAGES, ("code", "name", "kind", "district_code", "lat", "lng")), 2):
        lat, lng = degrees(_VILLAGES, line, row)
        _inside(_VILLAGES, line, bounds, lat, lng)
        if row["district_code"] not in districts:
            refuse(_VILLAGES, f"line {line}, district_code", "is not in districts.csv")
        found.append(
            Village(
                code=row["code"], name=row["name"], kind=row["kind"], district=row["district_code"], lat=lat, lng=lng
            )
        )
    return tuple(found)


def _bordering(folder: Folder, words: shapes.PlacesTable) -> Iterable[Neighbour]:
    if not folder.has(_NEIGHBOURS):
        return
    for row in folder.table(_NEIGHBOURS, ("code", "name", "regency_code")):
        yield Neighbour(code=row["code"], name=row["name"], office=words.neighbours.get(row["regency_code"]))


def _further(words: shapes.PlacesTable) -> Iterable[Neighbour]:
    for table in words.outside:
        for name in table.names:
            yield Neighbour(code=f"outside:{fold(name)}", name=name, office=table.office)


def _inside(file: str, line: int, bounds: Bounds, lat: float, lng: float) -> None:
    if not bounds.contains(lat, lng):
        refuse(file, f"line {line}, lat, lng", "lie outside [bounds] of profile.toml")


def _once(file: str, places: Iterable[District | Village]) -> None:
    seen: set[str] = set()
    for place in places:
        if place.code in seen:
            refuse(file, place.code, "stands there twice")
        if not fold(place.name):
            refuse(file, place.code, "has a name without letters")
        seen.add(place.code)
