"""A uniform grid over polygons: most cells lie in one polygon, the others store its borders."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

# Tolerance of a point on a border: 0.1 mm, far above the rounding of doubles at
# 180 degrees (3e-14) and far below the 6 decimals in which boundaries are published.
EDGE_DEG = 1e-9

# About 220 m. Finer cells leave fewer points beside a border, coarser ones build faster; measured
# on the communes of 2025, 0.002 is where both the build and the lookup are near their best.
CELL_DEG = 0.002

# Bounds the memory of the build (4 bytes a cell) when polygons span more than Vietnam does.
MAX_CELLS = 80_000_000

# Cells are stored in square tiles of TILE x TILE, so that the sea costs one tile, not a gigabyte.
TILE = 32

# The position of a cell's reference point within it. Not a round number, so that no reference line
# runs along a border whose vertices were rounded to some decimals.
REFERENCE = 0.4871316597

# Cells without a polygon; border cell number b is stored as BORDER - b.
EMPTY = -1
BORDER = -2

# Added to the polygon of a cell that has a border cell among its eight neighbours; without it no
# border is nearer than a cell's width, and most points need no search.
BESIDE = 1 << 24


@dataclass(frozen=True, slots=True)
class Grid:
    """The arrays of the index; polygons are numbered in the order of their codes.

    Attributes
    ----------
    frame : (5,) float64
        West and south end and cell size in degrees (EPSG:4326), columns, rows.
    tiles : (rows / TILE * columns / TILE,) int32
        The block of each tile.
    blocks : (blocks * TILE * TILE,) int32
        Per cell: a polygon's number (plus BESIDE), EMPTY, or BORDER minus the number of the
        border cell.
    cell_entries : (border cells + 1,) int32
        First entry of each border cell. An entry is a polygon that touches the cell.
    entry_polygon, entry_inside : (entries,) int32, bool
        The polygon; whether the cell's reference point lies in it.
    entry_segments : (entries + 1,) int32
        First item of each entry in `segments`.
    segments : (items,) int32
        Vertex at which the segment begins; it ends at the next vertex.
    x, y : (vertices,) float64
        Longitudes and latitudes in degrees (EPSG:4326), ring after ring.
    """

    frame: Floats
    tiles: Int32s
    blocks: Int32s
    cell_entries: Int32s
    entry_polygon: Int32s
    entry_inside: Bools
    entry_segments: Int32s
    segments: Int32s
    x: Floats
    y: Floats

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Frame:
    """Position, cell size and extent of a grid, in degrees and cells."""

    west: float
    south: float
    size: float
    columns: int
    rows: int

    @classmethod
    def around(cls, x: Floats, y: Floats, size: float) -> "Frame":
        """Return a frame of whole tiles over all vertices with a margin of a cell."""
        width, height = float(np.ptp(x)), float(np.ptp(y))
        size = max(size, (width * height / MAX_CELLS) ** 0.5, max(width, height) / MAX_CELLS**0.5)
        columns, rows = (int(-(-(extent / size + 2) // TILE)) * TILE for extent in (width, height))
        return cls(float(x.min()) - size, float(y.min()) - size, size, columns, rows)

    @property
    def cells(self) -> int:
        """The number of cells."""
        return self.columns * self.rows

    def column(self, x: Floats) -> Ints:
        """Return the columns of these longitudes."""
        return ((x - self.west) / self.size).astype(np.int64)

    def row(self, y: Floats) -> Ints:
        """Return the rows of these latitudes."""
        return ((y - self.south) / self.size).astype(np.int64)

    def reference_x(self) -> Floats:
        """Return the longitudes of the reference points of all columns."""
        return _ascending(self.west, self.size, self.columns)

    def reference_y(self) -> Floats:
        """Return the latitudes of the reference points of all rows."""
        return _ascending(self.south, self.size, self.rows)


def expand(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Return the integers first, first + 1, ... of each item, with the item's number."""
    item = np.repeat(np.arange(len(count)), count)
    skip = np.cumsum(count) - count
    return item, np.arange(len(item)) + np.repeat(first - skip, count)


def _ascending(origin: float, size: float, count: int) -> Floats:
    """Return the reference lines of columns or rows."""
    return np.asarray(origin + (np.arange(count) + REFERENCE) * size, dtype=np.float64)
