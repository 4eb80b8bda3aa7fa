"""The dated list of units: the units of a day, by code, name or parent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypedDict, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased

from backend.database.extensions import db
from backend.errors import FieldError, Problem, or_404
from backend.units.catalogue import (
    LEVELS_OF,
    ActiveSet,
    read_active,
    read_rows,
    serving_set,
    system_on,
)
from backend.units.models import Boundary, Unit
from geo.fix import METRES_PER_DEGREE
from geo.gazetteer import plain

# Names are compared byte for byte: the key is made in Python, whatever the server's collation.
ORDER = (Unit.sort_key.collate("C"), Unit.id)

# Precision of a simplified border: a metre, far below any tolerance.
SIMPLIFIED_DEGREES = 1e-5


class GeoGeometry(TypedDict):
    """A geometry of GeoJSON in EPSG:4326."""

    type: str
    coordinates: object  # nested tuples of degrees


class UnitName(TypedDict):
    """A code and its name."""

    code: str
    name: str


class Centre(TypedDict):
    """A known point inside a unit, or a rounded position, EPSG:4326."""

    latitude: float
    longitude: float


class UnitAnswer(TypedDict):
    """A unit on a day; `no_boundary`: the day's set has no polygon of it."""

    system: str
    level: str
    code: str
    name: str
    type: str
    parent: UnitName | None
    province: UnitName
    valid_from: date | None
    valid_to: date | None
    centre: Centre | None
    no_boundary: bool


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit on a day, with the units above it."""

    id: int
    system: str
    level: str
    code: str
    name: str
    type: str
    parent_code: str | None
    parent_name: str | None
    province_code: str
    province: str
    valid_from: date | None
    valid_to: date | None
    latitude: float | None
    longitude: float | None
    sort_key: str
    no_boundary: bool

    def serialize(self) -> UnitAnswer:
        """Return the unit as an answer."""
        parent: UnitName | None = None
        if self.parent_code and self.parent_name:
            parent = {"code": self.parent_code, "name": self.parent_name}
        centre: Centre | None = None
        if self.latitude is not None and self.longitude is not None:
            centre = {"latitude": self.latitude, "longitude": self.longitude}
        return {
            "system": self.system,
            "level": self.level,
            "code": self.code,
            "name": self.name,
            "type": self.type,
            "parent": parent,
            "province": {"code": self.province_code, "name": self.province},
            "valid_from": self.valid_from,
            "valid_to": self.valid_to,
            "centre": centre,
            "no_boundary": self.no_boundary,
        }


def set_on(day: date) -> ActiveSet | None:
    """Return the boundary set that serves a day, read now."""
    return serving_set(day, read_active())


def check_level(day: date, level: str | None) -> None:
    """Raise 422 for a level that did not exist on a day: districts ended in July 2025."""
    if level is not None and level not in LEVELS_OF[system_on(day)]:
        raise Problem(422, "level_unknown_then", [FieldError("level", "level_unknown_then")])


def units_on(day: date, level: str | None = None, parent_code: str | None = None) -> list[UnitRow]:
    """List the units of a day in Vietnamese order, those without a polygon too."""
    check_level(day, level)
    query = select_units(day, level, parent_code).order_by(*ORDER)
    return [UnitRow(*row) for row in read_rows(query)]


def units_by_id(day: date, ids: Collection[int]) -> list[UnitRow]:
    """Return the units of these ids that are valid on a day, in no order."""
    query = select_units(day).where(Unit.id.in_(ids))
    return [UnitRow(*row) for row in db.session.execute(query)] if ids else []


def search(
    day: date,
    level: str | None,
    parent_code: str | None,
    text: str | None,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[UnitRow]:
    """Return units of a day whose name contains a text, without accents, or whose code is it."""
    check_level(day, level)
    query = select_units(day, level, parent_code)
    if text:
        key = plain(text)
        query = query.where(
            or_(Unit.search_key.contains(key, autoescape=True), Unit.code == text.strip())
        )
    if after:
        query = query.where(tuple_(*ORDER) > tuple_(*after))
    rows = db.session.execute(query.order_by(*ORDER).limit(limit))
    return [UnitRow(*row) for row in rows]


def find(day: date, code: str, level: str | None = None) -> UnitRow:
    """Return the unit of a code on a day; of an island with two levels, the lower one."""
    check_level(day, level)
    # PostgreSQL cannot compare a text with NUL.
    query = select_units(day, level).where(Unit.code == code)
    rows = [UnitRow(*row) for row in db.session.execute(query)] if code.isalnum() else []
    if not rows:
        raise Problem(404, "unit_unknown")
    return max(rows, key=lambda row: LEVELS_OF[row.system].index(row.level))


def select_units(
    day: date, level: str | None = None, parent_code: str | None = None
) -> Select[Any]:
    """Select UnitRow's columns for the units of a day.

    To execute, not for a subquery, which would lose the values of its parameters.
    """
    active = set_on(day)
    values = {"day": day, "system": system_on(day), "active": active.id if active else None}
    query = _units_of_day().params(values)
    if level is not None:
        query = query.where(Unit.level == level)
    if parent_code is not None:
        higher = valid_on(day), Unit.code == parent_code, Unit.level != "commune"
        above = or_404(db.session.scalar(select(Unit.id).where(*higher)), "unit_unknown")
        query = query.where(or_(Unit.parent_id == above, Unit.province_id == above))
    return query


@cache
def _units_of_day() -> Select[Any]:
    """Select the units of the parameters `day`, `system` and `active`, a boundary set.

    Built once: that takes ten times as long as to find a unit.
    """
    parent, province = aliased(Unit), aliased(Unit)
    columns = [getattr(Unit, name) for name in ("id", "system", "level", "code", "name", "type")]
    day = bindparam("day", type_=Date)
    return (
        select(
            *columns,
            parent.code,
            parent.name,
            case((Unit.level == "province", Unit.code), else_=province.code),
            case((Unit.level == "province", Unit.name), else_=province.name),
            Unit.valid_from,
            Unit.valid_to,
            Unit.latitude,
            Unit.longitude,
            Unit.sort_key,
            ~_has_polygon(bindparam("active", type_=Integer)),
        )
        .outerjoin(parent, parent.id == Unit.parent_id)
        .outerjoin(province, province.id == Unit.province_id)
        .where(_valid_on(day, bindparam("system", type_=String)))
    )


def valid_on(day: date) -> ColumnElement[bool]:
    """Return the condition of units of the day's system that are valid on the day."""
    return _valid_on(literal(day), literal(system_on(day)))


def _valid_on(day: ColumnElement[date], system: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(
        Unit.system == system,
        or_(Unit.valid_from.is_(None), Unit.valid_from <= day),
        or_(Unit.valid_to.is_(None), Unit.valid_to >= day),
    )


def _has_polygon(active: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that the set has a polygon of the unit, or of a commune below it."""
    below = aliased(Unit)
    under = exists().where(Boundary.set_id == active, Boundary.unit_id == below.id)
    return case(
        (Unit.level == "commune", under.where(below.id == Unit.id)),
        (Unit.level == "district", under.where(below.parent_id == Unit.id)),
        else_=under.where(below.province_id == Unit.id),
    )


def geometry(day: date, unit: UnitRow, tolerance_m: int = 0) -> GeoGeometry | None:
    """Return the area of a unit as GeoJSON, the union of its communes; None without a polygon.

    With a tolerance its border is simplified, with coordinates to a metre.
    """
    from shapely import from_wkb, set_precision, simplify, union_all
    from shapely.geometry import mapping

    active = set_on(day)
    column = {"commune": Unit.id, "district": Unit.parent_id, "province": Unit.province_id}
    query = (
        select(Boundary.geometry)
        .join(Unit, Unit.id == Boundary.unit_id)
        .where(Boundary.set_id == (active.id if active else None), column[unit.level] == unit.id)
    )
    shapes = from_wkb(db.session.scalars(query).all())
    if len(shapes) == 0:
        return None
    whole = shapes[0] if len(shapes) == 1 else union_all(shapes)
    if tolerance_m:
        border = simplify(whole, tolerance_m / METRES_PER_DEGREE)  # of latitude, at most
        whole = set_precision(border, SIMPLIFIED_DEGREES)
    return cast(GeoGeometry, mapping(whole))
