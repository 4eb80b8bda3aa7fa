"""Units as rows of the database: the built-in list, and units that a boundary set adds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from geopandas import GeoDataFrame
from shapely import STRtree, points
from sqlalchemy import func, insert, select

from backend.database.extensions import db
from backend.units.catalogue import LEVELS, SYSTEMS, system_span
from backend.units.models import Unit
from geo.gazetteer import GazetteerUnit, load_units, plain, sort_key

Span = tuple[date | None, date | None]
Key = tuple[str, str]  # level, code


@dataclass(frozen=True, slots=True)
class SyncResult:
    """The rows of a set's communes, by code, and the codes that were not in the list before."""

    ids: dict[str, int]
    added: tuple[str, ...]


def add_built_in() -> int:
    """Add the built-in list of both systems where it is missing; return the number of rows."""
    return sum(_add_system(system) for system in SYSTEMS)


def sync_units(system: str, span: Span, frame: GeoDataFrame) -> SyncResult:
    """Update the list by an installed set that is valid for a span of days.

    - A commune of the set that the list lacks becomes a row, valid in the set's span; so do its
      district and province, if need be. A row that an earlier set added is extended.
    - A listed commune that the set lacks, but whose known centre lies in the polygon of a commune
      that the built-in list lacks, was formed out of that one later: it begins the day after the
      set's last. Where the set lasts until the system's end, the code was given up instead: it
      ends the day before the set's first.
    - Any other listed commune that the set lacks stays listed, without a polygon.

    A listed unit keeps the parent of the built-in list, also where the set names another district.
    """
    rows = {
        (row.level, row.code): row
        for row in db.session.scalars(select(Unit).where(Unit.system == system))
    }
    codes = set(frame["code"])
    built_in = {unit.code for unit in load_units(system) if unit.level == "commune"}
    new = frame[[("commune", code) not in rows for code in frame["code"]]]
    ids = {key: row.id for key, row in rows.items()}
    for level in LEVELS:
        found = {(unit.level, unit.code): unit for unit in _units(system, level, new)}
        ids |= _insert_rows(_row(unit, span, ids) for key, unit in found.items() if key not in ids)
    absent = built_in - codes
    missing = [row for row in rows.values() if row.code in absent and _valid(row, span)]
    _cut(span, frame[~frame["code"].isin(built_in)], missing)
    _extend(span, (row for key, row in rows.items() if key[0] == "commune" and key[1] in codes))
    return SyncResult({code: ids["commune", code] for code in codes}, tuple(new["code"]))


def _add_system(system: str) -> int:
    if db.session.scalar(select(func.count()).where(Unit.system == system)):
        return 0
    ids: dict[Key, int] = {}
    units = _with_islands(load_units(system))
    for level in LEVELS:
        rows = [_row(unit, system_span(system), ids) for unit in units if unit.level == level]
        ids |= _insert_rows(rows)
    return len(ids)


def _with_islands(units: list[GazetteerUnit]) -> list[GazetteerUnit]:
    """Add island districts without communes, which are listed as communes, as districts too."""
    districts = {unit.code for unit in units if unit.level == "district"}
    islands = [
        replace(unit, level="district", district_code=unit.code)
        for unit in units
        if unit.system == "2024" and unit.level == "commune"
        if (unit.district_code or unit.code) == unit.code and unit.code not in districts
    ]
    return units + islands


def _row(unit: GazetteerUnit, span: Span, ids: dict[Key, int]) -> dict[str, Any]:
    """Return the columns of a unit; `ids` has the rows above it."""
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
    """Return the rows of the parent and of the province."""
    if unit.level == "province":
        return None, None
    province = ids["province", unit.province_code]
    if unit.level == "commune" and unit.system == "2024":
        return ids["district", unit.district_code or unit.code], province
    return province, province


def _insert_rows(rows: Iterable[dict[str, Any]]) -> dict[Key, int]:
    """Insert rows; return their ids."""
    rows = list(rows)
    if not rows:
        return {}
    query = insert(Unit).returning(Unit.level, Unit.code, Unit.id)
    return {(level, code): key for level, code, key in db.session.execute(query, rows)}


def _units(system: str, level: str, frame: GeoDataFrame) -> Iterator[GazetteerUnit]:
    """Yield the communes of a frame, or the districts or provinces above them."""
    column = "code" if level == "commune" else f"{level}_code"
    name = "name" if level == "commune" else f"{level}_name"
    if column not in frame:
        return
    for unit in frame.to_dict("records"):
        centre = unit["geometry"].representative_point() if level == "commune" else None
        label = str(unit.get(name) or unit[column])
        yield GazetteerUnit(
            system=system,
            level=level,
            code=unit[column],
            name=label,
            type=str(unit.get("type") or "") if level == "commune" else label.split(" ")[0],
            province_code=unit.get("province_code") or "",
            district_code=unit.get("district_code") or "",
            latitude=centre and centre.y,
            longitude=centre and centre.x,
            area_km2=None,
        )


def _valid(row: Unit, span: Span) -> bool:
    """Return whether a row is a commune that is valid on some day of the span."""
    first, last = row.valid_from or date.min, row.valid_to or date.max
    begins, ends = span[0] or date.min, span[1] or date.max
    return row.level == "commune" and first <= ends and begins <= last


def _cut(span: Span, added: GeoDataFrame, missing: list[Unit]) -> None:
    """Cut the validity of communes that were formed out of an added one, later or before."""
    located = [row for row in missing if row.longitude is not None]
    centres = points(
        np.array([row.longitude for row in located], dtype=float),
        np.array([row.latitude for row in located], dtype=float),
    )
    tree = STRtree(added.geometry.array)
    for number in set(tree.query(centres, predicate="intersects")[0].tolist()):
        row = located[number]
        if span[1] not in (None, system_span(row.system)[1]):
            row.valid_from = max(row.valid_from or date.min, span[1] + timedelta(days=1))
        elif span[0] is not None:
            row.valid_to = min(row.valid_to or date.max, span[0] - timedelta(days=1))


def _extend(span: Span, rows: Iterable[Unit]) -> None:
    """Extend the validity of rows to a span in which a set has their polygon."""
    for row in rows:
        if row.valid_from is not None:
            row.valid_from = min(row.valid_from, span[0]) if span[0] else None
        if row.valid_to is not None:
            row.valid_to = max(row.valid_to, span[1]) if span[1] else None
