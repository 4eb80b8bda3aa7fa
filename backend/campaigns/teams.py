"""Teams: groups of volunteers of one organisation; only their own people read of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from psycopg.errors import UniqueViolation
from sqlalchemy import CursorResult, select, text, tuple_
from sqlalchemy.exc import IntegrityError

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import JoinCode, Team
from backend.database.extensions import db
from backend.errors import FieldError, Problem
from backend.http import etags
from backend.organisations.names import folded
from backend.organisations.paging import page_of, place_after
from backend.organisations.scopes import organisation_scope, team_scope
from backend.organisations.service import lasting_organisation
from backend.organisations.unit_names import unit_id, units_told
from backend.organisations.versions import (
    audit_values,
    changed_values,
    end_roles,
    remove_unused,
    require_not_ended,
    update_row,
)
from backend.organisations.visibility import require_hidden
from geo.gazetteer import sort_key

ORDER = (Team.sort_key.collate("C"), Team.id)
FIELDS = ("name", "type", "home_unit_id", "capacity_per_day")

# Joining locks the code before it checks that the team has not ended.
LOCK_JOIN_CODES = text("select from join_codes where team_id = :team order by code for update")
END_MEMBERSHIPS = text("""
    update memberships set period = tstzrange(lower(period),
        greatest(cast(:now as timestamptz), lower(period) + interval '1 microsecond'))
    where team_id = :team and campaign_id in (select id from campaigns)
      and (upper_inf(period) or upper(period) > :now)
""")


def list_teams(actor: Actor, organisation_id: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of an organisation's teams in Vietnamese order."""
    require(actor, "team.see", organisation_scope(organisation_id))
    query = select(Team).where(Team.organisation_id == organisation_id).order_by(*ORDER)
    if asked["ended"] == "false":
        query = query.where(Team.ended_at.is_(None))
    if after := place_after(asked["cursor"]):
        query = query.where(tuple_(*ORDER) > tuple_(*after))
    rows = db.session.scalars(query.limit(asked["limit"] + 1)).all()
    page, following = page_of(rows, asked["limit"], lambda row: (row.sort_key, row.id))
    return {"items": _told(page), "next": following}


def show_team(actor: Actor, team_id: int) -> dict[str, Any]:
    """One team, to its leader and its organiser."""
    require_person(actor)
    require(actor, "team.see", team_scope(team_id), hidden=True)
    return _told([_team(team_id)])[0]


def create_team(actor: Actor, organisation_id: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Add a team to an organisation."""
    require(actor, "team.edit", organisation_scope(organisation_id))
    lasting_organisation(organisation_id)
    values = _values(asked) | {"organisation_id": organisation_id}
    row = Team(**values)
    with _one_of_a_name():
        db.session.add(row)
        db.session.flush()
    record_act(actor, "team.create", f"team:{row.id}", after=audit_values(values))
    db.session.refresh(row)
    told = _told([row])[0]
    db.session.commit()
    return told


def change_team(
    actor: Actor, team_id: int, expected: etags.Expected, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Change what is named of a team."""
    row = _to_edit(actor, team_id)
    etags.must_match(expected, row.version)
    require_not_ended(row, "team_ended")
    changed = changed_values(row, _values(changes))
    if changed:
        before = {name: getattr(row, name) for name in changed}
        with _one_of_a_name():
            update_row(row, changed | _keys(changed))
        details = {"before": audit_values(before), "after": audit_values(changed)}
        record_act(actor, "team.change", f"team:{row.id}", **details)
    told = _told([row])[0]
    db.session.commit()
    return told


def end_team(
    actor: Actor, team_id: int, expected: etags.Expected, now: datetime
) -> dict[str, Any] | None:
    """Remove a team that nobody joined and that earned nothing (None); else end it.

    Memberships in it and the roles of its leaders end at the same moment.
    """
    row = _to_edit(actor, team_id)
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
        went = {
            "memberships": _end_memberships(team_id, now),
            "roles": end_roles("team", team_id, now),
        }
        record_act(actor, "team.end", subject, before={"ended_at": None},
                after={"ended_at": now.isoformat()}, ended=went)  # fmt: skip
    told = _told([row])[0]
    db.session.commit()
    return told


def _end_memberships(team_id: int, now: datetime) -> int:
    """End the memberships of a team in the caller's transaction; return their number.

    Earlier measurements stay earned. The lock waits for people who are joining at this moment.
    """
    db.session.execute(LOCK_JOIN_CODES, {"team": team_id})
    ended = db.session.execute(END_MEMBERSHIPS, {"team": team_id, "now": now})
    return cast(CursorResult[Any], ended).rowcount


@contextmanager
def _one_of_a_name() -> Iterator[None]:
    """Say in the API's words that the organisation has a team of that name already."""
    try:
        yield
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise Problem(409, "name_taken", [FieldError("name", "name_taken")]) from error


def _to_edit(actor: Actor, team_id: int) -> Team:
    require_person(actor)
    require_hidden(actor, "team.see", "team.edit", team_scope(team_id))
    return _team(team_id)


def _team(team_id: int) -> Team:
    row = db.session.get(Team, team_id, populate_existing=True)
    if row is None:
        raise Problem(404, "not_found")
    return row


def _values(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a request names, as columns."""
    values = {name: asked[name] for name in FIELDS if name in asked}
    if "home_unit" in asked:
        values["home_unit_id"] = unit_id(asked["home_unit"], "home_unit")
    return values


def _keys(changed: Mapping[str, Any]) -> dict[str, str]:
    name = changed.get("name")
    return {"sort_key": sort_key(name), "name_key": folded(name)} if name is not None else {}


def _told(rows: Sequence[Team]) -> list[dict[str, Any]]:
    units = units_told([row.home_unit_id for row in rows])
    names = ("id", "organisation_id", "name", "type", "capacity_per_day", "ended_at", "version")
    return [
        {name: getattr(row, name) for name in names} | {"home_unit": units.get(row.home_unit_id)}
        for row in rows
    ]
