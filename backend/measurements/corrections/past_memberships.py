"""Import of past memberships: show the effect of each row, then store all rows or none."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.service import visible_campaign
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.devices import service as devices
from backend.errors import Problem
from backend.fields import EARLIEST, LATEST, aware_time
from backend.i18n.catalogues import Language
from backend.measurements.corrections.service import team_totals
from backend.measurements.recording import earnings
from backend.memberships.models import Membership
from backend.memberships.volunteers import retry_on_conflict
from backend.organisations.names import folded
from backend.organisations.scopes import campaign_scope
from backend.tables.reader import read_table
from backend.tables.table import Header, Kind, Line, Table
from backend.team_import.rows import Remark, field_errors
from backend.team_import.service import serialize_remarks

PAST = Kind(
    {
        "number": ("so tinh nguyen vien", "tinh nguyen vien", "so", "volunteer", "number"),
        "team": ("doi", "ten doi", "team", "team name"),
        "since": ("tu", "tu ngay", "tu luc", "since", "from"),
        "until": ("den", "den ngay", "den luc", "den het ngay", "until", "to"),
    },
    "number",
    "no_header_members",
)
# Formats of Vietnamese lists and spreadsheets; a date without time is the whole day.
DAY_FORMATS = ("%Y-%m-%d", "%d/%m/%Y")
TIME_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M")
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
class CampaignTeam:
    """A team that may have members in the campaign."""

    id: int
    name: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Membership of a volunteer in a team of the campaign; `line` if a row of the table adds it."""

    volunteer: int
    team: int
    since: datetime
    until: datetime | None
    line: int | None = None

    def overlaps(self, since: datetime, until: datetime) -> bool:
        return self.since < until and (self.until is None or since < self.until)

    def covers(self, since: datetime, until: datetime) -> bool:
        return self.since <= since and (self.until is None or until <= self.until)


@dataclass(slots=True)
class PastRow:
    """A row as read: volunteer, team and period of a membership."""

    line: int
    number: int | None = None
    team: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    exists: bool = False  # such a membership is stored already
    errors: list[Remark] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        return "error" if self.errors else "unchanged" if self.exists else "create"


@dataclass(frozen=True, slots=True)
class CampaignState:
    """Teams, volunteers and memberships that rows are checked against."""

    teams: Sequence[CampaignTeam]
    volunteers: frozenset[int]
    stays: Sequence[Stay]
    now: datetime


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
    return _import(actor, campaign_id, read(), dry_run, now, language)


@retry_on_conflict
def _import(
    actor: Actor, campaign_id: int, raw: bytes, dry_run: bool, now: datetime, language: Language
) -> dict[str, Any]:
    table = read_table(raw, PAST)
    rows = past_rows(table, _read_state(campaign_id, now))
    outcomes = Counter(row.outcome for row in rows)
    names = ("create", "unchanged", "error")
    totals = {"rows": len(rows), **{name: outcomes[name] for name in names}}
    if outcomes["error"] and not dry_run:
        raise _rejected(rows, totals, language)
    moved = None if outcomes["error"] else _write(campaign_id, new_stays(rows))
    if moved is None or dry_run:
        db.session.rollback()
    else:
        details = {"file": hashlib.sha256(raw).hexdigest(), "totals": totals, **moved}
        record_act(actor, "membership.import", f"campaign:{campaign_id}", **details)
        db.session.commit()
    return {
        "dry_run": dry_run,
        "read_as": table.how,
        "columns": list(table.header.at),
        "ignored_columns": list(table.header.ignored),
        "totals": totals,
        "rows": [_serialize_row(row, language) for row in rows],
        "moved": moved,
    }


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


def _rejected(rows: Sequence[PastRow], totals: dict[str, int], language: Language) -> Problem:
    """Return the error with all invalid rows; 409 if every error is a second team at one time."""
    wrong = [row for row in rows if row.errors]
    errors = field_errors(wrong)
    only_conflicts = {error.code for error in errors} == {"other_team_then"}
    status, code = (409, "other_team_then") if only_conflicts else (422, "import_refused")
    members = {"totals": totals, "rows": [_serialize_row(row, language) for row in wrong]}
    return Problem(status, code, errors, members=members)


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


def past_rows(table: Table, state: CampaignState) -> list[PastRow]:
    """Parse every row and determine its outcome."""
    by_name: dict[str, list[CampaignTeam]] = {}
    for team in state.teams:
        by_name.setdefault(folded(team.name), []).append(team)
    stays: dict[int, list[Stay]] = {}
    for stay in state.stays:
        stays.setdefault(stay.volunteer, []).append(stay)
    rows = []
    for line in table.rows:
        row = _read(line, table.header, by_name, state)
        if not row.errors:
            _compare(row, stays, {team.id: team for team in state.teams})
        rows.append(row)
    return rows


def _read(
    line: Line, header: Header, by_name: Mapping[str, Sequence[CampaignTeam]], state: CampaignState
) -> PastRow:
    row = PastRow(line.number)
    if line.malformed:
        row.errors.append(Remark("", line.malformed))
        return row
    cells = {name: header.cell(line, name) for name in PAST.columns}
    row.number = int(cells["number"]) if _is_number(cells["number"]) else None
    if row.number not in state.volunteers:
        row.errors.append(Remark("number", "volunteer_unknown"))
    _read_team(row, cells["team"], by_name)
    row.since, row.until = parse_time(cells["since"]), parse_time(cells["until"], end=True)
    for name, value in (("since", row.since), ("until", row.until)):
        if value is None:
            row.errors.append(Remark(name, "not_moment" if cells[name] else "required"))
    if row.since and row.until:
        _check_span(row, row.since, row.until, state)
    return row


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15


def _read_team(row: PastRow, text: str, by_name: Mapping[str, Sequence[CampaignTeam]]) -> None:
    """Set the team by name, or by number if the name is ambiguous or unknown."""
    named = by_name.get(folded(text), ())
    if not named and _is_number(text):
        named = [team for teams in by_name.values() for team in teams if team.id == int(text)]
    if len(named) == 1:
        row.team = named[0].id
        return
    candidates = tuple(f"{team.id}: {team.name}" for team in named)
    code = "team_ambiguous" if named else "team_unknown" if text else "required"
    row.errors.append(Remark("team", code, candidates))


def _check_span(row: PastRow, since: datetime, until: datetime, state: CampaignState) -> None:
    if since >= until:
        row.errors.append(Remark("until", "before_since"))
    elif until > state.now:
        row.errors.append(Remark("until", "not_past"))
    team = next((team for team in state.teams if team.id == row.team), None)
    if team and team.ended_at is not None and until > team.ended_at:
        row.errors.append(Remark("until", "team_ended"))


def _compare(row: PastRow, stays: dict[int, list[Stay]], teams: Mapping[int, CampaignTeam]) -> None:
    """Compare a row with known memberships: one team of a campaign at a time."""
    assert row.number and row.team and row.since and row.until
    own = stays.setdefault(row.number, [])
    overlapping = [stay for stay in own if stay.overlaps(row.since, row.until)]
    for stay in overlapping:
        if stay.team == row.team and stay.covers(row.since, row.until):
            row.exists = True
            return
    for stay in overlapping:
        names = [teams[one].name if one in teams else str(one) for one in (stay.team, row.team)]
        row.errors.append(Remark("team", "other_team_then", tuple(names)))
        return
    own.append(Stay(row.number, row.team, row.since, row.until, row.line))


def parse_time(text: str, *, end: bool = False) -> datetime | None:
    """Parse a time in Vietnam's zone; a date is its begin, or with `end` its end. None: invalid."""
    # Dates of spreadsheets are followed by midnight.
    day = _parse_formats(DAY_FORMATS, text.removesuffix(" 00:00:00"))
    if day is not None:
        return day + timedelta(days=1) if end else day
    if (found := _parse_formats(TIME_FORMATS, text)) is not None:
        return found
    try:
        return aware_time(text)
    except ValidationError:
        return None


def _parse_formats(formats: Sequence[str], text: str) -> datetime | None:
    """Parse a time by the first fitting format; None if none fits or the year is out of range."""
    for format in formats:
        try:
            found = datetime.strptime(text, format).replace(tzinfo=VIETNAM)
        except ValueError:
            continue
        return found if EARLIEST <= found < LATEST else None
    return None


def new_stays(rows: Iterable[PastRow]) -> list[Stay]:
    """Return the memberships that the rows create."""
    return [
        Stay(row.number, row.team, row.since, row.until)
        for row in rows
        if row.outcome == "create" and row.number and row.team and row.since
    ]
