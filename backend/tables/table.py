"""A table as a person filled it in: its lines, and which column is which."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from backend.errors import invalid
from geo.gazetteer import plain

# A province has up to 5,000 teams; larger files are cut into several by whoever makes them.
ROWS_MOST = 5_000
# Titles and the like may stand above the header, not a whole page.
HEADER_WITHIN = 10

# The words of a header, plain and in small letters, by the field that they name.
COLUMNS: dict[str, tuple[str, ...]] = {
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
}


@dataclass(frozen=True)
class Kind:
    """A kind of table: the words of its columns, and the one without which it is refused."""

    columns: Mapping[str, tuple[str, ...]]
    must: str
    refusal: str

    @cached_property
    def fields(self) -> dict[str, str]:
        return {words: name for name, known in self.columns.items() for words in known}


TEAMS = Kind(COLUMNS, "name", "no_header")


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one row and its number in the file; what is wrong with a cell or with all."""

    number: int
    cells: Sequence[str] = ()
    wrong: dict[int, str] = field(default_factory=dict)
    broken: str | None = None

    @property
    def blank(self) -> bool:
        return not (self.broken or self.wrong or any(cell.strip() for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Header:
    """Where each field stands, and the columns that mean nothing here."""

    at: dict[str, int]
    ignored: tuple[str, ...] = ()
    width: int = 0
    twice: bool = False  # a field is named more than once
    titles_at: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands over the columns."""
        return tuple(title for title in self.titles_at if title)

    def cell(self, line: "Line", name: str) -> str:
        """What a line says of a field; empty where it has no such column."""
        at = self.at.get(name)
        known = at is not None and at < len(line.cells)
        return " ".join(line.cells[at].split()) if at is not None and known else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A file: its header, the rows below it, and how it was read."""

    header: Header
    rows: list[Line]
    how: dict[str, str]


def table(lines: Iterable[Line], how: dict[str, str], kind: Kind = TEAMS) -> Table:
    """Find the header and take what is below it; 422 where there is none, or too much."""
    header: Header | None = None
    rows: list[Line] = []
    seen = 0
    for line in lines:
        if line.blank:
            continue
        seen += 1
        if header is not None:
            rows.append(line)
        elif (found := header_of(line, kind)) and kind.must in found.at:
            header = found
        elif seen >= HEADER_WITHIN:
            break
        if len(rows) > ROWS_MOST:
            raise invalid("file", "too_many_rows")
    if header is None:
        raise invalid("file", kind.refusal)
    if header.twice:
        raise invalid("file", "column_twice")
    if not rows:
        raise invalid("file", "no_rows")
    return Table(header, rows, how)


def header_of(line: Line, kind: Kind = TEAMS) -> Header:
    """Read a line as a header."""
    at: dict[str, int] = {}
    ignored = []
    twice = False
    for index, cell in enumerate(line.cells):
        name = _field(cell, kind)
        twice |= name in at
        if name is not None:
            at[name] = index
        elif cell.strip():
            ignored.append(cell.strip())
    titles = tuple(cell.strip() for cell in line.cells)
    return Header(at, tuple(ignored), len(line.cells), twice, titles)


def _field(cell: str, kind: Kind) -> str | None:
    """The field that a header's words name: `Tên đội / Team name`, `team_name`, `Tên đội (*)`."""
    whole = title_words(cell)
    for words in (whole, *(" ".join(part.split()) for part in whole.split("/"))):
        if found := kind.fields.get(words):
            return found
    return None


def title_words(title: str) -> str:
    """A column's title as it is compared: small letters without accents and brackets."""
    words = re.sub(r"\(.*?\)|[*:]", " ", plain(title).replace("_", " "))
    return " ".join(words.split())
