"""Teams as people type, paste or upload them: read to rows, written back as text.

A list may have a header, as in the template, or only lines: a name, then in any order the home
commune, the samples per day and the leader's e-mail or telephone.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from backend.accounts.login_names import normalize
from backend.errors import Problem
from backend.organisations.names import folded
from backend.tables.reader import decode, read_table
from backend.tables.table import COLUMNS, ROWS_MOST, Line, Table
from backend.tables.xlsx import read_lines
from backend.team_import.rows import EXAMPLE, TYPE_OF, TYPES
from backend.team_import.template import TYPE_NAMES as TYPE_TITLES
from geo.gazetteer import plain

# Five thousand teams with all their columns.
TEXT_MOST = 1_000_000
# Of a formula without a result, a date and such: no name and no number.
UNREADABLE = "#?"
TYPE_NAMES = dict(zip(TYPES, TYPE_TITLES, strict=True))
_SEPARATORS = ("\t", ";", ",")
_NUMBER = re.compile(r"[0-9]{1,4}")
# Meant as a number or a contact, and wrong: the check says so of that column, not of the commune.
_WRONG_NUMBER = re.compile(r"[-+][0-9]+(?:[.,][0-9]+)?|[0-9]+[.,][0-9]+")
_WRONG_CONTACT = re.compile(r".*@.*|\+?[0-9][0-9 .-]{6,}")


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team of a list, as typed."""

    name: str
    home_commune: str = ""
    capacity_per_day: str = ""
    leader: str = ""
    type: str = ""


def read_text(text: str) -> list[TeamLine]:
    """Return the teams of a typed or pasted text."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    try:
        return _of_table(read_table("\n".join(lines).encode()))
    except Problem:  # no header
        separator = next((one for one in _SEPARATORS if any(one in line for line in lines)), "\t")
        return _of_cells([line.split(separator) for line in lines])


def read_file(raw: bytes) -> list[TeamLine]:
    """Return the teams of a CSV or Excel file, with a header or without; 422 for another file."""
    try:
        return _of_table(read_table(raw))
    except Problem as problem:
        if [error.code for error in problem.errors] != ["no_header"]:
            raise
    if raw.startswith(b"PK"):
        return _of_cells([line.cells for line in read_lines(raw)[1]])
    return read_text(decode(raw)[0])


def as_text(teams: Iterable[TeamLine]) -> str:
    """Return teams as the text of a field, one a line, with tabs."""
    names = ("name", "home_commune", "capacity_per_day", "leader", "type")
    return "\n".join("\t".join(getattr(one, name) for name in names).rstrip() for one in teams)


def with_types(teams: Iterable[TeamLine], kind: str, existing: Collection[str]) -> list[TeamLine]:
    """Give new teams without a type the usual one; `existing` are names as compared."""
    return [
        one if one.type or folded(one.name) in existing else replace(one, type=kind)
        for one in teams
    ]


def as_csv(teams: Sequence[TeamLine]) -> bytes:
    """Return teams as the file of the import; line N of the list is row N + 1."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in teams:
        writer.writerow([getattr(one, name) for name in COLUMNS])
    return out.getvalue().encode()


def _of_table(table: Table) -> list[TeamLine]:
    rows = [TeamLine(**{name: _cell(table, line, name) for name in COLUMNS}) for line in table.rows]
    return [row for row in rows if row.name != EXAMPLE]


def _cell(table: Table, line: Line, name: str) -> str:
    """Return a cell; one that cannot be read is a text that the check refuses."""
    if line.malformed or table.header.at.get(name, -1) in line.errors:
        return UNREADABLE
    return table.header.cell(line, name)


def _of_cells(rows: Sequence[Sequence[str]]) -> list[TeamLine]:
    """Return teams of rows without a header; a column of row numbers is left out."""
    cells = [[" ".join(cell.split()) for cell in row] for row in rows[: ROWS_MOST + 1]]
    if all(len(row) > 1 and _NUMBER.fullmatch(row[0]) and row[1] for row in cells):
        cells = [row[1:] for row in cells]
    return [_of_row(row) for row in cells if any(row)]


def _of_row(cells: Sequence[str]) -> TeamLine:
    """Return the team of a row, whose further cells tell what they are by their content."""
    name, *rest = cells
    found = {"name": name}
    places = []
    for cell in filter(None, rest):
        if "capacity_per_day" not in found and (
            _NUMBER.fullmatch(cell) or _WRONG_NUMBER.fullmatch(cell)
        ):
            found["capacity_per_day"] = cell
        elif "leader" not in found and (normalize(cell) or _WRONG_CONTACT.fullmatch(cell)):
            found["leader"] = cell
        elif given := TYPE_OF.get(plain(cell).replace("_", " ")):
            found["type"] = TYPE_NAMES[given]
        else:
            places.append(cell)
    return TeamLine(**found, home_commune=", ".join(places))
