"""Convert a grid of labels to simplified polygons with shared edges."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Geometry

from .cells import COLUMNS, ROWS, SOUTH, STEP, WEST, Labels

TOLERANCE = 1.2  # squares: stair corners are removed, borders move by less than a square
DECIMALS = 4  # of a degree, about 10 m; all corners lie on the grid of STEP anyway


def trace(labels: Labels, count: int) -> list[Geometry | None]:
    """Return the polygon of each label in degrees, None for one without squares.

    Borders are cut at every corner of a square, so neighbours share their vertices, and are
    then simplified together.
    """
    faces = shapely.get_parts(shapely.polygonize(_borders(labels)))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    owner = labels[inside[:, 1].astype(int), inside[:, 0].astype(int)]
    order = np.argsort(owner, kind="stable")
    faces, owner = faces[order], owner[order]
    starts = np.searchsorted(owner, np.arange(count + 1))
    pieces = [faces[starts[i] : starts[i + 1]] for i in range(count)]
    found = [i for i in range(count) if len(pieces[i])]
    whole = np.array([shapely.multipolygons(pieces[i]) for i in found])
    simple = shapely.coverage_simplify(whole, TOLERANCE, simplify_boundary=True)
    simple = shapely.transform(simple, _degrees)
    result: list[Geometry | None] = [None] * count
    for i, polygon in zip(found, simple, strict=True):
        result[i] = shapely.normalize(polygon)
    return result


def _degrees(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.round(corners * STEP + (WEST, SOUTH), DECIMALS))


def _borders(labels: Labels) -> Any:
    """Return the unit edges between squares of different labels, in units of squares."""
    framed = np.pad(labels, 1, constant_values=-1)
    rows, columns = np.nonzero(framed[1:-1, 1:] != framed[1:-1, :-1])
    upright = np.stack([columns, rows, columns, rows + 1], axis=1)
    rows, columns = np.nonzero(framed[1:, 1:-1] != framed[:-1, 1:-1])
    level = np.stack([columns, rows, columns + 1, rows], axis=1)
    edges = np.concatenate([upright, level]).astype(float)
    assert edges.max() <= max(ROWS, COLUMNS)
    return shapely.linestrings(edges.reshape(-1, 2, 2))
