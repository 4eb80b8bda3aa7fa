"""Memberships that lie in the past: show what they would move, then write all or nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.service import visible_campaign
from backend.database.extensions import db
from backend.devices import service as devices
from backend.errors import Problem
from backend.measurements.corrections.past_rows import (
    PAST,
    PastRow,
    Stayed,
    TeamThere,
    There,
    new_stays,
    past_rows,
)
from backend.measurements.corrections.reattribution import by_team
from backend.measurements.recording import earning
from backend.memberships import volunteers
from backend.memberships.models import Membership
from backend.organisations.scopes import campaign_scope
from backend.tables.reader import read_table
from backend.tables.table import Table
from backend.team_import.rows import field_errors

# The teams of the campaign's organiser and of those below it.
TEAMS = text("""
    with recursive below as (
        select organisation_id as id from campaigns where id = :campaign
        union
        select o.id from organisations o join below b on o.parent_id = b.id
    )
    select t.id, t.name, t.ended_at from teams t join below b on b.id = t.organisation_id
    order by t.id
""")
# Who was ever in one of these teams, other than as a guest, and still has a phone: nobody is put
# into a team by people whom they never joined.
VOLUNTEERS = text("""
    select distinct m.volunteer_id from memberships m
    where m.team_id = any(:teams) and m.campaign_id in (select id from campaigns)
      and m.guest_of is null
      and exists (select from device_links l where l.volunteer_id = m.volunteer_id)
""")
STAYS = text("""
    select volunteer_id, team_id, lower(period) as since, upper(period) as until
    from memberships where campaign_id = :campaign
""")
DEVICES = text("""
    select distinct device_id from device_links where volunteer_id = any(:volunteers)
""")
DAYS = text("""
    select distinct day from measurements
    where device_id = :device and measured_at >= :since and measured_at < :until
""")

Told = Callable[["Imported"], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of memberships of one campaign."""

    campaign_id: int
    table: Table
    digest: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file of memberships did or would do."""

    dry_run: bool
    table: Table
    rows: Sequence[PastRow]
    moved: dict[str, Any] | None  # earnings that changed, and what each team has; None: errors

    @property
    def totals(self) -> dict[str, int]:
        counted = Counter(row.outcome for row in self.rows)
        names = ("create", "unchanged", "error")
        return {"rows": len(self.rows), **{name: counted[name] for name in names}}


def import_memberships(
    actor: Actor,
    campaign_id: int,
    read: Callable[[], bytes],
    *,
    dry_run: bool,
    now: datetime,
    told: Told,
) -> dict[str, Any]:
    """Say what each row of a file does and what it moves; without a dry run, do all of it."""
    require_person(actor)
    visible_campaign(actor, campaign_id)
    require(actor, "campaign.correct", campaign_scope(campaign_id))
    raw = read()
    table = read_table(raw, PAST)
    sent = Sent(campaign_id, table, hashlib.sha256(raw).hexdigest(), dry_run)
    return volunteers.carry_out(lambda: _carry_out(actor, sent, now, told))


def _carry_out(actor: Actor, sent: Sent, now: datetime, told: Told) -> dict[str, Any]:
    rows = past_rows(sent.table, _there(sent.campaign_id, now))
    if any(row.errors for row in rows):
        result = Imported(sent.dry_run, sent.table, rows, None)
        if sent.dry_run:
            return told(result)
        raise _refused(result, told)
    moved = _write(sent.campaign_id, new_stays(rows))
    result = Imported(sent.dry_run, sent.table, rows, moved)
    if sent.dry_run:
        db.session.rollback()
        return told(result)
    facts = {"file": sent.digest, "totals": result.totals, **moved}
    record_act(actor, "membership.import", f"campaign:{sent.campaign_id}", **facts)
    db.session.commit()
    return told(result)


def _there(campaign_id: int, now: datetime) -> There:
    teams = [TeamThere(*row) for row in db.session.execute(TEAMS, {"campaign": campaign_id})]
    known = db.session.execute(VOLUNTEERS, {"teams": [team.id for team in teams]}).scalars()
    stays = [Stayed(*row) for row in db.session.execute(STAYS, {"campaign": campaign_id})]
    return There(teams, frozenset(known), stays, now)


def _write(campaign_id: int, stays: Sequence[Stayed]) -> dict[str, Any]:
    """Add the memberships and attribute again what their people measured meanwhile.

    Devices are held first, in the order of their ids, as joining and posts do.
    """
    before = by_team(campaign_id)
    people = sorted({stay.volunteer for stay in stays})
    held = devices.hold_all(db.session.execute(DEVICES, {"volunteers": people}).scalars())
    rows = [
        {
            "volunteer_id": stay.volunteer,
            "campaign_id": campaign_id,
            "team_id": stay.team,
            "period": Range(stay.since, stay.until, bounds="[)"),
        }
        for stay in stays
    ]
    changed = 0
    if rows:
        db.session.execute(insert(Membership), rows)
        ends = [stay.until for stay in stays if stay.until is not None]
        span = {"since": min(stay.since for stay in stays), "until": max(ends)}
        for device in held:
            days = db.session.execute(DAYS, {"device": device, **span}).scalars()
            changed += earning.attribute(device, list(days))
    return {"changed": changed, "before": before, "after": by_team(campaign_id)}


def _refused(result: Imported, told: Told) -> Problem:
    """All rows that cannot be used; 409 where all that is wrong is a second team at one time."""
    wrong = [row for row in result.rows if row.errors]
    errors = field_errors(wrong)
    codes = {error.code for error in errors}
    status, code = (409, "other_team_then") if codes == {"other_team_then"} else (422, "")
    answer = told(Imported(False, result.table, wrong, None))
    members = {"totals": result.totals, "rows": answer["rows"]}
    return Problem(status, code or "import_refused", errors, members=members)
