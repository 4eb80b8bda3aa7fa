"""Roles in forms: conversion to API requests, names of scopes, choices."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Actor
from backend.accounts.links import Link
from backend.accounts.models import Role
from backend.campaigns.models import Campaign, Team
from backend.clock import day_begin, local_day
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.organisations import grants
from backend.organisations.models import Cluster, Organisation
from backend.units.catalogue import system_on
from backend.units.models import Unit

# The form's field of a unit, by the API's field.
UNIT_FIELD = {"unit": "unit_code"}
# Fields of the scope of each role, of which one is filled.
SCOPE_FIELDS: dict[str, tuple[str, ...]] = {
    "team_leader": ("team_id",),
    "organiser": ("organisation_id",),
    "official": ("unit_code", "cluster_id"),
    "admin": (),
}


def invite(actor: Actor, fields: Mapping[str, Any], now: datetime) -> Link:
    """Invite a person with a first role."""
    with form_errors(_field_names(fields["role"])):
        request = _role_request(fields, local_day(now))
        return grants.invite(actor, fields["person"], fields["display_name"], [request], now)


def grant(actor: Actor, user_id: int, fields: Mapping[str, Any], now: datetime) -> bool:
    """Grant a person a further role; return whether it is new."""
    with form_errors(_field_names(fields["role"])):
        return grants.grant_role(actor, user_id, _role_request(fields, local_day(now)), now)[1]


def unit_reference(code: str | None, level: str | None, day: date) -> dict[str, Any] | None:
    """Return the reference to a unit by its code, in the system of a day."""
    return None if code is None else {"system": system_on(day), "level": level, "code": code}


def _role_request(fields: Mapping[str, Any], today: date) -> dict[str, Any]:
    role, last = fields["role"], fields["last_day"]
    name = next((name for name in SCOPE_FIELDS[role] if fields[name] is not None), None)
    if SCOPE_FIELDS[role] and name is None:
        raise invalid(SCOPE_FIELDS[role][0], "required")
    return {
        "role": role,
        "scope_id": fields[name] if name in ("team_id", "organisation_id") else None,
        "unit": unit_reference(fields["unit_code"], None, today) if name == "unit_code" else None,
        "cluster_id": fields["cluster_id"] if name == "cluster_id" else None,
        "valid_to": last and day_begin(last + timedelta(days=1)),
    }


def _field_names(role: str) -> dict[str, str]:
    """Return the form's fields of a role by the API's fields."""
    over = SCOPE_FIELDS[role][0] if SCOPE_FIELDS[role] else "role"
    return {"scope_id": over, "unit": over, "valid_to": "last_day", "name": "person"}


@contextmanager
def form_errors(names: Mapping[str, str]) -> Iterator[None]:
    """Rename the API's fields in a problem to the form's fields."""
    try:
        yield
    except Problem as problem:
        problem.errors = tuple(
            FieldError(_named(error.field, names), error.code) for error in problem.errors
        )
        raise


def _named(field: str, names: Mapping[str, str]) -> str:
    """Return the form's field of an API field, e.g. of `roles.0.unit.code` that of the unit."""
    parts = [part for part in field.split(".") if part != "roles" and not part.isdecimal()]
    return names.get(parts[0], parts[0]) if parts else field


MODELS: dict[str, Any] = {
    "team": Team,
    "organisation": Organisation,
    "cluster": Cluster,
    "unit": Unit,
    "campaign": Campaign,
}
# Options of a select; a province has some hundred organisations.
ORGANISATIONS_MOST = 500


def scope_names(roles: Iterable[Role]) -> dict[tuple[str, int], str]:
    """Return the names of the scopes of roles, by kind and id."""
    return names_of((one.scope_kind, one.scope_id) for one in roles if one.scope_id is not None)


def names_of(references: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return the names of existing rows, by kind and id."""
    ids_of_kind: dict[str, set[int]] = {}
    for kind, number in references:
        ids_of_kind.setdefault(kind, set()).add(number)
    return {
        (kind, row.id): row.name
        for kind, ids in ids_of_kind.items()
        for row in db.session.execute(
            select(MODELS[kind].id, MODELS[kind].name).where(MODELS[kind].id.in_(ids))
        )
    }


def organisation_choices() -> list[tuple[int, str]]:
    """Return the active organisations in Vietnamese order."""
    lasting = select(Organisation.id, Organisation.name).where(Organisation.ended_at.is_(None))
    order = (Organisation.sort_key.collate("C"), Organisation.id)
    rows = db.session.execute(lasting.order_by(*order).limit(ORGANISATIONS_MOST))
    return [(row.id, row.name) for row in rows]
