"""Check the rows of a list of teams and compare them with the existing teams; writes nothing."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from backend.accounts.login_names import read_contact
from backend.campaigns.schemas import MAX_CAPACITY
from backend.organisations.names import folded, normalised
from backend.organisations.schemas import MAX_NAME
from backend.tables.sheet_import import SheetRow, refuse_repeated, unusable
from backend.tables.spreadsheets import is_formula
from backend.tables.table import Kind
from backend.units.finder import UnitFinder, set_unit
from geo.gazetteer import plain

TEAMS = Kind(
    {
        "name": ("ten doi", "doi", "ten to", "team name", "team", "name"),
        "type": ("loai doi", "loai", "loai hinh", "team type", "type"),
        "home_commune": (
            *("xa", "phuong", "xa phuong", "dia ban", "ma xa", "don vi", "xa cua doi"),
            *("home commune", "commune", "home unit", "commune code"),
        ),
        "capacity_per_day": (
            *("so mau moi ngay", "nang luc moi ngay", "nang luc", "so mau/ngay"),
            *("capacity per day", "capacity", "samples per day"),
        ),
        "leader": (
            *("lien he truong doi", "truong doi", "email truong doi", "dien thoai truong doi"),
            *("leader contact", "leader", "leader's contact"),
        ),
    },
    "name",
    "no_header",
)
MAX_CELL = 300  # a longer one is a paragraph in a wrong column

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

_LOST = re.compile(r"\w\?+\w|\ufffd")  # written by a spreadsheet whose encoding lacks a letter


def check_rows(rows: Sequence[SheetRow], teams: Iterable[Any], finder: UnitFinder) -> None:
    """Read every row and compare it with the existing teams: rows of the columns of `Team`."""
    for row in rows:
        _read_row(row, finder)
    refuse_repeated(rows, lambda row: folded(row.name), "name", "row_twice")
    by_name = {folded(team.name): team for team in teams}
    for row in rows:
        if row.name:
            _compare(row, by_name.get(folded(row.name)))


def _read_row(row: SheetRow, finder: UnitFinder) -> None:
    row.name = normalised(row.cells["name"])
    for name in TEAMS.columns:
        text = row.cells[name]
        code = unusable(text, MAX_NAME if name == "name" else MAX_CELL)
        if code or _LOST.search(text):
            row.refuse(name, code or "letters_lost")
        elif text or name == "name":
            _READERS[name](row, text, finder)


def _read_name(row: SheetRow, text: str, finder: UnitFinder) -> None:
    if not any(letter.isalnum() for letter in row.name):
        row.refuse("name", "blank" if text else "required")
    elif row.name == EXAMPLE:
        row.refuse("name", "example_left")
    elif is_formula(row.name):
        row.refuse("name", "like_formula")


def _read_type(row: SheetRow, text: str, finder: UnitFinder) -> None:
    kind = TYPE_OF.get(plain(text).replace("_", " "))
    if kind is None:
        row.refuse("type", "type_unknown", *TYPES)
    else:
        row.values["type"] = kind


def _read_home(row: SheetRow, text: str, finder: UnitFinder) -> None:
    set_unit(row, "home_commune", finder.find(text))
    if row.unit_id is not None:
        row.values["home_unit_id"] = row.unit_id


def _read_capacity(row: SheetRow, text: str, finder: UnitFinder) -> None:
    if re.fullmatch(r"-[0-9]+", text):
        row.refuse("capacity_per_day", "negative")
    elif not re.fullmatch(r"[0-9]{1,9}", text):
        row.refuse("capacity_per_day", "not_whole")
    elif int(text) > MAX_CAPACITY:
        row.refuse("capacity_per_day", "out_of_range")
    else:
        row.values["capacity_per_day"] = int(text)


def _read_leader(row: SheetRow, text: str, finder: UnitFinder) -> None:
    if read_contact(text) is None:
        row.refuse("leader", "not_contact")


_READERS: Mapping[str, Callable[[SheetRow, str, UnitFinder], None]] = {
    "name": _read_name,
    "type": _read_type,
    "home_commune": _read_home,
    "capacity_per_day": _read_capacity,
    "leader": _read_leader,
}


def _compare(row: SheetRow, team: Any) -> None:
    """Compare a row with the team of its name; an empty cell changes nothing."""
    row.stored = team
    if team is None:
        if "type" not in row.values and not any(error.field == "type" for error in row.errors):
            row.refuse("type", "required", *TYPES)
        return
    row.id = team.id
    if team.ended_at is not None:
        row.refuse("name", "team_ended")
