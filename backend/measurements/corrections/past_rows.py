"""Read a table of past memberships: pure functions, without the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from marshmallow import ValidationError

from backend.clock import VIETNAM
from backend.fields import EARLIEST, LATEST, aware_time
from backend.organisations.names import folded
from backend.tables.table import Header, Kind, Line, Table
from backend.team_import.rows import Remark

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
DAYS = ("%Y-%m-%d", "%d/%m/%Y")
TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M")


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
    if line.broken:
        row.errors.append(Remark("", line.broken))
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
    day = _parse_formats(DAYS, text.removesuffix(" 00:00:00"))
    if day is not None:
        return day + timedelta(days=1) if end else day
    if (found := _parse_formats(TIMES, text)) is not None:
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
