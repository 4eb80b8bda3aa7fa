"""Read files with the importers."""

import io
from pathlib import Path
from typing import Any

from backend.measurements.imports import service as importing
from backend.measurements.imports.parsing import open_source
from backend.measurements.imports.row import ImportOptions, Row

DATA = Path(__file__).parents[1] / "data" / "importers"
NOTHING = ImportOptions()
FIELD = ImportOptions.parse("21.5942,105.8482,12", "mobile")


def rows(format: str, source: str | bytes, given: ImportOptions = NOTHING) -> list[Row]:
    raw = source.encode() if isinstance(source, str) else source
    stream = io.TextIOWrapper(io.BytesIO(raw), "utf-8", errors="surrogateescape", newline="")
    return list(importing.read(format, stream, given))


def sample(format: str, name: str, given: ImportOptions = NOTHING) -> list[Row]:
    with open_source(DATA / name) as stream:
        return list(importing.read(format, stream, given))


def values(row: Row) -> tuple[Any, Any, Any]:
    assert row.payload is not None, row.error
    return tuple(row.payload[name] for name in ("download_mbps", "upload_mbps", "ping_ms"))
