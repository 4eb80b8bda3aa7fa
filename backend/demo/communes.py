"""Communes of the demo with the spots where volunteers measure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select

from backend.clock import month_end
from backend.database.extensions import db, extension
from backend.demo.plan import MonthPlan
from backend.units.models import Boundary
from backend.units.service import units_on
from geo.fix import METRES_PER_DEGREE

Floats = NDArray[np.float64]
Point = tuple[float, float]  # longitude, latitude

# Spots are on a loose grid, at least STEP - 2 * SHIFT = 180 m apart, so that two fixes with 10 m of
# noise are still over 100 m apart (the radius of `repeat`).
STEP_M, SHIFT_M = 250.0, 35.0
MAX_SPOTS = 150  # in one commune
# A spot is so far from other communes that the noise of a fix leads into none.
CLEAR_M = 11.0
# Volunteers live within this distance of the centre of their province: not on Hoàng Sa.
REACH_DEG = 1.3


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune with its spots."""

    unit_id: int
    code: str
    district: str
    spots: Floats  # (n, 2): longitude, latitude

    def around(self, spot: int) -> list[int]:
        """Return the numbers of all spots by their distance from one of them."""
        away = ((self.spots - self.spots[spot]) ** 2).sum(axis=1)
        nearest: list[int] = np.argsort(away, kind="stable").tolist()
        return nearest

    def point(self, spot: int) -> Point:
        x, y = self.spots[spot].tolist()
        return x, y


def survey(plan: MonthPlan, rng: np.random.Generator) -> list[Commune]:
    """Return the communes of a plan's province, with spots on a grid over all of it."""
    day = month_end(plan.month)
    loaded = extension("locator").loaded_set(day)
    units = {unit.id: unit for unit in units_on(day, "commune", plan.province)}
    rows = db.session.execute(
        select(Boundary.unit_id, Boundary.geometry)
        .where(Boundary.set_id == loaded.set_id, Boundary.unit_id.in_(units))
        .order_by(Boundary.unit_id)
    ).all()
    boxes = shapely.bounds(shapely.from_wkb([row.geometry for row in rows])).reshape(-1, 2, 2)
    db.session.rollback()  # no transaction stays open during the work
    centres = boxes.mean(axis=1)
    away = np.abs(centres - np.median(centres, axis=0)).max(axis=1)
    near = away < REACH_DEG
    if plan.communes is not None:
        near &= away.argsort(kind="stable").argsort() < plan.communes
        units = {
            row.unit_id: units[row.unit_id]
            for row, is_near in zip(rows, near, strict=True)
            if is_near
        }
    (west, south), (east, north) = boxes[near, 0].min(axis=0), boxes[near, 1].max(axis=0)
    step, shift = STEP_M / METRES_PER_DEGREE, SHIFT_M / METRES_PER_DEGREE
    grid = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    points = np.stack(grid, axis=-1).reshape(-1, 2)
    points = rng.permutation((points + rng.uniform(-shift, shift, points.shape)).round(6))
    clear = np.full(len(points), CLEAR_M)
    found = loaded.index.locate_many(points[:, 0], points[:, 1], clear, search_m=0.0)
    owners = np.where(found.ambiguous, -1, loaded.unit_ids[found.commune])
    return [
        Commune(unit.id, unit.code, unit.parent_code or "", spots)
        for unit in units.values()
        if len(spots := points[owners == unit.id][:MAX_SPOTS])
    ]


def by_distance(communes: Sequence[Commune], base: Commune) -> list[Commune]:
    """Return communes by their distance from one of them, which comes first."""
    centre = base.spots.mean(axis=0)
    return sorted(
        communes, key=lambda commune: float(((commune.spots.mean(axis=0) - centre) ** 2).sum())
    )
