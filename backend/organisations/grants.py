"""Who lets whom in: admins grant every role, organisers invite leaders of their own teams."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from backend.accounts import links, users
from backend.accounts.access import Actor, Kind, can, require
from backend.accounts.audit import record_act
from backend.accounts.links import Link
from backend.accounts.models import Role
from backend.accounts.users import RoleAsked
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.areas import lasting_cluster, lasting_unit
from backend.organisations.scopes import organisation_scope, team_scope, unit_scope

KINDS: dict[str, Kind] = {
    "team_leader": "team",
    "organiser": "organisation",
    "official": "unit",
    "admin": "system",
}
LOCK_SCOPE = {
    "team_leader": text("select ended_at from teams where id = :id for share"),
    "organiser": text("select ended_at from organisations where id = :id for share"),
}


def invite(
    actor: Actor,
    name: str,
    display_name: str | None,
    roles: Sequence[Mapping[str, Any]],
    now: datetime,
) -> Link:
    """Let a person in with roles, by a link that they are handed; again while they have not come.

    A name that has an account gets no link: with it, whoever invites could take the account.
    """
    asked = [_allowed(actor, one, f"roles.{place}", now) for place, one in enumerate(roles)]
    stored = users.stored_name(name)
    user_id = _waiting(actor, stored, now)
    if user_id is None:
        user_id = users.add(stored, display_name, now)
    for role in asked:
        users.add_role(user_id, role, now)
    link = links.make_link(user_id, "invitation", now)
    record_act(actor, "user.invite", f"user:{user_id}", roles=[role.told() for role in asked])
    db.session.commit()
    return link


def grant_role(
    actor: Actor, user_id: int, asked: Mapping[str, Any], now: datetime
) -> tuple[Role, bool]:
    """Grant a person a further role; whether they did not have it yet."""
    role = _allowed(actor, asked, "", now)
    if users.find(user_id).password_hash is None:
        # Whoever invited them has the link, and must not come by what others grant meanwhile.
        raise Problem(409, "not_accepted_yet")
    held, fresh = users.add_role(user_id, role, now)
    if fresh:
        record_act(actor, "role.grant", f"user:{user_id}", **role.told())
    db.session.commit()
    return held, fresh


def end_role(actor: Actor, user_id: int, role_id: int, now: datetime) -> None:
    """End a role now; what it let in is let in no more from the next request on."""
    own = (Role.id == role_id, Role.user_id == user_id)
    role = db.session.scalar(select(Role).where(*own))
    if role is None or not _may_grant(actor, role.role, role.scope_id):
        require(actor, "users.manage")
        raise Problem(404, "not_found")
    if role.valid_to is None or role.valid_to > now:
        users.stop_role(actor, role, now)
    db.session.commit()


def _waiting(actor: Actor, name: str, now: datetime) -> int | None:
    """Who was invited and has not come yet, if this actor may grant all that awaits them."""
    user = users.by_name(name)
    if user is None:
        return None
    held = users.find(user.id)
    theirs = users.roles_of(held.id, now)
    mine = all(_may_grant(actor, role.role, role.scope_id) for role in theirs)
    if held.password_hash is not None or not mine:
        raise users.account_exists(name)
    return held.id


def _allowed(actor: Actor, asked: Mapping[str, Any], field: str, now: datetime) -> RoleAsked:
    """The role that is asked for, if this actor may grant it; else 401, 403, or 422."""
    role = asked["role"]
    if not _may_grant(actor, role, asked["scope_id"]):
        require(actor, "users.manage")
    scope_id = _scope_id(asked, field, now)
    _check_lasting(role, scope_id, _at(field, "scope_id"))
    until = asked["valid_to"]
    if until is not None and until <= now:
        raise invalid(_at(field, "valid_to"), "in_the_past")
    cluster = asked.get("cluster_id") is not None
    return RoleAsked(role, "cluster" if cluster else KINDS[role], scope_id, until)


def _check_lasting(role: str, scope_id: int | None, field: str) -> None:
    """Reject a role over an ended team or organisation; lock one that lasts until the commit."""
    if role not in LOCK_SCOPE:
        return
    if db.session.scalar(LOCK_SCOPE[role], {"id": scope_id}) is not None:
        raise invalid(field, "team_ended" if role == "team_leader" else "organisation_ended")


def _may_grant(actor: Actor, role: str, scope_id: int | None) -> bool:
    if can(actor, "users.manage"):
        return True
    if role != "team_leader" or scope_id is None:
        return False
    try:
        return can(actor, "team.edit", team_scope(scope_id))
    except Problem:  # whether there is such a team is not told to whoever may not know
        return False


def _scope_id(asked: Mapping[str, Any], field: str, now: datetime) -> int | None:
    """The row over which a role is asked for; 422 where there is none, or one too many."""
    role, scope_id, unit = asked["role"], asked["scope_id"], asked["unit"]
    cluster_id = asked.get("cluster_id")
    if role == "admin":
        if scope_id is not None or unit is not None or cluster_id is not None:
            raise invalid(_at(field, "scope_id"), "scope_not_taken")
        return None
    if cluster_id is not None:
        if role != "official" or scope_id is not None or unit is not None:
            raise invalid(_at(field, "cluster_id"), "scope_not_taken")
        return lasting_cluster(cluster_id, _at(field, "cluster_id"), now)
    if unit is not None:
        if role != "official" or scope_id is not None:
            raise invalid(_at(field, "unit"), "scope_not_taken")
        return lasting_unit(unit, _at(field, "unit"), now)
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
