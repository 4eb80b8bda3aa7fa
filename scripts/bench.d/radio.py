"""Measure the import of radio samples: 10 million of a month along ways through communes.

A CSV table is imported by the function of `flask radio import`: read, checked, located, stored by
COPY and committed in parts. The reference is a bare COPY of the same file into a table with the
same columns and primary key, which checks and locates nothing. Then the cells of the month are
found, those of the busiest commune are shown, and the counts of speed samples are compared with a
recount, before and after.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import numpy as np
import orjson
import psycopg
import pyarrow as pa
from flask import current_app
from numpy.typing import NDArray
from parts.filling import connect, fill_measurements, installed
from parts.processes import processor_s
from pyarrow import csv
from sqlalchemy import select

from backend.accounts.access import Actor, Grant
from backend.coverage.radio.service import as_geojson, show_cells
from backend.coverage.statistics.radio import find_cells
from backend.coverage.statistics.release import people_of_devices, units_of_cells
from backend.database.extensions import db
from backend.measurements.radio.table_import import import_table
from backend.measurements.recording import counting
from backend.server.postgres.programs import pid_of
from backend.units.models import Unit

T = TypeVar("T")

NEED_S = 60.0
MONTH, NOW = "2024-11", datetime(2024, 11, 29, 5, tzinfo=UTC)
FIRST = np.datetime64("2024-11-01T00:00:00", "us")
# A walk of an hour and a half, with a sample each second at 1.2 m a step.
WALK, STEP_DEG = 5_000, 1.1e-5
WALKS_OF_A_PHONE = 10
MNCS, TECHNOLOGIES = ("01", "02", "04", "05"), ("4G", "4G", "4G", "5G")
SPEED_SAMPLES = 20_000
ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
PHONES = """
insert into devices (id, token_hash, withdrawal_hash, registered_at, consent_version)
select id, sha256(id::text::bytea), sha256(('w' || id)::bytea), '2024-09-01', '3'
from unnest(%s::uuid[]) id
"""
BARE = """
create table bare (device uuid, id uuid, measured_at timestamptz, latitude float8,
    longitude float8, accuracy_m float8, service bool, mcc text, mnc text, technology text,
    rsrp_dbm int2, rsrq_db int2, sinr_db int2, sim_slot int2, serving_cell int8,
    primary key (device, id))
"""
COLUMNS = (
    "device", "id", "measured_at", "latitude", "longitude", "accuracy_m", "service", "mcc", "mnc",
    "technology", "rsrp_dbm", "rsrq_db", "sinr_db", "sim_slot", "serving_cell",
)  # fmt: skip
COUNTS = db.text(f"""
    insert into count_deltas (unit_id, day, network, fate, n)
    select unit_id, day, network, {counting.CATEGORY}, count(*)
    from measurements group by 1, 2, 3, 4
""")  # noqa: S608 # a part of the statement
BUSIEST = "select unit_id from radio_samples group by 1 order by count(*) desc limit 1"
SIZE = "select pg_total_relation_size('radio_samples')"


class Cost(NamedTuple):
    """Seconds of something, and those of this process and of PostgreSQL on a processor."""

    elapsed: float
    ours: float
    database: float

    def __str__(self) -> str:
        parts = f"Python {self.ours:.1f}, PostgreSQL {self.database:.1f}"
        return f"{self.elapsed:.1f} s (processor: {parts})"


def main() -> None:
    """Print the times; exit status 1 where the import is too slow or counts differ."""
    arguments = _arguments()
    with installed() as postgres, tempfile.TemporaryDirectory() as folder:
        file, server = Path(folder) / "radio.csv", pid_of(postgres.data)
        assert server is not None
        fill_measurements(postgres.owner_url, SPEED_SAMPLES, f"{MONTH}-01 00:00+07", months=1)
        db.session.execute(db.text("delete from counts"))
        db.session.execute(COUNTS)
        db.session.commit()
        differed, counts = _recount()
        _, made = timed(server, lambda: _write(file, arguments.rows, postgres.owner_url))
        print(f"{arguments.rows:,} rows written as CSV, {file.stat().st_size / 1e9:.2f} GB: {made}")
        _, bare = timed(server, lambda: _bare_copy(file, postgres.owner_url))
        print(f"bare COPY with a primary key, nothing checked: {bare}")
        context = current_app._get_current_object().app_context  # type: ignore[attr-defined]
        done, ours = timed(server, lambda: import_table(file, NOW, "own", context))
        refused = sum(done.refused.values())
        print(f"import: {ours}, {ours.elapsed / bare.elapsed:.2f} x bare COPY; required {NEED_S} s")
        print(f"  stored {done.accepted:,}, before {done.duplicate:,}, refused {refused:,}")
        file.unlink()
        _look(server)
        differ, after = _recount()
        same = counts == after and not differ
        print(
            f"speed counts: {'the same as before' if counts == after else 'CHANGED'};"
            f" {differ} differ from a recount, {differed} before"
        )
    good = ours.elapsed <= NEED_S * arguments.rows / 10_000_000 and same
    sys.exit(0 if good else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    return parser.parse_args()


def timed(postgres: int, work: Callable[[], T]) -> tuple[T, Cost]:
    """Return the result of something and its cost; `postgres` is the parent of its processes."""
    before = time.perf_counter(), time.process_time(), processor_s([postgres])
    result = work()
    after = time.perf_counter(), time.process_time(), processor_s([postgres])
    return result, Cost(*(end - begin for begin, end in zip(before, after, strict=True)))


def _write(file: Path, rows: int, owner_url: str) -> None:
    """Write walks from centres of communes, and register their phones."""
    random = np.random.default_rng(1)
    places = select(Unit.latitude, Unit.longitude).where(
        Unit.level == "commune", Unit.system == "2024"
    )
    centres = np.array(db.session.execute(places.order_by(Unit.id)).all(), float)
    walks = -(-rows // WALK)
    phones = _identities(random, -(-walks // WALKS_OF_A_PHONE))
    with connect(owner_url) as connection:
        connection.execute(PHONES, [phones])
    with csv.CSVWriter(str(file), _schema()) as writer:
        for walk in range(walks):
            n = min(WALK, rows - walk * WALK)
            phone = phones[walk // WALKS_OF_A_PHONE]
            writer.write(_walk(random, n, phone, centres[random.integers(len(centres))], walk))


def _schema() -> Any:
    numbers = {"latitude": pa.float64(), "longitude": pa.float64(), "accuracy_m": pa.float64()}
    numbers |= {name: pa.int64() for name in COLUMNS[10:]}
    return pa.schema([(name, numbers.get(name, pa.string())) for name in COLUMNS])


def _walk(
    random: np.random.Generator, n: int, phone: str, centre: NDArray[np.float64], walk: int
) -> Any:
    """Return a walk that keeps its direction for a while; one sample in fifty has no service."""
    turns = np.cumsum(random.normal(0, 0.05, n))
    begin = FIRST + np.timedelta64(int(random.integers(0, 27 * 24 * 3600)), "s")
    seconds = begin + np.arange(n).astype("m8[s]")
    service = random.random(n) >= 0.02
    strength = np.clip(-98 + np.cumsum(random.normal(0, 0.6, n)) % 40 - 20, -140, -50)

    def known(values: NDArray[Any]) -> Any:
        return pa.array(values.astype(np.int64), mask=~service)

    technology = TECHNOLOGIES[walk % len(TECHNOLOGIES)]
    constants = {"device": phone, "mcc": "452", "mnc": MNCS[walk // 4 % len(MNCS)]}
    values = {
        "id": pa.array(_identities(random, n)),
        "measured_at": pa.array([f"{text}Z" for text in np.datetime_as_string(seconds, "s")]),
        "latitude": np.round(centre[0] + np.cumsum(np.cos(turns)) * STEP_DEG, 6),
        "longitude": np.round(centre[1] + np.cumsum(np.sin(turns)) * STEP_DEG, 6),
        "accuracy_m": np.round(random.lognormal(2.3, 0.5, n), 1),
        "service": pa.array(np.where(service, "true", "false").tolist()),
        "technology": pa.array([technology] * n, mask=~service),
        "rsrp_dbm": known(strength),
        "rsrq_db": known(random.integers(-18, -5, n)),
        "sinr_db": known(random.integers(-5, 25, n)),
        "sim_slot": pa.array(np.zeros(n, np.int64)),
        "serving_cell": known(random.integers(0, 2**20) + np.arange(n) // 400),
    }
    columns = [values.get(name, pa.array([constants.get(name)] * n)) for name in COLUMNS]
    return pa.record_batch(columns, _schema())


def _identities(random: np.random.Generator, n: int) -> list[str]:
    data = random.bytes(16 * n)
    return [str(UUID(bytes=data[at : at + 16], version=4)) for at in range(0, len(data), 16)]


def _bare_copy(file: Path, owner_url: str) -> None:
    into = f"copy bare ({', '.join(COLUMNS)}) from stdin (format csv, header)"
    with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
        connection.execute(BARE)
        with connection.cursor().copy(into) as copy, file.open("rb") as stream:
            while part := stream.read(1 << 20):
                copy.write(part)
        connection.commit()
        connection.execute("drop table bare")


def _look(server: int) -> None:
    """Find the cells of the month, and show those of the busiest commune."""
    db.session.execute(db.text("analyze radio_samples"))
    size = db.session.scalar(db.text(SIZE))
    print(f"table with its indexes: {size / 1e9:.2f} GB")
    found, cost = timed(
        server,
        lambda: find_cells(
            MONTH, lambda devices: people_of_devices(MONTH, devices), units_of_cells
        ),
    )
    print(f"cells of the month for a release: {cost}; shown: {len(found.cells)}")
    unit = db.session.get(Unit, db.session.scalar(db.text(BUSIEST)))
    assert unit is not None
    query = {"month": MONTH, "level": "commune", "operator": None, "technology": None}
    answer, cost = timed(server, lambda: show_cells(unit.code, query, "vi", NOW, ADMIN))
    n = sum(item["n"] for item in answer["items"])
    print(f"live cells of the busiest commune, {n:,} samples: {cost}")
    layer, cost = timed(server, lambda: orjson.dumps(as_geojson(answer)))
    print(f"  as a map layer of {len(answer['items'])} polygons, {len(layer) / 1e3:.0f} kB: {cost}")
    db.session.rollback()


def _recount() -> tuple[int, list[Any]]:
    """Return how many counts differ from the samples, and all counts."""
    counting.fold_all()
    differ = len(counting.differences()) + len(counting.team_differences())
    counts = db.session.execute(db.text("select * from counts order by 1, 2, 3, 4")).all()
    db.session.rollback()
    return differ, [tuple(row) for row in counts]


if __name__ == "__main__":
    main()
