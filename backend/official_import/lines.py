"""Officials as people type, paste or upload them: read to lines, written back as text.

A list may have a header, as in the template, or only lines: a unit, then in any order the
person's name, e-mail or telephone and the last day of the role.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from backend.errors import Problem
from backend.tables.reader import decode, read_table
from backend.tables.table import Kind, Line, Table
from backend.tables.xlsx import read_lines

COLUMNS: dict[str, tuple[str, ...]] = {
    "unit": (
        *("dia ban", "xa", "phuong", "xa phuong", "xa, phuong", "don vi", "ma xa", "ten xa"),
        *("area", "unit", "commune", "commune code"),
    ),
    "name": ("ho ten", "ho va ten", "can bo", "ten can bo", "name", "full name", "official"),
    "contact": (
        *("e-mail hoac dien thoai", "email hoac dien thoai", "lien he", "email", "e-mail"),
        *("dien thoai", "so dien thoai", "contact", "e-mail or telephone", "telephone"),
    ),
    "last_day": ("den het ngay", "den ngay", "ngay cuoi", "last day", "until"),
}
# Of the text of a field: without them a faulty contact could be part of a name.
TITLES = {
    "unit": "Địa bàn",
    "name": "Họ và tên",
    "contact": "E-mail hoặc điện thoại",
    "last_day": "Đến hết ngày",
}
OFFICIALS = Kind(COLUMNS, "unit", "no_header_officials")
# Three officials for each commune of the largest province.
LINES_MOST = 500
# Such a list with long names.
TEXT_MOST = 200_000
# The workbook of such a list, with the formats of the template.
FILE_MOST = 2_000_000

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
_SEPARATORS = ("\t", ";", ",")
# A telephone number, also one with too few digits.
_DIGITS = re.compile(r"\+?[0-9][0-9 .()-]{5,}")
_NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class OfficialLine:
    """An official of a list, as typed."""

    unit: str
    name: str = ""
    contact: str = ""
    last_day: str = ""


def read_text(text: str) -> list[OfficialLine]:
    """Return the officials of a typed or pasted text."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    try:
        return _of_table(read_table("\n".join(lines).encode(), OFFICIALS))
    except Problem:  # no header
        separator = next((one for one in _SEPARATORS if any(one in line for line in lines)), "\t")
        return _of_cells([line.split(separator) for line in lines])


def read_file(raw: bytes) -> list[OfficialLine]:
    """Return the officials of a CSV or Excel file, with a header or without; 422 for another."""
    try:
        return _of_table(read_table(raw, OFFICIALS))
    except Problem as problem:
        if [error.code for error in problem.errors] != ["no_header_officials"]:
            raise
    if raw.startswith(b"PK"):
        return _of_cells([line.cells for line in read_lines(raw)[1]])
    return read_text(decode(raw)[0])


def as_text(officials: Iterable[OfficialLine]) -> str:
    """Return officials as the text of a field, one a line below the titles, with tabs."""
    rows = [[getattr(one, name) for name in TITLES] for one in officials]
    head = [list(TITLES.values())] if rows else []
    return "\n".join("\t".join(row).rstrip() for row in (*head, *rows))


def parse_day(text: str) -> date | None:
    """Return the day of a cell, written as in Vietnam or by ISO 8601."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    day, month, year = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _of_table(table: Table) -> list[OfficialLine]:
    rows = [
        OfficialLine(**{name: _cell(table, line, name) for name in COLUMNS}) for line in table.rows
    ]
    return [row for row in rows if row != OfficialLine("")]


def _cell(table: Table, line: Line, name: str) -> str:
    """Return a cell; one that cannot be read is a text that the check refuses."""
    if line.malformed or table.header.at.get(name, -1) in line.errors:
        return "#?"
    return table.header.cell(line, name)


def _of_cells(rows: Sequence[Sequence[str]]) -> list[OfficialLine]:
    """Return officials of rows without a header; a column of row numbers is left out."""
    cells = [[" ".join(cell.split()) for cell in row] for row in rows[: LINES_MOST + 1]]
    if all(len(row) > 1 and _NUMBER.fullmatch(row[0]) and row[1] for row in cells):
        cells = [row[1:] for row in cells]
    return [_of_row(row) for row in cells if any(row)]


def _of_row(cells: Sequence[str]) -> OfficialLine:
    """Return the official of a row, whose further cells tell what they are by their content."""
    unit, *rest = cells
    found: dict[str, str] = {}
    for cell in filter(None, rest):
        if "last_day" not in found and _DAY.fullmatch(cell):
            found["last_day"] = cell
        elif "contact" not in found and _like_contact(cell):
            found["contact"] = cell
        elif "name" in found:
            found["name"] += f", {cell}"
        else:
            found["name"] = cell
    return OfficialLine(unit, **found)


def _like_contact(cell: str) -> bool:
    return "@" in cell or _DIGITS.fullmatch(cell) is not None
