"""Areas of officials: deputies until a given day, and successors of units that ended."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypedDict

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import aliased

from backend.accounts import users
from backend.accounts.access import Actor, Kind, Scope, require, require_person, require_recent
from backend.accounts.audit import record_act
from backend.accounts.models import Role, User
from backend.accounts.users import NewRole, in_force
from backend.clock import day_begin, local_day
from backend.database.extensions import db
from backend.errors import Problem, invalid, or_404
from backend.organisations.clusters import add_cluster, find_same
from backend.organisations.references import (
    AreaAnswer,
    RequestedArea,
    UnitBrief,
    UnitReference,
    requested_area,
    serialize_areas,
    unit_ids,
)
from backend.organisations.scopes import cluster_scope, unit_scope
from backend.units.index import successors
from backend.units.models import Unit

# A leave; whoever is away for longer renews it, and notices a deputy that they did not make.
MAX_DURATION = timedelta(days=30)


class DeputyRequest(RequestedArea):
    """The deputy, the area, the end and the reason."""

    name: str  # the login name of the deputy
    valid_to: datetime
    reason: str


class DeputyAnswer(TypedDict):
    """A delegation: the deputy, the delegating person, the area and the time."""

    id: int
    user_id: int  # of the deputy
    name: str | None
    display_name: str | None
    lent_by: int  # the delegating person
    area: AreaAnswer
    valid_from: datetime
    valid_to: datetime | None  # of a deputy always a moment
    reason: str | None


class Deputies(TypedDict):
    """The deputies of a person, and those that the person is."""

    items: list[DeputyAnswer]


class Successor(TypedDict):
    """A unit that may continue one that ended."""

    id: int
    code: str
    name: str
    likely: bool


class EndedRole(TypedDict):
    """A role that ended with its unit and has no confirmed successors yet."""

    id: int
    user_id: int
    name: str | None
    role: str
    unit: UnitBrief
    ended_on: date | None  # the last day of the unit
    successors: list[Successor]


def delegate(actor: Actor, data: DeputyRequest, now: datetime) -> DeputyAnswer:
    """Let another person act in one's own area, or a part of it, until a moment."""
    user_id = require_person(actor, write=True)
    kind, area_id = requested_area(data, now)
    scope = _area_scope(kind, area_id)
    require(actor, "unit.delegate", scope)
    require_recent(actor, now)
    own = _own_role(user_id, scope, now)
    until = _end(data["valid_to"], own, now)
    deputy = users.find_by_name(users.parse_name(data["name"]))
    if deputy is None or not deputy.accepted or deputy.id == user_id:
        raise invalid("name", "deputy_unknown")
    if deputy.confirmed_at is None:
        raise invalid("name", "deputy_unconfirmed")
    row = Role(
        user_id=deputy.id,
        role="official",
        scope_kind=kind,
        scope_id=area_id,
        valid_from=now,
        valid_to=until,
        delegated_by=own.id,
        reason=data["reason"],
    )
    db.session.add(row)
    db.session.flush()
    facts = {"deputy": row.id, "scope": kind, "scope_id": area_id}
    record_act(actor, "area.delegate", f"user:{deputy.id}", **facts, valid_to=until.isoformat())
    [answer] = _serialize_deputies([(row, deputy, own)])
    db.session.commit()
    return answer


def list_deputies(actor: Actor, now: datetime) -> Deputies:
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
    pair = _delegation(role_id)
    if pair is None or user_id not in (pair[0].user_id, pair[1].user_id):
        require(actor, "users.manage", hidden=True)
        if pair is None:
            raise Problem(404, "not_found")
    if pair[0].valid_to is None or pair[0].valid_to > now:
        users.stop_role(actor, pair[0], now)
    db.session.commit()


def renew_deputy(actor: Actor, role_id: int, now: datetime) -> None:
    """Let one's own deputy continue for 30 days from now."""
    user_id = require_person(actor, write=True)
    pair = _delegation(role_id)
    if pair is None or pair[1].user_id != user_id or not _lasts(pair[0], now):
        raise Problem(404, "not_found")
    deputy, own = pair
    require(actor, "unit.delegate", _area_scope(deputy.scope_kind, deputy.scope_id))
    require_recent(actor, now)
    deputy.valid_to = _end(now + MAX_DURATION, own, now)
    until = deputy.valid_to.isoformat()
    record_act(actor, "area.renew", f"user:{deputy.user_id}", deputy=role_id, valid_to=until)
    db.session.commit()


def _delegation(role_id: int) -> Row[Role, Role] | None:
    """Return a deputy's role and the role that it was lent of; None for another role."""
    lent = aliased(Role)
    found = select(Role, lent).join(lent, lent.id == Role.delegated_by).where(Role.id == role_id)
    return db.session.execute(found).first()


def _lasts(deputy: Role, now: datetime) -> bool:
    return deputy.valid_to is not None and deputy.valid_to > now


def _area_scope(kind: str, area_id: int | None) -> Scope:
    assert area_id is not None  # an area is a row
    return cluster_scope(area_id) if kind == "cluster" else unit_scope(area_id)


def _own_role(user_id: int, scope: Scope, now: datetime) -> Role:
    """Return the person's own role that covers the area."""
    places = {"unit": scope.units, "cluster": scope.clusters}
    roles = select(Role).where(
        Role.user_id == user_id,
        Role.role == "official",
        Role.delegated_by.is_(None),
        ~Role.waits,
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
    if requested > now + MAX_DURATION:
        raise invalid("valid_to", "deputy_too_long")
    return requested if own.valid_to is None else min(requested, own.valid_to)


def _serialize_deputies(rows: Sequence[tuple[Role, User, Role]]) -> list[DeputyAnswer]:
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


DAY = timedelta(days=1)


def list_ended(actor: Actor, now: datetime) -> list[EndedRole]:
    """Return the roles that ended with their unit and have no confirmed successors yet."""
    require(actor, "users.manage")
    rows = db.session.execute(_unconfirmed(now).order_by(Role.id)).all()
    return [
        {
            "id": role.id,
            "user_id": user.id,
            "name": user.name,
            "role": role.role,
            "unit": {
                "id": unit.id,
                "system": unit.system,
                "level": unit.level,
                "code": unit.code,
                "name": unit.name,
            },
            "ended_on": unit.valid_to,
            "successors": [
                {
                    "id": one.unit.id,
                    "code": one.unit.code,
                    "name": one.unit.name,
                    "likely": one.likely,
                }
                for one in successors(unit.id)
            ],
        }
        for role, unit, user in rows
    ]


def confirm_successors(
    actor: Actor, role_id: int, named: Sequence[UnitReference], name: str | None, now: datetime
) -> int:
    """Grant a role over the named units in place of an ended one; none for no units.

    Several units become one cluster, by default with the old unit's name, which other officials
    of the old unit share. Return the ended role.
    """
    require(actor, "users.manage")
    require_recent(actor, now)
    found = _unconfirmed(now).where(Role.id == role_id).with_for_update(of=Role)
    row = or_404(db.session.execute(found).first())
    old, unit, user = row
    units = sorted(unit_ids(named, "units"))
    ended = select(Unit.id).where(Unit.id.in_(units), Unit.valid_to < local_day(now))
    if db.session.scalar(ended.limit(1)) is not None:
        raise invalid("units", "unit_ended")
    assert unit.valid_to is not None
    until, old.valid_to = old.valid_to, day_begin(unit.valid_to + DAY)
    over: tuple[Kind, int] | None = ("unit", units[0]) if units else None
    if len(units) > 1:
        name = name or f"{unit.name} (cũ)"
        same = find_same(name, units, local_day(now))
        over = "cluster", same or add_cluster(actor, name, units, local_day(now))
    granted = over and users.add_role(user.id, NewRole("official", *over, until), now)[0]
    if granted:
        granted.waits = old.waits
    record_act(
        actor, "role.succeed", f"user:{user.id}", ended=old.id, units=units,
        granted=granted.id if granted else None,
    )  # fmt: skip
    db.session.commit()
    return role_id


def _unconfirmed(now: datetime) -> Select[Role, Unit, User]:
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
