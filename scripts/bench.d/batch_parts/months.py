"""Months of measurements as archives, made of arrays: no table holds them."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backend.clock import month_end, month_start
from backend.measurements.archive import files

# The first half of 2025 in the districts' communes, the second in those of the reform.
MONTHS = tuple(f"2025-{month:02}" for month in range(1, 13))
DEVICES = 100_000
OPERATORS = np.array(["Viettel", "VinaPhone", "MobiFone", "Vietnamobile"])
# A set that serves no day any more: whatever is placed again differs at least in its set.
FORMER_SET = 99_999

Floats = NDArray[np.float64]


def write_months(folder: Path, rows: int, centres: dict[str, Floats], seed: int) -> None:
    """Write so many rows over the months; `centres` of communes by system, (n, 2) lon and lat."""
    chance = np.random.default_rng(seed)
    for month in MONTHS:
        system = "2024" if month < "2025-07" else "2025"
        chunks = _chunks(month, rows // len(MONTHS), centres[system], chance)
        files.write(folder / f"{month}.parquet", chunks)


def _chunks(
    month: str, rows: int, centres: Floats, chance: np.random.Generator
) -> Iterator[pa.Table]:
    """Row groups in the order of their days, as the archive has them."""
    first, days = month_start(month), month_end(month).day
    for done in range(0, rows, files.ROW_GROUP):
        count = min(files.ROW_GROUP, rows - done)
        numbers = (np.arange(done, done + count) * days) // rows
        yield _chunk(count, [first + timedelta(days=int(n)) for n in numbers], centres, chance)


def _chunk(count: int, days: list[date], centres: Floats, chance: np.random.Generator) -> pa.Table:
    at = centres[chance.integers(0, len(centres), count)] + chance.normal(0, 0.02, (count, 2))
    speeds = np.round(chance.lognormal(3.5, 0.8, (count, 2)), 1)
    columns: dict[str, Any] = {
        "id": uuids(chance, count),
        "device_id": devices()[chance.integers(0, DEVICES, count)],
        "day": pa.array(days, pa.date32()),
        "longitude": at[:, 0],
        "latitude": at[:, 1],
        "accuracy_m": np.round(chance.lognormal(3, 1, count), 1),
        "download_mbps": speeds[:, 0],
        "upload_mbps": speeds[:, 1],
        "operator": OPERATORS[chance.integers(0, len(OPERATORS), count)],
        "network": np.full(count, "mobile"),
        "set_id": np.full(count, FORMER_SET, dtype=np.int32),
        "exact": np.full(count, True),
        "counted": np.full(count, True),
        "valid": np.full(count, True),
    } | {name: _empty_lists(count) for name in ("own_reasons", "reasons", "marks")}
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns
        else pa.nulls(count, field.type) for field in files.SCHEMA
    ]  # fmt: skip
    chunk = pa.Table.from_arrays(arrays, schema=files.SCHEMA)
    place = files.SCHEMA.get_field_index("geometry")
    return chunk.set_column(place, files.SCHEMA.field(place), files.points(chunk))


@lru_cache(1)
def devices() -> NDArray[np.object_]:
    """The ids of the phones."""
    return uuids(np.random.default_rng(1), DEVICES)


def uuids(chance: np.random.Generator, count: int) -> NDArray[np.object_]:
    """Ids in their usual spelling."""
    written = chance.bytes(16 * count).hex()
    cut = (written[start : start + 32] for start in range(0, 32 * count, 32))
    return np.array(
        [f"{x[:8]}-{x[8:12]}-{x[12:16]}-{x[16:20]}-{x[20:]}" for x in cut], dtype=object
    )


def _empty_lists(count: int) -> pa.Array:
    offsets = pa.array(np.zeros(count + 1, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array([], pa.string()))
