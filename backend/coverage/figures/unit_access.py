"""Units whose figures the caller may see: published months, and units of an official's area."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import PUBLIC, SYSTEM, Actor, Scope, can
from backend.accounts.authentication import actor
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.models import PublishedMonth
from backend.database.extensions import db, setting
from backend.errors import Problem, invalid
from backend.measurements.recording.models import DemoMonth
from backend.organisations.clusters import ClusterPlace, units_of
from backend.organisations.scopes import authorized_unit_on, unit_scope, unit_scopes
from backend.units.catalogue import REFORM, ActiveSet, Boundaries, system_on
from backend.units.models import Unit
from backend.units.reform import overlaps
from backend.units.service import UnitRow, find, set_on, units_on

ACT = "unit.figures"

# Units in a published province or in a granted area.
VISIBLE = text("""
    with areas as (
        select unit_id as id from published_months where month = :month
        union select unnest(cast(:units as integer[]))
        union select unit_id from cluster_units where cluster_id = any(:clusters)
    )
    select distinct u.id from units u
    cross join lateral (values (u.id), (u.parent_id), (u.province_id)) above (id)
    join areas on areas.id = above.id
""")


def published(reader: Actor | None, month: str) -> frozenset[int] | None:
    """Return the units of every level whose figures a reader may see; None: all units.

    Officials see the figures of their area before publication, admins all figures. Without a
    reader there is no restriction: the caller applies rules of its own.
    """
    if reader is None or setting("PUBLISH") == "live" or can(reader, ACT):
        return None
    return _visible(reader, month, month)


def figures_reader() -> Actor:
    """Return the actor of the request; the public with a device's token."""
    try:
        return actor()
    except Problem:
        return PUBLIC


def own_area(actor: Actor, month: str) -> frozenset[int] | None:
    """Return the units of every level whose figures an actor sees exact and live; None: all."""
    return None if can(actor, ACT) else _visible(actor, month, None)


def _visible(reader: Actor, month: str, published_month: str | None) -> frozenset[int]:
    """Return the units of an official's area, and of the provinces that published a month."""
    areas = [grant for grant in reader.grants if grant.role == "official"]
    units = [grant.id for grant in areas if grant.kind == "unit" and grant.id is not None]
    clusters = [grant.id for grant in areas if grant.kind == "cluster" and grant.id is not None]
    parameters: dict[str, Any] = {"month": published_month, "units": units, "clusters": clusters}
    visible = frozenset(db.session.execute(VISIBLE, parameters).scalars())
    if areas and month_end(month) < REFORM:
        return visible | _inherited(
            reader, [*units, *(u for one in clusters for u in units_of(one))]
        )
    return visible


def require_published(reader: Actor | None, month: str, unit: UnitRow | None) -> None:
    """Raise 404 if the figures of a unit, or of any province for the country, are unpublished."""
    visible = published(reader, month)
    if visible is None:
        return
    required = [unit] if unit else units_on(month_end(month), "province")
    if not all(one.id in visible for one in required):
        raise not_published()


def in_own_area(actor: Actor | None, unit: UnitRow | ClusterPlace | None, month: str) -> bool:
    """Return whether an actor sees exact and live figures of a unit, or of the country.

    Those of a cluster are exact for whoever sees each of its communes so. None: a caller with rules
    of its own, who sees all.
    """
    if actor is None or not actor.grants:
        return actor is None
    if isinstance(unit, ClusterPlace):
        return all(can(actor, ACT, scope) for scope in unit_scopes(unit.communes).values())
    if can(actor, ACT, unit_scope(unit.id) if unit else SYSTEM):
        return True
    if unit is None or month_end(month) >= REFORM:
        return False
    areas = [g.id for g in actor.grants if (g.role, g.kind) == ("official", "unit") and g.id]
    return bool(areas) and unit.id in _inherited(actor, areas)


def not_published() -> Problem:
    """Return the error for figures that are not published yet."""
    return Problem(404, "not_published")


def publish(unit_id: int, month: str) -> None:
    """Publish a province's month; part of the caller's transaction."""
    if db.session.scalar(select(Unit.level).where(Unit.id == unit_id)) == "province":
        row = insert(PublishedMonth).values(unit_id=unit_id, month=month)
        db.session.execute(row.on_conflict_do_nothing())


def _inherited(reader: Actor, units: list[int]) -> frozenset[int]:
    """Return the units of the old system that officials of their successors may see."""
    rows = db.session.execute(select(Unit.id, Unit.system).where(Unit.id.in_(units)))
    predecessors: set[int] = set()
    for row in rows:
        if row.system == system_on(REFORM):
            predecessors |= set(overlaps(row.id, row.system).all)
    above = select(Unit.id, Unit.parent_id, Unit.province_id).where(Unit.id.in_(predecessors))
    ids = {one for row in db.session.execute(above) for one in row if one is not None}
    return frozenset(one for one, scope in unit_scopes(ids).items() if can(reader, ACT, scope))


def authorized_unit(actor: Actor, act: str, code: str, level: str | None, month: str) -> UnitRow:
    """Return the unit of a code on a month's last day; 404 outside the actor's area."""
    return authorized_unit_on(actor, act, code, level, month_end(month))


def province_scope(unit_id: int) -> Scope:
    """Return the scope of decisions of a unit's province, or of its successor."""
    province = select(func.coalesce(Unit.province_id, Unit.id)).where(Unit.id == unit_id)
    return Scope(units=unit_scope(db.session.execute(province).scalar_one()).units)


class UnitWithLevel(TypedDict):
    """The unit of an answer; a code alone is no identity."""

    code: str
    name: str
    system: str  # 2024, 2025
    level: str  # province, district, commune


class UnitMonthAnswer(TypedDict):
    """Fields that every answer about a unit's month begins with."""

    month: str  # YYYY-MM
    network: str  # mobile, fixed
    unit: UnitWithLevel | None  # null: the country
    boundaries: Boundaries | None  # of the last day; null: none was in use
    demo: bool  # generated samples
    minimum_n: int  # least effective n of a median


def serialize_unit(unit: UnitRow) -> UnitWithLevel:
    """Return the reference of a unit in answers."""
    return {"system": unit.system, "level": unit.level, "code": unit.code, "name": unit.name}


BELOW = text("select id from units where id = :id or parent_id = :id or province_id = :id")
COMMUNES = text("""
    select id from units
    where level = 'commune' and (id = :id or parent_id = :id or province_id = :id)
""")


@dataclass(frozen=True, slots=True)
class UnitMonth:
    """A unit on a month's last day, or the country, with the boundaries of that day."""

    month: str
    network: str
    unit: UnitRow | None
    boundaries: ActiveSet | None

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Return the parameters of a statement about the unit's samples."""
        span = {"first": month_start(self.month), "last": month_end(self.month)}
        units = communes_of(self.unit.id) if self.unit else []
        return {"units": units, "network": self.network, **span, **more}

    def serialize(self) -> UnitMonthAnswer:
        """Return the fields that every answer begins with."""
        return {
            "month": self.month,
            "network": self.network,
            "unit": serialize_unit(self.unit) if self.unit else None,
            "boundaries": self.boundaries.serialize() if self.boundaries else None,
            "demo": db.session.get(DemoMonth, self.month) is not None,
            "minimum_n": setting("MINIMUM_N"),
        }


def unit_month(
    code: str | None,
    level: str | None,
    month: str,
    network: str,
    now: datetime,
    reader: Actor | None = None,
) -> UnitMonth:
    """Find a unit's month; 422 for a month in the future, 404 for an unknown unit."""
    if month_start(month) > local_day(now):
        raise invalid("month", "month_in_future")
    last = month_end(month)
    unit = find(last, code, level) if code is not None else None
    require_published(reader, month, unit)
    return UnitMonth(month, network, unit, set_on(last))


def communes_of(unit_id: int) -> list[int]:
    """Return the communes of a unit; of a commune itself."""
    return list(db.session.execute(COMMUNES, {"id": unit_id}).scalars())


def units_below(unit_id: int) -> list[int]:
    """Return the ids of a unit and of all units below it."""
    return list(db.session.execute(BELOW, {"id": unit_id}).scalars())
