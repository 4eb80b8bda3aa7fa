"""Share of random land points that the built-in sets place in the right commune."""

from pathlib import Path

import geopandas
import numpy as np
import pandas
import shapely

from geo.approximate import build

POINTS = 400_000  # in the box; about a quarter are on land
CASES = (("2025", "vn-2025-07.parquet", 0.81), ("2024", "vn-2024-12.parquet", 0.70))
FAR_EAST = 109.6  # degrees: islands further east are schematic


def measure(system: str, path: Path) -> tuple[float, int]:
    """Return the share of points in the right commune and the number of points."""
    real = geopandas.read_parquet(path, columns=["code", "geometry"])
    points = random_points()
    truth = lowest_code(points, real)
    answer = lowest_code(points, build(system)).reindex(truth.index)
    return float((truth == answer).mean()), len(truth)


def random_points() -> geopandas.GeoDataFrame:
    """Return points with uniform density in the country's box, the same at each call."""
    rng = np.random.default_rng(20241125)
    longitude = rng.uniform(102.1, FAR_EAST, POINTS)
    sines = np.sin(np.radians((8.3, 23.45)))
    latitude = np.degrees(np.arcsin(rng.uniform(*sines, POINTS)))
    geometry = shapely.points(longitude, latitude)
    return geopandas.GeoDataFrame(geometry=geometry, crs="EPSG:4326")


def lowest_code(points: geopandas.GeoDataFrame, units: geopandas.GeoDataFrame) -> pandas.Series:
    """Return the lowest code at each point that lies in a unit, by index."""
    # Units on the left: their polygons are the side that is prepared.
    pairs = units[["code", "geometry"]].sjoin(points, predicate="intersects")
    return pairs.groupby("index_right")["code"].min()
