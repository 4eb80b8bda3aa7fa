"""Distances from points to borders within a radius."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from geo.containment import (
    cell_of_point,
    cell_value,
    cell_values,
    entries_of_cells,
    polygons_at,
    segments_of_entries,
)
from geo.grid import BESIDE, BORDER, EDGE_DEG, Bools, Floats, Grid, Int32s, Ints, expand

# WGS 84: equatorial radius in metres and first eccentricity squared.
RADIUS_M = 6_378_137.0
ECCENTRICITY2 = 0.006_694_379_990_141_3

# Cells of a chunk: their segments (up to some 20 a cell) stay in the processor's cache.
CHUNK_CELLS = 32_768

# Distances are compared to the micrometre: the same border in the other direction may differ in
# the last bit, which must not decide a tie.
DECIMALS = 6
# A border farther than the radius by this is beyond it in every computation.
CLEAR_M = 0.001


@dataclass(frozen=True, slots=True)
class Borders:
    """Distances in metres from points to the borders of polygons, by point."""

    point: Ints
    polygon: Int32s
    distance_m: Floats


def metres_per_degree(latitude: Floats) -> tuple[Floats, Floats]:
    """Return the length of a degree of longitude and of latitude on the WGS 84 ellipsoid.

    Parameters
    ----------
    latitude : (n,) float64
        Degrees (EPSG:4326).

    Returns
    -------
    (n,) float64, (n,) float64
        Metres. A plane with this scale is exact at the point; at latitudes of Vietnam its error is
        less than 2 mm at 200 m and 0.2 m at 2 km (curvature: distance squared / 2 R x tan lat).
    """
    phi = np.radians(latitude)
    w2 = 1 - ECCENTRICITY2 * np.sin(phi) ** 2
    normal = RADIUS_M / np.sqrt(w2)
    meridian = normal * (1 - ECCENTRICITY2) / w2
    return np.radians(normal * np.cos(phi)), np.radians(meridian)


@dataclass(frozen=True, slots=True)
class BorderQuery:
    """Points and the radii of the search for borders: every attribute has one value a point.

    `x`, `y` are degrees (EPSG:4326), `scale_x`, `scale_y` metres per degree there, `own` the
    polygon whose border is searched within `search_m` metres (-1: none), `reach_m` (at most
    `search_m`) the radius in metres within which the borders of all polygons are searched,
    `searched` the points that need a search at all.
    """

    x: Floats
    y: Floats
    scale_x: Floats
    scale_y: Floats
    own: Int32s
    search_m: Floats
    reach_m: Floats
    searched: Ints

    @classmethod
    def of_all(cls, x: Floats, y: Floats, own: Int32s, search_m: Floats, reach_m: Floats) -> Self:
        """Return a query of all points."""
        return cls(x, y, *metres_per_degree(y), own, search_m, reach_m, np.arange(len(x)))

    def without_clear_cells(self, grid: Grid, cells: Int32s) -> Self:
        """Return the query without the points whose cells have no border within the radius."""
        width_m = grid.frame[2] * np.minimum(self.scale_x, self.scale_y)
        clear = (cells >= 0) & (cells < BESIDE) & (self.search_m < width_m)
        return replace(self, searched=np.flatnonzero(~clear))


def far_inside(grid: Grid, x: float, y: float, search_m: float) -> int | None:
    """Return the polygon of one point without a border within a radius; None if there may be one.

    Most positions are located so, without the cost of arrays of one. Points outside, in two
    polygons, or within a millimetre of the radius are left to `borders_within`.
    """
    scale_x, scale_y = _metres_per_degree(y)
    if not search_m < grid.frame.item(2) * min(scale_x, scale_y):
        return None
    value = cell_of_point(grid, x, y)
    if 0 <= value < BESIDE:
        return value
    reach_m = search_m + CLEAR_M
    for entry in _entries_around(grid, x, y, reach_m / scale_x, reach_m / scale_y):
        if _passes_within(grid, entry, (x, y), (scale_x, scale_y), reach_m):
            return None
    found = [polygon for polygon, _ in polygons_at(grid, x, y)]
    return found[0] if len(found) == 1 else None


def _entries_around(
    grid: Grid, x: float, y: float, reach_x: float, reach_y: float
) -> Iterator[int]:
    """Yield the entries of the at most nine cells that a radius below a cell's width touches."""
    west, south, size = grid.frame[:3].tolist()
    left, right = (x - reach_x - west) / size, (x + reach_x - west) / size
    bottom, top = (y - reach_y - south) / size, (y + reach_y - south) / size
    for row in range(math.floor(bottom), math.floor(top) + 1):
        for column in range(math.floor(left), math.floor(right) + 1):
            cell = BORDER - cell_value(grid, column, row)
            if cell >= 0:
                yield from range(grid.cell_entries.item(cell), grid.cell_entries.item(cell + 1))


def _passes_within(
    grid: Grid, entry: int, at: tuple[float, float], scale: tuple[float, float], reach_m: float
) -> bool:
    """Return whether a segment of an entry comes within a distance of one point."""
    begin, end = grid.entry_segments.item(entry), grid.entry_segments.item(entry + 1)
    for start in grid.segments[begin:end].tolist():
        ax, ay = (grid.x.item(start) - at[0]) * scale[0], (grid.y.item(start) - at[1]) * scale[1]
        dx = (grid.x.item(start + 1) - at[0]) * scale[0] - ax
        dy = (grid.y.item(start + 1) - at[1]) * scale[1] - ay
        along = min(max(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0.0), 1.0)
        if (ax + along * dx) ** 2 + (ay + along * dy) ** 2 <= reach_m**2:
            return True
    return False


def _metres_per_degree(latitude: float) -> tuple[float, float]:
    """Return `metres_per_degree` of one latitude."""
    phi = math.radians(latitude)
    w2 = 1 - ECCENTRICITY2 * math.sin(phi) ** 2
    normal = RADIUS_M / math.sqrt(w2)
    meridian = normal * (1 - ECCENTRICITY2) / w2
    return math.radians(normal * math.cos(phi)), math.radians(meridian)


def borders_within(grid: Grid, query: BorderQuery) -> Iterator[Borders]:
    """Yield the borders within the radii of a query, in chunks of ascending points.

    A polygon may occur more than once for a point, once per cell of the grid; its least
    distance is the true one.
    """
    size = float(grid.frame[2])
    columns, rows = int(grid.frame[3]), int(grid.frame[4])
    at = query.searched
    search = query.search_m[at]
    left, widths = _span(grid.frame[0], size, columns, query.x[at], search / query.scale_x[at])
    bottom, heights = _span(grid.frame[1], size, rows, query.y[at], search / query.scale_y[at])
    total = np.cumsum(widths * heights)
    begin = 0
    while begin < len(at):
        done = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + CHUNK_CELLS)))
        part = slice(begin, end)
        item, column, row = _cells(left[part], bottom[part], widths[part], heights[part])
        values = cell_values(grid, column, row)
        border = np.flatnonzero(values <= BORDER)
        point = at[item[border] + begin]
        close = _reached(grid, query, point, column[border], row[border])
        cell, entry = entries_of_cells(grid, values[border])
        point = point[cell]
        kept = close[cell] | (grid.entry_polygon[entry] == query.own[point])
        kept &= grid.entry_segments[entry + 1] > grid.entry_segments[entry]
        yield _distances(grid, query, point[kept], entry[kept])
        begin = end


def _span(origin: float, size: float, cells: int, at: Floats, reach: Floats) -> tuple[Ints, Ints]:
    """Return the first column (or row) within reach of each point, and their number."""
    first = np.clip((at - reach - EDGE_DEG - origin) / size, 0, cells).astype(np.int64)
    last = np.floor(np.clip((at + reach + EDGE_DEG - origin) / size, -1, cells - 1))
    return first, np.maximum(last.astype(np.int64) - first + 1, 0)


def _cells(left: Ints, bottom: Ints, widths: Ints, heights: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the columns and rows of rectangles of cells, with the number of the rectangle."""
    counts = widths * heights
    item, k = expand(np.zeros_like(counts), counts)
    row = k // widths[item]
    return item, left[item] + k - row * widths[item], bottom[item] + row


def _reached(grid: Grid, query: BorderQuery, point: Ints, column: Ints, row: Ints) -> Bools:
    """Return whether cells begin within the radius for all polygons."""
    west, south, size = grid.frame[:3].tolist()
    reach = query.reach_m[point]
    away_x = np.abs(west + (column + 0.5) * size - query.x[point]) - size / 2 - EDGE_DEG
    away_y = np.abs(south + (row + 0.5) * size - query.y[point]) - size / 2 - EDGE_DEG
    close: Bools = np.maximum(away_x * query.scale_x[point], away_y * query.scale_y[point]) <= reach
    return close


def _distances(grid: Grid, query: BorderQuery, point: Ints, entry: Ints) -> Borders:
    """Return the distances from points to entries that are within the radius."""
    if not len(entry):
        return Borders(point, grid.entry_polygon[entry], np.empty(0))
    item, start = segments_of_entries(grid, entry)
    scale_y = query.scale_y[point]
    px, py, ratio = (
        query.x[point][item],
        query.y[point][item],
        (query.scale_x[point] / scale_y)[item],
    )
    end = start + 1
    ax, ay = (grid.x[start] - px) * ratio, grid.y[start] - py
    dx, dy = (grid.x[end] - px) * ratio - ax, grid.y[end] - py - ay
    along = np.minimum(np.maximum(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0), 1)
    squares = (ax + along * dx) ** 2 + (ay + along * dy) ** 2
    begins = np.flatnonzero(np.diff(item, prepend=-1))
    distance = np.sqrt(np.minimum.reduceat(squares, begins)) * scale_y
    distance = np.round(distance, DECIMALS)
    near = np.flatnonzero(distance <= query.search_m[point])
    return Borders(point[near], grid.entry_polygon[entry[near]], distance[near])
