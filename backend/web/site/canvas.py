"""Projection of degrees to the units of an SVG drawing: Web Mercator, like the script map."""

from collections.abc import Iterator
from itertools import pairwise
from math import degrees, log, pi, radians, tan
from typing import TYPE_CHECKING

import numpy as np

from backend.web.site.sea import Point

if TYPE_CHECKING:
    from shapely import Geometry, LinearRing

Box = tuple[float, float, float, float]  # west, south, east, north

# Units of the longer side: finer than a pixel of a large screen, with short coordinates.
SIDE = 1600


class Canvas:
    """A drawing of a box in degrees; its upper left corner is 0,0."""

    def __init__(self, box: Box, margin: float = 0.0) -> None:
        west, south, east, north = box
        self._west, self._top = west, mercator(north)
        wide, high = east - west, self._top - mercator(south)
        self._scale = SIDE / (max(wide, high) * (1 + 2 * margin))
        self._margin = max(wide, high) * margin
        self.width = round((wide + 2 * self._margin) * self._scale)
        self.height = round((high + 2 * self._margin) * self._scale)

    def at(self, point: Point) -> tuple[int, int]:
        """Return the position of a point on the drawing."""
        x = (point[0] - self._west + self._margin) * self._scale
        y = (self._top - mercator(point[1]) + self._margin) * self._scale
        return round(x), round(y)

    def path(self, shape: "Geometry") -> str:
        """Return the `d` attribute of a path around a shape, in relative steps."""
        return "".join(self._ring(ring) for ring in _rings(shape))

    def _ring(self, ring: "LinearRing") -> str:
        points = [self.at((x, y)) for x, y in np.asarray(ring.coords)[:, :2].tolist()]
        steps = [f"{x - a},{y - b}" for (a, b), (x, y) in pairwise(points) if (a, b) != (x, y)]
        return f"M{points[0][0]},{points[0][1]}l{' '.join(steps)}z" if len(steps) > 2 else ""


def mercator(latitude: float) -> float:
    """Return the Mercator northing of a latitude, in degrees of longitude."""
    return degrees(log(tan(pi / 4 + radians(latitude) / 2)))


def _rings(shape: "Geometry") -> Iterator["LinearRing"]:
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type == "Polygon" and not part.is_empty:
            yield part.exterior
            yield from part.interiors
        elif hasattr(part, "geoms"):
            yield from _rings(part)
