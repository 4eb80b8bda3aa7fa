"""Teams: groups of volunteers of one organisation, visible to their leaders and organisers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import select, text

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import JoinCode, Team
from backend.database.extensions import change_rows, db, unless_violated
from backend.errors import FieldError, Problem
from backend.http import etags
from backend.http.paging import PageQuery
from backend.organisations.names import folded
from backend.organisations.references import UnitBrief, UnitReference, serialize_units, unit_id
from backend.organisations.scopes import organisation_scope, team_scope
from backend.organisations.service import lock_organisation
from backend.organisations.versions import (
    audit_values,
    change_row,
    changed_values,
    end_roles,
    get_row,
    page_by_name,
    remove_unused,
    require_not_ended,
    update_row,
)
from geo.gazetteer import sort_key

FIELDS = ("name", "type", "home_unit_id", "capacity_per_day")
# What the leader of a team may change too.
OF_LEADER = frozenset({"home_unit", "capacity_per_day"})
UNIQUE_NAME = "ix_teams_organisation_id_name"  # of two indexes: by name and by its key

# Joining locks the code before it checks whether the team has ended.
LOCK_JOIN_CODES = text("select from join_codes where team_id = :team order by code for update")
END_MEMBERSHIPS = text("""
    update memberships set period = tstzrange(lower(period),
        greatest(cast(:now as timestamptz), lower(period) + interval '1 microsecond'))
    where team_id = :team and campaign_id in (select id from campaigns)
      and (upper_inf(period) or upper(period) > :now)
""")


class TeamDetails(TypedDict):
    """A team; `capacity_per_day` in samples, null where the organiser did not set it."""

    id: int
    organisation_id: int
    name: str
    type: str  # youth, community_digital, staff, other
    home_unit: UnitBrief | None  # where its members live; null: not known
    capacity_per_day: int | None
    ended_at: datetime | None  # null: it lasts
    version: int


class TeamPage(TypedDict):
    """A page of teams in Vietnamese order."""

    items: list[TeamDetails]
    next: str | None  # the cursor of the next page; null on the last one


class TeamsQuery(PageQuery):
    """A page of an organisation's teams, as `TeamsQuerySchema` reads it."""

    ended: str  # `false`: without those that ended


class TeamChanges(TypedDict, total=False):
    """Fields of a team; a new one has a name and a type, a changed one keeps missing fields."""

    name: str
    type: str
    home_unit: UnitReference | None  # a unit by system, level and code
    capacity_per_day: int | None


def list_teams(actor: Actor, organisation_id: int, query: TeamsQuery) -> TeamPage:
    """Return a page of an organisation's teams in Vietnamese order."""
    require(actor, "team.see", organisation_scope(organisation_id))
    rows = select(Team).where(Team.organisation_id == organisation_id)
    if query["ended"] == "false":
        rows = rows.where(Team.ended_at.is_(None))
    page, next_cursor = page_by_name(Team, rows, query)
    return {"items": _serialize_teams(page), "next": next_cursor}


def show_team(actor: Actor, team_id: int) -> TeamDetails:
    """Return one team, to its leader and its organiser."""
    require_person(actor)
    require(actor, "team.see", team_scope(team_id), hidden=True)
    return _serialize_teams([get_row(Team, team_id)])[0]


def create_team(actor: Actor, organisation_id: int, data: TeamChanges) -> TeamDetails:
    """Add a team to an organisation."""
    require(actor, "team.edit", organisation_scope(organisation_id))
    lock_organisation(organisation_id)
    values = _values(data) | {"organisation_id": organisation_id}
    row = Team(**values)
    with unless_violated(UNIQUE_NAME, _name_taken()):
        db.session.add(row)
        db.session.flush()
    record_act(actor, "team.create", f"team:{row.id}", after=audit_values(values))
    db.session.refresh(row)
    [answer] = _serialize_teams([row])
    db.session.commit()
    return answer


def change_team(
    actor: Actor, team_id: int, expected: etags.Expected, changes: TeamChanges
) -> TeamDetails:
    """Change the given fields of a team."""
    act = "team.correct" if changes.keys() <= OF_LEADER else "team.edit"
    row = _editable_team(actor, team_id, act)
    etags.must_match(expected, row.version)
    require_not_ended(row, "team_ended")
    changed = changed_values(row, _values(changes))
    if changed:
        with unless_violated(UNIQUE_NAME, _name_taken()):
            name, keys = changed.get("name"), {}
            if name is not None:
                keys = {"sort_key": sort_key(name), "name_key": folded(name)}
            change_row(actor, "team", row, changed, keys)
    [answer] = _serialize_teams([row])
    db.session.commit()
    return answer


def end_team(
    actor: Actor, team_id: int, expected: etags.Expected, now: datetime
) -> TeamDetails | None:
    """Remove a team without members and earnings, and return None; else end it.

    Memberships in it and the roles of its leaders end at the same moment.
    """
    row = _editable_team(actor, team_id)
    etags.must_match(expected, row.version)
    subject = f"team:{row.id}"
    before = {name: getattr(row, name) for name in ("organisation_id", *FIELDS)}
    if remove_unused(row, JoinCode.team_id):
        end_roles("team", team_id, now)
        record_act(actor, "team.remove", subject, before=before)
        db.session.commit()
        return None
    if row.ended_at is None:
        update_row(row, {"ended_at": now})
        # Earlier measurements stay earned. The lock waits for people who join at this moment.
        db.session.execute(LOCK_JOIN_CODES, {"team": team_id})
        number = change_rows(END_MEMBERSHIPS, {"team": team_id, "now": now})
        ended = {"memberships": number, "roles": end_roles("team", team_id, now)}
        record_act(actor, "team.end", subject, before={"ended_at": None},
                after={"ended_at": now.isoformat()}, ended=ended)  # fmt: skip
    [answer] = _serialize_teams([row])
    db.session.commit()
    return answer


def _serialize_teams(rows: Sequence[Team]) -> list[TeamDetails]:
    units = serialize_units([row.home_unit_id for row in rows])
    return [
        {
            "id": row.id,
            "organisation_id": row.organisation_id,
            "name": row.name,
            "type": row.type,
            "home_unit": units.get(row.home_unit_id),
            "capacity_per_day": row.capacity_per_day,
            "ended_at": row.ended_at,
            "version": row.version,
        }
        for row in rows
    ]


def _name_taken() -> Problem:
    return Problem(409, "name_taken", [FieldError("name", "name_taken")])


def _editable_team(actor: Actor, team_id: int, act: str = "team.edit") -> Team:
    require_person(actor)
    scope = team_scope(team_id)
    require(actor, "team.see", scope, hidden=True)
    require(actor, act, scope)
    return get_row(Team, team_id)


def _values(data: TeamChanges) -> dict[str, Any]:
    """Return the columns that a request sets."""
    values = {name: value for name, value in data.items() if name in FIELDS}
    if "home_unit" in data:
        values["home_unit_id"] = unit_id(data["home_unit"], "home_unit")
    return values
