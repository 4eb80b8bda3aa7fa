"""Lists as people type, paste or upload them: read to lines, written back as text.

A list may have a header, as in its template, or only lines, whose cells tell by their content what
they are.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from backend.errors import Problem
from backend.tables.reader import ZIP, decode, read_table
from backend.tables.table import Kind, Line, Table
from backend.tables.xlsx import read_lines

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
# Of a formula without a result, a date and such: a text that the check refuses.
UNREADABLE = "#?"
SEPARATORS = ("\t", ";", ",")
NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class TypedList(Generic[T]):
    """A kind of list: its columns, the type of a line, and how one without a header is read."""

    kind: Kind
    line: Callable[..., T]
    from_cells: Callable[[Sequence[str]], T]
    most: int  # lines; one more is read, so that the excess is detected
    omits: Callable[[T], bool]  # whether a line below a header is left out

    def read_text(self, text: str) -> list[T]:
        """Return the lines of a typed or pasted text."""
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        if not lines:
            return []
        try:
            return self._of_table(read_table("\n".join(lines).encode(), self.kind))
        except Problem:  # no header
            found = (one for one in SEPARATORS if any(one in line for line in lines))
            separator = next(found, "\t")
            return self._of_cells([line.split(separator) for line in lines])

    def first_row(self, text: str) -> int:
        """Return the number of the first line's row in a spreadsheet: 2 below a header."""
        try:
            read_table(text.strip().encode(), self.kind)
        except Problem:
            return 1
        return 2

    def read_file(self, raw: bytes) -> list[T]:
        """Return the lines of a CSV or Excel file; 422 for another file."""
        try:
            return self._of_table(read_table(raw, self.kind))
        except Problem as problem:
            if [error.code for error in problem.errors] != [self.kind.error]:
                raise
        if raw.startswith(ZIP):
            return self._of_cells([line.cells for line in read_lines(raw, self.kind)[1]])
        return self.read_text(decode(raw)[0])

    def _of_table(self, table: Table) -> list[T]:
        def cell(line: Line, name: str) -> str:
            if line.malformed or table.header.at.get(name, -1) in line.errors:
                return UNREADABLE
            return table.header.cell(line, name)

        names = self.kind.columns
        lines = [self.line(**{name: cell(line, name) for name in names}) for line in table.rows]
        return [line for line in lines if not self.omits(line)]

    def _of_cells(self, rows: Sequence[Sequence[str]]) -> list[T]:
        """Return the lines of rows without a header; a column of row numbers is left out."""
        cells = [[" ".join(cell.split()) for cell in row] for row in rows[: self.most + 1]]
        if all(len(row) > 1 and NUMBER.fullmatch(row[0]) and row[1] for row in cells):
            cells = [row[1:] for row in cells]
        return [self.from_cells(row) for row in cells if any(row)]


def as_text(lines: Iterable["DataclassInstance"]) -> str:
    """Return lines as the text of a field, with tabs."""
    return "\n".join("\t".join(astuple(line)).rstrip() for line in lines)
