"""Invitations and roles: admins grant every role, organisers those of their teams' leaders."""

from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired, TypedDict

from sqlalchemy import select, text

from backend.accounts import links, users
from backend.accounts.access import Actor, Kind, can, require, require_recent
from backend.accounts.audit import record_act
from backend.accounts.links import Link
from backend.accounts.models import Role
from backend.accounts.users import NewRole
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.references import (
    UnitCode,
    UnitReference,
    current_cluster_id,
    current_unit_id,
)
from backend.organisations.scopes import organisation_scope, team_scope, unit_scope

KINDS: dict[str, Kind] = {
    "team_leader": "team",
    "organiser": "organisation",
    "official": "unit",
    "observer": "system",
    "admin": "system",
}
LOCK_SCOPE = {
    "team_leader": text("select ended_at from teams where id = :id for share"),
    "organiser": text("select ended_at from organisations where id = :id for share"),
}


class RoleRequest(TypedDict):
    """A role: over one thing, of observers and admins over all."""

    role: str
    scope_id: int | None  # a team, an organisation or a unit
    unit: UnitCode | UnitReference | None  # of an official, in place of `scope_id`
    cluster_id: NotRequired[int | None]  # of an official, in place of a unit
    valid_to: datetime | None  # null: without an end


def invite(
    actor: Actor,
    name: str,
    display_name: str | None,
    roles: Sequence[RoleRequest],
    now: datetime,
    *,
    confirms: bool = True,
) -> Link:
    """Invite a person with roles by a link; again as long as they have not accepted.

    A name that has an account gets no link: the inviting person could take the account by it. An
    admin's link confirms the account, unless organisers may see it too.
    """
    granted = [_checked_role(actor, one, f"roles.{at}", now) for at, one in enumerate(roles)]
    require_recent(actor, now)
    stored = users.parse_name(name)
    user_id = _invited_user(actor, stored, now)
    if user_id is None:
        user_id = users.add(stored, display_name, now)
    for role in granted:
        users.add_role(user_id, role, now)
    purpose = "invitation" if confirms and can(actor, "users.manage") else "leader"
    link = links.make_link(user_id, purpose, now, actor)
    record_act(
        actor, "user.invite", f"user:{user_id}", roles=[role.audit_details() for role in granted]
    )
    db.session.commit()
    return link


def grant_role(actor: Actor, user_id: int, data: RoleRequest, now: datetime) -> tuple[Role, bool]:
    """Grant a person a further role; return it, and whether it is new."""
    role = _checked_role(actor, data, "", now)
    require_recent(actor, now)
    if not users.find(user_id).accepted:
        # The inviting person has the link, and must not obtain further roles by it.
        raise Problem(409, "not_accepted_yet")
    granted, added = users.add_role(user_id, role, now)
    if added:
        record_act(actor, "role.grant", f"user:{user_id}", **role.audit_details())
    db.session.commit()
    return granted, added


def end_role(actor: Actor, user_id: int, role_id: int, now: datetime) -> None:
    """End a role now, from the next request on."""
    own = (Role.id == role_id, Role.user_id == user_id)
    role = db.session.scalar(select(Role).where(*own))
    if role is None or not _may_grant(actor, role.role, role.scope_id):
        require(actor, "users.manage")
        raise Problem(404, "not_found")
    if role.valid_to is None or role.valid_to > now:
        users.stop_role(actor, role, now)
    db.session.commit()


def _invited_user(actor: Actor, name: str, now: datetime) -> int | None:
    """Return a person who has not accepted yet, if this actor may grant all their roles."""
    user = users.find_by_name(name)
    if user is None:
        return None
    invited = users.find(user.id)
    roles = users.roles_of(invited.id, now)
    grantable = all(_may_grant(actor, role.role, role.scope_id) for role in roles)
    if invited.accepted or not grantable:
        raise users.account_exists(name)
    return invited.id


def _checked_role(actor: Actor, data: RoleRequest, field: str, now: datetime) -> NewRole:
    """Return the requested role if this actor may grant it; else 401, 403 or 422."""
    role = data["role"]
    if not _may_grant(actor, role, data["scope_id"]):
        require(actor, "users.manage")
    until = data["valid_to"]
    if until is not None and until <= now:
        raise invalid(_at(field, "valid_to"), "in_the_past")
    return find_role(data, field, now)


def find_role(data: RoleRequest, field: str, now: datetime) -> NewRole:
    """Return a role over a row that exists and has not ended; 422 for another one.

    An organisation or team is locked until the transaction ends.
    """
    role = data["role"]
    scope_id = _scope_id(data, field, now)
    if role in LOCK_SCOPE and db.session.scalar(LOCK_SCOPE[role], {"id": scope_id}) is not None:
        code = "team_ended" if role == "team_leader" else "organisation_ended"
        raise invalid(_at(field, "scope_id"), code)
    cluster = data.get("cluster_id") is not None
    return NewRole(role, "cluster" if cluster else KINDS[role], scope_id, data["valid_to"])


def _may_grant(actor: Actor, role: str, scope_id: int | None) -> bool:
    if can(actor, "users.manage"):
        return True
    if role != "team_leader" or scope_id is None:
        return False
    try:
        return can(actor, "team.edit", team_scope(scope_id))
    except Problem:  # an unknown team is answered as a forbidden one
        return False


def _scope_id(data: RoleRequest, field: str, now: datetime) -> int | None:
    """Return the row that a role is over; 422 where there is none, or more than one."""
    role, scope_id, unit = data["role"], data["scope_id"], data["unit"]
    cluster_id = data.get("cluster_id")
    if KINDS[role] == "system":
        if scope_id is not None or unit is not None or cluster_id is not None:
            raise invalid(_at(field, "scope_id"), "scope_not_taken")
        return None
    if cluster_id is not None:
        if role != "official" or scope_id is not None or unit is not None:
            raise invalid(_at(field, "cluster_id"), "scope_not_taken")
        return current_cluster_id(cluster_id, _at(field, "cluster_id"), now)
    if unit is not None:
        if role != "official" or scope_id is not None:
            raise invalid(_at(field, "unit"), "scope_not_taken")
        return current_unit_id(unit, _at(field, "unit"), now)
    if scope_id is None:
        raise invalid(_at(field, "scope_id"), "required")
    scope_of = {"team_leader": team_scope, "organiser": organisation_scope, "official": unit_scope}
    try:
        scope_of[role](scope_id)
    except Problem:
        raise invalid(_at(field, "scope_id"), "scope_unknown") from None
    return int(scope_id)


def _at(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
