"""How often the built-in sets name the right commune, on random land points."""

import os
import sys
from pathlib import Path

import geopandas
import numpy as np
import pandas
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from geo.approximate import build

POINTS = 400_000  # in the box; about a quarter of them lie on land
CASES = (("2025", "vn-2025-07.parquet", 0.81), ("2024", "vn-2024-12.parquet", 0.70))
FAR_EAST = 109.6  # degrees: points among the schematic islands prove nothing


def main() -> int:
    """Print the share of right answers for both systems; 1 if one is under its bar."""
    folder = os.environ.get("BOUNDARIES_DIR")
    if not folder:
        print("bench approximate: BOUNDARIES_DIR is not set: nothing to measure against")
        return 2
    failed = False
    for system, file, bar in CASES:
        right, points = measure(system, Path(folder) / file)
        failed |= right < bar
        word = "ok" if right >= bar else "UNDER THE BAR"
        print(f"{system}: {right:.4f} of {points:,} points right (bar {bar:.2f}): {word}")
    return int(failed)


def measure(system: str, path: Path) -> tuple[float, int]:
    """Return the share of points in the right commune and the number of points."""
    real = geopandas.read_parquet(path, columns=["code", "geometry"])
    points = random_points()
    truth = lowest_code(points, real)
    answer = lowest_code(points, build(system)).reindex(truth.index)
    return float((truth == answer).mean()), len(truth)


def random_points() -> geopandas.GeoDataFrame:
    """Points spread evenly over the area of the country's box, always the same ones."""
    rng = np.random.default_rng(20241125)
    longitude = rng.uniform(102.1, FAR_EAST, POINTS)
    sines = np.sin(np.radians((8.3, 23.45)))
    latitude = np.degrees(np.arcsin(rng.uniform(*sines, POINTS)))
    geometry = shapely.points(longitude, latitude)
    return geopandas.GeoDataFrame(geometry=geometry, crs="EPSG:4326")


def lowest_code(points: geopandas.GeoDataFrame, units: geopandas.GeoDataFrame) -> pandas.Series:
    """Return the lowest code at each point that lies in a unit, by index."""
    pairs = points.sjoin(units[["code", "geometry"]], predicate="intersects")
    return pairs.groupby(level=0)["code"].min()


if __name__ == "__main__":
    sys.exit(main())
