"""What each row of a table asks of the teams that stand: pure, nothing is written here."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from backend.campaigns.team_schemas import CAPACITY_MOST
from backend.errors import FieldError
from backend.organisations.fields import NAME_MOST
from backend.organisations.names import folded, normalised
from backend.tables.spreadsheets import runs
from backend.tables.table import COLUMNS, Header, Line, Table
from backend.team_import.places import Places
from geo.gazetteer import plain

CELL_MOST = 300  # longer ones are a paragraph in a wrong column

TYPES: dict[str, tuple[str, ...]] = {
    "youth": ("thanh nien", "doan thanh nien", "doi thanh nien", "youth"),
    "community_digital": (
        *("to cong nghe so cong dong", "cong nghe so cong dong", "to cnscd", "cnscd"),
        *("community digital", "community digital team"),
    ),
    "staff": ("can bo", "nhan vien", "staff"),
    "other": ("khac", "other"),
}
_TYPES = {words: name for name, known in TYPES.items() for words in known}
# The template's example; whoever leaves it in is told so.
EXAMPLE = "VÍ DỤ: xóa dòng này / EXAMPLE: delete this row"

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_TELEPHONE = re.compile(r"(\+84|84|0)[0-9]{9,10}")
_LOST = re.compile(r"\w\?+\w|\ufffd")  # what a spreadsheet writes where its encoding has no letter


class Faulty(Protocol):
    """A row of a table, with what is wrong in it."""

    @property
    def line(self) -> int: ...
    @property
    def errors(self) -> "Sequence[Remark]": ...


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a field of a row: an error or a note, with what may have been meant."""

    field: str
    code: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A team as it stands."""

    id: int
    name: str
    type: str
    home_unit_id: int | None
    capacity_per_day: int | None
    version: int
    ended: bool


@dataclass(slots=True)
class Row:
    """A row as it was read, and what it will do."""

    line: int
    name: str
    values: dict[str, Any] = field(default_factory=dict)  # of Team; what is empty is left out
    leader: str | None = None
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    team: Standing | None = None
    created: bool = False
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # before and after

    @property
    def outcome(self) -> str:
        if self.errors:
            return "error"
        if self.created or self.team is None:
            return "create"
        return "update" if self.changes else "unchanged"


def rows_of(table: Table, standing: Iterable[Standing], places: Places) -> list[Row]:
    """Read every row and say what it will do to the teams that stand."""
    rows = [_read(line, table.header, places) for line in table.rows]
    _refuse_twice(rows)
    by_name = {folded(team.name): team for team in standing}
    for row in rows:
        if row.name:
            _compare(row, by_name.get(folded(row.name)))
    return rows


def _read(line: Line, header: Header, places: Places) -> Row:
    if line.broken:
        return Row(line.number, "", errors=[Remark("", line.broken)])
    if any(cell.strip() for cell in line.cells[header.width :]):
        return Row(line.number, "", errors=[Remark("", "too_many_cells")])
    cells = {name: header.cell(line, name) for name in COLUMNS}
    row = Row(line.number, normalised(cells["name"]))
    for name in COLUMNS:
        code = line.wrong.get(header.at.get(name, -1))
        if not code:
            code = _unusable(cells[name], NAME_MOST if name == "name" else CELL_MOST)
        if code:
            row.errors.append(Remark(name, code))
        elif cells[name] or name == "name":
            _READERS[name](row, cells[name], places)
    return row


def _unusable(text: str, most: int) -> str | None:
    if len(text) > most:
        return "too_long"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return "has_control"
    return "letters_lost" if _LOST.search(text) else None


def _read_name(row: Row, text: str, places: Places) -> None:
    if not any(letter.isalnum() for letter in row.name):
        row.errors.append(Remark("name", "blank" if text else "required"))
    elif row.name == EXAMPLE:
        row.errors.append(Remark("name", "example_left"))
    elif runs(row.name):
        row.errors.append(Remark("name", "like_formula"))


def _read_type(row: Row, text: str, places: Places) -> None:
    kind = _TYPES.get(plain(text).replace("_", " "))
    if kind is None:
        row.errors.append(Remark("type", "type_unknown", tuple(TYPES)))
    else:
        row.values["type"] = kind


def _read_home(row: Row, text: str, places: Places) -> None:
    found = places.find(text)
    if found.place is None:
        row.errors.append(Remark("home_commune", found.error or "", found.candidates))
        return
    row.values["home_unit_id"] = found.place.id
    if found.note:
        row.notes.append(Remark("home_commune", found.note, (found.place.label,)))


def _read_capacity(row: Row, text: str, places: Places) -> None:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        row.errors.append(Remark("capacity_per_day", "not_whole"))
    elif int(text) > CAPACITY_MOST:
        row.errors.append(Remark("capacity_per_day", "out_of_range"))
    else:
        row.values["capacity_per_day"] = int(text)


def _read_leader(row: Row, text: str, places: Places) -> None:
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


_READERS: Mapping[str, Callable[[Row, str, Places], None]] = {
    "name": _read_name,
    "type": _read_type,
    "home_commune": _read_home,
    "capacity_per_day": _read_capacity,
    "leader": _read_leader,
}


def _refuse_twice(rows: Sequence[Row]) -> None:
    """Of two rows with one name the later is at fault; the earlier is named."""
    first: dict[str, int] = {}
    for row in rows:
        if row.name and (before := first.setdefault(folded(row.name), row.line)) != row.line:
            row.errors.append(Remark("name", "row_twice", (str(before),)))


def _compare(row: Row, team: Standing | None) -> None:
    """Compare a row with the team of its name; an empty cell leaves what stands."""
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


def field_errors(rows: Sequence[Faulty]) -> list[FieldError]:
    """Errors of rows as those of fields: rows.LINE.COLUMN."""
    return [
        FieldError(f"rows.{row.line}" + (f".{error.field}" if error.field else ""), error.code)
        for row in rows
        for error in row.errors
    ]
