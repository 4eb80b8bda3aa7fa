"""Read a file of polygons, check it, add it as a set, and update the list of units by it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypedDict

import numpy as np
import orjson
import pandas as pd
from geopandas import GeoDataFrame
from psycopg import Connection
from shapely import STRtree, points
from sqlalchemy import func, select, text

from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.database.locks import BOUNDARY_SETS_LOCK, hold
from backend.errors import Problem
from backend.units.catalogue import (
    APPROXIMATE,
    LEVELS,
    SYSTEMS,
    find_set,
    next_activation,
    system_span,
)
from backend.units.locator import read_frame
from backend.units.models import BoundarySet, Unit
from geo import boundaries
from geo.approximate import far_islands
from geo.checks import Report
from geo.checks import check as check_boundaries
from geo.gazetteer import FAR_ISLANDS, GazetteerUnit, load_units, plain, sort_key
from geo.polygons import BoundaryError

# Fields that a listed unit and a row of the database share.
FIELDS = ("system", "level", "code", "name", "type", "latitude", "longitude")
Span = tuple[date | None, date | None]
Key = tuple[str, str]  # level, code


class UnitColumns(TypedDict):
    """The columns of a new unit."""

    system: str
    level: str
    code: str
    name: str
    type: str
    latitude: float | None  # of a point inside, WGS 84 in degrees
    longitude: float | None
    parent_id: int | None
    province_id: int | None
    valid_from: date | None
    valid_to: date | None
    sort_key: str  # Vietnamese order
    search_key: str  # without accents


@dataclass(frozen=True, slots=True)
class SyncResult:
    """The rows of a set's communes, by code, and the codes that were not in the list before."""

    ids: dict[str, int]
    added: tuple[str, ...]


def read(new: BoundarySet, path: Path, columns: Mapping[str, str] | None = None) -> GeoDataFrame:
    """Read a file; columns that it lacks are filled from the list of units."""
    return boundaries.with_names(boundaries.read(path, columns), load_units(new.system))


def check(new: BoundarySet, frame: GeoDataFrame) -> Report:
    """Check polygons against the list of the set's first day."""
    return check_boundaries(frame, reference_units(new))


def install(
    new: BoundarySet, frame: GeoDataFrame, *, active: bool, actor: str | None = None
) -> SyncResult:
    """Add polygons as a set, in one transaction; no actor: from the shell."""
    twice = frame["code"][frame["code"].duplicated()]
    if len(twice):
        raise BoundaryError(f"codes that come twice: {', '.join(twice[:5])}")
    nameless = frame["code"][(frame["name"] == "") | (frame["province_code"] == "")]
    if len(nameless):
        raise BoundaryError(
            f"{len(nameless)} codes are not in the list and have no name or province in the file: "
            f"{', '.join(nameless[:5])}"
        )
    result = add_set(new, frame, active=active, actor=actor)
    db.session.commit()
    return result


def add_set(
    new: BoundarySet, frame: GeoDataFrame, *, active: bool, actor: str | None = None
) -> SyncResult:
    """Add a set and its polygons to the caller's transaction, Hoàng Sa and Trường Sa included."""
    hold(BOUNDARY_SETS_LOCK)
    if not set(FAR_ISLANDS[new.system]) <= set(frame["code"]):
        islands = far_islands(new.system).to_crs(frame.crs)
        missing = islands[~islands["code"].isin(frame["code"])]
        frame = pd.concat([frame, missing], ignore_index=True)
    if db.session.scalar(select(BoundarySet.id).where(BoundarySet.name == new.name)):
        raise Problem(409, "set_exists")
    new.digest = boundaries.digest(frame)
    new.activation = next_activation() if active else None
    db.session.add(new)
    db.session.flush()
    if new.quality == APPROXIMATE:
        # A built-in set is made of the list and changes nothing in it.
        query = select(Unit.code, Unit.id).where(Unit.system == new.system, Unit.level == "commune")
        ids = {row.code: row.id for row in db.session.execute(query)}
        result = SyncResult({code: ids[code] for code in frame["code"]}, added=())
    else:
        result = sync_units(new.system, _span(new), frame)
    db.session.flush()
    _copy_polygons(new.id, result.ids, frame)
    facts = {"active": active, "communes": len(frame)}
    record_act(actor, "units.load", new.name, digest=new.digest, **facts)
    return result


def loaded(name: str) -> tuple[BoundarySet, GeoDataFrame]:
    """Return a set of the database and its polygons."""
    row = find_set(name)
    return row, boundaries.with_names(read_frame(row.id), reference_units(row))


def reference_units(new: BoundarySet) -> list[GazetteerUnit]:
    """Return the units of a set's first day: built-in ones with published areas, and added ones."""
    built_in = {(unit.level, unit.code): unit for unit in load_units(new.system)}
    query = select(Unit).where(Unit.system == new.system)
    rows = {row.id: row for row in db.session.scalars(query)}
    first, last = system_span(new.system)
    day = _span(new)[0] or date.min
    return [
        built_in.get((row.level, row.code)) or _unit(row, rows)
        for row in rows.values()
        if (row.valid_from or date.min) <= max(day, first or date.min)
        if (row.valid_to or date.max) >= min(day, last or date.max)
    ]


def _unit(row: Unit, rows: Mapping[int, Unit]) -> GazetteerUnit:
    parent = rows[row.parent_id] if row.parent_id else row
    province = rows[row.province_id] if row.province_id else row
    district = parent if parent.level == "district" else row
    return GazetteerUnit(
        **{name: getattr(row, name) for name in FIELDS},
        province_code=province.code,
        district_code=district.code if district.level == "district" else "",
        area_km2=None,
    )


def _span(new: BoundarySet) -> Span:
    """Return the days in which a set's units are valid: its own, within those of its system."""
    first, last = system_span(new.system)
    firsts = [day for day in (first, new.valid_from) if day]
    lasts = [day for day in (last, new.valid_to) if day]
    return max(firsts, default=None), min(lasts, default=None)


def _copy_polygons(set_id: int, unit_ids: Mapping[str, int], frame: GeoDataFrame) -> None:
    """COPY takes a third of the time of inserts: 17 MB of polygons in about a second."""
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, Connection)
    polygons = zip(frame["code"], frame.geometry.to_wkb(), strict=True)
    into = "copy boundaries (set_id, unit_id, geometry) from stdin (format binary)"
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(("int4", "int4", "bytea"))
        for code, shape in polygons:
            copy.write_row((set_id, unit_ids[code], shape))


def add_built_in() -> None:
    """Add the built-in list of both systems where it is missing."""
    for system in SYSTEMS:
        if not db.session.scalar(select(func.count()).where(Unit.system == system)):
            _add_system(system)


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
    # They are valid in all of a span in which a set has their polygon.
    for (level, code), row in rows.items():
        if level == "commune" and code in codes:
            if row.valid_from is not None:
                row.valid_from = min(row.valid_from, span[0]) if span[0] else None
            if row.valid_to is not None:
                row.valid_to = max(row.valid_to, span[1]) if span[1] else None
    return SyncResult({code: ids["commune", code] for code in codes}, tuple(new["code"]))


def _add_system(system: str) -> None:
    ids: dict[Key, int] = {}
    units = _with_islands(load_units(system))
    for level in LEVELS:
        rows = [_row(unit, system_span(system), ids) for unit in units if unit.level == level]
        ids |= _insert_rows(rows)


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


def _row(unit: GazetteerUnit, span: Span, ids: dict[Key, int]) -> UnitColumns:
    """Return the columns of a unit; `ids` has the rows above it."""
    parent, province = _above(unit, ids)
    return {
        "system": unit.system,
        "level": unit.level,
        "code": unit.code,
        "name": unit.name,
        "type": unit.type,
        "latitude": unit.latitude,
        "longitude": unit.longitude,
        "parent_id": parent,
        "province_id": province,
        "valid_from": span[0],
        "valid_to": span[1],
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


def _insert_rows(rows: Iterable[UnitColumns]) -> dict[Key, int]:
    """Insert rows with the same columns; return their ids.

    As JSON: values of thousands of rows take the driver seconds.
    """
    rows = list(rows)
    if not rows:
        return {}
    columns = ", ".join(rows[0])
    query = text(f"""
        insert into units ({columns}) select {columns}
        from jsonb_populate_recordset(null::units, cast(:rows as jsonb))
        returning level, code, id
    """)  # noqa: S608 # names of columns
    values = {"rows": orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY).decode()}
    return {(level, code): key for level, code, key in db.session.execute(query, values)}


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
