"""Read a boundary set from any usual file format."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas
import shapely

from .gazetteer import GazetteerUnit
from .polygons import CRS, BoundaryError, repair, shapes_of

# Names of each column in public sets; the first one present is used.
ALIASES: dict[str, tuple[str, ...]] = {
    "code": (
        *("code", "commune_code", "ward_code", "wardcode", "ma_xa", "maxa", "ma_px", "ma_dvhc"),
        *("gso_id", "id"),
    ),
    "name": (
        *("name", "full_name", "fullname", "commune_name", "ward_name", "ten_xa", "tenxa"),
        *("ten_dvhc", "ten", "ward"),
    ),
    "type": ("type", "ward_type", "loai", "cap"),
    "district_code": ("district_code", "ma_huyen", "mahuyen"),
    "district_name": ("district_name", "ten_huyen", "tenhuyen", "district"),
    "province_code": ("province_code", "ma_tinh", "matinh"),
    "province_name": ("province_name", "ten_tinh", "tentinh", "province"),
}
# Numbers have lost their leading zeros. The code of an island district stored as a number looks
# like that of a commune: such a file must store text.
DIGITS = {"code": 5, "district_code": 3, "province_code": 2}


def read(path: Path | str, columns: Mapping[str, str] | None = None) -> geopandas.GeoDataFrame:
    """Read one boundary set with known columns, in EPSG:4326, with valid polygons.

    Parameters
    ----------
    path : path
        GeoParquet, GeoPackage, Shapefile or GeoJSON, or a folder of GeoJSON files. Where a folder
        has ``wards`` folders, only files inside those count. A feature's ``id`` serves as its
        code where no property does.
    columns : mapping, optional
        Our column to the file's, e.g. ``{"code": "MA_XA"}``; others are found by usual names.

    Returns
    -------
    geopandas.GeoDataFrame
        By code; ``code`` and those of ``name, type, district_code, district_name, province_code,
        province_name`` that the file has, ``geometry``. ``attrs["repaired"]`` maps code to
        reason for geometries that were made valid.

    Raises
    ------
    BoundaryError
        If the file is missing or unreadable, has no CRS, no code column, or rows without polygon.
    """
    path = Path(path)
    if not path.exists():
        raise BoundaryError(f"{path}: no such file or folder")
    frame = _read_folder(path) if path.is_dir() else _read_file(path)
    if frame.empty:
        raise BoundaryError(f"{path}: has no features")
    if frame.crs is None:
        raise BoundaryError(f"{path}: its coordinate system (CRS) is not stated")
    ours = _pick(frame, columns or {}, path)
    _refuse_strange_geometries(ours, path)
    ours = ours.to_crs(CRS)
    _refuse_strange_coordinates(ours, path)
    shapes, reasons = repair(shapes_of(ours))
    repaired = {str(ours["code"].iloc[i]): reason for i, reason in reasons.items()}
    result = ours.set_geometry(geopandas.GeoSeries(shapes, index=ours.index, crs=CRS))
    result = result.sort_values("code", kind="stable", ignore_index=True)
    result.attrs["repaired"] = repaired
    return result


def with_names(
    gdf: geopandas.GeoDataFrame, known: Sequence[GazetteerUnit]
) -> geopandas.GeoDataFrame:
    """Fill the missing columns of a file from the list of units, by code.

    Parameters
    ----------
    gdf : geopandas.GeoDataFrame
        As :func:`read` returns it.
    known : sequence of GazetteerUnit
        All levels of one system.

    Returns
    -------
    geopandas.GeoDataFrame
        A copy with ``name, type, province_code, province_name`` and, where the system has
        districts, ``district_code, district_name``; empty text where the code is not listed.
    """
    names = {(unit.level, unit.code): unit.name for unit in known}
    communes = {unit.code: unit for unit in known if unit.level == "commune"}
    levels = (
        ("district", "province") if any(u.level == "district" for u in known) else ("province",)
    )
    filled = gdf.copy()
    for field in ("name", "type", *(f"{level}_code" for level in levels)):
        if field not in filled:
            filled[field] = [getattr(communes.get(code), field, "") for code in filled["code"]]
    for level in levels:
        if f"{level}_name" not in filled:
            codes = filled[f"{level}_code"]
            filled[f"{level}_name"] = [names.get((level, code), "") for code in codes]
    return filled


def digest(gdf: geopandas.GeoDataFrame) -> str:
    """Return a fingerprint that depends on codes and shapes only.

    Parameters
    ----------
    gdf : geopandas.GeoDataFrame
        With ``code`` and ``geometry``.

    Returns
    -------
    str
        SHA-256 (hexadecimal) over codes in order, each with the normalized little-endian WKB of
        its geometry: the same for another order of rows, rings or starting points.
    """
    shapes = shapely.to_wkb(shapely.normalize(shapes_of(gdf)), byte_order=1, output_dimension=2)
    total = hashlib.sha256()
    for code, wkb in sorted(zip(gdf["code"].astype(str), shapes, strict=True)):
        total.update(f"{code}:{len(wkb)}:".encode())
        total.update(wkb)
    return total.hexdigest()


def _read_file(path: Path) -> geopandas.GeoDataFrame:
    try:
        if path.suffix.lower() in (".parquet", ".geoparquet"):
            return geopandas.read_parquet(path)
        return geopandas.read_file(path)
    except Exception as error:  # each reader has its own; all mean the same to the caller
        raise BoundaryError(f"{path}: cannot be read ({error})") from error


def _read_folder(folder: Path) -> geopandas.GeoDataFrame:
    files = sorted(file for file in folder.rglob("*.geojson") if file.is_file())
    files = [file for file in files if file.parent.name == "wards"] or files
    if not files:
        raise BoundaryError(f"{folder}: has no .geojson file")
    rows = [row for file in files for row in _features(file)]
    if not rows:
        raise BoundaryError(f"{folder}: its {len(files)} files have no features")
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def _features(file: Path) -> Iterator[dict[str, Any]]:
    # Not read by GDAL, which takes a minute to open thousands of small files.
    try:
        document = json.loads(file.read_bytes())
        if "crs" in document:
            raise BoundaryError("states a CRS: load it as one file, not as part of a folder")
        for feature in document.get("features", [document]):
            shape = feature["geometry"]
            properties = feature.get("properties") or {}
            geometry = None if shape is None else shapely.from_geojson(json.dumps(shape))
            named = {"id": feature["id"]} if "id" in feature else {}
            yield {**properties, **named, "geometry": geometry}
    except (ValueError, KeyError, TypeError, AttributeError, shapely.GEOSException) as error:
        raise BoundaryError(f"{file}: is no usable GeoJSON ({error})") from error


def _pick(
    frame: geopandas.GeoDataFrame, named: Mapping[str, str], path: Path
) -> geopandas.GeoDataFrame:
    columns = {str(column).lower(): str(column) for column in frame.columns}
    picked: dict[str, Any] = {}
    for ours, names in ALIASES.items():
        if ours in named and named[ours].lower() not in columns:
            raise BoundaryError(f"{path}: has no column {named[ours]!r}; it has {_listed(frame)}")
        aliases = (named[ours].lower(),) if ours in named else names
        found = next((columns[name] for name in aliases if name in columns), None)
        if found is not None:
            picked[ours] = [_text(value, DIGITS.get(ours, 0)) for value in frame[found]]
    if "code" not in picked:
        raise BoundaryError(f"{path}: no column of codes found; it has {_listed(frame)}")
    unknown = sorted(set(named) - set(ALIASES))
    if unknown:
        raise BoundaryError(f"{path}: no such column of ours: {', '.join(unknown)}")
    return geopandas.GeoDataFrame(picked, geometry=shapes_of(frame), crs=frame.crs)


def _listed(frame: geopandas.GeoDataFrame) -> str:
    return ", ".join(str(column) for column in frame.columns)


def _text(value: Any, digits: int) -> str:
    if value is None or value is pandas.NA or value != value:
        return ""
    if isinstance(value, int | float | np.number) and digits:
        return str(int(value)).zfill(digits)
    return str(value).strip()


def _refuse_strange_geometries(frame: geopandas.GeoDataFrame, path: Path) -> None:
    shapes = shapes_of(frame)
    kinds = shapely.get_type_id(shapes)
    polygons = (kinds == shapely.GeometryType.POLYGON) | (
        kinds == shapely.GeometryType.MULTIPOLYGON
    )
    _refuse(frame, ~polygons | shapely.is_empty(shapes), "rows without a polygon", path)


def _refuse_strange_coordinates(frame: geopandas.GeoDataFrame, path: Path) -> None:
    west, south, east, north = shapely.bounds(shapes_of(frame)).T
    good = (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)  # false for NaN too
    _refuse(frame, ~good, "coordinates that are no longitude and latitude", path)


def _refuse(frame: geopandas.GeoDataFrame, wrong: Any, what: str, path: Path) -> None:
    codes = list(frame["code"][wrong])
    if codes:
        raise BoundaryError(f"{path}: {what}: {len(codes)}, first {', '.join(codes[:5])}")
