"""The API of units: the dated list, areas, positions, and the way across the reform."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, current_app
from marshmallow import ValidationError

from backend.clock import local_day
from backend.errors import Problem, field_errors
from backend.http.blueprint import Blueprint
from backend.http.paging import decode_cursor, row_id, sort_text, take_page
from backend.http.requests import clock_now, read_object
from backend.units import reform, service
from backend.units.schemas import (
    AsOfSchema,
    FeatureSchema,
    GeometryQuerySchema,
    LocatedSchema,
    LocateQuerySchema,
    LocateSchema,
    OneUnitSchema,
    RelativesSchema,
    UnitPageSchema,
    UnitsQuerySchema,
)
from geo.index import SNAP_MAX_M

blp = Blueprint("units", __name__, description="Administrative units")
blueprints = (blp,)


@blp.get("/units")
@blp.arguments(UnitsQuerySchema, location="query")
@blp.response(200, UnitPageSchema)
def list_units(query: dict[str, Any]) -> Any:
    """List or search the units of a day."""
    day, limit = query["as_of"] or _today(), query["limit"]
    after = decode_cursor(query["cursor"], sort_text, row_id)
    rows = service.search(day, query["level"], query["parent"], query["q"], after, limit + 1)
    page, next_cursor = take_page(rows, limit, lambda row: (row.sort_key, row.id))
    return _dated(day) | {"items": [_unit(row) for row in page], "next": next_cursor}


@blp.get("/units/<code>")
@blp.arguments(AsOfSchema, location="query")
@blp.response(200, OneUnitSchema)
def show_unit(query: dict[str, Any], code: str) -> Any:
    """Show a unit on a day."""
    day = query["as_of"] or _today()
    return _dated(day) | _unit(service.find(day, code, query["level"]))


@blp.get("/units/<code>/geometry")
@blp.arguments(GeometryQuerySchema, location="query")
@blp.response(200, FeatureSchema, content_type="application/geo+json")
def show_geometry(query: dict[str, Any], code: str) -> Any:
    """Give a unit's area on a day as GeoJSON."""
    day = query["as_of"] or _today()
    unit = service.find(day, code, query["level"])
    feature = {
        "type": "Feature",
        "id": unit.code,
        "properties": OneUnitSchema().dump(_dated(day) | _unit(unit)),
        "geometry": service.geometry(day, unit, query["tolerance_m"]),
    }
    return Response(json.dumps(feature, ensure_ascii=False), content_type="application/geo+json")


@blp.post("/units/locate")
@blp.doc(requestBody={"required": True, "content": {"application/json": {"schema": LocateSchema}}})
@blp.response(200, LocatedSchema)
def locate() -> Any:
    """Name the commune of a position."""
    try:
        return _located(LocateSchema().load(read_object()))
    except ValidationError as error:
        raise Problem(422, "invalid", field_errors(error.messages)) from None


@blp.get("/units/locate")
@blp.arguments(LocateQuerySchema, location="query")
@blp.response(200, LocatedSchema)
def locate_by_query(query: dict[str, Any]) -> Any:
    """Name the commune of a position given in the query string, which is never logged."""
    return _located(query)


@blp.get("/units/<code>/successors")
@blp.response(200, RelativesSchema)
def list_successors(code: str) -> Any:
    """List the communes of July 2025 that took over an old commune."""
    return reform.list_successors(code)


@blp.get("/units/<code>/predecessors")
@blp.response(200, RelativesSchema)
def list_predecessors(code: str) -> Any:
    """List the old communes that a commune of today was made of."""
    return reform.list_predecessors(code)


def _today() -> date:
    return local_day(clock_now())


def _dated(day: date) -> dict[str, Any]:
    active = service.set_on(day)
    return {"as_of": day, "boundaries": active.described() if active else None}


def _located(position: Mapping[str, Any]) -> dict[str, Any]:
    day = local_day(position["at"]) if position["at"] else _today()
    locator = current_app.extensions["locator"]
    at = position["longitude"], position["latitude"], position["accuracy_m"]
    placed = locator.place(day, *at, search_m=SNAP_MAX_M)
    return {
        "as_of": day,
        "boundaries": {"set": placed.set_name, "quality": placed.quality},
        "unit": placed if placed.unit_id is not None else None,
        "candidates": placed.candidates,
        "border_distance_m": placed.border_distance_m,
    }


def _unit(row: service.UnitRow) -> dict[str, Any]:
    """A row in the API's words."""
    names = ("system", "level", "code", "name", "type", "valid_from", "valid_to", "no_boundary")
    parent = {"code": row.parent_code, "name": row.parent_name} if row.parent_code else None
    centre = {"latitude": row.latitude, "longitude": row.longitude}
    return {name: getattr(row, name) for name in names} | {
        "parent": parent,
        "province": {"code": row.province_code, "name": row.province},
        "centre": centre if row.latitude is not None else None,
    }
