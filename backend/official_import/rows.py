"""Check the lines of a list of officials and compare them with the accounts; writes nothing."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from backend.accounts.login_names import normalize
from backend.official_import.lines import OfficialLine, parse_day
from backend.tables.spreadsheets import is_formula
from backend.team_import.rows import Remark
from backend.team_import.unit_finder import UnitFinder

OUTCOMES = ("invite", "renew", "grant", "unchanged", "empty", "error")
# As the display name of an account.
NAME_MOST = 100
CELL_MOST = 300
# A spreadsheet takes a telephone number for a number and drops its zero.
_WITHOUT_ZERO = re.compile(r"[1-9][0-9]{8}")


@dataclass(frozen=True, slots=True)
class ExistingAccount:
    """An account in the database, and the units of its roles as an official in force."""

    id: int
    accepted: bool
    units: frozenset[int]


@dataclass(slots=True)
class Row:
    """A line of the list and its outcome."""

    line: int
    given: OfficialLine
    contact: str | None = None  # as stored
    name: str | None = None
    unit_id: int | None = None
    unit: str = ""
    last_day: date | None = None
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    account: ExistingAccount | None = None
    renewed: bool = False

    @property
    def outcome(self) -> str:
        """The effect of the line."""
        if self.errors:
            return "error"
        if self.contact is None:
            return "empty"
        if self.account is None:
            return "invite"
        if self.unit_id not in self.account.units:
            return "grant" if self.account.accepted else "invite"
        return "renew" if self.renewed and not self.account.accepted else "unchanged"


def count_outcomes(rows: Iterable[Row]) -> dict[str, int]:
    """Return the number of rows with each outcome."""
    counted = Counter(row.outcome for row in rows)
    return {name: counted[name] for name in OUTCOMES}


def read_rows(
    lines: Sequence[OfficialLine],
    accounts: Callable[[Iterable[str]], Mapping[str, ExistingAccount]],
    finder: UnitFinder,
    today: date,
    *,
    renew: bool = False,
) -> list[Row]:
    """Check every line and compare it with the accounts of its contact."""
    rows = [_read(number, line, finder, today) for number, line in enumerate(lines, 1)]
    _refuse_twice(rows)
    known = accounts({row.contact for row in rows if row.contact})
    for row in rows:
        row.account, row.renewed = known.get(row.contact or ""), renew
    return rows


def _read(number: int, line: OfficialLine, finder: UnitFinder, today: date) -> Row:
    row = Row(number, line)
    for name in ("unit", "name", "contact", "last_day"):
        if code := _unusable(getattr(line, name), NAME_MOST if name == "name" else CELL_MOST):
            row.errors.append(Remark(name, code))
    if row.errors:
        return row
    row.name = line.name or None
    if line.name and is_formula(line.name):
        row.errors.append(Remark("name", "like_formula"))
    _read_unit(row, finder)
    _read_contact(row)
    _read_last_day(row, today)
    return row


def _unusable(text: str, most: int) -> str | None:
    if len(text) > most:
        return "too_long"
    if text == "#?" or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return "has_control"
    return None


def _read_unit(row: Row, finder: UnitFinder) -> None:
    if not row.given.unit:
        row.errors.append(Remark("unit", "required"))
        return
    found = finder.find(row.given.unit)
    if found.unit is None:
        row.errors.append(Remark("unit", found.error or "place_unknown", found.candidates))
        return
    row.unit_id, row.unit = found.unit.id, found.unit.label
    if found.note:
        code = "place_in_province" if found.note == "place_at_home" else found.note
        row.notes.append(Remark("unit", code, (found.unit.label,)))


def _read_contact(row: Row) -> None:
    """Read the contact; a line without one is left out, as those of a list not yet complete."""
    text = row.given.contact
    if not text:
        if row.given.name:
            row.errors.append(Remark("contact", "required"))
        return
    digits = re.sub(r"[ .()-]", "", text)
    row.contact = normalize(f"0{digits}" if _WITHOUT_ZERO.fullmatch(digits) else text)
    if row.contact is None:
        row.errors.append(Remark("contact", "not_contact"))


def _read_last_day(row: Row, today: date) -> None:
    if not row.given.last_day:
        return
    row.last_day = parse_day(row.given.last_day)
    if row.last_day is None:
        row.errors.append(Remark("last_day", "not_day"))
    elif row.last_day < today:
        row.errors.append(Remark("last_day", "in_the_past"))


def _refuse_twice(rows: Sequence[Row]) -> None:
    """Reject the second of two lines with the same person and unit; the error names the first."""
    first: dict[tuple[str, int], int] = {}
    for row in rows:
        if row.contact and row.unit_id is not None:
            before = first.setdefault((row.contact, row.unit_id), row.line)
            if before != row.line:
                row.errors.append(Remark("contact", "official_twice", (str(before),)))
