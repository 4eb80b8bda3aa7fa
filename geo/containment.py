"""Find the polygons that contain points in a grid, for arrays and for one point."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo.grid import (
    BESIDE,
    BORDER,
    EDGE_DEG,
    EMPTY,
    REFERENCE,
    TILE,
    Bools,
    Floats,
    Grid,
    Int32s,
    Ints,
    expand,
)

# Points of a chunk: their segments stay in the processor's cache.
CHUNK = 4_096

_BITS = TILE.bit_length() - 1


@dataclass(frozen=True, slots=True)
class ContainmentPairs:
    """Pairs of a point and a polygon that contains it, by point, then polygon.

    `point` is an index of the given points, `polygon` of the polygons of the grid; `edge`: the
    point lies on the border of that polygon.
    """

    point: Ints
    polygon: Int32s
    edge: Bools


def cell_values(grid: Grid, column: Ints, row: Ints) -> Int32s:
    """Return the values in `Grid.blocks` of cells by column and row, both inside the grid."""
    tile = (row >> _BITS) * (int(grid.frame[3]) >> _BITS) + (column >> _BITS)
    last = TILE - 1
    cells: Int32s = grid.blocks[
        (grid.tiles[tile].astype(np.int64) << 2 * _BITS) + ((row & last) << _BITS) + (column & last)
    ]
    return cells


def cells_of_points(grid: Grid, x: Floats, y: Floats) -> Int32s:
    """Return the value of each point's cell; EMPTY beyond the grid."""
    west, south, size, columns, rows = grid.frame.tolist()
    column, row = (x - west) / size, (y - south) / size
    within = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    if within.all():
        return cell_values(grid, column.astype(np.int64), row.astype(np.int64))
    values = np.full(len(x), EMPTY, dtype=np.int32)
    values[within] = cell_values(
        grid, column[within].astype(np.int64), row[within].astype(np.int64)
    )
    return values


def entries_of_cells(grid: Grid, values: Int32s) -> tuple[Ints, Ints]:
    """Return the entries of border cells, with the position of the cell in `values`."""
    cell = BORDER - values.astype(np.int64)
    first = grid.cell_entries[cell].astype(np.int64)
    return expand(first, grid.cell_entries[cell + 1] - first)


def segments_of_entries(grid: Grid, entry: Ints) -> tuple[Ints, Int32s]:
    """Return the first vertices of the segments of entries, with the position in `entry`."""
    first = grid.entry_segments[entry].astype(np.int64)
    item, k = expand(first, grid.entry_segments[entry + 1] - first)
    return item, grid.segments[k]


def containment_pairs(grid: Grid, values: Int32s, x: Floats, y: Floats) -> ContainmentPairs:
    """Return the polygons that contain points in border cells.

    Parameters
    ----------
    values : (n,) int32
        The cells of the points, from `cells_of_points`; all at most BORDER.
    x, y : (n,) float64
        Degrees (EPSG:4326).

    Notes
    -----
    A path leads from the point along its parallel to the meridian of the cell's reference
    point, then along that; it stays in the cell. Each crossing of a polygon's border swaps in
    and out. Ends of segments count as below and left of a line that they touch, which makes
    vertices and segments along the path harmless (the usual half-open rule).
    """
    points, polygons, edges = [], [], []
    for begin in range(0, len(x), CHUNK):
        part = slice(begin, begin + CHUNK)
        point, entry = entries_of_cells(grid, values[part])
        crossings, edge = _crossings(grid, entry, x[part][point], y[part][point])
        kept = np.flatnonzero((grid.entry_inside[entry] ^ crossings) | edge)
        points.append(point[kept] + begin)
        polygons.append(grid.entry_polygon[entry[kept]])
        edges.append(edge[kept])
    if not points:
        return ContainmentPairs(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.bool_))
    return ContainmentPairs(np.concatenate(points), np.concatenate(polygons), np.concatenate(edges))


def _crossings(grid: Grid, entry: Ints, x: Floats, y: Floats) -> tuple[Bools, Bools]:
    """Return for each entry whether the path crosses its border oddly, and whether it is near."""
    west, south, size = grid.frame[:3]
    rx = (np.floor((x - west) / size) + REFERENCE) * size + west
    ry = (np.floor((y - south) / size) + REFERENCE) * size + south
    item, start = segments_of_entries(grid, entry)
    px, py = x[item], y[item]
    ax, ay = grid.x[start] - px, grid.y[start] - py
    end = start + 1
    bx, by = grid.x[end] - px, grid.y[end] - py
    dx, dy = bx - ax, by - ay
    rx, ry = (rx - x)[item], (ry - y)[item]
    with np.errstate(divide="ignore", invalid="ignore"):
        at_x = ax - ay * dx / dy
        at_y = ay + (rx - ax) * dy / dx
    odd = ((ay > 0) != (by > 0)) & ((at_x > 0) != (at_x > rx))
    odd ^= ((ax > rx) != (bx > rx)) & ((at_y > 0) != (at_y > ry))
    along = np.clip(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0, 1)
    near = (ax + along * dx) ** 2 + (ay + along * dy) ** 2 <= EDGE_DEG**2
    crossings = np.bincount(item[odd], minlength=len(entry))
    touches = np.bincount(item[near], minlength=len(entry))
    return (crossings & 1).astype(np.bool_), touches > 0


def cell_of_point(grid: Grid, x: float, y: float) -> int:
    """Return the value of one point's cell, as `cells_of_points`."""
    west, south, size = grid.frame[:3].tolist()
    return cell_value(grid, math.floor((x - west) / size), math.floor((y - south) / size))


def cell_value(grid: Grid, column: int, row: int) -> int:
    """Return the value of one cell, as `cell_values`; EMPTY beyond the grid."""
    columns, rows = grid.frame[3:].tolist()
    if not (0 <= column < columns and 0 <= row < rows):
        return EMPTY
    tile = grid.tiles.item((row >> _BITS) * (int(columns) >> _BITS) + (column >> _BITS))
    last = TILE - 1
    return grid.blocks.item((tile << 2 * _BITS) + ((row & last) << _BITS) + (column & last))


def lowest_polygon(grid: Grid, x: float, y: float) -> tuple[int, bool] | None:
    """Return the lowest polygon that contains one point, and whether it is on the border.

    The same rule as `containment_pairs`, without the cost of arrays of one.
    """
    return next(polygons_at(grid, x, y), None)


def polygons_at(grid: Grid, x: float, y: float) -> Iterator[tuple[int, bool]]:
    """Yield the polygons that contain one point, lowest first, and whether it is on the border."""
    value = cell_of_point(grid, x, y)
    if value > BORDER:
        if value != EMPTY:
            yield value % BESIDE, False
        return
    west, south, size = grid.frame[:3].tolist()
    reference_x = (int((x - west) / size) + REFERENCE) * size + west - x
    reference_y = (int((y - south) / size) + REFERENCE) * size + south - y
    first = grid.cell_entries.item(BORDER - value)
    for entry in range(first, grid.cell_entries.item(BORDER - value + 1)):
        odd, near = _crosses(grid, entry, x, y, reference_x, reference_y)
        if near or odd != grid.entry_inside.item(entry):
            yield grid.entry_polygon.item(entry), near


def _crosses(grid: Grid, entry: int, x: float, y: float, rx: float, ry: float) -> tuple[bool, bool]:
    """Return `_crossings` of one entry; the reference point is relative to the point."""
    begin, end = grid.entry_segments.item(entry), grid.entry_segments.item(entry + 1)
    odd = False
    for start in grid.segments[begin:end].tolist():
        ax, bx = grid.x.item(start) - x, grid.x.item(start + 1) - x
        ay, by = grid.y.item(start) - y, grid.y.item(start + 1) - y
        dx, dy = bx - ax, by - ay
        if (ay > 0) != (by > 0):
            at_x = ax - ay * dx / dy
            odd ^= (at_x > 0) != (at_x > rx)
        if (ax > rx) != (bx > rx):
            at_y = ay + (rx - ax) * dy / dx
            odd ^= (at_y > 0) != (at_y > ry)
        along = min(max(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0.0), 1.0)
        if (ax + along * dx) ** 2 + (ay + along * dy) ** 2 <= EDGE_DEG**2:
            return odd, True
    return odd, False
