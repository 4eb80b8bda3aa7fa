"""Files of measurements in foreign and own formats, translated at the edge into the API's payload.

Pure: no Flask, no database. `read` never raises for what is in a file; each row tells its error.
"""

from collections.abc import Callable, Iterator
from typing import TextIO

from backend.measurements.imports import librespeed, ndt7, ookla, own_csv, own_ndjson, speedtest_cli
from backend.measurements.imports.lines import Broken, Lines, open_source
from backend.measurements.imports.row import NAMESPACE, Given, Row

__all__ = ["FORMATS", "NAMESPACE", "Given", "Row", "open_source", "read"]

_READERS: dict[str, Callable[[Lines, Given], Iterator[Row]]] = {
    "ndjson": own_ndjson.read,
    "csv": own_csv.read,
    "speedtest-cli": speedtest_cli.read_json,
    "speedtest-cli-csv": speedtest_cli.read_csv,
    "ookla": ookla.read,
    "librespeed": librespeed.read,
    "ndt7": ndt7.read,
}
FORMATS = tuple(_READERS)


def read(format: str, stream: TextIO, given: Given) -> Iterator[Row]:
    """Read a stream row by row; ValueError at once if there is no such format."""
    if format not in _READERS:
        raise ValueError(f"format {format!r} is none of {', '.join(FORMATS)}")
    lines = Lines(stream)
    return _guarded(lines, _READERS[format](lines, given))


def _guarded(lines: Lines, rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except Broken as error:
        yield Row(error.line, None, str(error), "")
