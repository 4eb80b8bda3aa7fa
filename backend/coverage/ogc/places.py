"""The polygons of communes for a map program: where each lies, and the shapes of those shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from backend.database.extensions import db
from backend.units.catalogue import ActiveSet
from backend.units.models import Boundary

Box = tuple[float, float, float, float]  # west, south, east, north, in degrees
Bounds = NDArray[np.float64]

# Sets of which a process keeps the bounds: two systems, and a set that takes over within a month.
KEPT_MOST = 4
# Some 10 cm, less than any boundary is known to: coordinates take half the room so.
DECIMALS = 6


@dataclass(frozen=True)
class Extents:
    """The bounds of every commune of a set; sets are never changed in place."""

    at: Mapping[int, int]  # by the unit's id, its row
    bounds: Bounds

    @property
    def whole(self) -> Box:
        """The bounds of them all."""
        west, south = self.bounds[:, :2].min(axis=0).tolist()
        east, north = self.bounds[:, 2:].max(axis=0).tolist()
        return west, south, east, north


@lru_cache(KEPT_MOST)
def extents_of(active: ActiveSet) -> Extents | None:
    """Read the bounds of a set's communes; None where it has none."""
    from shapely import bounds, from_wkb

    query = select(Boundary.unit_id, Boundary.geometry).where(Boundary.set_id == active.id)
    rows = db.session.execute(query).all()
    if not rows:
        return None
    at = {row.unit_id: place for place, row in enumerate(rows)}
    return Extents(at, bounds(from_wkb([row.geometry for row in rows])))


def inside(active: ActiveSet | None, units: Sequence[int], box: Box) -> list[int]:
    """Which units, by their places in the list, have an area that meets a box."""
    from shapely import box as rectangle
    from shapely import intersects

    extents = extents_of(active) if active else None
    if active is None or extents is None:
        return []
    found, unsure = list[int](), list[int]()
    west, south, east, north = box
    for place, unit in enumerate(units):
        if (row := extents.at.get(unit)) is None:
            continue
        w, s, e, n = extents.bounds[row]
        if w > east or e < west or s > north or n < south:
            continue
        whole = west <= w and e <= east and south <= s and n <= north
        (found if whole else unsure).append(place)
    shapes = shapes_of(active, [units[place] for place in unsure])
    area = rectangle(*box)
    return sorted(found + [place for place in unsure if intersects(shapes[units[place]], area)])


def shapes_of(active: ActiveSet | None, units: Sequence[int]) -> dict[int, Any]:
    """The polygons of some units, by id; a unit without one is left out."""
    from shapely import from_wkb

    if active is None or not units:
        return {}
    query = select(Boundary.unit_id, Boundary.geometry).where(
        Boundary.set_id == active.id, Boundary.unit_id.in_(units)
    )
    rows = db.session.execute(query).all()
    shapes = from_wkb([row.geometry for row in rows])
    return {row.unit_id: shape for row, shape in zip(rows, shapes, strict=True)}


def as_geojson(shape: Any) -> bytes:
    """A polygon as GeoJSON."""
    from shapely import to_geojson, transform

    written: str = to_geojson(transform(shape, lambda points: points.round(DECIMALS)))
    return written.encode()
