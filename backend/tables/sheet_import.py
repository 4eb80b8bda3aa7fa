"""Import of a sheet: read a file, check each row, then show the effect or apply it.

To write another import, read `backend/contacts/importer.py`, the shortest one. It consists of

- a `Kind`: the accepted titles of each column;
- a function that reads a row: it checks `row.cells`, sets `row.values`, and calls `row.refuse` and
  `row.note` with codes that have a text in `backend/i18n/messages.py`;
- a function that compares the rows: it sets `row.stored` to what is stored already, and calls
  `refuse_repeated`; the outcome of a row follows from its errors, `stored` and `values`;
- a function that writes the rows to create and to update;
- the use case: check the permission, `read_sheet`, read and compare the rows; unless it is a dry
  run, write them, record the act and commit; return `sheet.answer`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict
from unicodedata import category

from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.tables.reader import read_table
from backend.tables.table import Header, Kind, Line, Table

OUTCOMES = ("create", "update", "unchanged", "error")


class RemarkAnswer(TypedDict):
    """An error or a note about a field of a row."""

    field: str  # empty: the whole row
    code: str
    message: str  # in the language of the request
    candidates: list[str]  # possible values of the field


@dataclass(frozen=True, slots=True)
class Remark:
    """An error or a note about a field of a row, with candidates for its value."""

    field: str
    code: str
    candidates: tuple[str, ...] = ()

    def serialize(self, language: Language) -> RemarkAnswer:
        """Return the answer of RemarkSchema."""
        return {
            "field": self.field,
            "code": self.code,
            "message": message(self.code, language).format(*self.candidates),
            "candidates": list(self.candidates),
        }


@dataclass(slots=True)
class SheetRow:
    """A row of a list: its cells, what was read from them, and what is stored already."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    # Error codes of cells whose text the spreadsheet has lost, such as a date or a formula.
    lost: dict[str, str] = field(default_factory=dict)
    name: str = ""  # shown for the row
    unit_id: int | None = None
    unit: str = ""  # its label
    contact: str | None = None  # e-mail or telephone of the row's person, as stored
    values: dict[str, Any] = field(default_factory=dict)
    stored: Any = None  # object with the attributes of `values`; None: the row creates it
    id: int | None = None  # of the stored object
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    effect: str | None = None  # outcome of a row without errors, where an import has its own

    def refuse(self, field: str, code: str, *candidates: str) -> None:
        """Add an error of a field; an empty field means the whole row."""
        self.errors.append(Remark(field, code, candidates))

    def note(self, field: str, code: str, *candidates: str) -> None:
        """Add a note on how a field was read."""
        self.notes.append(Remark(field, code, candidates))

    @property
    def unit_name(self) -> str:
        """The label of the unit without its code."""
        return self.unit.rpartition(" (")[0]

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """The values that differ from the stored ones, before and after."""
        before = {name: getattr(self.stored, name, None) for name in self.values}
        return {
            name: (before[name], after)
            for name, after in self.values.items()
            if self.stored is None or before[name] != after
        }

    @property
    def outcome(self) -> str:
        if self.errors:
            return "error"
        if self.effect or self.stored is None:
            return self.effect or "create"
        return "update" if self.changes else "unchanged"

    def serialize(self, language: Language, **own: Any) -> dict[str, Any]:
        """Return the answer about the row, with fields of the import's own."""
        return {
            "line": self.line,
            "outcome": self.outcome,
            **own,
            "errors": [remark.serialize(language) for remark in self.errors],
            "notes": [remark.serialize(language) for remark in self.notes],
        }


Describe = Callable[[SheetRow], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SheetImport:
    """A file that is imported: its rows, and how it was read."""

    rows: list[SheetRow]
    digest: str  # for the audit log
    how: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)  # titles of the known columns
    ignored: tuple[str, ...] = ()  # titles of the others

    @property
    def totals(self) -> dict[str, int]:
        """The number of rows, and of those with each outcome."""
        return {"rows": len(self.rows), **count_outcomes(self.rows, OUTCOMES)}

    def answer(self, language: Language, describe: Describe, **own: Any) -> dict[str, Any]:
        """Return the effect of the import; `describe` gives the fields of a row."""
        return {
            "read_as": self.how,
            "columns": list(self.columns),
            "ignored_columns": list(self.ignored),
            "totals": self.totals,
            "rows": [row.serialize(language, **describe(row)) for row in self.rows],
            **own,
        }


def read_sheet(raw: bytes, kind: Kind) -> SheetImport:
    """Read a file; 422 for an invalid one."""
    return sheet_of(read_table(raw, kind), raw, kind)


def sheet_of(table: Table, raw: bytes, kind: Kind) -> SheetImport:
    """Return the sheet of a table that was read."""
    header = table.header
    return SheetImport(
        [_row(line, header, kind) for line in table.rows],
        digest_of(raw),
        table.how,
        {name: header.titles[at] for name, at in header.at.items()},
        header.ignored,
    )


def digest_of(raw: bytes) -> str:
    """Return the digest of a file for the audit log."""
    return hashlib.sha256(raw).hexdigest()


def _row(line: Line, header: Header, kind: Kind) -> SheetRow:
    if line.malformed:
        return SheetRow(line.number, errors=[Remark("", line.malformed)])
    cells = {name: header.cell(line, name) for name in kind.columns}
    lost = {name: line.errors[at] for name, at in header.at.items() if at in line.errors}
    return SheetRow(line.number, cells, lost)


def unusable(text: str, most: int) -> str | None:
    """Return the error code of a cell that is too long or has control characters."""
    if len(text) > most:
        return "too_long"
    return "has_control" if any(category(letter) in ("Cc", "Cs") for letter in text) else None


def refuse_repeated(
    rows: Iterable[SheetRow], key: Callable[[SheetRow], Hashable], field: str, code: str
) -> None:
    """Refuse the second of two rows with one key; the error names the first. No key: no check."""
    first: dict[Hashable, int] = {}
    for row in rows:
        found = key(row)
        if found and (line := first.setdefault(found, row.line)) != row.line:
            row.refuse(field, code, str(line))


def count_outcomes(rows: Iterable[SheetRow], outcomes: Sequence[str]) -> dict[str, int]:
    """Return the number of rows with each outcome."""
    counted = Counter(row.outcome for row in rows)
    return {name: counted[name] for name in outcomes}
