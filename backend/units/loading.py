"""Read a file of polygons, check it against the list of units, and add it as a set."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from geopandas import GeoDataFrame
from sqlalchemy import select

from backend.database.extensions import db
from backend.errors import Problem
from backend.units.catalogue import system_span
from backend.units.locator import read_frame
from backend.units.models import BoundarySet, Unit
from backend.units.sets import NewSet, add
from backend.units.sync import Learned
from geo import boundaries
from geo.catalogue import SetSource
from geo.checks import Report, to_text
from geo.gazetteer import GazetteerUnit, load_units

__all__ = [
    "check_loaded", "described", "install", "known", "load", "loaded", "read", "report", "to_text",
]  # fmt: skip


def described(source: SetSource) -> NewSet:
    """A set as sets.toml describes it."""
    return NewSet(
        name=source.name,
        system=source.system,
        quality=source.quality,
        valid_from=source.valid_from,
        valid_to=source.valid_to,
        note=source.note,
    )


def load(new: NewSet, path: Path, *, active: bool) -> Learned:
    """Read a file and add it as a set: whole or not at all."""
    return install(new, read(new, path), active=active)


def read(new: NewSet, path: Path, columns: Mapping[str, str] | None = None) -> GeoDataFrame:
    """Read a file; columns that it lacks are filled from the list of units."""
    return boundaries.with_names(boundaries.read(path, columns), load_units(new.system))


def report(new: NewSet, frame: GeoDataFrame) -> Report:
    """Check polygons against the list of the set's first day."""
    return boundaries.check(frame, known(new))


def known(new: NewSet) -> list[GazetteerUnit]:
    """The units that a set is held against."""
    return units_of(new.system, new.span[0] or date.min)


def install(new: NewSet, frame: GeoDataFrame, *, active: bool, actor: str | None = None) -> Learned:
    """Add polygons as a set, in one transaction; without an actor it is done at the shell."""
    _refuse_unusable(frame)
    learned = add(new, frame, active=active, actor=actor)
    db.session.commit()
    return learned


def check_loaded(name: str) -> Report:
    """Check a set that is in the database."""
    return report(*loaded(name))


def loaded(name: str) -> tuple[NewSet, GeoDataFrame]:
    """A set that is in the database, as it was given."""
    row = db.session.scalar(select(BoundarySet).where(BoundarySet.name == name))
    if row is None:
        raise Problem(404, "set_unknown")
    new = NewSet(row.name, row.system, row.quality, row.valid_from, row.valid_to)
    return new, boundaries.with_names(read_frame(row.id), known(new))


def units_of(system: str, day: date) -> list[GazetteerUnit]:
    """The list of a day: the built-in units with their published areas, and the learned ones."""
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
        raise boundaries.BoundaryError(f"codes that come twice: {', '.join(twice[:5])}")
    nameless = frame["code"][(frame["name"] == "") | (frame["province_code"] == "")]
    if len(nameless):
        raise boundaries.BoundaryError(
            f"{len(nameless)} codes are not in the list and have no name or province in the file: "
            f"{', '.join(nameless[:5])}"
        )
