"""Files of the open data: CSV.gz and GeoParquet, described by a Data Package.

Polygons of units belong to the operator of the server and are not published: a unit is a point.
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.coverage.statistics.cells import hexagon
from backend.reports.content.labels import DEMO
from backend.reports.files.canonical import digest
from backend.reports.open_data.tables import Column, Month, Table
from backend.tables.spreadsheets import escape_formula

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
PANDAS = {"string": "string", "integer": "Int64", "number": "float64", "boolean": "boolean"}
FORMATS = {"parquet": ("parquet", "application/vnd.apache.parquet"), "csv.gz": ("csv", "text/csv")}
PACKAGE = "datapackage.json"


def render_files(month: Month, now: datetime, *, minimum: int, publisher: str) -> dict[str, bytes]:
    """Return the files of a month by name; the same figures give the same tables."""
    files: dict[str, bytes] = {}
    for table in month.tables:
        files[f"{table.name}.parquet"] = _parquet(table)
        files[f"{table.name}.csv.gz"] = _csv(table)
    package = _package(month, files, now, minimum=minimum, publisher=publisher)
    text = json.dumps(package, ensure_ascii=False, indent=2)
    return files | {PACKAGE: f"{text}\n".encode()}


def _csv(table: Table) -> bytes:
    """Return a table as gzipped CSV, without byte order mark and without time."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [column.name for column in table.columns]
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in table.rows)
    return gzip.compress(out.getvalue().encode(), mtime=0)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape_formula(value) if isinstance(value, str) else value


def _parquet(table: Table) -> bytes:
    """Return a table as Parquet, one with geometry as GeoParquet in EPSG:4326."""
    import pandas as pd
    from geopandas import GeoDataFrame, points_from_xy

    frame: Any = pd.DataFrame(
        {
            column.name: pd.Series([row[column.name] for row in table.rows], dtype=_dtype(column))
            for column in table.columns
        }
    )
    if table.shape == "point":
        frame = GeoDataFrame(frame, geometry=points_from_xy(frame["longitude"], frame["latitude"]))
    if table.shape == "cell":
        frame = GeoDataFrame(frame, geometry=[hexagon(row["cell"]) for row in table.rows])
    if table.shape:
        frame = frame.set_crs("EPSG:4326")
    out = io.BytesIO()
    frame.to_parquet(out, index=False, compression="zstd")
    return out.getvalue()


def _dtype(column: Column) -> Any:
    """Return the nullable pandas type of a column."""
    return PANDAS[column.type]


def _package(
    month: Month, files: Mapping[str, bytes], now: datetime, *, minimum: int, publisher: str
) -> dict[str, Any]:
    mark = f"{DEMO}. " if month.demo else ""
    title = f"Đo Sóng {month.month}: chất lượng Internet theo đơn vị hành chính"
    return {
        "$schema": PROFILE,
        "name": f"do-song-{month.month}",
        "title": f"{mark}{title}",
        "description": f"{mark}Medians and percentiles are empty under {minimum} counted samples. "
        "Counts are Đo Sóng's own, not VNNIC's.",
        "created": now.isoformat(),
        "licenses": [LICENCE],
        "contributors": [{"title": publisher, "roles": ["publisher"]}] if publisher else [],
        "month": month.month,
        "demo": month.demo,
        "boundaries": month.boundaries,
        "minimum_n": minimum,
        "resources": [
            _resource(table, suffix, files[f"{table.name}.{suffix}"])
            for table in month.tables
            for suffix in FORMATS
        ],
    }


def _resource(table: Table, suffix: str, content: bytes) -> dict[str, Any]:
    form, media = FORMATS[suffix]
    resource = {
        "name": f"{table.name}-{form}",
        "path": f"{table.name}.{suffix}",
        "title": table.title,
        "format": form,
        "mediatype": media,
        "bytes": len(content),
        "hash": f"sha256:{digest(content)}",
        "schema": _schema(table.columns),
    }
    return resource | ({"encoding": "utf-8", "compression": "gz"} if form == "csv" else {})


def _schema(columns: tuple[Column, ...]) -> dict[str, Any]:
    return {
        "fields": [column.serialize() for column in columns],
        "primaryKey": [column.name for column in columns if column.key],
        "missingValues": [""],
    }
