"""Tables filled in by people: find the header and its known columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from backend.errors import invalid
from geo.gazetteer import plain

# A province has up to 5,000 teams; larger files have to be split.
MAX_ROWS = 5_000
# Titles may precede the header.
HEADER_WITHIN = 10
# A longer cell is no title of a column; the time to compare it grows with its square.
MAX_TITLE = 200


@dataclass(frozen=True)
class Kind:
    """A kind of table: titles of its columns, the required one, and the error code without it.

    Titles are lower-case and without diacritics.
    """

    columns: Mapping[str, tuple[str, ...]]
    required: str
    error: str

    @cached_property
    def fields(self) -> dict[str, str]:
        return {title: name for name, titles in self.columns.items() for title in titles}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file: its number, cells, and error codes of cells or of the whole row."""

    number: int
    cells: Sequence[str] = ()
    errors: dict[int, str] = field(default_factory=dict)
    malformed: str | None = None

    @property
    def blank(self) -> bool:
        return not (self.malformed or self.errors or any(cell.strip() for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of the known fields, and the titles of ignored columns."""

    at: dict[str, int]
    ignored: tuple[str, ...] = ()
    duplicate: bool = False  # a field is named more than once
    titles: tuple[str, ...] = ()  # of all columns

    def cell(self, line: Line, name: str) -> str:
        """Return the text of a field in a line; empty without such a column."""
        at = self.at.get(name)
        if at is None or at >= len(line.cells):
            return ""
        return " ".join(line.cells[at].split())


@dataclass(frozen=True, slots=True)
class Table:
    """The header of a file, the rows below it, and the format details."""

    header: Header
    rows: list[Line]
    how: dict[str, str]


def make_table(lines: Iterable[Line], how: dict[str, str], kind: Kind) -> Table:
    """Find the header and the rows below it; 422 without a header or for too many rows."""
    header: Header | None = None
    rows: list[Line] = []
    seen = 0
    for line in lines:
        if line.blank:
            continue
        seen += 1
        if header is not None:
            rows.append(line)
        elif (found := header_of(line, kind)) and kind.required in found.at:
            header = found
        elif seen >= HEADER_WITHIN:
            break
        if len(rows) > MAX_ROWS:
            raise invalid("file", "too_many_rows")
    if header is None:
        raise invalid("file", kind.error)
    if header.duplicate:
        raise invalid("file", "column_twice")
    if not rows:
        raise invalid("file", "no_rows")
    return Table(header, rows, how)


def header_of(line: Line, kind: Kind) -> Header:
    """Parse a line as a header."""
    at: dict[str, int] = {}
    ignored = []
    duplicate = False
    for index, cell in enumerate(line.cells):
        name = _field(cell, kind)
        duplicate |= name in at
        if name is not None:
            at[name] = index
        elif cell.strip():
            ignored.append(cell.strip())
    titles = tuple(cell.strip() for cell in line.cells)
    return Header(at, tuple(ignored), duplicate, titles)


def count_columns(lines: Iterable[Line], kind: Kind) -> int:
    """Return the number of known columns of the best header among the first lines."""
    begin = islice(lines, HEADER_WITHIN)
    return max((len(header_of(line, kind).at) for line in begin), default=0)


def _field(cell: str, kind: Kind) -> str | None:
    """Return the field of a title such as `Tên đội / Team name`, `team_name` or `Tên đội (*)`."""
    if len(cell) > MAX_TITLE:
        return None
    whole = normalize_title(cell)
    for words in (whole, *(" ".join(part.split()) for part in whole.split("/"))):
        if found := kind.fields.get(words):
            return found
    return None


def normalize_title(title: str) -> str:
    """Return a title in lower case without diacritics and brackets, for comparison."""
    words = re.sub(r"\(.*?\)|[*:]", " ", plain(title).replace("_", " "))
    return " ".join(words.split())
