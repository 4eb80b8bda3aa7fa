"""Roles over units that ended in the reform: successors are proposed, an admin confirms them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from backend.accounts import users
from backend.accounts.access import Actor, Kind, require
from backend.accounts.audit import record_act
from backend.accounts.models import Role, User
from backend.accounts.users import NewRole
from backend.clock import day_begin, local_day
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.clusters import add_cluster
from backend.organisations.references import unit_ids
from backend.units.models import Unit
from backend.units.reform import successors, successors_of

DAY = timedelta(days=1)


def list_ended(actor: Actor, now: datetime) -> dict[str, Any]:
    """Return the roles that ended with their unit and have no confirmed successors yet."""
    require(actor, "users.manage")
    rows = db.session.execute(_unconfirmed(now).order_by(Role.id)).all()
    proposed = successors_of({one.id for _, one, _ in rows})
    items = [
        {
            "id": role.id,
            "user_id": user.id,
            "name": user.name,
            "role": role.role,
            "unit": _serialize_unit(unit),
            "ended_on": unit.valid_to,
            "successors": proposed[unit.id],
        }
        for role, unit, user in rows
    ]
    return {"items": items}


def confirm_successors(
    actor: Actor, role_id: int, data: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Grant a role over the confirmed units in place of an ended one; none for no units.

    Several units become one cluster of the admins, by default with the old unit's name.
    """
    require(actor, "users.manage")
    found = _unconfirmed(now).where(Role.id == role_id).with_for_update(of=Role)
    row = db.session.execute(found).first()
    if row is None:
        raise Problem(404, "not_found")
    old, unit, user = row
    requested = data["units"]
    if requested is None:
        units = [one.id for one in successors(unit.id) if one.likely]
    else:
        units = sorted(unit_ids(requested, "units"))
        _require_not_ended(units, now)
    assert unit.valid_to is not None
    until, old.valid_to = old.valid_to, day_begin(unit.valid_to + DAY)
    over = _area(actor, unit, units, data["name"], now)
    granted = over and users.add_role(user.id, NewRole("official", *over, until), now)[0]
    record_act(
        actor, "role.succeed", f"user:{user.id}", ended=old.id, units=units,
        granted=granted.id if granted else None,
    )  # fmt: skip
    db.session.flush()
    role = granted and {column.key: getattr(granted, column.key) for column in Role.__table__.c}
    db.session.commit()
    return {"role": role}


def _area(
    actor: Actor, old: Unit, units: Sequence[int], name: str | None, now: datetime
) -> tuple[Kind, int] | None:
    """Return the successors as an area: nothing, one unit, or a new cluster of several."""
    if len(units) > 1:
        span = local_day(now), None
        return "cluster", add_cluster(actor, None, name or f"{old.name} (cũ)", span, units).id
    return ("unit", units[0]) if units else None


def _unconfirmed(now: datetime) -> Any:
    """Select the roles that were valid when their unit ended; a confirmed one has an end."""
    end = Unit.valid_to
    return (
        select(Role, Unit, User)
        .join(Unit, Unit.id == Role.scope_id)
        .join(User, User.id == Role.user_id)
        .where(
            Role.scope_kind == "unit",
            Role.delegated_by.is_(None),
            end < local_day(now),
            or_(Role.valid_to.is_(None), Role.valid_to > now),
            User.closed_at.is_(None),
        )
    )


def _require_not_ended(units: Sequence[int], now: datetime) -> None:
    ended = select(Unit.id).where(Unit.id.in_(units), Unit.valid_to < local_day(now))
    if db.session.scalar(ended.limit(1)) is not None:
        raise invalid("units", "unit_ended")


def _serialize_unit(unit: Unit) -> dict[str, Any]:
    return {name: getattr(unit, name) for name in ("id", "system", "level", "code", "name")}
