"""Valid polygons in longitude and latitude from the geometries of a file."""

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas

CRS = "EPSG:4326"
# Equal-area (Albers) with its parallels in Vietnam: areas of communes are exact.
EQUAL_AREA = "+proj=aea +lat_1=10 +lat_2=21 +lat_0=16 +lon_0=106 +datum=WGS84 +units=m"

Shapes = NDArray[np.object_]


class BoundaryError(ValueError):
    """A boundary file or catalogue that cannot be used; names the file and the reason."""


def shapes_of(gdf: "geopandas.GeoDataFrame") -> Shapes:
    """Return the geometries of a frame as an array of shapely objects, shape (n,)."""
    return np.asarray(gdf.geometry.array, dtype=object)


def in_square_metres(gdf: "geopandas.GeoDataFrame") -> Shapes:
    """Return the geometries in the equal-area projection, metres, shape (n,)."""
    return shapes_of(gdf.to_crs(EQUAL_AREA))


def in_degrees(flat: "Sequence[shapely.Geometry]") -> list[Any]:
    """Return geometries of the equal-area projection in longitude and latitude."""
    from geopandas import GeoSeries

    return list(GeoSeries(list(flat), crs=EQUAL_AREA).to_crs(CRS))


def repair(shapes: Shapes) -> tuple[Shapes, dict[int, str]]:
    """Make invalid polygons valid, keeping their polygons only.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
        Polygons or multipolygons, any CRS.

    Returns
    -------
    shapes : ndarray, shape (n,)
        Valid ones; a valid input is the same object. An empty one where nothing with an area
        remains.
    reasons : dict
        Position in the array to the reason.
    """
    repaired = shapely.force_2d(shapes)
    wrong = np.flatnonzero(~shapely.is_valid(repaired))
    reasons = {int(i): str(shapely.is_valid_reason(repaired[i])) for i in wrong}
    for i in wrong:
        repaired[i] = _polygons_only(shapely.make_valid(repaired[i]))
    return repaired, reasons


def _polygons_only(shape: Any) -> Any:
    flat = shapely.get_parts(shapely.get_parts(shape))  # collections may hold multipolygons
    return shapely.union_all(flat[shapely.get_type_id(flat) == shapely.GeometryType.POLYGON])
