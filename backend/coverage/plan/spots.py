"""Spots with few samples in a commune: cells of about 500 m, classified only; pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.fix import distance_m

Cell = tuple[int, int]

# 500 m from south to north; from west to east 528 m in Cà Mau and 491 m in Hà Giang.
CELL_LATITUDE = 0.0045
CELL_LONGITUDE = 0.0048

# 300 samples in a commune with some 60 inhabited cells are five for each. A ward of few cells needs
# an even share of its target in each.
ENOUGH_LEAST = 5

# Spots that a phone shows on one screen.
SPOTS_MOST = 10

# Cells searched in each direction, some 10 km.
WINDOW = 20


@dataclass(frozen=True, slots=True)
class Spot:
    """The centre of a cell, and the class of its samples: none or few."""

    latitude: float
    longitude: float
    distance_m: int
    samples: str


def cell_of(latitude: float, longitude: float) -> Cell:
    """Return the cell of a position in degrees (WGS 84)."""
    return math.floor(latitude / CELL_LATITUDE), math.floor(longitude / CELL_LONGITUDE)


def cells_around(latitude: float, longitude: float) -> list[Cell]:
    """Return the cells of a square around a position."""
    row, column = cell_of(latitude, longitude)
    span = range(-WINDOW, WINDOW + 1)
    return [(row + up, column + right) for up in span for right in span]


def centre(cell: Cell) -> tuple[float, float]:
    """Return latitude and longitude of a cell's centre, to a metre."""
    return (
        round((cell[0] + 0.5) * CELL_LATITUDE, 5),
        round((cell[1] + 0.5) * CELL_LONGITUDE, 5),
    )


def lacking_spots(
    latitude: float,
    longitude: float,
    cells: Sequence[Cell],
    counts: Mapping[Cell, int],
    target: int | None,
) -> list[Spot]:
    """Return the nearest cells with too few samples; at equal distance, empty cells first.

    Spots contain a class instead of the exact number, which would reveal when somebody measures
    nearby.
    """
    enough = max(ENOUGH_LEAST, -(-(target or 0) // max(1, len(cells))))
    found = []
    for cell in cells:
        n = counts.get(cell, 0)
        if n < enough:
            lat, lon = centre(cell)
            metres = round(distance_m(longitude, latitude, lon, lat))
            found.append(Spot(lat, lon, metres, "few" if n else "none"))
    found.sort(key=lambda spot: (spot.distance_m, spot.samples == "few", spot.latitude))
    return found[:SPOTS_MOST]
