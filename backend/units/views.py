"""The API of units: the dated list, areas and positions."""

import json
from datetime import date, datetime
from typing import TypedDict, cast

from flask import Response, current_app

from backend.clock import local_day
from backend.http.paging import PageQuery, decode_cursor, row_id, sort_text, take_page
from backend.http.requests import Blueprint, clock_now
from backend.units import schemas, search, service
from backend.units.catalogue import Boundaries, Quality
from backend.units.index import FoundUnitAnswer
from backend.units.locator import Locator, UnitLocation
from backend.units.service import UnitAnswer
from geo.index import SNAP_MAX_M

blp = Blueprint("units", __name__, description="Administrative units")
blueprints = (blp,)


class AsOf(TypedDict):
    """The day of a query, and the level where a code names two units; null: today, any."""

    as_of: date | None
    level: str | None


class GeometryQuery(AsOf):
    """A unit's area, exact or simplified for a small screen."""

    tolerance_m: int  # how far a border may be off; 0: all of it


class UnitsQuery(AsOf, PageQuery):
    """Filters of units; null: all."""

    parent: str | None  # a code
    q: str | None  # a part of a name


class UnitSearchQuery(AsOf):
    """A name as people write it."""

    q: str
    within: str | None  # the code of a province or district to search in
    limit: int


class Position(TypedDict):
    """A position, WGS 84 in degrees, and its time."""

    latitude: float
    longitude: float
    accuracy_m: float | None
    at: datetime | None  # null: now


class Dated(TypedDict):
    """The day and the boundary set of an answer."""

    as_of: date
    boundaries: Boundaries | None  # null: no set serves the day


class UnitPage(Dated):
    """A page of units in Vietnamese order."""

    items: list[UnitAnswer]
    next: str | None  # the cursor of the next page; null on the last one


class UnitDetail(UnitAnswer, Dated):
    """One unit."""


class FoundUnits(TypedDict):
    """The units that a text may mean, the best first."""

    as_of: date
    items: list[FoundUnitAnswer]


class Located(Dated):
    """Where a position lies."""

    unit: UnitLocation | None  # null: outside every commune
    candidates: tuple[str, ...]  # codes of communes within the accuracy
    border_distance_m: float | None


@blp.get("/units")
@blp.arguments(schemas.UnitsQuerySchema, location="query")
@blp.response(200, schemas.UnitPageSchema)
def list_units(query: UnitsQuery) -> UnitPage:
    """List or search the units of a day."""
    day, limit = query["as_of"] or _today(), query["limit"]
    after = decode_cursor(query["cursor"], sort_text, row_id)
    rows = service.search(day, query["level"], query["parent"], query["q"], after, limit + 1)
    page, next_cursor = take_page(rows, limit, lambda row: (row.sort_key, row.id))
    items = [row.serialize() for row in page]
    return {**_dated(day), "items": items, "next": next_cursor}


@blp.get("/units/search")
@blp.arguments(schemas.UnitSearchQuerySchema, location="query")
@blp.response(200, schemas.FoundUnitsSchema)
def search_units(query: UnitSearchQuery) -> FoundUnits:
    """Search units by name: without accents, abbreviated, or of before July 2025."""
    day = query["as_of"] or _today()
    service.check_level(day, query["level"])
    within = service.find(day, query["within"]).id if query["within"] else None
    found = search.search_units(
        query["q"], day, level=query["level"], within=within, limit=query["limit"]
    )
    return {"as_of": day, "items": [one.serialize() for one in found]}


@blp.get("/units/<code>")
@blp.arguments(schemas.AsOfSchema, location="query")
@blp.response(200, schemas.UnitDetailSchema)
def show_unit(query: AsOf, code: str) -> UnitDetail:
    """Show a unit on a day."""
    day = query["as_of"] or _today()
    return {**_dated(day), **service.find(day, code, query["level"]).serialize()}


@blp.get("/units/<code>/geometry")
@blp.arguments(schemas.GeometryQuerySchema, location="query")
@blp.response(200, schemas.FeatureSchema, content_type="application/geo+json")
def show_geometry(query: GeometryQuery, code: str) -> Response:
    """Return a unit's area on a day as GeoJSON."""
    day = query["as_of"] or _today()
    unit = service.find(day, code, query["level"])
    feature = {
        "type": "Feature",
        "id": unit.code,
        "properties": schemas.UnitDetailSchema().dump({**_dated(day), **unit.serialize()}),
        "geometry": service.geometry(day, unit, query["tolerance_m"]),
    }
    return Response(json.dumps(feature, ensure_ascii=False), content_type="application/geo+json")


@blp.post("/units/locate")
@blp.arguments(schemas.LocateSchema)
@blp.response(200, schemas.LocatedSchema)
def locate(position: Position) -> Located:
    """Find the commune of a position."""
    day = local_day(position["at"]) if position["at"] else _today()
    locator: Locator = current_app.extensions["locator"]
    at = position["longitude"], position["latitude"], position["accuracy_m"]
    location = locator.locate(day, *at, search_m=SNAP_MAX_M)
    return {
        "as_of": day,
        "boundaries": {"set": location.set_name, "quality": cast(Quality, location.quality)},
        "unit": location if location.unit_id is not None else None,
        "candidates": location.candidates,
        "border_distance_m": location.border_distance_m,
    }


def _today() -> date:
    return local_day(clock_now())


def _dated(day: date) -> Dated:
    active = service.set_on(day)
    return {"as_of": day, "boundaries": active.serialize() if active else None}
