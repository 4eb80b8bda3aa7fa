"""The built-in list of units as rows of the database."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select

from backend.database.extensions import db
from backend.units.catalogue import SYSTEMS, system_span
from backend.units.models import Unit
from geo.gazetteer import GazetteerUnit, load_units, plain, sort_key

Span = tuple[date | None, date | None]
Key = tuple[str, str]  # level, code
LEVEL_ORDER = ("province", "district", "commune")


def add_built_in() -> int:
    """Add the built-in list of both systems where it is not there yet; say how many rows."""
    return sum(_add_system(system) for system in SYSTEMS)


def _add_system(system: str) -> int:
    if db.session.scalar(select(func.count()).where(Unit.system == system)):
        return 0
    ids: dict[Key, int] = {}
    units = _with_islands(load_units(system))
    for level in LEVEL_ORDER:
        rows = [row_of(unit, system_span(system), ids) for unit in units if unit.level == level]
        ids |= insert_rows(rows)
    return len(ids)


def _with_islands(units: list[GazetteerUnit]) -> list[GazetteerUnit]:
    """An island district without communes is listed as a commune: add it as a district too."""
    districts = {unit.code for unit in units if unit.level == "district"}
    islands = [
        replace(unit, level="district", district_code=unit.code)
        for unit in units
        if unit.system == "2024" and unit.level == "commune"
        if (unit.district_code or unit.code) == unit.code and unit.code not in districts
    ]
    return units + islands


def row_of(unit: GazetteerUnit, span: Span, ids: dict[Key, int]) -> dict[str, Any]:
    """Make the row of a unit; ids holds the rows above it."""
    parent, province = _above(unit, ids)
    return {
        "system": unit.system,
        "level": unit.level,
        "code": unit.code,
        "name": unit.name,
        "type": unit.type,
        "parent_id": parent,
        "province_id": province,
        "valid_from": span[0],
        "valid_to": span[1],
        "latitude": unit.latitude,
        "longitude": unit.longitude,
        "sort_key": sort_key(unit.name),
        "search_key": plain(unit.name),
    }


def _above(unit: GazetteerUnit, ids: dict[Key, int]) -> tuple[int | None, int | None]:
    """Rows of the parent and of the province."""
    if unit.level == "province":
        return None, None
    province = ids[("province", unit.province_code)]
    if unit.level == "commune" and unit.system == "2024":
        return ids[("district", unit.district_code or unit.code)], province
    return province, province


def insert_rows(rows: Iterable[dict[str, Any]]) -> dict[Key, int]:
    """Insert rows; give their ids."""
    rows = list(rows)
    if not rows:
        return {}
    query = insert(Unit).returning(Unit.level, Unit.code, Unit.id)
    return {(level, code): key for level, code, key in db.session.execute(query, rows)}
