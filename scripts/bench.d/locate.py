"""Measure CommuneIndex against geopandas.sjoin in the same run."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import geopandas
import numpy as np
from numpy.typing import NDArray

from geo.index import EDGE, SEARCH_MAX_M, CommuneIndex, Locations

T = TypeVar("T")

SINGLES = 20_000


def main() -> None:
    """Print ratios, disagreements and times."""
    arguments = _arguments()
    communes = geopandas.read_parquet(arguments.file)[["code", "geometry"]]
    lons, lats = _points(communes, arguments.points, arguments.seed)
    accuracies = np.random.default_rng(arguments.seed).lognormal(3, 1, len(lons))
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lons, lats), crs=4326)
    joined, sjoin_s = _timed(lambda: _sjoin(points, communes, arguments.predicate))
    built, build_s = _timed(lambda: CommuneIndex.from_frame(communes))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        built.save(path)
        index, load_s = _timed(lambda: CommuneIndex.load(path))
    plain, plain_s = _best(lambda: index.locate_many(lons, lats))
    _, border_s = _best(lambda: index.locate_many(lons, lats, accuracies))
    few = slice(0, min(SINGLES, len(lons)))
    far = (lons[few], lats[few], accuracies[few])
    _, far_s = _timed(lambda: index.locate_many(*far, search_m=SEARCH_MAX_M))
    pairs = list(zip(lons[few].tolist(), lats[few].tolist(), strict=True))
    _, single_s = _timed(lambda: [index.locate(lon, lat) for lon, lat in pairs])
    _, near_s = _timed(lambda: [index.locate(lon, lat, 20.0) for lon, lat in pairs[:2_000]])
    differ, edges = _disagreements(plain, joined)
    rows = [
        ("points", f"{len(lons):,}"),
        (f"geopandas.sjoin ({arguments.predicate})", f"{sjoin_s:.2f} s"),
        ("locate_many", f"{plain_s:.3f} s = {sjoin_s / plain_s:.1f} x sjoin"),
        ("locate_many with accuracies", f"{border_s:.3f} s = {sjoin_s / border_s:.1f} x sjoin"),
        ("  border exact to 2 km", f"{far_s / len(pairs) * 1e6:.1f} µs a point"),
        ("disagreements off edges", f"{differ} ({edges} points on edges)"),
        ("one locate", f"{single_s / len(pairs) * 1e6:.1f} µs"),
        ("one locate with accuracy", f"{near_s / len(pairs[:2_000]) * 1e6:.1f} µs"),
        ("build", f"{build_s:.2f} s"),
        ("load from cache", f"{load_s:.3f} s"),
    ]
    for name, value in rows:
        print(f"{name:<30} {value}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    folder = Path(os.environ.get("BOUNDARIES_DIR", "."))
    parser.add_argument("--file", type=Path, default=folder / "vn-2025-07.full.parquet")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--predicate",
        default="within",
        help="of sjoin; within is its fastest (it prepares the polygons), intersects 15 x slower",
    )
    return parser.parse_args()


def _points(
    communes: geopandas.GeoDataFrame, count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw points evenly in the bounding boxes of communes drawn evenly."""
    random = np.random.default_rng(seed)
    boxes = communes.bounds.to_numpy()[random.integers(0, len(communes), count)]
    lons = boxes[:, 0] + random.random(count) * (boxes[:, 2] - boxes[:, 0])
    lats = boxes[:, 1] + random.random(count) * (boxes[:, 3] - boxes[:, 1])
    return lons, lats


def _sjoin(
    points: geopandas.GeoDataFrame, communes: geopandas.GeoDataFrame, predicate: str
) -> NDArray[np.object_]:
    """Give the lowest code of each point, None for nowhere."""
    joined = geopandas.sjoin(points, communes, predicate=predicate)
    lowest = joined["code"].groupby(level=0).min().reindex(points.index)
    return np.array([None if code != code else code for code in lowest], dtype=object)


def _disagreements(located: Locations, expected: NDArray[np.object_]) -> tuple[int, int]:
    edge = located.how == EDGE
    differs = located.code_array() != expected
    return int((differs & ~edge).sum()), int(edge.sum())


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def _best(work: Callable[[], T], times: int = 3) -> tuple[T, float]:
    """Time work a few times and give the median."""
    runs = [_timed(work) for _ in range(times)]
    return runs[-1][0], sorted(seconds for _, seconds in runs)[times // 2]


if __name__ == "__main__":
    main()
