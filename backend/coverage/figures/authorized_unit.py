"""Access to units of an official's area; other units are answered with 404."""

from datetime import date

from sqlalchemy import func, select

from backend.accounts.access import Actor, Scope, require
from backend.clock import month_end
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.scopes import unit_scope
from backend.units.models import Unit
from backend.units.service import UnitRow, find


def authorized_unit(actor: Actor, act: str, code: str, level: str | None, month: str) -> UnitRow:
    """Return the unit of a code on a month's last day; 404 outside the actor's area."""
    return authorized_unit_on(actor, act, code, level, month_end(month))


def authorized_unit_on(actor: Actor, act: str, code: str, level: str | None, day: date) -> UnitRow:
    """Return the unit of a code on a day; the same 404 if it is unknown or outside the area."""
    try:
        unit = find(day, code, level)
    except Problem as problem:
        raise Problem(404, "not_found") if problem.status == 404 else problem from None
    require(actor, act, unit_scope(unit.id), hidden=True)
    return unit


def province_scope(unit_id: int) -> Scope:
    """Return the scope of decisions of a unit's province, or of its successor."""
    province = select(func.coalesce(Unit.province_id, Unit.id)).where(Unit.id == unit_id)
    return Scope(units=unit_scope(db.session.execute(province).scalar_one()).units)


def serialize_unit(unit: UnitRow) -> dict[str, str]:
    """Return the reference of a unit in answers."""
    return {"system": unit.system, "level": unit.level, "code": unit.code, "name": unit.name}
