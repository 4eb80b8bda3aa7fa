"""Publish the open data of a month as CSV, GeoParquet and workbooks, described by a Data Package.

Polygons of units belong to the operator of the server and are not published: a unit is a point.
"""

import csv
import gzip
import io
import json
import os
import re
import tempfile
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, TypedDict

from sqlalchemy import select

from backend.accounts.audit import record_command
from backend.clock import local_day, month_end
from backend.coverage.statistics.cells import hexagon
from backend.coverage.statistics.models import Release
from backend.coverage.statistics.released import release_of_month
from backend.database.extensions import db, setting
from backend.errors import Problem
from backend.reports.content.figures import digest
from backend.reports.content.labels import DEMO
from backend.reports.open_data.tables import Month, Row, Table, read_month
from backend.tables.spreadsheets import XLSX, csv_text, fill_sheet, new_workbook

FOLDER = "open-data"  # in VAR_DIR
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
NAME = re.compile(r"[a-z]+(\.[a-z]+)+")


def publish_data(month: str, now: datetime) -> Mapping[str, str]:
    """Write the files of a released month and return their digests by name."""
    if month_end(month) >= local_day(now):
        raise Problem(409, "data_of_running_month")
    release_of_month(month)
    minimum, publisher = setting("MINIMUM_N"), setting("OPERATOR_NAME")
    values = read_month(month, now)
    files = render_files(values, now, minimum=minimum, publisher=publisher)
    _write(_folder() / month, files)
    digests = {name: digest(content) for name, content in files.items()}
    record_command("open_data.publish", month, digests=digests)
    db.session.commit()
    return digests


def due_months() -> list[str]:
    """Return the released months that are not published yet, the earliest first.

    None where figures wait for approval: a person decides when a month is complete.
    """
    if setting("PUBLISH") != "live":
        return []
    released = db.session.scalars(select(Release.month).order_by(Release.month))
    return [month for month in released if not (_folder() / month / PACKAGE).exists()]


class PublishedMonth(TypedDict):
    """A published month, and the path of its Data Package."""

    month: str  # YYYY-MM
    path: str


class PublishedMonths(TypedDict):
    """The published months, the latest first."""

    items: list[PublishedMonth]


def published_months() -> PublishedMonths:
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


def read_package(month: str) -> dict[str, Any]:
    """Return the description of a published month, else raise 404."""
    path, _, _ = published_file(month, PACKAGE)
    package: dict[str, Any] = json.loads(path.read_bytes())
    return package


def preview(month: str, table: str, rows: int) -> list[list[str]]:
    """Return the first rows of a published table that have samples."""
    path, _, _ = published_file(month, f"{table}.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        heads = next(lines)
        samples = heads.index("received") if "received" in heads else None  # only of units
        return list(islice((row for row in lines if samples is None or row[samples] != "0"), rows))


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
CREATED = datetime(2000, 1, 1, tzinfo=UTC)  # of every workbook, so that bytes repeat
# Nullable types of pandas.
PANDAS: dict[str, Any] = {
    "string": "string",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
}
FORMATS = {
    "parquet": ("parquet", "application/vnd.apache.parquet"),
    "csv.gz": ("csv", "text/csv"),
    "xlsx": ("xlsx", XLSX),
}
PACKAGE = "datapackage.json"
GZIP_LEVEL = 9  # files are compressed once
BOOLEANS = {True: "true", False: "false", None: None}  # in CSV


def render_files(month: Month, now: datetime, *, minimum: int, publisher: str) -> dict[str, bytes]:
    """Return the files of a month by name; the same figures give the same tables."""
    renderers = {"parquet": _parquet, "csv.gz": _csv, "xlsx": _xlsx}
    files = {
        f"{table.name}.{suffix}": renderers[suffix](table)
        for table in month.tables
        for suffix in FORMATS
    }
    package = _package(month, files, now, minimum=minimum, publisher=publisher)
    text = json.dumps(package, ensure_ascii=False, indent=2)
    return files | {PACKAGE: f"{text}\n".encode()}


def _csv(table: Table) -> bytes:
    """Return a table as gzipped CSV, without byte order mark and without time."""
    flags = [column.name for column in table.columns if column.type == "boolean"]
    rows = [row | {name: BOOLEANS[row[name]] for name in flags} for row in table.rows]
    text = csv_text([_names(table), *map(_values(table), rows)], "\n")
    # gzip.compress writes another header from Python 3.13 on.
    return zlib.compress(text.encode(), GZIP_LEVEL, zlib.MAX_WBITS | 16)


def _xlsx(table: Table) -> bytes:
    """Return a table as a workbook of typed cells, without time."""
    out = io.BytesIO()
    with new_workbook(out, constant_memory=True) as book:
        book.set_properties({"title": table.title, "author": "Đo Sóng", "created": CREATED})
        sheet = book.add_worksheet(table.name)
        names = _names(table)
        rows = map(_values(table), table.rows)
        fill_sheet(sheet, names, rows, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(table.rows), len(names) - 1)
    return out.getvalue()


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _values(table: Table) -> Callable[[Row], tuple[Any, ...]]:
    """Return what takes the values of a row in the order of the columns."""
    return itemgetter(*_names(table))


def _parquet(table: Table) -> bytes:
    """Return a table as Parquet, one with geometry as GeoParquet in EPSG:4326."""
    import pandas as pd
    from geopandas import GeoDataFrame, points_from_xy

    rows = map(_values(table), table.rows)
    columns = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    frame: Any = pd.DataFrame(
        {
            column.name: pd.Series(values, dtype=PANDAS[column.type])
            for column, values in zip(table.columns, columns, strict=True)
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
        "description": f"{mark}Medians and percentiles are empty under an effective n of "
        f"{minimum}. "
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
        "schema": {
            "fields": [column.serialize() for column in table.columns],
            "primaryKey": [column.name for column in table.columns if column.key],
            "missingValues": [""],
        },
    }
    return resource | ({"encoding": "utf-8", "compression": "gz"} if form == "csv" else {})
