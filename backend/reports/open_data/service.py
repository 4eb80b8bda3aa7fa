"""Publish the open data of a month, and find published files."""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.accounts.audit import record_command
from backend.clock import local_day, month_end
from backend.coverage.statistics.refresh import refresh
from backend.database.extensions import db, setting
from backend.errors import Problem
from backend.reports.files.canonical import digest
from backend.reports.open_data.files import PACKAGE, render_files
from backend.reports.open_data.tables import read_month

FOLDER = "open-data"  # in VAR_DIR
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
NAME = re.compile(r"[a-z]+(\.[a-z]+)+")


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A published file."""

    path: Path
    digest: str
    media: str


def publish_data(month: str, now: datetime) -> Mapping[str, str]:
    """Write the files of a past month and return their digests by name."""
    if month_end(month) >= local_day(now):
        raise Problem(409, "data_of_running_month")
    refresh(now, month)
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


def published_file(month: str, name: str) -> PublishedFile:
    """Return a published file, else raise 404."""
    path = _folder() / month / name
    if not (MONTH.fullmatch(month) and NAME.fullmatch(name) and path.is_file()):
        raise Problem(404, "not_found")
    try:
        package = (path.parent / PACKAGE).read_bytes()
    except FileNotFoundError:  # the package is written last
        raise Problem(404, "not_found") from None
    if name == PACKAGE:
        return PublishedFile(path, digest(package), "application/json")
    for resource in json.loads(package)["resources"]:
        if resource["path"] == name:
            media = "application/gzip" if name.endswith(".gz") else resource["mediatype"]
            return PublishedFile(path, resource["hash"].removeprefix("sha256:"), media)
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
