"""Read files of measurements in own and foreign formats as payloads of the API.

Pure: no Flask, no database. `read` does not raise for the content of a file; each row has its
error.
"""

from collections.abc import Callable, Iterator
from typing import TextIO

from backend.measurements.imports import librespeed, ndt7, ookla, own, speedtest_cli
from backend.measurements.imports.lines import BrokenStream, Lines
from backend.measurements.imports.row import ImportOptions, Row

_READERS: dict[str, Callable[[Lines, ImportOptions], Iterator[Row]]] = {
    "ndjson": own.read_ndjson,
    "csv": own.read_csv,
    "speedtest-cli": speedtest_cli.read_json,
    "speedtest-cli-csv": speedtest_cli.read_csv,
    "ookla": ookla.read,
    "librespeed": librespeed.read,
    "ndt7": ndt7.read,
}
FORMATS = tuple(_READERS)


def read(format: str, stream: TextIO, options: ImportOptions) -> Iterator[Row]:
    """Read a stream row by row; ValueError at once if the format is unknown."""
    if format not in _READERS:
        raise ValueError(f"format {format!r} is none of {', '.join(FORMATS)}")
    lines = Lines(stream)
    return _guarded(lines, _READERS[format](lines, options))


def _guarded(lines: Lines, rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except BrokenStream as error:
        yield Row(error.line, None, str(error), "")
