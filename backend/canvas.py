"""Drawings of Vietnam: the projection of degrees to the units of an SVG, and labels at sea.

Boundary sets draw Hoàng Sa and Trường Sa as specks, some not at all; so they are marked where they
lie, whatever set is active and however small the map is. Web Mercator, like the script map.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import degrees, log, pi, radians, tan
from typing import TYPE_CHECKING

import numpy as np

from geo.gazetteer import DATA

if TYPE_CHECKING:
    from shapely import Geometry, LinearRing
    from shapely.geometry.base import BaseGeometry


Point = tuple[float, float]  # longitude, latitude


@dataclass(frozen=True, slots=True)
class Archipelago:
    """Islands of a province, and the position of their label."""

    name: str
    province: str
    label: Point
    small_label: Point  # on small maps of the country: above the islands
    islands: tuple[Point, ...]


@cache
def archipelagos() -> tuple[Archipelago, ...]:
    """Return Hoàng Sa and Trường Sa with their islands."""
    return (
        Archipelago(
            "Quần đảo Hoàng Sa", "Đà Nẵng", (112.0, 14.7), (112.7, 17.7), _islands("Hoàng Sa")
        ),
        Archipelago(
            "Quần đảo Trường Sa", "Khánh Hòa", (113.7, 6.75), (113.5, 12.0), _islands("Trường Sa")
        ),
    )


def _islands(archipelago: str) -> tuple[Point, ...]:
    with (DATA / "islands.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            (float(row["longitude"]), float(row["latitude"]))
            for row in csv.DictReader(file)
            if row["archipelago"] == archipelago
        )


SEA = ("Biển Đông", (113.2, 12.6))
SMALL_SEA: Point = (112.3, 14.5)
# West, south, east, north of the country with its seas.
COUNTRY_BOX = (101.9, 5.7, 118.0, 23.7)
# North-west and south-east corners of the inset beside maps of a part of the country.
INSET = ((107.5, 17.9), (118.0, 5.9))


Box = tuple[float, float, float, float]  # west, south, east, north

# Degrees: half a pixel of a small map of the country.
OUTLINE_TOLERANCE = 0.02
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

    def place_on(self, other: "Canvas") -> tuple[float, float, float]:
        """Return the position of the upper left corner on another drawing, and the scale there."""
        x = self._west - self._margin - other._west + other._margin
        y = other._top + other._margin - self._top - self._margin
        return x * other._scale, y * other._scale, other._scale / self._scale

    def _ring(self, ring: "LinearRing") -> str:
        points = [self.at((x, y)) for x, y in np.asarray(ring.coords)[:, :2].tolist()]
        steps = [f"{x - a},{y - b}" for (a, b), (x, y) in pairwise(points) if (a, b) != (x, y)]
        return f"M{points[0][0]},{points[0][1]}l{' '.join(steps)}z" if len(steps) > 2 else ""


@dataclass(frozen=True, slots=True)
class CountryMap:
    """The country with its seas on a canvas of its own, for a corner of other pictures."""

    canvas: Canvas
    land: str
    islands: tuple[tuple[int, int], ...]
    names: tuple[tuple[tuple[str, ...], int, int], ...]  # lines, position of the last one


@cache
def country_map() -> CountryMap:
    """Return the small map of the country that every map of a part of it has beside it."""
    from shapely import from_geojson

    canvas = Canvas(COUNTRY_BOX)
    outline = from_geojson((DATA / "outline.geojson").read_text(encoding="utf-8"))
    names = [
        ((one.name.replace("Quần đảo", "QĐ."), f"({one.province})"), *canvas.at(one.small_label))
        for one in archipelagos()
    ]
    return CountryMap(
        canvas,
        canvas.path(outline.simplify(OUTLINE_TOLERANCE)),
        tuple(canvas.at(island) for one in archipelagos() for island in one.islands),
        (*names, ((SEA[0],), *canvas.at(SMALL_SEA))),
    )


def rings(path: str) -> list[list[tuple[int, int]]]:
    """Return the closed rings of a path that `Canvas.path` made."""
    found = []
    for part in path.split("z"):
        if not part:
            continue
        first, _, steps = part.removeprefix("M").partition("l")
        x, y = (int(one) for one in first.split(","))
        ring = [(x, y)]
        for step in steps.split():
            right, down = step.split(",")
            x, y = x + int(right), y + int(down)
            ring.append((x, y))
        found.append(ring)
    return found


def mercator(latitude: float) -> float:
    """Return the Mercator northing of a latitude, in degrees of longitude."""
    return degrees(log(tan(pi / 4 + radians(latitude) / 2)))


def clip(shape: "Geometry", box: Box) -> "BaseGeometry":
    """Return the part of a shape in a box; it may have pieces that are no polygons.

    shapely.clip_by_rect is faster, but fails for some valid polygons that touch the box.
    """
    import shapely

    cut: BaseGeometry = shapely.intersection(shapely.make_valid(shape), shapely.box(*box))
    return cut


def _rings(shape: "Geometry") -> Iterator["LinearRing"]:
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type == "Polygon" and not part.is_empty:
            yield part.exterior
            yield from part.interiors
        elif hasattr(part, "geoms"):
            yield from _rings(part)
