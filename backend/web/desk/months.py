"""An official's area in each month: the units of the month that cover it.

The reform of July 2025 gave new codes, some of them to other ground; so an earlier month is led
to by its own units, never by today's code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Actor, can
from backend.clock import local_day, month_end
from backend.coverage.figures.authorized_unit import authorized_unit
from backend.coverage.figures.query import months_with_data
from backend.database.extensions import db
from backend.organisations.scopes import unit_scopes
from backend.units.catalogue import system_on
from backend.units.models import Unit
from backend.units.reform import overlaps, successors
from backend.units.service import UnitRow, units_on
from backend.web.desk.area import ACT, own_areas

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class AreaMonth:
    """A month with data, and its units of the area."""

    name: str
    units: Sequence[Unit]


def show_months(
    actor: Actor, code: str, month: str, now: datetime
) -> tuple[UnitRow, list[AreaMonth]]:
    """Return the unit of a code in a month, and all months with data, the newest first."""
    unit, today = authorized_unit(actor, ACT, code, None, month), local_day(now)
    of = {unit.system: [db.session.get_one(Unit, unit.id)]}
    names = dict.fromkeys([f"{today:%Y-%m}", *months_with_data(today)])
    for name in names:
        system = system_on(month_end(name))
        if system not in of:
            of[system] = units_across(actor, unit.id)
    months = [
        AreaMonth(name, _valid_on(of[system_on(month_end(name))], month_end(name)))
        for name in names
    ]
    return unit, [one for one in months if one.units]


def areas_in(actor: Actor, month: str, now: datetime) -> Rows:
    """Return the areas of a person as units of a month."""
    day = month_end(month)
    if any(grant.role == "admin" for grant in actor.grants):
        return [{"code": one.code, "name": one.name} for one in units_on(day, "province")]
    areas: dict[str, dict[str, Any]] = {}
    for area in own_areas(actor, now):
        for unit in _valid_on(_in_system(actor, area, system_on(day)), day):
            areas[unit.code] = {"code": unit.code, "name": unit.name}
    return list(areas.values())


def units_across(actor: Actor, unit_id: int) -> list[Unit]:
    """Return the units of the other system, of the same level, that an area was or became.

    Of before those that lie wholly in it, as access has it; of today its likely successors.
    """
    unit = db.session.get_one(Unit, unit_id)
    if unit.system == "2024":
        ids = {one.id for one in successors(unit.id) if one.likely}
        inside = {one: can(actor, ACT, scope) for one, scope in unit_scopes(ids).items()}
    else:
        ids = _before(unit)
        scopes = unit_scopes(ids)
        inside = {one: unit.id in scopes[one].units and can(actor, ACT, scopes[one]) for one in ids}
    query = select(Unit).where(Unit.id.in_([one for one, fits in inside.items() if fits]))
    return list(db.session.scalars(query.order_by(Unit.sort_key.collate("C"), Unit.id)))


def _before(unit: Unit) -> set[int]:
    """Return the old units that overlap a unit of today."""
    communes = set(overlaps(unit.id, unit.system).listed)
    if unit.level == "commune":
        return communes
    above = select(Unit.province_id).where(Unit.id.in_(communes), Unit.province_id.is_not(None))
    return {one for one in db.session.scalars(above.distinct()) if one is not None}


def _in_system(actor: Actor, area: dict[str, Any], system: str) -> list[Unit]:
    """Return the units of a system that cover a person's area."""
    query = select(Unit).filter_by(system=area["system"], level=area["level"], code=area["code"])
    own = db.session.scalars(query).one()
    return [own] if own.system == system else units_across(actor, own.id)


def _valid_on(units: Sequence[Unit], day: date) -> list[Unit]:
    """Return the units that are valid on a day."""
    return [
        one for one in units if (one.valid_from or date.min) <= day <= (one.valid_to or date.max)
    ]
