"""Assign every small square of land to communes, and write every file of geo/data."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from shapely import Geometry

from . import outline
from .outline import KM_PER_DEGREE
from .sites import UNIT_COLUMNS, New, Old, Registry, new_sites, old_sites, read

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

WEST, SOUTH = 102.0, 8.25  # degrees, corner of the grid
COLUMNS, ROWS = 3200, 6400  # 102-110 E, 8.25-24.25 N
STEP = 0.0025  # degrees, about 270 m: below it accuracy no longer grows
BLOCK = 20  # squares a side that share one list of candidates
CANDIDATES_OLD = 72  # nearest centres compared: a mountain commune is larger than its neighbours
CANDIDATES_NEW = 32
# Weights of the score, tuned on random points against real polygons (approximate_accuracy).
OUTSIDE_BOX = 1e3  # leaving a commune's box weighs more than any distance
SUCCESSOR_OLD = 0.8  # an old commune lies near the centre of its successor
CENTRE_NEW = 6.0  # scale that makes new centres comparable with old ones


def assign(land: Geometry, old: Old, new: New) -> tuple[Labels, Labels]:
    """Assign each square whose middle is on land to the commune with the lowest score.

    Return the index of each square's commune of 2024 and of 2025, row 0 in the south; -1: no land.

    Squared distances in km² are divided by a power of the area, so that large communes reach
    further; new centres and old ones (which count for their main successor) compete for the
    square in the system of 2025.
    """
    labels_old, labels_new = (np.full((ROWS, COLUMNS), -1, dtype=np.int32) for _ in range(2))
    shapely.prepare(land)
    for rows, columns, x, y in _blocks(land):
        near_old = _nearest(x, y, old.longitude, old.latitude, CANDIDATES_OLD)
        near_new = _nearest(x, y, new.longitude, new.latitude, CANDIDATES_NEW)
        old_score = _score_old(x, y, old, new, near_old)
        new_score = CENTRE_NEW * _distance2(x, y, new.longitude, new.latitude, near_new)
        new_score /= np.sqrt(new.area[near_new])
        best_old, best_new = near_old[old_score.argmin(1)], near_new[new_score.argmin(1)]
        labels_old[rows, columns] = best_old
        from_old = old_score.min(1) <= new_score.min(1)
        labels_new[rows, columns] = np.where(from_old, old.successor[best_old], best_new)
    return labels_old, labels_new


def assign_missing(labels: Labels, longitude: Floats, latitude: Floats) -> list[int]:
    """Assign to each commune without a square the nearest one of a commune that has others.

    Return the indices of those communes in the order of assignment.
    """
    counts = np.bincount(labels[labels >= 0], minlength=len(longitude))
    without = [int(i) for i in np.flatnonzero(counts == 0)]
    for i in without:
        row = int((latitude[i] - SOUTH) / STEP)
        column = int((longitude[i] - WEST) / STEP)
        reach = 80  # squares
        top, left = max(row - reach, 0), max(column - reach, 0)
        window = labels[top : row + reach, left : column + reach]
        rows, columns = np.nonzero(window >= 0)
        owner = window[rows, columns]
        distance = (rows + top - row) ** 2 + (columns + left - column) ** 2
        distance = np.where(counts[owner] > 1, distance, 10**9)
        taken = int(distance.argmin())
        counts[owner[taken]] -= 1
        counts[i] += 1
        window[rows[taken], columns[taken]] = i
    return without


def _blocks(land: Geometry) -> Iterator[tuple[Any, Any, Floats, Floats]]:
    rows, columns = np.divmod(np.arange(BLOCK * BLOCK), BLOCK)
    tops, lefts = np.meshgrid(np.arange(0, ROWS, BLOCK), np.arange(0, COLUMNS, BLOCK))
    boxes = shapely.box(
        WEST + lefts * STEP,
        SOUTH + tops * STEP,
        WEST + (lefts + BLOCK) * STEP,
        SOUTH + (tops + BLOCK) * STEP,
    )
    hit = shapely.intersects(land, boxes)
    for top, left in zip(tops[hit], lefts[hit], strict=True):
        x, y = WEST + (left + columns + 0.5) * STEP, SOUTH + (top + rows + 0.5) * STEP
        inside = shapely.contains_xy(land, x, y)
        if inside.any():
            yield top + rows[inside], left + columns[inside], x[inside], y[inside]


def _nearest(x: Floats, y: Floats, longitude: Floats, latitude: Floats, count: int) -> Any:
    distance = _distance2(
        x.mean(keepdims=True), y.mean(keepdims=True), longitude, latitude, np.arange(len(longitude))
    )
    return np.sort(np.argpartition(distance[0], count)[:count])


def _distance2(x: Floats, y: Floats, longitude: Floats, latitude: Floats, which: Any) -> Floats:
    scale = KM_PER_DEGREE * np.cos(np.radians(y))[:, None]
    east = (x[:, None] - longitude[which]) * scale
    north = (y[:, None] - latitude[which]) * KM_PER_DEGREE
    return np.asarray(east * east + north * north)


def _score_old(x: Floats, y: Floats, old: Old, new: New, near: Any) -> Floats:
    middle = (old.longitude + old.box_longitude) / 2, (old.latitude + old.box_latitude) / 2
    distance = _distance2(x, y, *middle, near)
    scale = KM_PER_DEGREE * np.cos(np.radians(y))[:, None]
    east = np.abs(x[:, None] - old.box_longitude[near]) * scale - old.half_width[near]
    north = np.abs(y[:, None] - old.box_latitude[near]) * KM_PER_DEGREE - old.half_height[near]
    outside = np.maximum(east, 0) ** 2 + np.maximum(north, 0) ** 2
    box_area = 4 * old.half_width[near] * old.half_height[near]
    successor = old.successor[near]
    there = _distance2(x, y, new.longitude, new.latitude, successor)
    score = (distance + OUTSIDE_BOX * outside) / box_area**0.25
    return np.asarray(score + SUCCESSOR_OLD * there / np.sqrt(new.area[successor]))


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


def derive(atlas: Path, folder: Path) -> None:
    """Write units, conversion, outline and cells into the folder.

    ``atlas`` is ``countries-10m.json`` of the npm package ``world-atlas``.
    """
    registry = read()
    for system, rows in registry.units.items():
        lines = ([row[column] for column in UNIT_COLUMNS] for row in rows)
        _write(folder / f"units-{system}.csv", UNIT_COLUMNS, lines)
    conversion = ((old, new, int(main)) for old, new, main in registry.conversion)
    _write(folder / "conversion.csv", ("old_code", "new_code", "main"), conversion)
    new = new_sites(registry)
    old = old_sites(registry, new)
    land = outline.with_islands(outline.country(atlas), _centres(old, new))
    _write_outline(folder / "outline.geojson", land)
    labels_old, labels_new = assign(land, old, new)
    _write_cells(folder, registry, "2024", labels_old, old)
    _write_cells(folder, registry, "2025", labels_new, new)


def _centres(old: Old, new: New) -> Iterable[tuple[float, float, float]]:
    for sites in (new, old):
        yield from zip(sites.longitude, sites.latitude, sites.area, strict=True)


def _write(path: Path, header: Sequence[str], lines: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


def _write_outline(path: Path, land: Geometry) -> None:
    far = list(outline.far_islands("2025").values())
    simple = shapely.set_precision(shapely.union_all([land, *far]), 1e-4)
    path.write_text(shapely.to_geojson(shapely.normalize(simple)) + "\n", encoding="utf-8")


def _write_cells(
    folder: Path, registry: Registry, system: str, labels: Labels, sites: Old | New
) -> None:
    single = assign_missing(labels, sites.longitude, sites.latitude)
    codes = [sites.codes[i] for i in single]
    print(f"{system}: {len(single)} communes got a single square: {codes}")
    shapes = dict(zip(sites.codes, trace(labels, len(sites.codes)), strict=True))
    shapes.update(outline.far_islands(system))
    every = [row["code"] for row in registry.units[system] if row["level"] == "commune"]
    geometry = shapely.to_wkb(np.array([shapes[code] for code in every]), byte_order=1)
    table = pa.table({"code": every, "geometry": pa.array(geometry, type=pa.binary())})
    path = folder / f"cells-{system}.parquet"
    pq.write_table(table, path, compression="zstd", compression_level=19)
