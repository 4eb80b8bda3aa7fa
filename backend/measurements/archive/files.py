"""A month's measurements as one Parquet file, readable by Spark, DuckDB and QGIS.

Web workers do not load Arrow: this module is imported inside the functions that use archives.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from backend.measurements.recording.reasons import category

VERSION = 5  # raised with every change of the columns
# Rows in memory at a time when the file is written or read, and those of one statement.
ROW_GROUP, ROWS_AT_A_TIME = 50_000, 5_000

MOMENT, TEXTS = pa.timestamp("us", "UTC"), pa.list_(pa.string())
# The columns of the table, in its order …
STORED = pa.schema([
    ("id", pa.string()), ("device_id", pa.string()), ("received_at", MOMENT),
    ("measured_at", MOMENT), ("skew_s", pa.float64()), ("day", pa.date32()),
    ("network", pa.string()), ("kind", pa.string()), ("source", pa.string()),
    ("status", pa.string()), ("operator", pa.string()), ("technology", pa.string()),
    ("download_mbps", pa.float64()), ("upload_mbps", pa.float64()), ("ping_ms", pa.float64()),
    ("jitter_ms", pa.float64()), ("latitude", pa.float64()), ("longitude", pa.float64()),
    ("accuracy_m", pa.float64()), ("unit_id", pa.int32()), ("set_id", pa.int32()),
    ("how", pa.string()), ("candidates", TEXTS), ("own_reasons", TEXTS), ("reasons", TEXTS),
    ("marks", TEXTS), ("valid", pa.bool_()), ("counted", pa.bool_()), ("rules", pa.int32()),
    ("raw", pa.string()), ("assurance", pa.string()), ("data_cap_mb", pa.int32()),
    ("ping_download_ms", pa.float64()), ("ping_upload_ms", pa.float64()),
    ("download_stability_percent", pa.float64()), ("upload_stability_percent", pa.float64()),
    ("host", pa.int16()),
])  # fmt: skip
# … and columns for readers.
DERIVED = pa.schema([("unit_code", pa.string()), ("fate", pa.string())])
# Nothing tells whose a sample is.
SCHEMA = pa.schema(
    [*STORED.remove(STORED.get_field_index("device_id")), *DERIVED],
    metadata={"dosong_archive": str(VERSION)},
)


class DamagedArchiveError(ValueError):
    """The file is cut off, altered, or of another version."""


def write(path: Path, chunks: Iterable[pa.Table]) -> None:
    """Write the chunks as row groups of a file that is complete or absent."""
    with replacing(path) as fresh, pq.ParquetWriter(fresh, SCHEMA, compression="zstd") as writer:
        for chunk in chunks:
            writer.write_table(chunk, row_group_size=ROW_GROUP)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new file (mode 0600) that replaces `path` when it is complete."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")  # mode 0600
    os.close(handle)
    try:
        yield Path(name)
        with Path(name).open("rb") as file:
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def chunk_of(rows: list[Mapping[str, Any]]) -> pa.Table:
    """Return rows of the table, with the unit's code, as a chunk of the file.

    The assurance of a counted row has a column of its own.
    """
    fates = ({"fate": category(row["reasons"], row["marks"], None)} for row in rows)
    complete = [{**row, **fate} for row, fate in zip(rows, fates, strict=True)]
    return pa.Table.from_pylist(complete, SCHEMA)


def read(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield a file's rows in lots; DamagedArchiveError if it cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            if (file.schema_arrow.metadata or {}).get(b"dosong_archive") != b"%d" % VERSION:
                raise DamagedArchiveError(f"{path} is not an archive of version {VERSION}")
            present = [name for name in STORED.names if name in file.schema_arrow.names]
            for batch in file.iter_batches(ROWS_AT_A_TIME, columns=present):
                yield batch.to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedArchiveError(f"{path} is damaged: {error}") from None
