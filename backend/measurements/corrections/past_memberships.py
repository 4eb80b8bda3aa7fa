"""Import of past memberships: show the effect, then store all rows or none."""

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
from backend.i18n.languages import Language
from backend.measurements.corrections.past_rows import (
    PAST,
    CampaignState,
    CampaignTeam,
    PastRow,
    Stay,
    new_stays,
    past_rows,
)
from backend.measurements.corrections.reattribution import team_totals
from backend.measurements.recording import earnings
from backend.memberships.models import Membership
from backend.memberships.volunteers import retry_on_conflict
from backend.organisations.scopes import campaign_scope
from backend.tables.reader import read_table
from backend.tables.table import Table
from backend.team_import.rows import field_errors
from backend.team_import.serializers import serialize_remarks

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
# Volunteers with a device who were members of one of these teams, guests excepted: an organiser
# cannot add other people.
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


@dataclass(frozen=True, slots=True)
class MembershipFile:
    """A file of memberships of one campaign."""

    campaign_id: int
    table: Table
    digest: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result of a file of memberships, stored or previewed."""

    dry_run: bool
    table: Table
    rows: Sequence[PastRow]
    moved: dict[str, Any] | None  # changed earnings and team totals; None: errors

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
    language: Language,
) -> dict[str, Any]:
    """Import a file of memberships; with `dry_run` only return the outcome of each row."""
    require_person(actor)
    visible_campaign(actor, campaign_id)
    require(actor, "campaign.correct", campaign_scope(campaign_id))
    raw = read()
    table = read_table(raw, PAST)
    file = MembershipFile(campaign_id, table, hashlib.sha256(raw).hexdigest(), dry_run)
    return _import(actor, file, now, language)


@retry_on_conflict
def _import(
    actor: Actor, file: MembershipFile, now: datetime, language: Language
) -> dict[str, Any]:
    rows = past_rows(file.table, _read_state(file.campaign_id, now))
    if any(row.errors for row in rows):
        result = ImportResult(file.dry_run, file.table, rows, None)
        if file.dry_run:
            return serialize_import(result, language)
        raise _rejected(result, language)
    moved = _write(file.campaign_id, new_stays(rows))
    result = ImportResult(file.dry_run, file.table, rows, moved)
    if file.dry_run:
        db.session.rollback()
        return serialize_import(result, language)
    details = {"file": file.digest, "totals": result.totals, **moved}
    record_act(actor, "membership.import", f"campaign:{file.campaign_id}", **details)
    db.session.commit()
    return serialize_import(result, language)


def _read_state(campaign_id: int, now: datetime) -> CampaignState:
    teams = [CampaignTeam(*row) for row in db.session.execute(TEAMS, {"campaign": campaign_id})]
    known = db.session.execute(VOLUNTEERS, {"teams": [team.id for team in teams]}).scalars()
    stays = [Stay(*row) for row in db.session.execute(STAYS, {"campaign": campaign_id})]
    return CampaignState(teams, frozenset(known), stays, now)


def _write(campaign_id: int, stays: Sequence[Stay]) -> dict[str, Any]:
    """Add the memberships and attribute the measurements of their periods again.

    Devices are locked first, in the order of their ids, as joining and posts do.
    """
    before = team_totals(campaign_id)
    people = sorted({stay.volunteer for stay in stays})
    locked = devices.lock_devices(db.session.execute(DEVICES, {"volunteers": people}).scalars())
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
        for device in locked:
            days = db.session.execute(DAYS, {"device": device, **span}).scalars()
            changed += earnings.attribute(device, list(days))
    return {"changed": changed, "before": before, "after": team_totals(campaign_id)}


def _rejected(result: ImportResult, language: Language) -> Problem:
    """Return the error with all invalid rows; 409 if every error is a second team at one time."""
    wrong = [row for row in result.rows if row.errors]
    errors = field_errors(wrong)
    codes = {error.code for error in errors}
    status, code = (409, "other_team_then") if codes == {"other_team_then"} else (422, "")
    rows = [_serialize_row(row, language) for row in wrong]
    members = {"totals": result.totals, "rows": rows}
    return Problem(status, code or "import_refused", errors, members=members)


def serialize_import(result: ImportResult, language: Language) -> dict[str, Any]:
    """Return the answer of MembershipImportSchema."""
    header = result.table.header
    return {
        "dry_run": result.dry_run,
        "read_as": result.table.how,
        "columns": list(header.at),
        "ignored_columns": list(header.ignored),
        "totals": result.totals,
        "rows": [_serialize_row(row, language) for row in result.rows],
        "moved": result.moved,
    }


def _serialize_row(row: PastRow, language: Language) -> dict[str, Any]:
    return {
        "line": row.line,
        "outcome": row.outcome,
        "number": row.number,
        "team_id": row.team,
        "since": row.since and row.since.isoformat(),
        "until": row.until and row.until.isoformat(),
        "errors": serialize_remarks(row.errors, language),
    }
