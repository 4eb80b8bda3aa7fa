"""The commune of one position, in plain Python: arrays of one cost a microsecond a call.

The same rules as `geo.lookup` has for arrays, and the same answers.
"""

import math
from typing import NamedTuple

from geo.grid import BESIDE, BORDER, EDGE_DEG, EMPTY, REFERENCE, TILE, Grid
from geo.lookup import ECCENTRICITY2, RADIUS_M

# Beyond so many cells arrays are faster: a radius of some 200 m, as large as a cell.
MAX_CELLS = 9
MICROMETRES = 1e6  # distances are rounded to them, as in `geo.lookup`
_BITS = TILE.bit_length() - 1

Line = tuple[float, float, float, float]  # x and y of both ends, in degrees


class Entry(NamedTuple):
    """A polygon that touches a border cell, and its segments there."""

    number: int
    polygon: int
    lines: list[Line]


class Containing(NamedTuple):
    """The polygons that contain a position, ascending, and the entries of its border cell."""

    polygons: list[int]
    on_edge: bool  # on the border of the first one
    entries: list[Entry]  # empty in a cell without a border


class Radii(NamedTuple):
    """Metres: of the accuracy, of the search for the own border, and of snapping from outside."""

    accuracy_m: float
    search_m: float
    snap_m: float


class Surroundings(NamedTuple):
    """The polygon of a position or the nearest one, metres to its border, others in its circle."""

    polygon: int | None
    is_snapped: bool
    border_m: float  # inf: none within the search
    others: list[int]  # ascending


class _Search(NamedTuple):
    """A position in degrees, metres per degree there, and the cells to search."""

    x: float
    y: float
    scale_x: float
    scale_y: float
    columns: range
    rows: range


def containing(grid: Grid, x: float, y: float) -> Containing:
    """Return the polygons that contain a position in degrees (EPSG:4326)."""
    west, south, size = grid.frame[:3].tolist()
    column, row = math.floor((x - west) / size), math.floor((y - south) / size)
    value = _cell_value(grid, column, row)
    if value > BORDER:
        return Containing([] if value == EMPTY else [value % BESIDE], False, [])
    rx, ry = (column + REFERENCE) * size + west - x, (row + REFERENCE) * size + south - y
    polygons, edges = [], []
    entries = _entries(grid, BORDER - value)
    for entry in entries:
        crosses, touches = _path_crosses(entry.lines, x, y, rx, ry)
        if touches or crosses != grid.entry_inside.item(entry.number):
            polygons.append(entry.polygon)
            edges.append(touches)
    return Containing(polygons, bool(edges) and edges[0], entries)


def surroundings(
    grid: Grid, x: float, y: float, inside: Containing, radii: Radii
) -> Surroundings | None:
    """Return what lies around a position; None if the search takes too many cells.

    A position outside every polygon belongs to the nearest within `snap_m`, the lowest of equally
    near ones.
    """
    own = inside.polygons[0] if inside.polygons else None
    search_m = radii.search_m if own is not None else radii.accuracy_m
    search = _search(grid, x, y, search_m)
    if _is_clear(grid, search, search_m):
        return Surroundings(own, False, math.inf, inside.polygons[1:])
    if len(search.columns) * len(search.rows) > MAX_CELLS:
        return None
    near = _borders_within(grid, search, inside, radii.accuracy_m, search_m)
    snapped = own is None
    if own is None:
        reached = [(metres, polygon) for polygon, metres in near.items() if metres <= radii.snap_m]
        own = min(reached)[1] if reached else None
    others = {polygon for polygon, metres in near.items() if metres <= radii.accuracy_m}
    others |= {*inside.polygons}
    border_m = math.inf if own is None else near.get(own, math.inf)
    return Surroundings(own, snapped, border_m, sorted(others - {own}))


def _cell_value(grid: Grid, column: int, row: int) -> int:
    """Return the value of a cell in `Grid.blocks`; EMPTY beyond the grid."""
    columns, rows = grid.frame[3:].tolist()
    if not (0 <= column < columns and 0 <= row < rows):
        return EMPTY
    tile = grid.tiles.item((row >> _BITS) * (int(columns) >> _BITS) + (column >> _BITS))
    last = TILE - 1
    return grid.blocks.item((tile << 2 * _BITS) + ((row & last) << _BITS) + (column & last))


def _entries(grid: Grid, cell: int) -> list[Entry]:
    """Return the entries of a border cell."""
    first, end = grid.cell_entries[cell : cell + 2].tolist()
    bounds = grid.entry_segments[first : end + 1].tolist()
    begin = bounds[0]
    starts = grid.segments[begin : bounds[-1]]
    ends = starts + 1
    x, y = grid.x, grid.y
    lines = list(
        zip(x[starts].tolist(), y[starts].tolist(), x[ends].tolist(), y[ends].tolist(), strict=True)
    )
    return [
        Entry(first + k, polygon, lines[bounds[k] - begin : bounds[k + 1] - begin])
        for k, polygon in enumerate(grid.entry_polygon[first:end].tolist())
    ]


def _path_crosses(lines: list[Line], x: float, y: float, rx: float, ry: float) -> tuple[bool, bool]:
    """Return whether the path to the reference point crosses a border oddly, and touches it.

    The path and its rule are those of `lookup.containment_pairs`; the reference point is relative
    to the position.
    """
    odd = False
    for x1, y1, x2, y2 in lines:
        ax, ay, bx, by = x1 - x, y1 - y, x2 - x, y2 - y
        dx, dy = bx - ax, by - ay
        if (ay > 0) != (by > 0):
            at_x = ax - ay * dx / dy
            odd ^= (at_x > 0) != (at_x > rx)
        if (ax > rx) != (bx > rx):
            at_y = ay + (rx - ax) * dy / dx
            odd ^= (at_y > 0) != (at_y > ry)
        along = min(max(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0.0), 1.0)
        at_x, at_y = ax + along * dx, ay + along * dy
        if at_x * at_x + at_y * at_y <= EDGE_DEG * EDGE_DEG:
            return odd, True
    return odd, False


def _least_square(lines: list[Line], x: float, y: float, ratio: float) -> float:
    """Return the square of the least distance to segments, in degrees of latitude.

    `ratio` is the length of a degree of longitude by that of one of latitude.
    """
    least = math.inf
    for x1, y1, x2, y2 in lines:
        ax, ay = (x1 - x) * ratio, y1 - y
        dx, dy = (x2 - x) * ratio - ax, y2 - y - ay
        along = -(ax * dx + ay * dy) / (dx * dx + dy * dy)
        along = 0.0 if along < 0.0 else 1.0 if along > 1.0 else along
        at_x, at_y = ax + along * dx, ay + along * dy
        square = at_x * at_x + at_y * at_y
        if square < least:
            least = square
    return least


def _search(grid: Grid, x: float, y: float, search_m: float) -> _Search:
    west, south, size, columns, rows = grid.frame.tolist()
    phi = math.radians(y)  # as `lookup.metres_per_degree`
    w2 = 1 - ECCENTRICITY2 * math.sin(phi) ** 2
    normal = RADIUS_M / math.sqrt(w2)
    scale_x = math.radians(normal * math.cos(phi))
    scale_y = math.radians(normal * (1 - ECCENTRICITY2) / w2)
    across = _span(west, size, columns, x, search_m / scale_x)
    along = _span(south, size, rows, y, search_m / scale_y)
    return _Search(x, y, scale_x, scale_y, across, along)


def _span(origin: float, size: float, cells: float, at: float, reach: float) -> range:
    """Return the columns (or rows) within reach of a position."""
    first = min(max((at - reach - EDGE_DEG - origin) / size, 0), cells)
    last = math.floor(min(max((at + reach + EDGE_DEG - origin) / size, -1), cells - 1))
    return range(int(first), last + 1)


def _is_clear(grid: Grid, search: _Search, search_m: float) -> bool:
    """Return whether a position's cell has no border within a radius."""
    west, south, size = grid.frame[:3].tolist()
    if not search_m < size * min(search.scale_x, search.scale_y):
        return False
    column, row = math.floor((search.x - west) / size), math.floor((search.y - south) / size)
    return 0 <= _cell_value(grid, column, row) < BESIDE


def _borders_within(
    grid: Grid, search: _Search, inside: Containing, reach_m: float, search_m: float
) -> dict[int, float]:
    """Return metres to borders by polygon: of the own within the search, of others in reach."""
    west, south, size = grid.frame[:3].tolist()
    x, y, scale_x, scale_y = search.x, search.y, search.scale_x, search.scale_y
    own = inside.polygons[0] if inside.polygons else None
    here = math.floor((x - west) / size), math.floor((y - south) / size)
    ratio = scale_x / scale_y
    squares: dict[int, float] = {}
    for row in search.rows:
        away_y = (abs(south + (row + 0.5) * size - y) - size / 2 - EDGE_DEG) * scale_y
        for column in search.columns:
            if (column, row) == here and inside.entries:
                entries = inside.entries
            elif (cell := BORDER - _cell_value(grid, column, row)) >= 0:
                entries = _entries(grid, cell)
            else:
                continue
            away_x = (abs(west + (column + 0.5) * size - x) - size / 2 - EDGE_DEG) * scale_x
            is_close = max(away_x, away_y) <= reach_m
            for _, polygon, lines in entries:
                if lines and (is_close or polygon == own):
                    least = _least_square(lines, x, y, ratio)
                    squares[polygon] = min(least, squares.get(polygon, math.inf))
    metres = {
        polygon: round(math.sqrt(square) * scale_y * MICROMETRES) / MICROMETRES
        for polygon, square in squares.items()
    }
    return {polygon: distance for polygon, distance in metres.items() if distance <= search_m}
