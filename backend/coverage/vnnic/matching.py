"""Which unit each row of VNNIC's means: by code, else by name, never by guessing. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.coverage.vnnic.reader import Given
from backend.team_import.places import Found, Place, Places
from backend.team_import.rows import Remark

# How these places are told here: the words of a list of teams speak of communes of today.
UNFOUND = {
    "place_unknown": "vnnic_unit_unknown",
    "place_code_unknown": "vnnic_unit_unknown",
    "place_ambiguous": "vnnic_unit_ambiguous",
}

Values = Mapping[str, Any]


@dataclass(slots=True)
class Row:
    """A row, the unit that it is about, and what stands of that unit so far."""

    line: int
    name: str
    values: dict[str, Any]
    place: Place | None = None
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


def matched(
    given: Iterable[Given], source: str, places: Places, may: Callable[[Place], bool]
) -> list[Row]:
    """Find the unit of every row; what is unclear, foreign or twice there is at fault."""
    rows, lines = [], dict[int, int]()
    for one in given:
        values = {"samples": one.samples, **one.speeds, "source": source}
        row = Row(one.line, one.name or one.code, values, errors=list(one.errors))
        rows.append(row)
        if not one.errors:
            _place(row, one, places, may, lines)
    return rows


def _place(
    row: Row, given: Given, places: Places, may: Callable[[Place], bool], lines: dict[int, int]
) -> None:
    found = _found(given, places)
    if found.place is None:
        code = UNFOUND.get(found.error or "", found.error or "")
        row.errors.append(Remark("unit", code, found.candidates))
        return
    if not may(found.place):
        row.errors.append(Remark("unit", "vnnic_outside_area", (found.place.label,)))
        return
    row.place = found.place
    if found.note:
        row.notes.append(Remark("unit", found.note, (found.place.label,)))
    first = lines.setdefault(found.place.id, row.line)
    if first != row.line:
        row.errors.append(Remark("unit", "vnnic_unit_twice", (str(first),)))


def _found(given: Given, places: Places) -> Found:
    """By code, whose name must not say otherwise: most codes of 2024 mean another place by now."""
    if not given.code:
        return places.find(", ".join([given.name, *given.above])) if given.name else NAMELESS
    by_code = places.find(given.code)
    if by_code.place is None or not given.name or by_code.place.called(given.name):
        return by_code
    return Found(error="vnnic_code_not_name", candidates=(by_code.place.label, given.name))


NAMELESS = Found(error="required")
