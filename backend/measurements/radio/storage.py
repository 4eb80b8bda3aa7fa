"""Store radio samples by COPY in PostgreSQL's binary format, composed by numpy."""

import struct
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
from psycopg import Connection

from backend.database.extensions import db, fetch
from backend.measurements.radio import rules
from backend.measurements.radio.columns import (
    MODES,
    OPERATORS,
    TECHNOLOGIES,
    UNKNOWN,
    Places,
    Rows,
    days_of,
)

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
FIRST_DAY = np.datetime64("2000-01-01", "D")
# Columns of a fixed size with their types; those of NULLABLE may be unknown.
SIZED = {
    "device_id": "V16", "id": "V16", "received_at": ">i8", "measured_at": ">i8", "day": ">i4",
    "unit_id": ">i4", "set_id": ">i4", "cell": ">i8", "latitude": ">f8", "longitude": ">f8",
    "accuracy_m": ">f8", "serving_cell": ">i8", "rsrp_dbm": ">i2", "rsrq_db": ">i2",
    "sinr_db": ">i2", "sim_slot": ">i2",
}  # fmt: skip
NULLABLE = ("serving_cell", "rsrp_dbm", "rsrq_db", "sinr_db", "sim_slot")
TEXTS = ("source", "operator", "technology", "mode")
INTO = f"copy radio_samples ({', '.join((*SIZED, *TEXTS))}) from stdin (format binary)"
KNOWN = """
    select r.device_id, r.id from radio_samples r
    join (select unnest(%(devices)s::uuid[]) as device_id, unnest(%(ids)s::uuid[]) as id) sent
        on (r.device_id, r.id) = (sent.device_id, sent.id)
"""


def copy_rows(rows: Rows, places: Places, received_at: datetime, source: str) -> None:
    """Store n new rows."""
    copy_encoded(encode(rows, places, received_at, source))


def copy_encoded(parts: Iterable[bytes]) -> None:
    """Store rows as `encode` writes them; the driver's UniqueViolation if one is stored already."""
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, Connection)
    with connection.cursor() as cursor, cursor.copy(INTO) as copy:
        copy.write(HEADER)
        for part in parts:
            copy.write(part)
        copy.write(TRAILER)


def encode(rows: Rows, places: Places, received_at: datetime, source: str) -> Iterator[bytes]:
    """Yield the rows as PostgreSQL reads them.

    Rows with the same texts and the same unknown numbers have the same length, so each such group
    is one array.
    """
    values = _values(rows, places, received_at)
    shape = np.zeros(len(rows), np.int64)
    for name, texts in _texts(source).items():
        shape = shape * len(texts) + (rows[name] if name != "source" else 0)
    for name in NULLABLE:
        shape = shape * 2 + (rows[name] == UNKNOWN)
    for one in np.unique(shape):
        at = np.flatnonzero(shape == one)
        yield _group(rows[at], {name: of[at] for name, of in values.items()}, source)


def _values(rows: Rows, places: Places, received_at: datetime) -> dict[str, Any]:
    received = (rules.as_utc(received_at) - EPOCH).astype(np.int64)
    return {
        "device_id": rows["device"],
        "id": rows["id"],
        "received_at": np.full(len(rows), received),
        "measured_at": (rows["measured"] - EPOCH).astype(np.int64),
        "day": (days_of(rows) - FIRST_DAY).astype(np.int64),
        **{name: getattr(places, name) for name in ("unit_id", "set_id", "cell")},
        **{name: rows[name] for name in ("latitude", "longitude", "accuracy_m", *NULLABLE)},
    }


def _texts(source: str) -> dict[str, tuple[str, ...]]:
    return {
        "source": (source,), "operator": OPERATORS, "technology": TECHNOLOGIES, "mode": MODES,
    }  # fmt: skip


def _group(rows: Rows, values: dict[str, Any], source: str) -> bytes:
    """Return rows of one shape: the number of columns, then the length and value of each."""
    first = rows[0]
    constants: dict[str, tuple[str, Any]] = {"columns": (">i2", len(SIZED) + len(TEXTS))}
    filled: dict[str, Any] = {}
    for name, kind in SIZED.items():
        missing = name in NULLABLE and first[name] == UNKNOWN
        constants[f"{name}:length"] = (">i4", -1 if missing else np.dtype(kind).itemsize)
        if not missing:
            constants[name] = (kind, None)
            filled[name] = values[name]
    for name, texts in _texts(source).items():
        written = texts[first[name] if len(texts) > 1 else 0].encode()
        constants[f"{name}:length"] = (">i4", len(written) or -1)
        if written:
            constants[name] = (f"S{len(written)}", written)
    group = np.empty(len(rows), [(name, kind) for name, (kind, _) in constants.items()])
    for name, (_, value) in constants.items():
        group[name] = filled.get(name, value)
    return group.tobytes()


def known_among(rows: Rows) -> Any:
    """Return which of n rows are stored already, as a mask."""
    keys = [rows[name].tobytes() for name in ("device", "id")]
    devices, ids = ([key[at : at + 16].hex() for at in range(0, len(key), 16)] for key in keys)
    found = fetch(KNOWN, {"devices": devices, "ids": ids})
    stored = {row["device_id"].hex + row["id"].hex for row in found}
    known = [device + one in stored for device, one in zip(devices, ids, strict=True)]
    return np.array(known, bool)
