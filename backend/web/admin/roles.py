"""Roles in forms: conversion to API requests, names of scopes, choices."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select

from backend.accounts import users
from backend.accounts.access import Actor
from backend.accounts.links import Link
from backend.accounts.models import Role
from backend.campaigns.models import Campaign, Team
from backend.clock import day_begin, local_day
from backend.database.accents import without_accents
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.organisations import grants
from backend.organisations.models import Cluster, Organisation
from backend.organisations.names import folded
from backend.organisations.references import UnitReference
from backend.units.catalogue import system_on
from backend.units.models import Unit
from backend.web.admin.schemas import InvitationForm, RoleForm, UnitForm
from backend.web.site.forms import form_errors
from backend.web.site.unit_fields import UnitOption, UnitQuestion, read_unit, unit_reference
from geo.gazetteer import plain

# Fields of the scope of each role, of which one is filled.
SCOPE_FIELDS: dict[str, tuple[str, ...]] = {
    "team_leader": ("team",),
    "organiser": ("organisation_id",),
    "official": ("unit", "cluster_id"),
    "observer": (),
    "admin": (),
}


def invite(actor: Actor, fields: InvitationForm, now: datetime) -> Link:
    """Invite a person with a first role."""
    with form_errors(_field_names(fields["role"])):
        request = _role_request(fields, local_day(now))
        return grants.invite(actor, fields["person"], fields["display_name"], [request], now)


def grant(actor: Actor, user_id: int, fields: RoleForm, now: datetime) -> bool:
    """Grant a person a further role; return whether it is new."""
    with form_errors(_field_names(fields["role"])):
        return grants.grant_role(actor, user_id, _role_request(fields, local_day(now)), now)[1]


def code_reference(code: str, level: str, day: date) -> UnitReference:
    """Return the reference to a unit by its code, in the system of a day."""
    return {"system": system_on(day), "level": level, "code": code}


def requested_unit(fields: UnitForm, day: date, level: str | None = None) -> UnitReference | None:
    """Return the reference to the unit that a form names, or None."""
    unit = read_unit(fields, "unit", day, level=level)
    return None if unit is None else unit_reference(unit)


def requested_team(fields: RoleForm) -> int | None:
    """Return the team that a form names; 422 with a question where several have the name."""
    text = fields["team_choice"] or fields["team"]
    if text is None:
        return None
    columns = (Team.id, Team.name, Organisation.name.label("organisation"))
    query = select(*columns).join(Organisation, Organisation.id == Team.organisation_id)
    lasting = query.where(Team.ended_at.is_(None)).order_by(Team.sort_key.collate("C"), Team.id)
    if numbered := re.fullmatch(r".*\(#([0-9]{1,9})\)", text):
        found = db.session.execute(lasting.where(Team.id == int(numbered[1]))).all()
    else:
        found = db.session.execute(lasting.where(Team.name_key == folded(text))).all()
    if len(found) == 1:
        return int(found[0].id)
    near = Team.name_key.contains(folded(text), autoescape=True)
    near_rows = found or db.session.execute(lasting.where(near).limit(TEAMS_ASKED)).all()
    options = tuple(
        UnitOption(f"{row.name} (#{row.id})", row.name, row.organisation) for row in near_rows
    )
    members = {"questions": {"team": [UnitQuestion(text, "team_which", options)]}}
    code = "team_which" if options else "no_such_team"
    raise Problem(422, "invalid", [FieldError("team", code)], members=members if options else {})


def _role_request(fields: RoleForm, today: date) -> grants.RoleRequest:
    role, last = fields["role"], fields["last_day"]
    unit = requested_unit(fields, today) if role == "official" else None
    scopes = {
        "organisation_id": fields["organisation_id"],
        "team": requested_team(fields) if role == "team_leader" else None,
    }
    values = {**scopes, "cluster_id": fields["cluster_id"], "unit": unit}
    name = next((name for name in SCOPE_FIELDS[role] if values[name] is not None), None)
    if SCOPE_FIELDS[role] and name is None:
        raise invalid(SCOPE_FIELDS[role][0], "required")
    return {
        "role": role,
        "scope_id": scopes.get(name) if name else None,
        "unit": unit if name == "unit" else None,
        "cluster_id": fields["cluster_id"] if name == "cluster_id" else None,
        "valid_to": day_begin(last + timedelta(days=1)) if last else None,
    }


def _field_names(role: str) -> dict[str, str]:
    """Return the form's fields of a role by the API's fields."""
    over = SCOPE_FIELDS[role][0] if SCOPE_FIELDS[role] else "role"
    return {"scope_id": over, "unit": over, "valid_to": "last_day", "name": "person"}


MODELS: dict[str, Any] = {
    "team": Team,
    "organisation": Organisation,
    "cluster": Cluster,
    "unit": Unit,
    "campaign": Campaign,
}
# Options of a select; a province has some hundred organisations, and a few clusters.
MAX_ORGANISATIONS = 500
# Teams of which one is chosen when a name is not clear.
TEAMS_ASKED = 20


def people_responsible(text: str, now: datetime) -> Select[int]:
    """Return the ids of people whose units, clusters, teams or organisations have a name."""
    wanted = plain(text)
    over = [
        and_(
            Role.scope_kind == kind,
            Role.scope_id.in_(
                select(model.id).where(
                    without_accents(model.name).contains(wanted, autoescape=True)
                )
            ),
        )
        for kind, model in MODELS.items()
        if kind != "campaign"
    ]
    return select(Role.user_id).where(users.in_force(now), or_(*over))


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
    rows = db.session.execute(lasting.order_by(*order).limit(MAX_ORGANISATIONS))
    return [(row.id, row.name) for row in rows]


def cluster_choices(day: date) -> list[tuple[int, str]]:
    """Return the clusters of communes that last, in Vietnamese order."""
    lasting = or_(Cluster.valid_to.is_(None), Cluster.valid_to >= day)
    query = select(Cluster.id, Cluster.name).where(lasting)
    rows = db.session.execute(query.order_by(Cluster.sort_key.collate("C"), Cluster.id))
    return [(row.id, row.name) for row in rows.fetchmany(MAX_ORGANISATIONS)]
