"""Read a file of polygons, check it against the list of units, and add it as a set."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from geopandas import GeoDataFrame
from psycopg import Connection
from sqlalchemy import select

from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.errors import Problem
from backend.units.catalogue import APPROXIMATE, system_span
from backend.units.locator import read_frame
from backend.units.models import BoundarySet, Unit
from backend.units.sets import LOCK, NewSet, next_activation
from backend.units.sync import SyncResult, sync_units
from geo import boundaries
from geo.approximate import far_islands
from geo.catalogue import SetSource
from geo.checks import Report
from geo.checks import check as check_boundaries
from geo.gazetteer import GazetteerUnit, load_units
from geo.polygons import BoundaryError


def new_set(source: SetSource) -> NewSet:
    """Return the set that an entry of sets.toml describes."""
    span = source.valid_from, source.valid_to
    return NewSet(source.name, source.system, source.quality, *span, source.note)


def load(new: NewSet, path: Path, *, active: bool) -> SyncResult:
    """Read a file and add it as a set: whole or not at all."""
    return install(new, read(new, path), active=active)


def read(new: NewSet, path: Path, columns: Mapping[str, str] | None = None) -> GeoDataFrame:
    """Read a file; columns that it lacks are filled from the list of units."""
    return boundaries.with_names(boundaries.read(path, columns), load_units(new.system))


def check(new: NewSet, frame: GeoDataFrame) -> Report:
    """Check polygons against the list of the set's first day."""
    return check_boundaries(frame, reference_units(new))


def reference_units(new: NewSet) -> list[GazetteerUnit]:
    """Return the units that a set is checked against."""
    return units_of(new.system, new.span[0] or date.min)


def install(
    new: NewSet, frame: GeoDataFrame, *, active: bool, actor: str | None = None
) -> SyncResult:
    """Add polygons as a set, in one transaction; no actor: from the shell."""
    _refuse_unusable(frame)
    result = add_set(new, frame, active=active, actor=actor)
    db.session.commit()
    return result


def add_set(
    new: NewSet, frame: GeoDataFrame, *, active: bool, actor: str | None = None
) -> SyncResult:
    """Add a set and its polygons to the caller's transaction, Hoàng Sa and Trường Sa included."""
    db.session.execute(LOCK)
    frame = _with_far_islands(new.system, frame)
    if db.session.scalar(select(BoundarySet.id).where(BoundarySet.name == new.name)):
        raise Problem(409, "set_exists")
    row = BoundarySet(
        name=new.name,
        system=new.system,
        quality=new.quality,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        note=new.note,
        digest=boundaries.digest(frame),
        activation=next_activation() if active else None,
    )
    db.session.add(row)
    db.session.flush()
    if new.quality == APPROXIMATE:
        result = _built_in_units(new, frame)
    else:
        result = sync_units(new.system, new.span, frame)
    db.session.flush()
    _copy_polygons(row.id, result.ids, frame)
    facts: dict[str, Any] = {"digest": row.digest, "active": active, "communes": len(frame)}
    record_act(actor, "units.load", new.name, **facts)
    return result


def check_loaded(name: str) -> Report:
    """Check a set that is in the database."""
    return check(*loaded(name))


def loaded(name: str) -> tuple[NewSet, GeoDataFrame]:
    """Return a set of the database and its polygons."""
    row = db.session.scalar(select(BoundarySet).where(BoundarySet.name == name))
    if row is None:
        raise Problem(404, "set_unknown")
    new = NewSet(row.name, row.system, row.quality, row.valid_from, row.valid_to)
    return new, boundaries.with_names(read_frame(row.id), reference_units(new))


def units_of(system: str, day: date) -> list[GazetteerUnit]:
    """Return the units of a day: built-in ones with their published areas, and added ones."""
    built_in = {(unit.level, unit.code): unit for unit in load_units(system)}
    rows = {row.id: row for row in db.session.scalars(select(Unit).where(Unit.system == system))}
    first, last = system_span(system)
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
        system=row.system,
        level=row.level,
        code=row.code,
        name=row.name,
        type=row.type,
        province_code=province.code,
        district_code=district.code if district.level == "district" else "",
        latitude=row.latitude,
        longitude=row.longitude,
        area_km2=None,
    )


def _refuse_unusable(frame: GeoDataFrame) -> None:
    twice = frame["code"][frame["code"].duplicated()]
    if len(twice):
        raise BoundaryError(f"codes that come twice: {', '.join(twice[:5])}")
    nameless = frame["code"][(frame["name"] == "") | (frame["province_code"] == "")]
    if len(nameless):
        raise BoundaryError(
            f"{len(nameless)} codes are not in the list and have no name or province in the file: "
            f"{', '.join(nameless[:5])}"
        )


def _with_far_islands(system: str, frame: GeoDataFrame) -> GeoDataFrame:
    """Add the schematic polygons of Hoàng Sa and Trường Sa where a set lacks them."""
    islands = far_islands(system)
    missing = islands[~islands["code"].isin(frame["code"])]
    if missing.empty:
        return frame
    return pd.concat([frame, missing.to_crs(frame.crs)], ignore_index=True)


def _built_in_units(new: NewSet, frame: GeoDataFrame) -> SyncResult:
    """Return the rows of a built-in set's communes: it is made of the list and changes nothing."""
    query = select(Unit.code, Unit.id).where(Unit.system == new.system, Unit.level == "commune")
    ids = {row.code: row.id for row in db.session.execute(query)}
    return SyncResult({code: ids[code] for code in frame["code"]}, added=())


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
