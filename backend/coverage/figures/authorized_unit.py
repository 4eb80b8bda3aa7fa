"""A unit of an official's area: for anybody else it is as if there were none."""

from datetime import date

from sqlalchemy import func, select

from backend.accounts.access import Actor, Scope, require
from backend.clock import month_end
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.scopes import unit_scope
from backend.units.models import Unit
from backend.units.service import UnitRow, find


def own_unit(actor: Actor, act: str, code: str, level: str | None, month: str) -> UnitRow:
    """The unit of a code on a month's last day, in the actor's area; else 404."""
    return own_unit_on(actor, act, code, level, month_end(month))


def own_unit_on(actor: Actor, act: str, code: str, level: str | None, day: date) -> UnitRow:
    """The unit of a code on a day, in the actor's area; else 404, whether there is one or not."""
    try:
        unit = find(day, code, level)
    except Problem as problem:
        raise Problem(404, "not_found") if problem.status == 404 else problem from None
    require(actor, act, unit_scope(unit.id), hidden=True)
    return unit


def province_scope(unit_id: int) -> Scope:
    """The scope of what only the province of a unit decides, or the one that took it over."""
    province = select(func.coalesce(Unit.province_id, Unit.id)).where(Unit.id == unit_id)
    return Scope(units=unit_scope(db.session.execute(province).scalar_one()).units)


def named(unit: UnitRow) -> dict[str, str]:
    """A unit by its name, as answers tell it."""
    return {"system": unit.system, "level": unit.level, "code": unit.code, "name": unit.name}
