"""What the signals of gaming take and give: plain values."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import cos, floor, radians
from typing import NamedTuple
from uuid import UUID

from backend.clock import local_day
from geo.fix import METRES_PER_DEGREE

Cell = tuple[int, int]

# One width of a degree for the whole country (8 to 23 degrees north, 4 % off at its ends), so that
# squares of neighbouring rows stand in line.
DEGREE_WIDTH_M = METRES_PER_DEGREE * cos(radians(16))


class Seen(NamedTuple):
    """A measurement of a device, as signals see it; stripped ones are never among them."""

    id: UUID
    device: UUID
    registered_at: datetime
    at: datetime
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    download_mbps: float | None
    upload_mbps: float | None
    ping_ms: float | None
    mock: bool = False
    guest: bool = False  # a resident's device, helped by a volunteer
    elsewhere: int = 0  # how often this device measured in the month outside of these rows

    @property
    def day(self) -> date:
        return local_day(self.at)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something for a person to look at: who, which measurements, and the figures that told."""

    signal: str
    devices: tuple[UUID, ...]
    measurements: tuple[UUID, ...]
    facts: Mapping[str, float | int | str] = field(default_factory=dict)


def evidence(signal: str, rows: Iterable[Seen], **facts: float | int | str) -> Evidence:
    """Evidence over some rows, in an order that does not hang on theirs."""
    shown = sorted(rows, key=lambda row: (row.at, row.id))
    devices = sorted({row.device for row in shown})
    return Evidence(signal, tuple(devices), tuple(row.id for row in shown), facts)


def by_device(rows: Iterable[Seen]) -> dict[UUID, list[Seen]]:
    """The rows of each device in order of time; devices in order of their ids."""
    grouped: dict[UUID, list[Seen]] = defaultdict(list)
    for row in rows:
        grouped[row.device].append(row)
    return {one: sorted(grouped[one], key=lambda row: (row.at, row.id)) for one in sorted(grouped)}


def blocks(rows: Iterable[Seen], side_m: float) -> Iterator[tuple[Cell, list[Seen]]]:
    """The rows in every square of `side_m` that begins at an occupied half step, fullest first.

    Squares overlap by half, so that a place on the border of one lies inside another.
    """
    cells: dict[Cell, list[Seen]] = defaultdict(list)
    for row in rows:
        if row.latitude is not None and row.longitude is not None:
            cells[_cell(row.latitude, row.longitude, side_m / 2)].append(row)
    corners = {(x - dx, y - dy) for x, y in cells for dx in (0, 1) for dy in (0, 1)}
    found = {
        (x, y): [row for dx in (0, 1) for dy in (0, 1) for row in cells.get((x + dx, y + dy), [])]
        for x, y in corners
    }
    yield from sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))


def _cell(latitude: float, longitude: float, step_m: float) -> Cell:
    return floor(longitude * DEGREE_WIDTH_M / step_m), floor(latitude * METRES_PER_DEGREE / step_m)
