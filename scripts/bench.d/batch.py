"""Measure batch work: reassigning 10 million archived rows, by two workers against one.

The rows lie in twelve monthly GeoParquet files. What would differ is written as files, nothing into
the database; the files of both runs must be the same to the byte. Then the same work on rows of the
table, with writing back.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow as pa
from flask import Flask
from flask_migrate import upgrade
from numpy.typing import NDArray
from parts.filling import connect, fill_measurements
from parts.requirement import choose_claims
from sqlalchemy import text

from backend.app import create_app
from backend.batch.executor import Executor
from backend.clock import month_end, month_start
from backend.database.extensions import db
from backend.measurements.archive import files
from backend.measurements.recording.service import JudgingSettings
from backend.measurements.revision import service as revising
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.units.setup import setup

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


WANTED = 1.5
# What the table's rows are of: a phone with a month's work has some hundred.
TABLE_DEVICES = 1_000
SPAN = date(2024, 7, 1), date(2025, 6, 30)
SHARE = """
    update measurements
    set set_id = null, device_id = md5((hashtext(id::text) %% %s)::text)::uuid
"""


def main() -> None:
    """Print seconds and ratios; exit status 1 where results differ or two are not worth it."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        app = _application(Path(folder), postgres)
        with app.app_context():
            upgrade()
            choose_claims(postgres.owner_url)
            setup(Path(folder), app.config["BOUNDARIES_DIR"], lambda words: None)
            centres = _centres()
            timed(
                f"{arguments.rows:,} rows written as {len(MONTHS)} archives",
                lambda: write_months(app.config["VAR_DIR"] / "archive", arguments.rows, centres, 1),
            )
            good = _archives(Path(folder), arguments)
            fill_measurements(postgres.owner_url, arguments.table_rows)
            good = _table(postgres.owner_url, Path(folder), arguments) and good
            db.session.remove()
            db.engine.dispose()
    sys.exit(0 if good else 1)


def _archives(folder: Path, arguments: argparse.Namespace) -> bool:
    """One thread of this process, then workers that are there before the clock starts."""
    pyarrow.set_cpu_count(1)  # as workers have it
    pyarrow.set_io_thread_count(1)
    times, digests = [], []
    for count in (1, arguments.workers):
        out = folder / f"by-{count}"
        with Executor(count) as executor:
            begin(executor, folder)
            work = partial(revising.compare_places, MONTHS, out, silently, executor)
            took = timed(f"archives reassigned, nothing written back, {processes(count)}", work)
        print(f"  {arguments.rows / took:,.0f} rows a second")
        times.append(took)
        digests.append(digest(out))
    ratio, same = times[0] / times[1], digests[0] == digests[1]
    print(f"{processes(arguments.workers)}: {ratio:.2f} x one, wanted {WANTED}; same bytes: {same}")
    return same and ratio >= WANTED


def _table(owner_url: str, folder: Path, arguments: argparse.Namespace) -> bool:
    """The same on the table's own rows, written back: each time from where it began."""
    times, digests = [], []
    for count in (1, arguments.workers):
        with connect(owner_url) as connection:
            connection.execute(SHARE, [TABLE_DEVICES])
            connection.execute("delete from count_deltas")
            connection.execute("vacuum analyze measurements")
        with Executor(count) as executor:
            begin(executor, folder)
            work = partial(revising.reassign, *SPAN, JudgingSettings(), silently, executor)
            took = timed(f"the table's rows reassigned and written back, {processes(count)}", work)
        print(f"  {arguments.table_rows / took:,.0f} rows a second")
        times.append(took)
        digests.append(_table_digest())
    same = digests[0] == digests[1]
    print(f"{processes(arguments.workers)}: {times[0] / times[1]:.2f} x one; the same: {same}")
    return same


def begin(executor: Executor, folder: Path) -> None:
    """Warm up the workers by two of the months, before the measurement."""
    revising.compare_places((MONTHS[0], MONTHS[-1]), folder / "begun", silently, executor)


def _table_digest() -> str:
    query = """
        select md5(string_agg(m::text, '|' order by id)) from (
            select id, unit_id, set_id, how, candidates, own_reasons, reasons, marks, counted
            from measurements) m
    """
    found: str = db.session.execute(text(query)).scalar_one()
    db.session.rollback()
    return found


def digest(folder: Path) -> str:
    """One digest of all files of a folder, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def processes(workers: int) -> str:
    """Who does the work: one is this process itself, which no cluster slows down."""
    return "1 process of one thread" if workers == 1 else f"{workers} workers of one thread"


def silently(done: int, of: int) -> None:
    """Nobody watches a bar here."""


def timed(title: str, work: Callable[[], object]) -> float:
    """Seconds that something took, printed under its title."""
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    print(f"{title}: {took:.1f} s", flush=True)
    return took


def _application(folder: Path, postgres: EmbeddedPostgres) -> Flask:
    """The application here; workers make theirs of the same settings, from the environment."""
    urls = {
        "DATABASE_URL": postgres.app_url,
        "DATABASE_OWNER_URL": postgres.owner_url,
        "VAR_DIR": str(folder),
    }
    os.environ.update(urls)
    return create_app()


def _centres() -> dict[str, np.ndarray]:
    query = """
        select system, longitude, latitude from units
        where level = 'commune' and longitude is not null order by id
    """
    rows = db.session.execute(text(query)).all()
    db.session.rollback()
    return {
        system: np.array([row[1:] for row in rows if row.system == system])
        for system in ("2024", "2025")
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--table-rows", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
