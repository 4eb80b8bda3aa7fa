"""Write every file of geo/data from its sources."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely import Geometry

from . import outline
from .cells import Grid, assign, assign_missing, trace
from .sites import COLUMNS, New, Old, Registry, new_sites, old_sites, read


def derive(atlas: Path, folder: Path) -> None:
    """Write units, conversion, outline and cells into the folder.

    ``atlas`` is ``countries-10m.json`` of the npm package ``world-atlas``.
    """
    registry = read()
    for system, rows in registry.units.items():
        lines = ([row[column] for column in COLUMNS] for row in rows)
        _write(folder / f"units-{system}.csv", COLUMNS, lines)
    conversion = ((old, new, int(main)) for old, new, main in registry.conversion)
    _write(folder / "conversion.csv", ("old_code", "new_code", "main"), conversion)
    new = new_sites(registry)
    old = old_sites(registry, new)
    land = outline.with_islands(outline.country(atlas), _centres(old, new))
    _write_outline(folder / "outline.geojson", land)
    _write_cells(folder, registry, assign(land, old, new), old, new)


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


def _write_cells(folder: Path, registry: Registry, grid: Grid, old: Old, new: New) -> None:
    for system, labels, sites in (("2024", grid.old, old), ("2025", grid.new, new)):
        single = assign_missing(labels, sites.longitude, sites.latitude)
        codes = [sites.codes[i] for i in single]
        print(f"{system}: {len(single)} communes got a single square: {codes}")
        shapes = dict(zip(sites.codes, trace(labels, len(sites.codes)), strict=True))
        shapes.update(outline.far_islands(system))
        every = [row["code"] for row in registry.units[system] if row["level"] == "commune"]
        geometry = shapely.to_wkb(np.array([shapes[code] for code in every]), byte_order=1)
        table = pa.table({"code": every, "geometry": pa.array(geometry, type=pa.binary())})
        pq.write_table(
            table, folder / f"cells-{system}.parquet", compression="zstd", compression_level=19
        )
