"""The built-in boundary sets: cells around the known centres of communes, not official polygons."""

import geopandas
import pyarrow.parquet

from .boundaries import with_names
from .gazetteer import DATA, FAR_ISLANDS, load_units
from .polygons import CRS


def build(system: str) -> geopandas.GeoDataFrame:
    """Build the approximate set of one system.

    Every square of about 270 m on land was given to the commune whose known centres, area and box
    explain it best (``geo/derivation/derive.py``); the result is shipped, because making it takes
    longer than a first start may. Hoàng Sa and Trường Sa are schematic discs around their main
    islands. About 0.82 of random points on land lie in the right commune of 2025, 0.71 in the
    right one of 2024 (``tests/support/approximate_accuracy.py``).

    Parameters
    ----------
    system : str
        ``"2024"`` or ``"2025"``.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per commune, by code, EPSG:4326 (longitude, latitude in degrees). Columns
        ``code, geometry`` and those of :func:`geo.boundaries.with_names`; ``district_name`` is
        empty for island districts without communes. Valid polygons that do not overlap.

    Raises
    ------
    ValueError
        If the system is not known.

    Notes
    -----
    Source: centres of the package ``vietnamadminunits`` (MIT) and the outline of Natural Earth
    (public domain); see ``geo/data/SOURCES.md``.
    """
    units = load_units(system)
    table = pyarrow.parquet.read_table(DATA / f"cells-{system}.parquet")
    geometry = geopandas.GeoSeries.from_wkb(table["geometry"].to_pylist(), crs=CRS)
    frame = geopandas.GeoDataFrame({"code": table["code"].to_pylist()}, geometry=geometry)
    return with_names(frame, units)


def far_islands(system: str) -> geopandas.GeoDataFrame:
    """Return the rows of Hoàng Sa and Trường Sa of :func:`build`, for sets that lack them.

    Parameters
    ----------
    system : str
        ``"2024"`` or ``"2025"``.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns and CRS of :func:`build`; 2024: huyện Hoàng Sa and the three communes of Trường
        Sa, 2025: the two special zones. Schematic discs around their main islands.

    Raises
    ------
    ValueError
        If the system is not known.
    """
    frame = build(system)
    return frame[frame["code"].isin(FAR_ISLANDS[system])].reset_index(drop=True)
