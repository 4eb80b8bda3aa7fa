"""Roads and water of the operator's base map, cut out for this server's maps.

The file is PMTiles in the schema Protomaps Basemap 4. Only the shapes and kinds of roads and inland
water on Vietnam's land are copied into a file of our own: no name, place or boundary of the source
reaches a browser.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from backend.units.catalogue import ActiveSet
from backend.web.maps import base_lines
from backend.web.maps.tiles import feature_line, province_land, run_tippecanoe

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely import Geometry
    from shapely.geometry.base import BaseGeometry

SCHEMA = "Protomaps Basemap 4"
OTHER_SCHEMA = f"the file is not of the schema {SCHEMA}"
# Kinds of the schema that are drawn, with their first zoom. Ferries, paths and the sea are not.
KINDS = {
    "roads": {"highway": 5, "major_road": 8, "minor_road": 11},
    "water": {"lake": 6, "water": 6, "river": 7, "basin": 9, "canal": 9},
}
# Kinds on drawn maps.
MAIN_KINDS = ("highway", "major_road", "lake", "water", "river")
GEOMETRIES = {
    "roads": ("LineString", "MultiLineString"),
    "water": ("LineString", "MultiLineString", "Polygon", "MultiPolygon"),
}
# Deeper zooms enlarge this one: a map of communes needs no alleys.
LAST_ZOOM = 12


class BasemapError(Exception):
    """The file cannot be used; the text says why."""


def current_basemap(folder: Path) -> str | None:
    """Return the digest of the base map in use; None without one, or if its file is missing."""
    try:
        digest = json.loads((folder / "basemap.json").read_text())["digest"]
    except (OSError, ValueError, KeyError):
        return None
    return digest if isinstance(digest, str) and basemap_path(folder, digest).is_file() else None


def basemap_path(folder: Path, digest: str) -> Path:
    """Return the path of the tiles of a base map."""
    return folder / f"basemap-{digest}.pmtiles"


def install(folder: Path, source: Path, active: ActiveSet) -> Path:
    """Cut roads and water out of a file, and use them from now on."""
    zoom = min(check(source), LAST_ZOOM)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="basemap-work-") as name:
        work = Path(name)
        lines = work / "lines.npz"
        made = run_tippecanoe(work, _cut_out(work, source, zoom, active, lines), LAST_ZOOM)
        with made.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        path = basemap_path(folder, digest)
        lines.replace(base_lines.lines_path(path))
        made.replace(path)
    _point_to(folder, {"digest": digest, "schema": SCHEMA, "source": source.name})
    return path


class BasemapFacts(TypedDict):
    """The base map in use."""

    digest: str
    source: str | None  # the name of the file it was made of
    megabytes: float


def basemap_facts(folder: Path) -> BasemapFacts | None:
    """Return the file's name and size in MB of the base map in use; None without one."""
    digest = current_basemap(folder)
    if digest is None:
        return None
    try:
        source = json.loads((folder / "basemap.json").read_text()).get("source")
        size = basemap_path(folder, digest).stat().st_size
    except (OSError, ValueError):
        return None
    return {"digest": digest, "source": source, "megabytes": size / 1e6}


def remove(folder: Path) -> None:
    """Use no base map any more."""
    (folder / "basemap.json").unlink(missing_ok=True)
    for path in folder.glob("basemap-*.*"):
        path.unlink()


def _point_to(folder: Path, values: dict[str, str]) -> None:
    """Write the file that names the base map in use, and delete former ones."""
    fresh = folder / f"basemap.{os.getpid()}"
    fresh.write_text(json.dumps(values))
    fresh.replace(folder / "basemap.json")
    for path in folder.glob("basemap-*.*"):
        if path.stem != basemap_path(folder, values["digest"]).stem:
            path.unlink()


def check(source: Path) -> int:
    """Return the last zoom of a file; raise BasemapError if it is not of the schema."""
    import pyogrio
    from pyogrio.errors import DataSourceError

    try:
        layers = {name for name, _ in pyogrio.list_layers(source)}
        found = {name: pyogrio.read_info(source, layer=name) for name in KINDS if name in layers}
    except DataSourceError as error:
        raise BasemapError(f"{source}: not PMTiles with vector tiles") from error
    for name in KINDS:
        if name not in found or "kind" not in found[name]["fields"]:
            raise BasemapError(f"{OTHER_SCHEMA}: no layer {name!r} with the field 'kind'")
        if found[name]["driver"] != "PMTiles":
            raise BasemapError(f"{source}: not PMTiles with vector tiles")
    about = found["roads"]["dataset_metadata"]
    version = about.get("version", "")
    # Programs that cut out a part of a file write their own name and version.
    if "Protomaps" in about.get("name", "") and version.partition(".")[0] != "4":
        raise BasemapError(f"{OTHER_SCHEMA}: version {version}")
    return int(about["ZOOM_LEVEL"])


def _cut_out(
    work: Path, source: Path, zoom: int, active: ActiveSet, lines_path: Path
) -> list[Path]:
    """Write the roads and water of each province as line-delimited GeoJSON.

    The main ones are also written to `lines_path`, for drawn maps.
    """
    from shapely import to_geojson

    main: list[tuple[str, BaseGeometry]] = []
    paths = [work / f"{layer}.geojsonl" for layer in KINDS]
    files = [path.open("w") for path in paths]
    try:
        for land in province_land(active):
            for layer, file in zip(KINDS, files, strict=True):
                for kind, part in _clipped(layer, _read(source, layer, zoom, land), land):
                    zooms, shape = (KINDS[layer][kind], LAST_ZOOM), to_geojson(part)
                    file.write(feature_line(layer, {"kind": kind}, zooms, shape))
                coarse = _read(source, layer, min(zoom, base_lines.DRAWN_ZOOM), land)
                coarse = coarse[coarse["kind"].isin(MAIN_KINDS)]
                for kind, part in _clipped(layer, coarse, land):
                    main.append((base_lines.kind_of(layer, kind, part), part))
    finally:
        for file in files:
            file.close()
    if not any(path.stat().st_size for path in paths):
        raise BasemapError("the file has no roads or water on Vietnam's land")
    base_lines.write(lines_path, main)
    return [path for path in paths if path.stat().st_size]


def _read(source: Path, layer: str, zoom: int, land: "Geometry") -> "GeoDataFrame":
    """Read the shapes and kinds of a layer around a province."""
    import geopandas
    from pyogrio.errors import DataLayerError, DataSourceError

    bounds = geopandas.GeoSeries([land], crs=4326).to_crs(3857).total_bounds
    try:
        frame = geopandas.read_file(
            source, layer=layer, columns=["kind"], bbox=tuple(bounds), ZOOM_LEVEL=str(zoom)
        )
    except (DataSourceError, DataLayerError) as error:
        raise BasemapError(f"layer {layer!r} cannot be read: {error}") from error
    kept = frame["kind"].isin(list(KINDS[layer])) & frame.geom_type.isin(GEOMETRIES[layer])
    return frame[kept][["kind", "geometry"]].to_crs(4326)


def _clipped(
    layer: str, frame: "GeoDataFrame", land: "Geometry"
) -> "Iterator[tuple[str, BaseGeometry]]":
    """Yield kind and shape of the features of a layer, clipped to the land."""
    import shapely

    shapely.prepare(land)
    shapes = shapely.make_valid(frame.geometry.values)
    inside = shapely.contains_properly(land, shapes)
    cut = shapes.copy()
    cut[~inside] = shapely.intersection(shapes[~inside], land)
    for kind, shape in zip(frame["kind"], cut, strict=True):
        for part in shapely.get_parts(shape):
            if part.geom_type in GEOMETRIES[layer] and not part.is_empty:
                yield kind, part
