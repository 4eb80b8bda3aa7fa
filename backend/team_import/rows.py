"""Read the rows of a table and compare them with the existing teams; writes nothing."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from backend.campaigns.schemas import CAPACITY_MOST
from backend.errors import FieldError
from backend.organisations.names import folded, normalised
from backend.organisations.schemas import NAME_MOST
from backend.tables.spreadsheets import is_formula
from backend.tables.table import COLUMNS, Header, Line, Table
from backend.team_import.unit_finder import UnitFinder
from geo.gazetteer import plain

OUTCOMES = ("create", "update", "unchanged", "error")
CELL_MOST = 300  # a longer one is a paragraph in a wrong column

TYPES: dict[str, tuple[str, ...]] = {
    "youth": ("thanh nien", "doan thanh nien", "doi thanh nien", "youth"),
    "community_digital": (
        *("to cong nghe so cong dong", "cong nghe so cong dong", "to cnscd", "cnscd"),
        *("community digital", "community digital team"),
    ),
    "staff": ("can bo", "nhan vien", "staff"),
    "other": ("khac", "other"),
}
TYPE_OF = {spelling: name for name, spellings in TYPES.items() for spelling in spellings}
# The template's example row, which has to be deleted.
EXAMPLE = "VÍ DỤ: xóa dòng này / EXAMPLE: delete this row"

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_TELEPHONE = re.compile(r"(\+84|84|0)[0-9]{9,10}")
_LOST = re.compile(r"\w\?+\w|\ufffd")  # written by a spreadsheet whose encoding lacks a letter


class CheckedRow(Protocol):
    """A row of a table with its errors."""

    @property
    def line(self) -> int: ...
    @property
    def errors(self) -> "Sequence[Remark]": ...


@dataclass(frozen=True, slots=True)
class Remark:
    """An error or a note about a field of a row, with candidates for its value."""

    field: str
    code: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExistingTeam:
    """A team in the database."""

    id: int
    name: str
    type: str
    home_unit_id: int | None
    capacity_per_day: int | None
    version: int
    ended: bool


@dataclass(slots=True)
class Row:
    """A row of the file and its outcome."""

    line: int
    name: str
    # Columns of Team; empty cells are left out.
    values: dict[str, Any] = field(default_factory=dict)
    leader: str | None = None
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    team: ExistingTeam | None = None
    created: bool = False
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # before and after

    @property
    def outcome(self) -> str:
        if self.errors:
            return "error"
        if self.created or self.team is None:
            return "create"
        return "update" if self.changes else "unchanged"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The outcome of a file, done or only previewed."""

    dry_run: bool
    as_of: date
    table: Table
    rows: list[Row]
    labels: dict[int, str]  # of the communes in the rows

    @property
    def totals(self) -> dict[str, int]:
        return count_outcomes(row.outcome for row in self.rows)


def count_outcomes(outcomes: Iterable[str]) -> dict[str, int]:
    """Return the number of rows, and of those with each outcome."""
    counted = Counter(outcomes)
    return {"rows": counted.total(), **{name: counted[name] for name in OUTCOMES}}


def read_rows(table: Table, teams: Iterable[ExistingTeam], finder: UnitFinder) -> list[Row]:
    """Read every row and compare it with the existing teams."""
    rows = [_read(line, table.header, finder) for line in table.rows]
    _refuse_twice(rows)
    by_name = {folded(team.name): team for team in teams}
    for row in rows:
        if row.name:
            _compare(row, by_name.get(folded(row.name)))
    return rows


def _read(line: Line, header: Header, finder: UnitFinder) -> Row:
    if line.malformed:
        return Row(line.number, "", errors=[Remark("", line.malformed)])
    if any(cell.strip() for cell in line.cells[header.width :]):
        return Row(line.number, "", errors=[Remark("", "too_many_cells")])
    cells = {name: header.cell(line, name) for name in COLUMNS}
    row = Row(line.number, normalised(cells["name"]))
    for name in COLUMNS:
        code = line.errors.get(header.at.get(name, -1))
        if not code:
            code = _unusable(cells[name], NAME_MOST if name == "name" else CELL_MOST)
        if code:
            row.errors.append(Remark(name, code))
        elif cells[name] or name == "name":
            _READERS[name](row, cells[name], finder)
    return row


def _unusable(text: str, most: int) -> str | None:
    if len(text) > most:
        return "too_long"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return "has_control"
    return "letters_lost" if _LOST.search(text) else None


def _read_name(row: Row, text: str, finder: UnitFinder) -> None:
    if not any(letter.isalnum() for letter in row.name):
        row.errors.append(Remark("name", "blank" if text else "required"))
    elif row.name == EXAMPLE:
        row.errors.append(Remark("name", "example_left"))
    elif is_formula(row.name):
        row.errors.append(Remark("name", "like_formula"))


def _read_type(row: Row, text: str, finder: UnitFinder) -> None:
    kind = TYPE_OF.get(plain(text).replace("_", " "))
    if kind is None:
        row.errors.append(Remark("type", "type_unknown", tuple(TYPES)))
    else:
        row.values["type"] = kind


def _read_home(row: Row, text: str, finder: UnitFinder) -> None:
    found = finder.find(text)
    if found.unit is None:
        row.errors.append(Remark("home_commune", found.error or "", found.candidates))
        return
    row.values["home_unit_id"] = found.unit.id
    if found.note:
        row.notes.append(Remark("home_commune", found.note, (found.unit.label,)))


def _read_capacity(row: Row, text: str, finder: UnitFinder) -> None:
    if re.fullmatch(r"-[0-9]+", text):
        row.errors.append(Remark("capacity_per_day", "negative"))
    elif not re.fullmatch(r"[0-9]{1,9}", text):
        row.errors.append(Remark("capacity_per_day", "not_whole"))
    elif int(text) > CAPACITY_MOST:
        row.errors.append(Remark("capacity_per_day", "out_of_range"))
    else:
        row.values["capacity_per_day"] = int(text)


def _read_leader(row: Row, text: str, finder: UnitFinder) -> None:
    digits = re.sub(r"[ .()-]", "", text)
    # A spreadsheet takes a telephone number for a number and drops its zero.
    if re.fullmatch(r"[1-9][0-9]{8}", digits):
        digits = f"0{digits}"
    if _EMAIL.fullmatch(text):
        row.leader = text
    elif _TELEPHONE.fullmatch(digits):
        row.leader = digits
    else:
        row.errors.append(Remark("leader", "not_contact"))
        return
    row.notes.append(Remark("leader", "leader_not_invited"))


_READERS: Mapping[str, Callable[[Row, str, UnitFinder], None]] = {
    "name": _read_name,
    "type": _read_type,
    "home_commune": _read_home,
    "capacity_per_day": _read_capacity,
    "leader": _read_leader,
}


def _refuse_twice(rows: Sequence[Row]) -> None:
    """Reject the second of two rows with one name; the error names the first."""
    first: dict[str, int] = {}
    for row in rows:
        if row.name and (before := first.setdefault(folded(row.name), row.line)) != row.line:
            row.errors.append(Remark("name", "row_twice", (str(before),)))


def _compare(row: Row, team: ExistingTeam | None) -> None:
    """Compare a row with the team of its name; an empty cell changes nothing."""
    if team is None:
        if "type" not in row.values and not any(error.field == "type" for error in row.errors):
            row.errors.append(Remark("type", "required", tuple(TYPES)))
        return
    if team.ended:
        row.errors.append(Remark("name", "team_ended"))
    row.team = team
    row.changes = {
        name: (getattr(team, name), after)
        for name, after in row.values.items()
        if getattr(team, name) != after
    }


def field_errors(rows: Sequence[CheckedRow]) -> list[FieldError]:
    """Return the errors of rows as field errors: rows.LINE.COLUMN."""
    return [
        FieldError(f"rows.{row.line}" + (f".{error.field}" if error.field else ""), error.code)
        for row in rows
        for error in row.errors
    ]
