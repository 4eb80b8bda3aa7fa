"""Known centres and boxes of communes, cleaned, as arrays for the cells."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .outline import KM_PER_DEGREE
from .registry import Registry

Floats = NDArray[np.float64]

FAR = {"498", "22736", "22737", "22739", "20333"}  # Hoàng Sa and Trường Sa: drawn apart
UNKNOWN_AREA_KM2 = 50.0  # where the package has none (two communes)
# A centre farther from its successor's than this many times the root of the successor's area was
# geocoded to another place (1 % of them): the successor's centre is used instead.
MAX_OFFSET = 2.0
# A box this much smaller or larger than the commune's likely area is that of a point of interest
# or of the whole district: replaced by a square of GUESSED_BOX times that area.
SMALLEST_BOX = 0.2
LARGEST_BOX = 20.0
GUESSED_BOX = 1.8
JITTER = 0.15  # of the root of the area, to part centres that coincide


@dataclass(frozen=True)
class New:
    """Communes of 2025: codes, centres in degrees, areas in km²."""

    codes: list[str]
    longitude: Floats
    latitude: Floats
    area: Floats


@dataclass(frozen=True)
class Old:
    """Communes of 2024: codes, successor (index into New), point, box centre and half sizes."""

    codes: list[str]
    successor: NDArray[np.int64]
    longitude: Floats
    latitude: Floats
    box_longitude: Floats
    box_latitude: Floats
    half_width: Floats  # km
    half_height: Floats  # km
    area: Floats  # likely, km²


def new_sites(registry: Registry) -> New:
    """Return the communes of 2025 except the far islands."""
    rows = [row for row in _communes(registry, "2025") if row["code"] not in FAR]
    area = [row["area_km2"] or UNKNOWN_AREA_KM2 for row in rows]
    return New(
        [row["code"] for row in rows],
        np.array([row["longitude"] for row in rows]),
        np.array([row["latitude"] for row in rows]),
        np.array(area),
    )


def old_sites(registry: Registry, new: New) -> Old:
    """Return the communes of 2024 except the far islands, with areas guessed by successors."""
    rows = [row for row in _communes(registry, "2024") if row["code"] not in FAR]
    codes = [row["code"] for row in rows]
    position = {code: i for i, code in enumerate(new.codes)}
    main = _main_successors(registry, position)
    successor = np.array([main[code] for code in codes])
    sharing = Counter(successor.tolist())
    area = new.area[successor] / np.array([sharing[i] for i in successor.tolist()])
    longitude, latitude = _points(rows, successor, new)
    longitude, latitude = _parted(longitude, latitude, area)
    box = _boxes(registry, codes, longitude, latitude, area)
    return Old(codes, successor, longitude, latitude, *box, area)


def _communes(registry: Registry, system: str) -> list[dict[str, Any]]:
    return [row for row in registry.units[system] if row["level"] == "commune"]


def _main_successors(registry: Registry, position: dict[str, int]) -> dict[str, int]:
    return {
        old: position[new] for old, new, main in registry.conversion if main and new in position
    }


def _points(
    rows: list[dict[str, Any]], successor: NDArray[np.int64], new: New
) -> tuple[Floats, Floats]:
    longitude = np.array([row["longitude"] for row in rows], dtype=float)
    latitude = np.array([row["latitude"] for row in rows], dtype=float)
    there = new.longitude[successor], new.latitude[successor]
    east = (longitude - there[0]) * KM_PER_DEGREE * np.cos(np.radians(latitude))
    north = (latitude - there[1]) * KM_PER_DEGREE
    # "not <=" so that a missing centre is replaced too
    lost = ~(np.hypot(east, north) <= MAX_OFFSET * np.sqrt(new.area[successor]))
    return np.where(lost, there[0], longitude), np.where(lost, there[1], latitude)


def _parted(longitude: Floats, latitude: Floats, area: Floats) -> tuple[Floats, Floats]:
    """Move every centre but the first of coinciding ones, in turns of the golden angle."""
    seen: Counter[tuple[float, float]] = Counter()
    longitude, latitude = longitude.copy(), latitude.copy()
    for i in range(len(area)):
        place = (float(longitude[i]), float(latitude[i]))
        turn = seen[place]
        seen[place] += 1
        if turn:
            step = JITTER * area[i] ** 0.5 * turn**0.5 / KM_PER_DEGREE
            longitude[i] += step * np.cos(2.39996 * turn) / np.cos(np.radians(latitude[i]))
            latitude[i] += step * np.sin(2.39996 * turn)
    return longitude, latitude


def _boxes(
    registry: Registry, codes: list[str], longitude: Floats, latitude: Floats, area: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    none = (np.nan,) * 4
    south, west, north, east = np.array([registry.boxes.get(code, none) for code in codes]).T
    x, y = (west + east) / 2, (south + north) / 2
    half_width = (east - west) / 2 * KM_PER_DEGREE * np.cos(np.radians(latitude))
    half_height = (north - south) / 2 * KM_PER_DEGREE
    ratio = 4 * half_width * half_height / area
    far = np.hypot(x - longitude, y - latitude) * KM_PER_DEGREE > 4 * np.sqrt(area) + 5
    bad = ~((ratio >= SMALLEST_BOX) & (ratio <= LARGEST_BOX)) | far
    half = np.sqrt(area * GUESSED_BOX) / 2
    return (
        np.where(bad, longitude, x),
        np.where(bad, latitude, y),
        np.where(bad, half, half_width),
        np.where(bad, half, half_height),
    )
