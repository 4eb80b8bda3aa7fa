"""A uniform grid over polygons: most cells lie in one polygon, the others store its borders."""

import json
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import shapely
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

    def references(self, origin: float, count: int) -> Floats:
        """Return the coordinates of the reference points of columns or rows from an origin."""
        return np.asarray(origin + (np.arange(count) + REFERENCE) * self.size, dtype=np.float64)


def expand(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Return the integers first, first + 1, ... of each item, with the item's number."""
    item = np.repeat(np.arange(len(count)), count)
    skip = np.cumsum(count) - count
    return item, np.arange(len(item)) + np.repeat(first - skip, count)


def build_grid(polygons: Sequence[shapely.Geometry] | NDArray[np.object_], size: float) -> Grid:
    """Build the grid of polygons.

    Parameters
    ----------
    polygons : (n,) polygons or multipolygons
        In degrees (EPSG:4326), in the order in which ties are decided; holes are excluded
        by parity, so rings may have any order and direction.
    size : float
        Cell size in degrees; larger if the extent requires it (see MAX_CELLS).
    """
    x, y, starts, owners = _segments(np.asarray(polygons, dtype=object))
    frame = Frame.around(x, y, size)
    cells, segments = _cells_of_segments(frame, x, y, starts)
    covered, coverers = _covers(frame, x, y, starts, owners)
    count = len(polygons)
    grid = np.full(frame.cells, EMPTY, dtype=np.int32)
    grid[covered[::-1]] = coverers[::-1]  # the lowest is written last
    border = np.zeros(frame.cells, dtype=np.bool_)
    border[cells] = True
    border[covered[grid[covered] != coverers]] = True  # in two polygons at once
    kept = border[covered]
    covers = np.sort(covered[kept] * count + coverers[kept])
    heads, lengths = _runs(cells * count + owners[segments])
    keys, _ = _runs(np.sort(np.concatenate([heads, covers])))
    sizes = np.zeros(len(keys), dtype=np.int64)
    sizes[np.searchsorted(keys, heads)] = lengths
    inside = np.zeros(len(keys), dtype=np.bool_)
    inside[np.searchsorted(keys, covers)] = True
    border_cells, entries = _runs(keys // count)
    shape = (frame.rows, frame.columns)
    grid[(grid >= 0) & _beside(border.reshape(shape)).ravel()] += BESIDE
    grid[border_cells] = BORDER - np.arange(len(border_cells), dtype=np.int32)
    tiles, blocks = _tiled(grid.reshape(shape))
    return Grid(
        frame=np.array([frame.west, frame.south, frame.size, frame.columns, frame.rows]),
        tiles=tiles,
        blocks=blocks,
        cell_entries=_offsets(entries),
        entry_polygon=(keys % count).astype(np.int32),
        entry_inside=inside,
        entry_segments=_offsets(sizes),
        segments=starts[segments].astype(np.int32),
        x=x,
        y=y,
    )


def _segments(polygons: NDArray[np.object_]) -> tuple[Floats, Floats, Ints, Ints]:
    """Return vertices, the first vertex of each segment, and its polygon."""
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    moves = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
    starts = np.flatnonzero((ring[1:] == ring[:-1]) & moves)
    return x, y, starts, part_owner[ring_part[ring[starts]]]


def _cells_of_segments(frame: Frame, x: Floats, y: Floats, starts: Ints) -> tuple[Ints, Ints]:
    """Return pairs of a cell and a segment that passes within EDGE_DEG of it, in cell order."""
    cell = _cells_well_inside(frame, x, y)
    at = cell[starts]
    alone = (at == cell[starts + 1]) & (at >= 0)
    simple, other = np.flatnonzero(alone), np.flatnonzero(~alone)
    keys = [at[simple] * len(starts) + simple]
    cell, item = _crossed_cells(frame, x, y, starts[other])
    keys.append(cell * len(starts) + other[item])
    key = np.sort(np.concatenate(keys))
    cells = key // len(starts)
    return cells, key - cells * len(starts)


def _cells_well_inside(frame: Frame, x: Floats, y: Floats) -> Ints:
    """Return the cell of each vertex; -1 for one too near to the sides of its cell."""
    column, row = (x - frame.west) / frame.size, (y - frame.south) / frame.size
    cell = row.astype(np.int64) * frame.columns + column.astype(np.int64)
    limit = 0.5 - 2 * EDGE_DEG / frame.size
    cell[(np.abs(column % 1 - 0.5) > limit) | (np.abs(row % 1 - 0.5) > limit)] = -1
    return cell


def _crossed_cells(frame: Frame, x: Floats, y: Floats, starts: Ints) -> tuple[Ints, Ints]:
    """Return the cells within EDGE_DEG of segments, with the position of the segment."""
    pad = 2 * EDGE_DEG
    x1, y1, x2, y2 = x[starts], y[starts], x[starts + 1], y[starts + 1]
    west, east = np.minimum(x1, x2) - pad, np.maximum(x1, x2) + pad
    bottom = frame.row(np.minimum(y1, y2) - pad)
    segment, row = expand(bottom, frame.row(np.maximum(y1, y2) + pad) - bottom + 1)
    low, high = _clipped(frame, row, x1[segment], y1[segment], x2[segment], y2[segment])
    left = frame.column(np.maximum(west[segment], low - pad))
    widths = frame.column(np.minimum(east[segment], high + pad)) - left + 1
    item, column = expand(left, np.maximum(widths, 0))
    return row[item] * frame.columns + column, segment[item]


def _clipped(
    frame: Frame, row: Ints, x1: Floats, y1: Floats, x2: Floats, y2: Floats
) -> tuple[Floats, Floats]:
    """Return the range of longitudes of a segment within a row."""
    pad = 4 * EDGE_DEG
    south = frame.south + row * frame.size - pad
    dy = y2 - y1
    flat = np.abs(dy) < pad
    slope = (x2 - x1) / np.where(flat, 1.0, dy)
    a = x1 + np.clip(south - y1, np.minimum(dy, 0), np.maximum(dy, 0)) * slope
    b = (
        x1
        + np.clip(south + frame.size + 2 * pad - y1, np.minimum(dy, 0), np.maximum(dy, 0)) * slope
    )
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.where(flat, -np.inf, low), np.where(flat, np.inf, high)


def _covers(frame: Frame, x: Floats, y: Floats, starts: Ints, owners: Ints) -> tuple[Ints, Ints]:
    """Return pairs of a cell and a polygon around its reference point, in polygon order."""
    lines = frame.references(frame.south, frame.rows)
    below = np.searchsorted(lines, y)
    first = np.minimum(below[starts], below[starts + 1])
    crossings = np.abs(below[starts + 1] - below[starts])
    crossing = np.flatnonzero(crossings)
    item, row = expand(first[crossing], crossings[crossing])
    start = starts[crossing[item]]
    owner = owners[crossing[item]]
    x1, y1 = x[start], y[start]
    at = x1 + (lines[row] - y1) * (x[start + 1] - x1) / (y[start + 1] - y1)
    order = np.lexsort((at, owner * frame.rows + row))
    at, row, owner = at[order], row[order][::2], owner[order][::2]
    columns = frame.references(frame.west, frame.columns)
    left = np.searchsorted(columns, at[::2])
    item, column = expand(left, np.searchsorted(columns, at[1::2]) - left)
    return row[item] * frame.columns + column, owner[item]


def _beside(border: Bools) -> Bools:
    """Return the border cells and their neighbours as a mask."""
    wide = border.copy()
    wide[:, 1:] |= border[:, :-1]
    wide[:, :-1] |= border[:, 1:]
    tall = wide.copy()
    tall[1:] |= wide[:-1]
    tall[:-1] |= wide[1:]
    return tall


def _runs(values: Ints) -> tuple[Ints, Ints]:
    """Return each run of equal values once, with its length."""
    begins = np.flatnonzero(np.diff(values, prepend=-1))
    return values[begins], np.diff(begins, append=len(values))


def _offsets(lengths: Ints) -> Int32s:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)


def _tiled(grid: Int32s) -> tuple[Int32s, Int32s]:
    """Cut a grid into tiles; equal uniform tiles become one block."""
    rows, columns = grid.shape[0] // TILE, grid.shape[1] // TILE
    view = grid.reshape(rows, TILE, columns, TILE)
    low = view.min(axis=(1, 3)).ravel()
    mixed = low != view.max(axis=(1, 3)).ravel()
    uniform, which = np.unique(low[~mixed], return_inverse=True)
    tiles = np.empty(rows * columns, dtype=np.int32)
    tiles[~mixed] = which
    tiles[mixed] = len(uniform) + np.arange(int(mixed.sum()))
    r, c = np.divmod(np.flatnonzero(mixed), columns)
    blocks = np.concatenate(
        [np.repeat(uniform, TILE * TILE), view.transpose(0, 2, 1, 3)[r, c].ravel()]
    )
    return tiles, np.ascontiguousarray(blocks, dtype=np.int32)


# Raise this when Grid, its constants or the file format change: older files are then rebuilt.
FORMAT = 1

_MAGIC = b"DOSONGIX"
_START = struct.Struct("<8sIIQ")  # magic, format, checksum of the rest, bytes of the header
_ALIGN = 64


class DamagedIndexError(ValueError):
    """A saved index that is truncated, altered, or of another format."""


def write_grid(path: Path, codes: Sequence[str], grid: Grid) -> None:
    """Write codes and arrays atomically."""
    names = [field.name for field in fields(grid)]
    arrays = {name: np.ascontiguousarray(getattr(grid, name)) for name in names}
    header_arrays = {name: [array.dtype.str, array.size] for name, array in arrays.items()}
    header = json.dumps({"codes": list(codes), "arrays": header_arrays}).encode()
    header += b" " * (-(len(header) + _START.size) % _ALIGN)
    checksum = zlib.crc32(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_START.pack(_MAGIC, FORMAT, 0, len(header)) + header)
            for array in arrays.values():
                body = array.tobytes() + b"\0" * (-array.nbytes % _ALIGN)
                checksum = zlib.crc32(body, checksum)
                file.write(body)
            file.seek(0)
            file.write(_START.pack(_MAGIC, FORMAT, checksum, len(header)))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_grid(path: Path) -> tuple[list[str], Grid]:
    """Map a file written by `write_grid` into memory after checking its checksum.

    Raises
    ------
    DamagedIndexError
        The file is truncated, altered, or of another format.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < _START.size:
            raise DamagedIndexError(f"{path}: cut off")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, version, checksum, length = _START.unpack_from(content)
    if magic != _MAGIC or version != FORMAT:
        raise DamagedIndexError(f"{path}: no index of format {FORMAT}")
    if zlib.crc32(memoryview(content)[_START.size :]) != checksum:
        raise DamagedIndexError(f"{path}: altered or cut off")
    # The checksum has read every page; those that answers need are mapped again.
    if hasattr(mmap, "MADV_DONTNEED"):
        content.madvise(mmap.MADV_DONTNEED)
    header = json.loads(content[_START.size : _START.size + length])
    arrays, offset = {}, _START.size + length
    for name, (dtype, size) in header["arrays"].items():
        arrays[name] = np.frombuffer(content, dtype=dtype, count=size, offset=offset)
        offset += arrays[name].nbytes + -arrays[name].nbytes % _ALIGN
    return header["codes"], Grid(**arrays)
