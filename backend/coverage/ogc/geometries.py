"""Polygons and bounding boxes of communes for OGC API Features."""

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

# Sets with cached bounds: of both systems, and their replacements within a month.
CACHED_MOST = 4
# Some 10 cm, finer than the accuracy of boundaries; halves the size of coordinates.
DECIMALS = 6


@dataclass(frozen=True)
class Extents:
    """The bounds of every commune of a set; sets are never changed in place."""

    row: Mapping[int, int]  # unit id -> row of `bounds`
    bounds: Bounds  # communes x (west, south, east, north), in degrees

    @property
    def whole(self) -> Box:
        """The bounds of all communes."""
        west, south = self.bounds[:, :2].min(axis=0).tolist()
        east, north = self.bounds[:, 2:].max(axis=0).tolist()
        return west, south, east, north


@lru_cache(CACHED_MOST)
def extents_of(active: ActiveSet) -> Extents | None:
    """Read the bounds of a set's communes; None without communes."""
    from shapely import bounds, from_wkb

    query = select(Boundary.unit_id, Boundary.geometry).where(Boundary.set_id == active.id)
    rows = db.session.execute(query).all()
    if not rows:
        return None
    row_of = {row.unit_id: number for number, row in enumerate(rows)}
    return Extents(row_of, bounds(from_wkb([row.geometry for row in rows])))


def inside(active: ActiveSet | None, units: Sequence[int], box: Box) -> list[int]:
    """Return the positions in `units` of those whose area intersects a box."""
    from shapely import box as rectangle
    from shapely import intersects

    extents = extents_of(active) if active else None
    if active is None or extents is None:
        return []
    found, candidates = list[int](), list[int]()
    west, south, east, north = box
    for position, unit in enumerate(units):
        if (row := extents.row.get(unit)) is None:
            continue
        w, s, e, n = extents.bounds[row]
        if w > east or e < west or s > north or n < south:
            continue
        whole = west <= w and e <= east and south <= s and n <= north
        (found if whole else candidates).append(position)
    shapes = shapes_of(active, [units[position] for position in candidates])
    area = rectangle(*box)
    found += [position for position in candidates if intersects(shapes[units[position]], area)]
    return sorted(found)


def shapes_of(active: ActiveSet | None, units: Sequence[int]) -> dict[int, Any]:
    """Return the polygons of units by id; a unit without one is left out."""
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
    """Return a polygon as GeoJSON."""
    from shapely import to_geojson, transform

    geojson: str = to_geojson(transform(shape, lambda points: points.round(DECIMALS)))
    return geojson.encode()
