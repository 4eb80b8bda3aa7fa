"""The commune of a point, for all peers: an STRtree over the polygons of one boundary set."""

import os
import pickle
from pathlib import Path

import shapely


class Places:
    """Polygons of communes, EPSG:4326, from the file that `POLYGONS` names."""

    def __init__(self) -> None:
        content = pickle.loads(Path(os.environ["POLYGONS"]).read_bytes())  # noqa: S301
        self._units: list[int] = [unit for unit, _ in content]
        polygons = shapely.from_wkb([polygon for _, polygon in content])
        shapely.prepare(polygons)
        self._tree = shapely.STRtree(polygons)

    def find(self, longitude: float, latitude: float) -> int | None:
        """Return the unit whose polygon has the point, None where there is none."""
        found = self._tree.query(shapely.Point(longitude, latitude), predicate="intersects")
        return self._units[found[0]] if len(found) else None

    def find_many(self, longitudes: list[float], latitudes: list[float]) -> list[int | None]:
        """Return the units of many points."""
        units: list[int | None] = [None] * len(longitudes)
        points = shapely.points(longitudes, latitudes)
        for point, polygon in zip(*self._tree.query(points, predicate="intersects"), strict=True):
            units[point] = self._units[polygon]
        return units
