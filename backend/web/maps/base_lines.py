"""Main roads and water of the base map, for maps drawn by the server.

`basemap.install` writes them beside the tiles, as arrays that a web process reads without a library
for polygons.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backend.canvas import Box, Canvas

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

# Zoom of the source whose features are taken: trunk and primary roads, large rivers and lakes.
DRAWN_ZOOM = 8
# What is drawn, in this order; also the classes of its paths.
WATER, RIVER, ROAD, HIGHWAY = DRAWN = ("water", "river", "road", "highway")
# Degrees; half a pixel of a map of one commune.
TOLERANCE = 0.0003
# Points of a drawing that are nearer to the one before are left out, and water that is smaller.
STEP = 5
MIN_WATER = 12
MAX_CACHED = 64


@dataclass(frozen=True, slots=True)
class BaseLines:
    """Lines in degrees: points (n, 2), the first of each line and n (m + 1), boxes (m, 4)."""

    points: NDArray[np.float32]
    starts: NDArray[np.int32]
    kinds: NDArray[np.uint8]  # index in DRAWN
    boxes: NDArray[np.float32]


def lines_path(tiles: Path) -> Path:
    """Return the path of the lines that belong to the tiles of a base map."""
    return tiles.with_suffix(".npz")


def kind_of(layer: str, kind: str, shape: "BaseGeometry") -> str:
    """Return how a feature of a base map is drawn."""
    if layer == "roads":
        return HIGHWAY if kind == "highway" else ROAD
    return WATER if shape.geom_type.endswith("Polygon") else RIVER


def write(path: Path, shapes: Iterable[tuple[str, "BaseGeometry"]]) -> None:
    """Store kinds of DRAWN with lines or polygons, simplified; of polygons the exterior."""
    points, starts, kinds, boxes = [np.empty((0, 2), np.float32)], [0], [], []
    for kind, shape in shapes:
        for part in getattr(shape, "geoms", [shape]):
            thin = part.simplify(TOLERANCE)
            if thin.is_empty:
                continue
            line = thin.exterior if kind == WATER else thin
            drawn = np.asarray(line.coords, dtype=np.float32)[:, :2]
            points.append(drawn)
            starts.append(starts[-1] + len(drawn))
            kinds.append(DRAWN.index(kind))
            boxes.append([*drawn.min(axis=0), *drawn.max(axis=0)])
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            points=np.concatenate(points),
            starts=np.array(starts, np.int32),
            kinds=np.array(kinds, np.uint8),
            boxes=np.array(boxes, np.float32).reshape(-1, 4),
        )


@lru_cache(1)
def read(path: Path) -> BaseLines | None:
    """Read the lines of a base map; None without a valid file."""
    try:
        with np.load(path) as stored:
            return BaseLines(*(stored[name] for name in BaseLines.__slots__))
    except (OSError, ValueError, KeyError):
        return None


@lru_cache(MAX_CACHED)
def drawn_lines(path: Path, box: Box, margin: float) -> tuple[tuple[str, str], ...]:
    """Return classes of DRAWN, with the path of their lines on a drawing of a box in degrees."""
    lines = read(path)
    if lines is None:
        return ()
    canvas = Canvas(box, margin)
    beyond = margin * max(box[2] - box[0], box[3] - box[1])
    wide = (box[0] - beyond, box[1] - beyond, box[2] + beyond, box[3] + beyond)
    west, south, east, north = lines.boxes.T
    shown = (west < wide[2]) & (east > wide[0]) & (south < wide[3]) & (north > wide[1])
    paths: dict[str, list[str]] = {kind: [] for kind in DRAWN}
    for at in np.flatnonzero(shown):
        kind = DRAWN[lines.kinds[at]]
        points = lines.points[lines.starts[at] : lines.starts[at + 1]]
        parts = [points] if kind == WATER else _inside(points, wide)
        paths[kind] += filter(None, (_path(canvas, part, kind == WATER) for part in parts))
    return tuple((kind, "".join(some)) for kind, some in paths.items() if some)


def _inside(points: NDArray[np.float32], box: Box) -> Iterator[NDArray[np.float32]]:
    """Yield the parts of a line in a box: runs of steps whose own box touches it."""
    west, south = np.minimum(points[1:], points[:-1]).T
    east, north = np.maximum(points[1:], points[:-1]).T
    near = (west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1])
    ends = np.flatnonzero(np.diff(np.concatenate(([0], near.view(np.int8), [0]))))
    for begin, end in ends.reshape(-1, 2):
        yield points[begin : end + 1]


def _path(canvas: Canvas, points: NDArray[np.float32], closed: bool) -> str:
    """Return a path in relative steps; empty where it is a dot on the drawing."""
    drawn = [canvas.at((x, y)) for x, y in points.tolist()]
    kept = [drawn[0]]
    for x, y in drawn[1:-1]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= STEP:
            kept.append((x, y))
    kept.append(drawn[-1])
    size = max(max(side) - min(side) for side in zip(*kept, strict=True))
    if size < (MIN_WATER if closed else 1):
        return ""
    steps = (f"{x - a},{y - b}" for (a, b), (x, y) in pairwise(kept))
    return f"M{kept[0][0]},{kept[0][1]}l{' '.join(steps)}{'z' if closed else ''}"
