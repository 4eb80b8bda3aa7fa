"""Open data: what is published of a month, where it lies, and how it is found again."""

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
from backend.reports.open_data.files import PACKAGE, open_files
from backend.reports.open_data.tables import read_month

FOLDER = "open-data"  # in VAR_DIR
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
NAME = re.compile(r"[a-z]+(\.[a-z]+)+")


@dataclass(frozen=True, slots=True)
class Published:
    """One file that is there for everybody."""

    path: Path
    digest: str
    media: str


def publish_data(month: str, now: datetime) -> Mapping[str, str]:
    """Write the files of a month that is over; their digests by name."""
    if month_end(month) >= local_day(now):
        raise Problem(409, "data_of_running_month")
    refresh(now, month)
    minimum, publisher = setting("MINIMUM_N"), setting("OPERATOR_NAME")
    files = open_files(read_month(month, now), now, minimum=minimum, publisher=publisher)
    _write(_folder() / month, files)
    digests = {name: digest(content) for name, content in files.items()}
    record_command("open_data.publish", month, digests=digests)
    db.session.commit()
    return digests


def published_months() -> dict[str, Any]:
    """The months that are there, the latest first, with the address of each package."""
    months = sorted((p.parent.name for p in _folder().glob(f"*/{PACKAGE}")), reverse=True)
    return {"items": [{"month": m, "path": f"/{FOLDER}/{m}/{PACKAGE}"} for m in months]}


def published_file(month: str, name: str) -> Published:
    """A file by its address; 404 for what was not published."""
    path = _folder() / month / name
    if not (MONTH.fullmatch(month) and NAME.fullmatch(name) and path.is_file()):
        raise Problem(404, "not_found")
    try:
        package = (path.parent / PACKAGE).read_bytes()
    except FileNotFoundError:  # a month is there with its package, which is written last
        raise Problem(404, "not_found") from None
    if name == PACKAGE:
        return Published(path, digest(package), "application/json")
    for resource in json.loads(package)["resources"]:
        if resource["path"] == name:
            media = "application/gzip" if name.endswith(".gz") else resource["mediatype"]
            return Published(path, resource["hash"].removeprefix("sha256:"), media)
    raise Problem(404, "not_found")


def _folder() -> Path:
    folder: Path = setting("VAR_DIR") / FOLDER
    return folder


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace file by file, the package last: whoever reads meanwhile gets whole files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        handle, made = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(made).chmod(0o644)  # nginx may serve the folder
        Path(made).replace(folder / name)
