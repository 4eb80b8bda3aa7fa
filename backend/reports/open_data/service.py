"""Publish the open data of a month as CSV.gz and GeoParquet, described by a Data Package.

Polygons of units belong to the operator of the server and are not published: a unit is a point.
"""

import gzip
import io
import json
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.accounts.audit import record_command
from backend.clock import local_day, month_end
from backend.coverage.statistics.cells import hexagon
from backend.coverage.statistics.release import release_of_month
from backend.database.extensions import db, setting
from backend.errors import Problem
from backend.reports.content.labels import DEMO
from backend.reports.files.canonical import digest
from backend.reports.open_data.tables import Column, Month, Table, read_month
from backend.tables.spreadsheets import csv_text

FOLDER = "open-data"  # in VAR_DIR
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
NAME = re.compile(r"[a-z]+(\.[a-z]+)+")


def publish_data(month: str, now: datetime) -> Mapping[str, str]:
    """Write the files of a released month and return their digests by name."""
    if month_end(month) >= local_day(now):
        raise Problem(409, "data_of_running_month")
    release_of_month(month)
    minimum, publisher = setting("MINIMUM_N"), setting("OPERATOR_NAME")
    files = render_files(read_month(month, now), now, minimum=minimum, publisher=publisher)
    _write(_folder() / month, files)
    digests = {name: digest(content) for name, content in files.items()}
    record_command("open_data.publish", month, digests=digests)
    db.session.commit()
    return digests


def published_months() -> dict[str, Any]:
    """Return the published months, the latest first, with the path of each package."""
    months = sorted((p.parent.name for p in _folder().glob(f"*/{PACKAGE}")), reverse=True)
    return {"items": [{"month": m, "path": f"/{FOLDER}/{m}/{PACKAGE}"} for m in months]}


def published_file(month: str, name: str) -> tuple[Path, str, str]:
    """Return path, digest and media type of a published file, else raise 404."""
    path = _folder() / month / name
    if not (MONTH.fullmatch(month) and NAME.fullmatch(name) and path.is_file()):
        raise Problem(404, "not_found")
    try:
        package = (path.parent / PACKAGE).read_bytes()
    except FileNotFoundError:  # the package is written last
        raise Problem(404, "not_found") from None
    if name == PACKAGE:
        return path, digest(package), "application/json"
    for resource in json.loads(package)["resources"]:
        if resource["path"] == name:
            media = "application/gzip" if name.endswith(".gz") else resource["mediatype"]
            return path, resource["hash"].removeprefix("sha256:"), media
    raise Problem(404, "not_found")


def _folder() -> Path:
    folder: Path = setting("VAR_DIR") / FOLDER
    return folder


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace file by file, the package last: readers never get a part of a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        handle, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)  # nginx may serve the folder
        Path(temporary).replace(folder / name)


LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
# Nullable types of pandas.
PANDAS: dict[str, Any] = {
    "string": "string",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
}
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
    names = [column.name for column in table.columns]
    rows = ([_cell(row[name]) for name in names] for row in table.rows)
    return gzip.compress(csv_text([names, *rows], "\n").encode(), mtime=0)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _parquet(table: Table) -> bytes:
    """Return a table as Parquet, one with geometry as GeoParquet in EPSG:4326."""
    import pandas as pd
    from geopandas import GeoDataFrame, points_from_xy

    frame: Any = pd.DataFrame(
        {
            column.name: pd.Series(
                [row[column.name] for row in table.rows], dtype=PANDAS[column.type]
            )
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
