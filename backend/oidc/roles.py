"""Roles that rules give: synchronised with the claims at each sign-in of a person."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from backend.accounts import users
from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.accounts.models import Role
from backend.accounts.users import NewRole
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem
from backend.oidc.rules import Rule
from backend.organisations.grants import find_role
from backend.units.catalogue import system_on

# Tokens, reminders and lists of officials follow the roles: those of a person who left the office,
# and signs in no more, end by themselves.
ROLE_DURATION = timedelta(days=90)

log = structlog.get_logger()


def find_roles(rules: Iterable[Rule], now: datetime) -> list[NewRole]:
    """Return the roles of rules, each once; a rule over a missing or ended row gives none."""
    found: dict[tuple[str, str, int | None], NewRole] = {}
    for rule in rules:
        try:
            role = role_of(rule, now)
        except Problem as problem:
            code = problem.errors[0].code if problem.errors else problem.code
            log.warning("rule gives no role", rule=rule.name, code=code)
            continue
        found.setdefault((role.role, role.kind, role.id), role)
    return list(found.values())


def role_of(rule: Rule, now: datetime) -> NewRole:
    """Return the role of a rule; 422 where its unit, team, cluster or organisation is no more."""
    role = find_role(rule.reference(system_on(local_day(now))), "", now)
    return replace(role, valid_to=now + ROLE_DURATION, rule=rule.name)


def synchronise(actor: Actor, user_id: int, wanted: Sequence[NewRole], now: datetime) -> None:
    """Give a locked person the roles of rules, and end earlier ones; the caller commits.

    Roles that a person gave stay, and are not given twice.
    """
    own = select(Role).where(Role.user_id == user_id, Role.rule.is_not(None), users.in_force(now))
    present = {
        (role.role, role.scope_kind, role.scope_id): role for role in db.session.scalars(own)
    }
    for new in wanted:
        role = present.pop((new.role, new.kind, new.id), None)
        if role is not None:
            role.valid_to, role.rule = new.valid_to, new.rule
        elif users.add_role(user_id, new, now)[1]:
            record_act(actor, "role.grant", f"user:{user_id}", **new.audit_details())
    for role in present.values():
        users.end_with_deputies(actor, role, now)


def end_all(actor: Actor, user_id: int, now: datetime) -> None:
    """End the roles that rules gave to a person; the caller commits."""
    synchronise(actor, user_id, (), now)
