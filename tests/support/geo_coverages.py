"""Small sets of polygons for tests of the index, and the official ones where available."""

import os
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geo.lookup import metres_per_degree

WEST, SOUTH, STEP = 105.75, 21.5, 0.0078125


def frame_of(polygons: dict[str, Any]) -> geopandas.GeoDataFrame:
    geometry = list(polygons.values())
    return geopandas.GeoDataFrame({"code": list(polygons)}, geometry=geometry, crs=4326)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box in steps of STEP from the corner of the test area."""
    return shapely.box(
        WEST + west * STEP, SOUTH + south * STEP, WEST + east * STEP, SOUTH + north * STEP
    )


def lattice(n: int = 6, seed: int = 3) -> geopandas.GeoDataFrame:
    """Return a coverage of n x n irregular communes; coordinates are multiples of 2^-30 degrees."""
    random = np.random.default_rng(seed)
    nodes = np.stack(np.meshgrid(np.arange(2 * n + 1), np.arange(2 * n + 1)), axis=-1) / 2
    nodes = (nodes + random.uniform(-0.15, 0.15, nodes.shape)) * STEP + (WEST, SOUTH)
    nodes = np.round(nodes * 2**30) / 2**30
    path = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    names = iter(random.permutation(n * n) + 10_000)
    polygons = {
        f"{next(names):05}": shapely.Polygon([nodes[2 * i + r, 2 * j + c] for r, c in path])
        for i in range(n)
        for j in range(n)
    }
    return frame_of(polygons)


def messy() -> geopandas.GeoDataFrame:
    """Return polygons with holes, an enclave, islands, an island in a lake, overlaps, a strip."""
    ring = box(0, 0, 4, 4) - box(1, 1, 3, 3)
    return frame_of(
        {
            "00030": ring | box(1.75, 1.75, 2.25, 2.25),
            "00020": box(1, 1, 2, 3) - box(1.75, 1.75, 2.25, 2.25),
            "00040": box(3.5, 3.5, 6, 6),
            "00010": box(5, 5, 8, 8),
            "318": shapely.MultiPolygon([box(9, 0, 9.2, 0.2), box(9.3, 0.3, 9.4, 0.35)]),
            "00050": shapely.affinity.rotate(box(-3, -2, 12, -1.99), 20),
        }
    )


def random_points(
    frame: geopandas.GeoDataFrame, n: int, seed: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    west, south, east, north = frame.bounds.to_numpy()[random.integers(0, len(frame), n)].T
    margin = 0.002
    x = west - margin + random.random(n) * (east - west + 2 * margin)
    return x, south - margin + random.random(n) * (north - south + 2 * margin)


def brute_distances(frame: geopandas.GeoDataFrame, x: float, y: float) -> list[float]:
    """Return metres from a point to each polygon's border, in the local plane of the point."""
    scale_x, scale_y = (float(s[0]) for s in metres_per_degree(np.array([y])))
    plane = shapely.transform(
        np.array(frame.geometry.boundary), lambda xy: (xy - (x, y)) * (scale_x, scale_y)
    )
    return [float(d) for d in shapely.distance(plane, shapely.Point(0, 0))]


def real_frame() -> geopandas.GeoDataFrame:
    """Return the official communes of 2025 by code; skip the test without them."""
    folder = os.environ.get("BOUNDARIES_DIR")
    if not folder:
        pytest.skip("BOUNDARIES_DIR is not set: no official polygons to compare with")
    frame = geopandas.read_parquet(Path(folder) / "vn-2025-07.parquet")[["code", "geometry"]]
    return frame.sort_values("code").reset_index(drop=True)


SETS = {"lattice": lattice(), "messy": messy()}
