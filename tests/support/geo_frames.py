"""Small sets of squares of 0.1 degrees in the north."""

from typing import Any

import geopandas
import shapely

from geo.gazetteer import GazetteerUnit

WEST, SOUTH = 105.0, 21.0
BOWTIE = shapely.Polygon([(105.0, 22), (105.1, 22.1), (105.1, 22), (105.0, 22.1)])


def square(column: int, row: int = 0, size: float = 0.1) -> shapely.Polygon:
    corners = (WEST + column * 0.1, SOUTH + row * 0.1)
    corners += (corners[0] + size, corners[1] + size)
    return shapely.box(*(round(corner, 3) for corner in corners))  # neighbours meet exactly


def unit(code: str, **changes: Any) -> GazetteerUnit:
    values: dict[str, Any] = {
        "system": "2025",
        "level": "commune",
        "code": code,
        "name": f"Xã {code}",
        "type": "Xã",
        "province_code": "01",
        "district_code": "",
        "latitude": None,
        "longitude": None,
        "area_km2": None,
    }
    return GazetteerUnit(**values | changes)


def frame(shapes: dict[str, Any], **columns: Any) -> geopandas.GeoDataFrame:
    data = {"code": list(shapes), **columns}
    return geopandas.GeoDataFrame(data, geometry=list(shapes.values()), crs="EPSG:4326")


def pair() -> geopandas.GeoDataFrame:
    shapes = {"00002": square(1), "00001": square(0)}
    return frame(shapes, name=["Xã B", "Phường Đ"], type=["Xã", "Phường"])
