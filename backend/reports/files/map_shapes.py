"""Polygons for a report's map, from the boundary set that its figures rest on."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from backend.clock import month_end
from backend.database.extensions import db
from backend.errors import Problem
from backend.reports.content.figures import Report
from backend.units.models import Boundary, BoundarySet, Unit
from backend.units.service import UnitRow, find
from geo.approximate import FAR_ISLANDS
from geo.gazetteer import DATA

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

# An inset shows Hoàng Sa and Trường Sa, so that the mainland keeps its scale.
FAR = frozenset(FAR_ISLANDS["2024"] + FAR_ISLANDS["2025"])

Shapes = Mapping[str, "BaseGeometry"]


def shapes(report: Report) -> Shapes:
    """The communes by code, in the report's own boundary set; none where there is no map."""
    named, day = report["unit"], month_end(report["month"])
    if report["boundaries"] is None or named["level"] == "commune":
        return {}
    try:
        unit = find(day, named["code"], named["level"])
    except Problem:  # the list of units has become another since the report was frozen
        return {}
    return _polygons(unit, report["boundaries"]["set"])


@cache
def country() -> "BaseGeometry":
    """The country's outline, Hoàng Sa and Trường Sa with it."""
    from shapely import from_geojson

    return from_geojson((DATA / "outline.geojson").read_text(encoding="utf-8"))


def _polygons(unit: UnitRow, set_name: str) -> dict[str, "BaseGeometry"]:
    from shapely import from_wkb

    above = Unit.province_id if unit.level == "province" else Unit.parent_id
    query = (
        select(Unit.code, Boundary.geometry)
        .join(Boundary, Boundary.unit_id == Unit.id)
        .join(BoundarySet, BoundarySet.id == Boundary.set_id)
        .where(BoundarySet.name == set_name, above == unit.id, Unit.level == "commune")
        .order_by(Unit.code.collate("C"))
    )
    return {code: from_wkb(shape) for code, shape in db.session.execute(query)}
