"""What each row of a table of past memberships asks for: pure, nothing is written here."""

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
# As Vietnamese lists and spreadsheets write them; a day alone is the whole day.
DAYS = ("%Y-%m-%d", "%d/%m/%Y")
TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M")


@dataclass(frozen=True, slots=True)
class TeamThere:
    """A team into which a volunteer may be put."""

    id: int
    name: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stayed:
    """When a volunteer was in a team of the campaign; `line` where a row above says so."""

    volunteer: int
    team: int
    since: datetime
    until: datetime | None
    line: int | None = None

    def meets(self, since: datetime, until: datetime) -> bool:
        return self.since < until and (self.until is None or since < self.until)

    def holds(self, since: datetime, until: datetime) -> bool:
        return self.since <= since and (self.until is None or until <= self.until)


@dataclass(slots=True)
class PastRow:
    """A row as it was read: who is to have been in which team, from when to when."""

    line: int
    number: int | None = None
    team: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    stands: bool = False  # it is so already
    errors: list[Remark] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        return "error" if self.errors else "unchanged" if self.stands else "create"


@dataclass(frozen=True, slots=True)
class There:
    """What rows are held against: the teams, who may be put into them, and who was where."""

    teams: Sequence[TeamThere]
    volunteers: frozenset[int]
    stays: Sequence[Stayed]
    now: datetime


def past_rows(table: Table, there: There) -> list[PastRow]:
    """Read every row and say what it will do."""
    by_name: dict[str, list[TeamThere]] = {}
    for team in there.teams:
        by_name.setdefault(folded(team.name), []).append(team)
    stays: dict[int, list[Stayed]] = {}
    for stay in there.stays:
        stays.setdefault(stay.volunteer, []).append(stay)
    rows = []
    for line in table.rows:
        row = _read(line, table.header, by_name, there)
        if not row.errors:
            _compare(row, stays, {team.id: team for team in there.teams})
        rows.append(row)
    return rows


def _read(
    line: Line, header: Header, by_name: Mapping[str, Sequence[TeamThere]], there: There
) -> PastRow:
    row = PastRow(line.number)
    if line.broken:
        row.errors.append(Remark("", line.broken))
        return row
    cells = {name: header.cell(line, name) for name in PAST.columns}
    row.number = int(cells["number"]) if _is_number(cells["number"]) else None
    if row.number not in there.volunteers:
        row.errors.append(Remark("number", "volunteer_unknown"))
    _read_team(row, cells["team"], by_name)
    row.since, row.until = moment(cells["since"]), moment(cells["until"], end=True)
    for name, value in (("since", row.since), ("until", row.until)):
        if value is None:
            row.errors.append(Remark(name, "not_moment" if cells[name] else "required"))
    if row.since and row.until:
        _check_span(row, row.since, row.until, there)
    return row


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15


def _read_team(row: PastRow, text: str, by_name: Mapping[str, Sequence[TeamThere]]) -> None:
    """By name; by number where a name is that of two organisations, or nobody's."""
    named = by_name.get(folded(text), ())
    if not named and _is_number(text):
        named = [team for teams in by_name.values() for team in teams if team.id == int(text)]
    if len(named) == 1:
        row.team = named[0].id
        return
    candidates = tuple(f"{team.id}: {team.name}" for team in named)
    code = "team_ambiguous" if named else "team_unknown" if text else "required"
    row.errors.append(Remark("team", code, candidates))


def _check_span(row: PastRow, since: datetime, until: datetime, there: There) -> None:
    if since >= until:
        row.errors.append(Remark("until", "before_since"))
    elif until > there.now:
        row.errors.append(Remark("until", "not_past"))
    team = next((team for team in there.teams if team.id == row.team), None)
    if team and team.ended_at is not None and until > team.ended_at:
        row.errors.append(Remark("until", "team_ended"))


def _compare(row: PastRow, stays: dict[int, list[Stayed]], teams: Mapping[int, TeamThere]) -> None:
    """A volunteer is in one team of a campaign at a time: both are named where it would be two."""
    assert row.number and row.team and row.since and row.until
    own = stays.setdefault(row.number, [])
    meeting = [stay for stay in own if stay.meets(row.since, row.until)]
    for stay in meeting:
        if stay.team == row.team and stay.holds(row.since, row.until):
            row.stands = True
            return
    for stay in meeting:
        names = [teams[one].name if one in teams else str(one) for one in (stay.team, row.team)]
        row.errors.append(Remark("team", "other_team_then", tuple(names)))
        return
    own.append(Stayed(row.number, row.team, row.since, row.until, row.line))


def moment(text: str, *, end: bool = False) -> datetime | None:
    """A moment as people write it, in Vietnam's time; a day alone begins, or ends, with itself."""
    # A spreadsheet's date comes with a midnight behind it.
    day = _first_of(DAYS, text.removesuffix(" 00:00:00"))
    if day is not None:
        return day + timedelta(days=1) if end else day
    if (found := _first_of(TIMES, text)) is not None:
        return found
    try:
        return aware_time(text)
    except ValidationError:
        return None


def _first_of(forms: Sequence[str], text: str) -> datetime | None:
    """The moment that a text names in one of the forms, in years that a campaign can be in."""
    for form in forms:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=VIETNAM)
        except ValueError:
            continue
        return found if EARLIEST <= found < LATEST else None
    return None


def new_stays(rows: Iterable[PastRow]) -> list[Stayed]:
    """The memberships that rows make."""
    return [
        Stayed(row.number, row.team, row.since, row.until)
        for row in rows
        if row.outcome == "create" and row.number and row.team and row.since
    ]
