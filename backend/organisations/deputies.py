"""Deputies: an official delegates their own area, or a part of it, until a given day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from backend.accounts import users
from backend.accounts.access import Actor, Kind, Scope, require, require_person
from backend.accounts.audit import record_act
from backend.accounts.models import Role, User
from backend.accounts.users import in_force
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.references import requested_area, serialize_areas
from backend.organisations.scopes import cluster_scope, unit_scope

# For a longer time an admin grants the role itself.
DURATION_MOST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Area:
    """The delegated unit or cluster of communes."""

    kind: Kind
    id: int

    @property
    def scope(self) -> Scope:
        return cluster_scope(self.id) if self.kind == "cluster" else unit_scope(self.id)


def delegate(actor: Actor, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Let another person act in one's own area, or a part of it, until a moment."""
    user_id = require_person(actor, write=True)
    area = Area(*requested_area(data, now))
    require(actor, "unit.delegate", area.scope)
    own = _own_role(user_id, area.scope, now)
    until = _end(data["valid_to"], own, now)
    deputy = _deputy(data["name"], user_id)
    row = Role(
        user_id=deputy.id,
        role="official",
        scope_kind=area.kind,
        scope_id=area.id,
        valid_from=now,
        valid_to=until,
        delegated_by=own.id,
        reason=data["reason"],
    )
    db.session.add(row)
    db.session.flush()
    facts = {"deputy": row.id, "scope": area.kind, "scope_id": area.id}
    record_act(actor, "area.delegate", f"user:{deputy.id}", **facts, valid_to=until.isoformat())
    [answer] = _serialize_deputies([(row, deputy, own)])
    db.session.commit()
    return answer


def list_deputies(actor: Actor, now: datetime) -> dict[str, Any]:
    """Return the current deputies of the actor, and those that the actor is."""
    user_id = require_person(actor)
    lent = aliased(Role)
    query = (
        select(Role, User, lent)
        .join(User, User.id == Role.user_id)
        .join(lent, lent.id == Role.delegated_by)
        .where(or_(lent.user_id == user_id, Role.user_id == user_id), in_force(now))
        .order_by(Role.id)
    )
    return {"items": _serialize_deputies([(*row,) for row in db.session.execute(query)])}


def end_deputy(actor: Actor, role_id: int, now: datetime) -> None:
    """End a delegation now: allowed to both people and to admins."""
    user_id = require_person(actor, write=True)
    lent = aliased(Role)
    found = select(Role, lent).join(lent, lent.id == Role.delegated_by).where(Role.id == role_id)
    pair = db.session.execute(found).first()
    if pair is None or user_id not in (pair[0].user_id, pair[1].user_id):
        require(actor, "users.manage", hidden=True)
        if pair is None:
            raise Problem(404, "not_found")
    if pair[0].valid_to is None or pair[0].valid_to > now:
        users.stop_role(actor, pair[0], now)
    db.session.commit()


def _own_role(user_id: int, scope: Scope, now: datetime) -> Role:
    """Return the person's own role that covers the area."""
    places = {"unit": scope.units, "cluster": scope.clusters}
    roles = select(Role).where(
        Role.user_id == user_id,
        Role.role == "official",
        Role.delegated_by.is_(None),
        or_(*[(Role.scope_kind == kind) & Role.scope_id.in_(ids) for kind, ids in places.items()]),
        in_force(now),
    )
    role: Role | None = db.session.scalar(roles.order_by(Role.id).limit(1))
    if role is None:  # an admin grants roles instead
        raise Problem(403, "no_own_area")
    return role


def _end(requested: datetime, own: Role, now: datetime) -> datetime:
    if requested <= now:
        raise invalid("valid_to", "in_the_past")
    if requested > now + DURATION_MOST:
        raise invalid("valid_to", "deputy_too_long")
    return requested if own.valid_to is None else min(requested, own.valid_to)


def _deputy(name: str, user_id: int) -> User:
    """Return the account of another person."""
    user = users.find_by_name(users.parse_name(name))
    if user is None or user.password_hash is None or user.id == user_id:
        raise invalid("name", "deputy_unknown")
    return user


def _serialize_deputies(rows: Sequence[tuple[Role, User, Role]]) -> list[dict[str, Any]]:
    """Return delegations as answers; their areas are read by one query."""
    areas = serialize_areas([(role.scope_kind, role.scope_id) for role, _, _ in rows])
    return [
        {
            "id": role.id,
            "user_id": deputy.id,
            "name": deputy.name,
            "display_name": deputy.display_name,
            "lent_by": lent.user_id,
            "area": areas[role.scope_kind, role.scope_id],
            "valid_from": role.valid_from,
            "valid_to": role.valid_to,
            "reason": role.reason,
        }
        for role, deputy, lent in rows
    ]
