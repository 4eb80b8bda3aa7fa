"""Import of past memberships: show the effect of each row, then store all rows or none."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import Campaign, Team
from backend.campaigns.service import visible_campaign
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.devices import service as devices
from backend.fields import EARLIEST, LATEST, aware_time
from backend.i18n.catalogues import Language
from backend.measurements.corrections.service import count_preview, team_totals
from backend.measurements.recording import earnings
from backend.memberships.models import Membership
from backend.memberships.volunteers import retry_on_conflict
from backend.organisations.names import folded
from backend.organisations.scopes import campaign_scope
from backend.organisations.service import with_those_below
from backend.tables.sheet_import import SheetImport, SheetRow, read_sheet
from backend.tables.table import Kind

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
OUTCOMES = ("create", "unchanged", "error")
# Formats of Vietnamese lists and spreadsheets; a date without time is the whole day.
DAY_FORMATS = ("%Y-%m-%d", "%d/%m/%Y")
TIME_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M")
# Of volunteers with a device. Those who joined another campaign only are left out: in a campaign of
# one commune a preview would tell when they measured there.
STAYS = text("""
    select volunteer_id, team_id, lower(period) as since, upper(period) as until,
        guest_of is not null as guest, ended_by_volunteer as left
    from memberships m where campaign_id = :campaign
      and exists (select from device_links l where l.volunteer_id = m.volunteer_id)
""")
DEVICES = text("""
    select distinct device_id from device_links where volunteer_id = any(:volunteers)
""")
DAYS = text("""
    select distinct day from measurements
    where device_id = :device and measured_at >= :since and measured_at < :until
""")


@dataclass(frozen=True, slots=True)
class Stay:
    """Membership of a volunteer in a team of the campaign, stored or of a row."""

    volunteer: int
    team: int
    since: datetime
    until: datetime | None
    guest: bool = False
    left: bool = False  # ended by the volunteer

    def overlaps(self, since: datetime, until: datetime) -> bool:
        return self.since < until and (self.until is None or since < self.until)

    def covers(self, since: datetime, until: datetime) -> bool:
        return self.since <= since and (self.until is None or until <= self.until)


@dataclass(frozen=True, slots=True)
class CampaignState:
    """Teams, volunteers and memberships that rows are checked against."""

    teams: Mapping[int, Any]  # those that may have members in the campaign
    teams_by_name: Mapping[str, Sequence[Any]]  # as compared
    stays: Mapping[int, list[Stay]]  # by volunteer; those of rows are added
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
    sheet = read_sheet(raw, PAST, OUTCOMES)
    _check(sheet.rows, _read_state(campaign_id, now))
    wrong = sheet.totals["error"] > 0
    if wrong and not dry_run:
        # 409 if every error is a second team at one time.
        codes = {error.code for row in sheet.rows for error in row.errors}
        conflict = codes == {"other_team_then"}
        status, code = (409, "other_team_then") if conflict else (422, "import_refused")
        raise sheet.refusal(language, _describe, status, code)
    if wrong:
        db.session.rollback()
        return sheet.answer(language, _describe, dry_run=dry_run, moved=None)
    if dry_run:
        count_preview(actor)
    moved = _write(campaign_id, sheet)
    act, details = "membership.import", {"file": sheet.digest, "totals": sheet.totals, **moved}
    if dry_run:
        db.session.rollback()
        act, details = "membership.preview", {"file": sheet.digest, "totals": sheet.totals}
    record_act(actor, act, f"campaign:{campaign_id}", **details)
    db.session.commit()
    return sheet.answer(language, _describe, dry_run=dry_run, moved=moved)


def _read_state(campaign_id: int, now: datetime) -> CampaignState:
    organiser = select(Campaign.organisation_id).where(Campaign.id == campaign_id)
    below = Team.organisation_id.in_(with_those_below([db.session.scalar(organiser)]))
    found = select(Team.id, Team.name, Team.ended_at).where(below).order_by(Team.id)
    teams = db.session.execute(found).all()
    by_name: dict[str, list[Any]] = defaultdict(list)
    for team in teams:
        by_name[folded(team.name)].append(team)
    by_id = {team.id: team for team in teams}
    stays: dict[int, list[Stay]] = defaultdict(list)
    for row in db.session.execute(STAYS, {"campaign": campaign_id}):
        stays[row.volunteer_id].append(Stay(*row))
    return CampaignState(by_id, by_name, stays, now)


def _write(campaign_id: int, sheet: SheetImport) -> dict[str, Any]:
    """Add the memberships and attribute the measurements of their periods again.

    Devices are locked first, in the order of their ids, as joining and posts do.
    """
    before = team_totals(campaign_id)
    stays = [stay_of(row) for row in sheet.rows if row.outcome == "create"]
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
        changed = earnings.attribute(
            {
                device: list(db.session.execute(DAYS, {"device": device, **span}).scalars())
                for device in locked
            }
        )
    return {"changed": changed, "before": before, "after": team_totals(campaign_id)}


def _describe(row: SheetRow) -> dict[str, Any]:
    since, until = row.values.get("since"), row.values.get("until")
    return {
        "number": row.values.get("volunteer"),
        "team_id": row.values.get("team"),
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
    }


def _check(rows: Sequence[SheetRow], state: CampaignState) -> None:
    """Read every row and compare it with the memberships that are stored or of earlier rows."""
    for row in rows:
        if not row.errors:
            _read(row, state)
        if not row.errors:
            _compare(row, state)


def _read(row: SheetRow, state: CampaignState) -> None:
    cells = row.cells
    since, until = parse_time(cells["since"]), parse_time(cells["until"], end=True)
    row.values = {"volunteer": parse_number(cells["number"]), "since": since, "until": until}
    if all(stay.guest for stay in state.stays.get(row.values["volunteer"] or 0, ())):
        row.refuse("number", "volunteer_unknown")
    team = _read_team(row, state)
    for name in ("since", "until"):
        if row.values[name] is None:
            row.refuse(name, "not_moment" if cells[name] else "required")
    if since and until:
        if since >= until:
            row.refuse("until", "before_since")
        elif until > state.now:
            row.refuse("until", "not_past")
        if team and team.ended_at is not None and until > team.ended_at:
            row.refuse("until", "team_ended")


def parse_number(text: str) -> int | None:
    """Parse the number of a volunteer or a team; None: it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _read_team(row: SheetRow, state: CampaignState) -> Any:
    """Find the team by name, or by number if the name is ambiguous or unknown."""
    text, number = row.cells["team"], parse_number(row.cells["team"])
    named = state.teams_by_name.get(folded(text), ())
    if not named and number is not None and number in state.teams:
        named = [state.teams[number]]
    if len(named) == 1:
        row.values["team"] = named[0].id
        return named[0]
    code = "team_ambiguous" if named else "team_unknown" if text else "required"
    row.refuse("team", code, *(f"{team.id}: {team.name}" for team in named))
    return None


def _compare(row: SheetRow, state: CampaignState) -> None:
    """Compare a row with the volunteer's memberships: one team of a campaign at a time."""
    stay, span = stay_of(row), (row.values["since"], row.values["until"])
    own = state.stays[stay.volunteer]
    overlapping = [one for one in own if one.overlaps(*span)]
    if any(one.team == stay.team and one.covers(*span) for one in overlapping):
        row.stored = stay
    elif overlapping:
        both = (overlapping[0].team, stay.team)
        names = [state.teams[one].name if one in state.teams else str(one) for one in both]
        row.refuse("team", "other_team_then", *names)
    elif _has_left(own, *span):
        row.refuse("since", "volunteer_left")
    else:
        own.append(stay)


def _has_left(own: Sequence[Stay], since: datetime, until: datetime) -> bool:
    """Return whether a volunteer left by their own wish before a time and was not back by then."""
    ends = [one.until for one in own if one.left and one.until and one.until < until]
    returns = [one.since for one in own if not one.guest and one.since <= since]
    return bool(ends) and max(ends) > max(returns, default=EARLIEST)


def stay_of(row: SheetRow) -> Stay:
    """Return the membership of a valid row."""
    return Stay(**row.values)


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
