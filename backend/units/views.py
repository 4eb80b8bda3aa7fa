"""The API of units: the dated list, areas and positions."""

import json
from datetime import date
from typing import Any

from flask import Response, current_app

from backend.clock import local_day
from backend.http.paging import decode_cursor, row_id, sort_text, take_page
from backend.http.requests import Blueprint, clock_now
from backend.units import schemas, search, service
from geo.index import SNAP_MAX_M

blp = Blueprint("units", __name__, description="Administrative units")
blueprints = (blp,)


@blp.get("/units")
@blp.arguments(schemas.UnitsQuerySchema, location="query")
@blp.response(200, schemas.UnitPageSchema)
def list_units(query: dict[str, Any]) -> Any:
    """List or search the units of a day."""
    day, limit = query["as_of"] or _today(), query["limit"]
    after = decode_cursor(query["cursor"], sort_text, row_id)
    rows = service.search(day, query["level"], query["parent"], query["q"], after, limit + 1)
    page, next_cursor = take_page(rows, limit, lambda row: (row.sort_key, row.id))
    return _as_of(day) | {"items": [_serialize_unit(row) for row in page], "next": next_cursor}


@blp.get("/units/search")
@blp.arguments(schemas.UnitSearchQuerySchema, location="query")
@blp.response(200, schemas.FoundUnitsSchema)
def search_units(query: dict[str, Any]) -> Any:
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
def show_unit(query: dict[str, Any], code: str) -> Any:
    """Show a unit on a day."""
    day = query["as_of"] or _today()
    return _as_of(day) | _serialize_unit(service.find(day, code, query["level"]))


@blp.get("/units/<code>/geometry")
@blp.arguments(schemas.GeometryQuerySchema, location="query")
@blp.response(200, schemas.FeatureSchema, content_type="application/geo+json")
def show_geometry(query: dict[str, Any], code: str) -> Any:
    """Return a unit's area on a day as GeoJSON."""
    day = query["as_of"] or _today()
    unit = service.find(day, code, query["level"])
    feature = {
        "type": "Feature",
        "id": unit.code,
        "properties": schemas.UnitDetailSchema().dump(_as_of(day) | _serialize_unit(unit)),
        "geometry": service.geometry(day, unit, query["tolerance_m"]),
    }
    return Response(json.dumps(feature, ensure_ascii=False), content_type="application/geo+json")


@blp.post("/units/locate")
@blp.arguments(schemas.LocateSchema)
@blp.response(200, schemas.LocatedSchema)
def locate(position: dict[str, Any]) -> Any:
    """Find the commune of a position."""
    day = local_day(position["at"]) if position["at"] else _today()
    locator = current_app.extensions["locator"]
    at = position["longitude"], position["latitude"], position["accuracy_m"]
    location = locator.locate(day, *at, search_m=SNAP_MAX_M)
    return {
        "as_of": day,
        "boundaries": {"set": location.set_name, "quality": location.quality},
        "unit": location if location.unit_id is not None else None,
        "candidates": location.candidates,
        "border_distance_m": location.border_distance_m,
    }


def _today() -> date:
    return local_day(clock_now())


def _as_of(day: date) -> dict[str, Any]:
    active = service.set_on(day)
    return {"as_of": day, "boundaries": active.serialize() if active else None}


def _serialize_unit(row: service.UnitRow) -> dict[str, Any]:
    """Return a unit as an answer."""
    names = ("system", "level", "code", "name", "type", "valid_from", "valid_to", "no_boundary")
    parent = {"code": row.parent_code, "name": row.parent_name} if row.parent_code else None
    centre = {"latitude": row.latitude, "longitude": row.longitude}
    return {name: getattr(row, name) for name in names} | {
        "parent": parent,
        "province": {"code": row.province_code, "name": row.province},
        "centre": centre if row.latitude is not None else None,
    }
