"""Spots where volunteers measure: in each commune of the active set, and beyond the border."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select

from backend.database.extensions import db
from backend.units.locator import Locator
from backend.units.models import Boundary
from backend.units.service import UnitRow, set_on, units_on

Floats = NDArray[np.float64]

METRES_PER_DEGREE = 111_195.0
# Spots of a commune are on a loose grid, at least STEP - 2 * SHIFT = 180 m apart, so that two fixes
# with 20 m of noise are still over 100 m apart (the radius of `repeat`).
STEP_M, SHIFT_M = 250.0, 35.0
SPOTS_ABOUT = 150
# Accuracy with which each spot is looked up: that of the best fixes.
SPOT_ACCURACY_M = 5.0
# Volunteers live within this distance of the centre of their province: not on Hoàng Sa.
REACH_DEG = 1.3
BEYOND_TRIES = 3_000


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune with the spots where volunteers measure."""

    unit_id: int
    code: str
    district: str
    longitudes: Floats
    latitudes: Floats

    @property
    def centre(self) -> tuple[float, float]:
        return float(self.longitudes.mean()), float(self.latitudes.mean())


@dataclass(frozen=True, slots=True)
class Province:
    """The communes of a province with spots, and points just beyond its border."""

    communes: tuple[Commune, ...]
    beyond: Floats  # (n, 2): longitude, latitude


def survey(province: str, day: date, locator: Locator, rng: np.random.Generator) -> Province:
    """Return the spots of every commune of a province in the set active on a day."""
    units = {unit.id: unit for unit in units_on(day, "commune", province)}
    spots = {key: _spots(shape, rng) for key, shape in _polygons(day, list(units)).items()}
    inside = _confirmed(spots, day, locator)
    middle = np.median([points.mean(axis=0) for points in inside.values()], axis=0)
    communes = tuple(
        _commune(units[key], points)
        for key, points in inside.items()
        if np.abs(points.mean(axis=0) - middle).max() < REACH_DEG
    )
    return Province(communes, _beyond(communes, set(units), day, locator, rng))


def _commune(unit: UnitRow, points: Floats) -> Commune:
    return Commune(unit.id, unit.code, unit.parent_code or "", points[:, 0], points[:, 1])


def _polygons(day: date, units: Sequence[int]) -> dict[int, shapely.Geometry]:
    """Return the largest part of each commune's polygon: some contain slivers of a neighbour."""
    active = set_on(day)
    query = (
        select(Boundary.unit_id, Boundary.geometry)
        .where(Boundary.set_id == (active.id if active else None), Boundary.unit_id.in_(units))
        .order_by(Boundary.unit_id)
    )
    found = {}
    for unit_id, wkb in db.session.execute(query):
        parts = shapely.get_parts(shapely.from_wkb(wkb))
        found[unit_id] = parts[int(np.argmax(shapely.area(parts)))]
    return found


def _spots(shape: shapely.Geometry, rng: np.random.Generator) -> Floats:
    """Return a loose grid of points in a polygon; one point if the grid has none."""
    west, south, east, north = shapely.bounds(shape)
    per_degree = np.array(
        [METRES_PER_DEGREE * np.cos(np.radians((south + north) / 2)), METRES_PER_DEGREE]
    )
    area = shapely.area(shape) * per_degree.prod()
    step = max(STEP_M, np.sqrt(area / SPOTS_ABOUT)) / per_degree
    x = np.arange(west + rng.random() * step[0], east, step[0])
    y = np.arange(south + rng.random() * step[1], north, step[1])
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(-SHIFT_M, SHIFT_M, grid.shape) / per_degree
    shapely.prepare(shape)
    within: Floats = grid[shapely.contains_xy(shape, grid)]
    if len(within):
        return within
    point = shapely.point_on_surface(shape)
    return np.array([[point.x, point.y]])


def _confirmed(spots: dict[int, Floats], day: date, locator: Locator) -> dict[int, Floats]:
    """Return the spots that the locator assigns to their commune: some polygons overlap."""
    points = np.concatenate(list(spots.values()))
    owners = np.repeat(list(spots), [len(some) for some in spots.values()])
    right = locate(points, [SPOT_ACCURACY_M] * len(points), day, locator) == owners
    kept = {key: points[right & (owners == key)] for key in spots}
    return {key: some for key, some in kept.items() if len(some)}


def locate(
    points: Floats, accuracies: Sequence[float], day: date, locator: Locator
) -> NDArray[np.int64]:
    """Return the unit of each point; -1 outside all units."""
    x, y = points[:, 0].tolist(), points[:, 1].tolist()
    found = locator.locate_many([day] * len(points), x, y, accuracies)
    return np.array([-1 if one.unit_id is None else one.unit_id for one in found], dtype=np.int64)


def _beyond(
    communes: Sequence[Commune],
    own: set[int],
    day: date,
    locator: Locator,
    rng: np.random.Generator,
) -> Floats:
    """Return points in the communes of neighbouring provinces."""
    x = np.concatenate([one.longitudes for one in communes])
    y = np.concatenate([one.latitudes for one in communes])
    low, high = (x.min() - 0.05, y.min() - 0.05), (x.max() + 0.05, y.max() + 0.05)
    points = rng.uniform(low, high, (BEYOND_TRIES, 2))
    units = locate(points, [SPOT_ACCURACY_M] * len(points), day, locator)
    kept: Floats = points[(units >= 0) & ~np.isin(units, list(own))]
    return kept
