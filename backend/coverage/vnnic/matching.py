"""Match rows of VNNIC's files to units: by code, else by name, never by guessing. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.coverage.vnnic.reader import SourceRow
from backend.team_import.rows import Remark
from backend.team_import.unit_finder import Match, NamedUnit, UnitFinder

# The messages of the team import mention communes of today; these are used instead.
UNFOUND = {
    "place_unknown": "vnnic_unit_unknown",
    "place_code_unknown": "vnnic_unit_unknown",
    "place_ambiguous": "vnnic_unit_ambiguous",
}

Values = Mapping[str, Any]


@dataclass(slots=True)
class ImportRow:
    """A row, its unit, and the values stored for that unit before the import."""

    line: int
    name: str
    values: dict[str, Any]
    place: NamedUnit | None = None
    before: Values | None = None
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        if self.errors or self.place is None:
            return "error"
        if self.before is None:
            return "create"
        return "unchanged" if self.before == self.values else "update"


def match_rows(
    source_rows: Iterable[SourceRow],
    source: str,
    places: UnitFinder,
    is_allowed: Callable[[NamedUnit], bool],
) -> list[ImportRow]:
    """Match every row to a unit; ambiguous, forbidden and repeated units become errors."""
    rows, lines = [], dict[int, int]()
    for one in source_rows:
        values = {"samples": one.samples, **one.speeds, "source": source}
        row = ImportRow(one.line, one.name or one.code, values, errors=list(one.errors))
        rows.append(row)
        if not one.errors:
            _set_place(row, _find(one, places), is_allowed, lines)
    return rows


def _set_place(
    row: ImportRow, found: Match, is_allowed: Callable[[NamedUnit], bool], lines: dict[int, int]
) -> None:
    if found.unit is None:
        code = UNFOUND.get(found.error or "", found.error or "")
        row.errors.append(Remark("unit", code, found.candidates))
        return
    if not is_allowed(found.unit):
        row.errors.append(Remark("unit", "vnnic_outside_area", (found.unit.label,)))
        return
    row.place = found.unit
    if found.note:
        row.notes.append(Remark("unit", found.note, (found.unit.label,)))
    first = lines.setdefault(found.unit.id, row.line)
    if first != row.line:
        row.errors.append(Remark("unit", "vnnic_unit_twice", (str(first),)))


def _find(row: SourceRow, places: UnitFinder) -> Match:
    """Find a row's unit by code, else by name; the name must agree with the code.

    Most codes of 2024 have been assigned to other units since.
    """
    if not row.code:
        return places.find(", ".join([row.name, *row.above])) if row.name else NAMELESS
    by_code = places.find(row.code)
    if by_code.unit is None or not row.name or by_code.unit.called(row.name):
        return by_code
    return Match(error="vnnic_code_not_name", candidates=(by_code.unit.label, row.name))


NAMELESS = Match(error="required")
