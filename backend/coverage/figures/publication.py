"""Publication of figures: at once, or for each province after approval of its report."""

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, can
from backend.clock import month_end
from backend.coverage.figures.models import PublishedMonth
from backend.database.extensions import db, setting
from backend.errors import Problem
from backend.organisations.scopes import unit_scopes
from backend.units.catalogue import REFORM, system_on
from backend.units.models import Unit
from backend.units.reform import overlaps
from backend.units.service import UnitRow, units_on

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
    areas = [grant for grant in reader.grants if grant.role == "official"]
    units = [grant.id for grant in areas if grant.kind == "unit" and grant.id is not None]
    parameters: dict[str, Any] = {
        "month": month,
        "units": units,
        "clusters": [grant.id for grant in areas if grant.kind == "cluster"],
    }
    visible = frozenset(db.session.execute(VISIBLE, parameters).scalars())
    if units and month_end(month) < REFORM:
        return visible | _inherited(reader, units)
    return visible


def require_published(reader: Actor | None, month: str, unit: UnitRow | None) -> None:
    """Raise 404 if the figures of a unit, or of any province for the country, are unpublished."""
    visible = published(reader, month)
    if visible is None:
        return
    required = [unit] if unit else units_on(month_end(month), "province")
    if not all(one.id in visible for one in required):
        raise not_published()


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
