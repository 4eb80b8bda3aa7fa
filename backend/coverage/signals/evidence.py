"""Input and output of the rules of signals: plain values."""

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
# the squares of a grid are aligned.
DEGREE_WIDTH_M = METRES_PER_DEGREE * cos(radians(16))


class DeviceSample(NamedTuple):
    """The fields of a measurement that the rules use; stripped measurements are left out."""

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
    elsewhere: int = 0  # measurements of this device in the month that are not among the input

    @property
    def day(self) -> date:
        return local_day(self.at)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence of a signal: devices, measurements, and the figures that exceeded a limit."""

    signal: str
    devices: tuple[UUID, ...]
    measurements: tuple[UUID, ...]
    facts: Mapping[str, float | int | str] = field(default_factory=dict)


def evidence(signal: str, rows: Iterable[DeviceSample], **facts: float | int | str) -> Evidence:
    """Build evidence of some rows; the result does not depend on their order."""
    shown = sorted(rows, key=lambda row: (row.at, row.id))
    devices = sorted({row.device for row in shown})
    return Evidence(signal, tuple(devices), tuple(row.id for row in shown), facts)


def by_device(rows: Iterable[DeviceSample]) -> dict[UUID, list[DeviceSample]]:
    """Group rows by device: devices ordered by id, their rows by time."""
    grouped: dict[UUID, list[DeviceSample]] = defaultdict(list)
    for row in rows:
        grouped[row.device].append(row)
    return {one: sorted(grouped[one], key=lambda row: (row.at, row.id)) for one in sorted(grouped)}


def blocks(
    rows: Iterable[DeviceSample], side_m: float
) -> Iterator[tuple[Cell, list[DeviceSample]]]:
    """Yield squares of `side_m` metres and their rows, the one with the most rows first.

    Squares overlap by half, so that a place on the border of one lies inside another.
    """
    cells: dict[Cell, list[DeviceSample]] = defaultdict(list)
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
