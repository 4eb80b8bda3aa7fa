"""Which places without a connection the public sees. Pure functions.

Each note is shown in one cell at most: the finest in which enough volunteers noted. So no cell is
the sum of others, and no total includes notes that are not shown.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import h3

from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS, volunteers
from backend.measurements.no_connection.rules import RESOLUTION

# Cells of 0.7, 5 and 36 km²: notes of fewer volunteers than needed wait for a coarser cell.
RESOLUTIONS = (RESOLUTION, 7, 6)
# A single day may be a power cut or a broken station.
ZONE_DAYS = 2


@dataclass(frozen=True, slots=True)
class Note:
    """A no-connection note of a month; a person as in `release_rules`."""

    person: int
    cell: str
    day: date
    received_day: date
    operator: str | None
    alone: bool  # no other device had sent from its address; others add no person

    @property
    def volunteer(self) -> int | None:
        """The person if the note is evidence: of a volunteer, not sent from a shared address."""
        return self.person if self.alone and self.person >= 0 else None


@dataclass(frozen=True, slots=True)
class Place:
    """A cell with notes of enough volunteers."""

    cell: str
    resolution: int
    notes: int
    people: int
    operators: tuple[str, ...]  # those that enough volunteers noted
    zone: bool  # noted by enough volunteers on two days, and measured by fewer devices


def shown_places(
    notes: Iterable[Note], inside: Collection[str], measured: Mapping[str, int]
) -> list[Place]:
    """Return the places to show.

    `inside` are the cells whose centre lies in a commune, `measured` the number of devices with
    counted samples by finest cell.
    """
    left, places = list(notes), []
    for resolution in RESOLUTIONS:
        by_cell: dict[str, list[Note]] = defaultdict(list)
        for note in left:
            by_cell[cell_at(note.cell, resolution)].append(note)
        shown = {
            cell: found for cell, found in by_cell.items() if cell in inside and is_shown(found)
        }
        places += [_place(cell, resolution, shown[cell], measured) for cell in sorted(shown)]
        left = [note for note in left if cell_at(note.cell, resolution) not in shown]
    return places


def cell_at(cell: str, resolution: int) -> str:
    """Return the cell of a resolution that contains a finest cell."""
    return cell if resolution == RESOLUTION else str(h3.cell_to_parent(cell, resolution))


def is_shown(notes: Sequence[Note]) -> bool:
    """Return whether enough volunteers noted, with none behind over half of the notes."""
    by_person = Counter(note.person for note in notes)
    enough = len(_volunteers(notes)) >= CELL_VOLUNTEERS
    return enough and 2 * max(by_person.values()) <= len(notes)


def _volunteers(notes: Iterable[Note]) -> frozenset[int]:
    people = (note.volunteer for note in notes)
    return volunteers(cell for cell in people if cell is not None)


def _place(cell: str, resolution: int, notes: Sequence[Note], measured: Mapping[str, int]) -> Place:
    people = _volunteers(notes)
    operators: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        if note.operator:
            operators[note.operator].append(note)
    named = sorted(
        operator for operator, of in operators.items() if len(_volunteers(of)) >= CELL_VOLUNTEERS
    )
    zone = (
        resolution == RESOLUTION
        and _confirmed_days(notes) >= ZONE_DAYS
        and measured.get(cell, 0) < len(people)
    )
    return Place(cell, resolution, len(notes), len(people), tuple(named), zone)


def _confirmed_days(notes: Iterable[Note]) -> int:
    """Return the number of days that are proven: a clock that lies needs days of receipts too."""
    evidence = [note for note in notes if note.volunteer is not None]
    return min(len({note.day for note in evidence}), len({note.received_day for note in evidence}))
