"""The outline of the country: the land of Natural Earth, and missing islands."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import Geometry

KM_PER_DEGREE = 111.32
NEIGHBOURS = ("China", "Laos", "Cambodia")
COAST_MARGIN_KM = 3.0  # the 1:10 million coast is off by up to this; seaward only
ISLAND_RADIUS_KM = 5.0  # of a schematic island of Hoàng Sa and Trường Sa
MAX_RADIUS_KM = 8.0  # of a disc around an island's centre whose area is known
# The well-known main islands: unit of 2024, unit of 2025, latitude, longitude.
FAR_ISLANDS = (
    ("498", "20333", 16.534, 111.608),  # Hoàng Sa
    ("498", "20333", 16.834, 112.339),  # Phú Lâm
    ("498", "20333", 15.784, 111.200),  # Tri Tôn
    ("498", "20333", 16.667, 112.730),  # Linh Côn
    ("22736", "22736", 8.645, 111.920),  # Trường Sa Lớn
    ("22736", "22736", 8.967, 113.690),  # Phan Vinh
    ("22736", "22736", 7.890, 112.920),  # An Bang
    ("22737", "22736", 11.430, 114.330),  # Song Tử Tây
    ("22739", "22736", 9.886, 114.330),  # Sinh Tồn
    ("22739", "22736", 10.180, 114.366),  # Nam Yết
)


def country(atlas: Path) -> Geometry:
    """Return Vietnam of ``countries-10m.json`` with its coast moved seaward."""
    topology = json.loads(atlas.read_text(encoding="utf-8"))
    arcs = _arcs(topology)
    shapes = {
        entry["properties"]["name"]: _shape(entry, arcs)
        for entry in topology["objects"]["countries"]["geometries"]
        if entry["properties"]["name"] in ("Vietnam", *NEIGHBOURS)
    }
    wider = shapely.buffer(shapes["Vietnam"], COAST_MARGIN_KM / KM_PER_DEGREE, quad_segs=4)
    abroad = shapely.union_all([shapes[name] for name in NEIGHBOURS if name in shapes])
    return shapely.make_valid(shapely.difference(wider, abroad))


def with_islands(land: Geometry, centres: Iterable[tuple[float, float, float]]) -> Geometry:
    """Add a disc for each centre (longitude, latitude, km²) that the land does not cover."""
    discs = []
    for longitude, latitude, area in centres:
        if not shapely.contains_xy(land, longitude, latitude):
            radius = min(max((area / np.pi) ** 0.5, 1.0), MAX_RADIUS_KM)
            discs.append(disc(longitude, latitude, radius))
    return shapely.union_all([land, *discs])


def disc(longitude: float, latitude: float, radius_km: float) -> Geometry:
    """Return a sixteen-cornered disc in degrees, rounded to about ten metres."""
    angles = np.arange(16) * (np.pi / 8)
    east = radius_km / KM_PER_DEGREE / np.cos(np.radians(latitude)) * np.cos(angles)
    north = radius_km / KM_PER_DEGREE * np.sin(angles)
    corners = np.column_stack([longitude + east, latitude + north])
    return shapely.Polygon(np.round(corners, 4))


def far_islands(system: str) -> dict[str, Geometry]:
    """Return Hoàng Sa and Trường Sa as schematic polygons, by unit of the system."""
    parts: dict[str, list[Geometry]] = {}
    for old, new, latitude, longitude in FAR_ISLANDS:
        code = old if system == "2024" else new
        parts.setdefault(code, []).append(disc(longitude, latitude, ISLAND_RADIUS_KM))
    return {code: shapely.union_all(discs) for code, discs in parts.items()}


def _arcs(topology: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    scale = np.array(topology["transform"]["scale"])
    shift = np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def _shape(entry: dict[str, Any], arcs: list[np.ndarray[Any, Any]]) -> Geometry:
    polygons = entry["arcs"] if entry["type"] == "MultiPolygon" else [entry["arcs"]]
    shapes = []
    for polygon in polygons:
        rings = [_ring(indices, arcs) for indices in polygon]
        shapes.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.make_valid(shapely.MultiPolygon(shapes))


def _ring(indices: list[int], arcs: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    # A negative index ~i is arc i backwards; neighbouring arcs share their end point.
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
