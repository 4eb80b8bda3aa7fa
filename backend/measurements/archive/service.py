"""Months kept as GeoParquet beside the database: written, held against it, and brought back."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import TextClause, text

from backend.accounts.audit import record_command
from backend.clock import local_day, month_end, month_start
from backend.database.extensions import db, follow_indexes, setting
from backend.errors import Problem
from backend.measurements.recording.storage import dump

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "archive"  # in VAR_DIR
# Rows of a file that are handed to the database at a time.
ROWS_AT_A_TIME = 5_000

AS_TEXT = ("id", "device_id", "raw")
ROWS = """
    select {columns}, u.code as unit_code from measurements m left join units u on u.id = m.unit_id
    where m.day between :first and :last order by m.day, m.id
"""
# Whatever the order of the rows, and to the last bit of each: the database spells them itself.
SUM = "select count(*) as rows, coalesce(sum(hashtextextended(m::text, 0)), 0) as digest"
IN_UTC = text("set local timezone = 'UTC'")  # or moments are spelled by the server's settings
SUM_OF_TABLE = text(f"{SUM} from measurements m where day between :first and :last")
SENT = "jsonb_populate_recordset(null::measurements, cast(:rows as jsonb))"
SUM_OF_ROWS = text(f"{SUM} from {SENT} m")
# A device that withdrew is gone, and its rows are there without it: they are not brought back.
PUT_BACK = text(f"""
    with sent as (
        select * from {SENT}
    ), held as (
        update devices set version = version + 1
        where id in (select device_id from sent) returning id
    ), back as (
        insert into measurements select sent.* from sent
        where device_id is null or device_id in (select id from held)
        on conflict (id) do nothing returning 1
    )
    select (select count(*) from back) as back, (
        select count(*) from sent
        where device_id is not null and device_id not in (select id from held)
    ) as gone
""")  # noqa: S608 # fixed words

# What comes back is as exact as it was kept, also on days whose positions were coarsened since.
EXPIRE_AGAIN = text("delete from expired_days where day between :first and :last")


class Sum(NamedTuple):
    """How many rows there are, and a number that no others add up to."""

    rows: int
    digest: int

    def __add__(self, other: "Sum") -> "Sum":  # type: ignore[override]
        return Sum(self.rows + other.rows, self.digest + other.digest)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds, in a file beside it that is written last."""

    month: str
    version: int
    rows: int
    digest: str  # of the rows, as the database spells them
    sha256: str  # of the file
    made_at: str


@dataclass(frozen=True, slots=True)
class Restored:
    """How many measurements came back, and how many are of devices that have withdrawn."""

    back: int
    gone: int


def archive(month: str, now: datetime) -> Manifest:
    """Write a month that is over, and hold what can be read of it against the database."""
    from backend.measurements.archive import files

    if month_end(month) >= local_day(now):
        raise Problem(409, "archive_of_running_month")
    path, held = path_of(month), manifest_of(month)
    if held is not None and _sum_of_table(month).rows < held.rows:
        raise Problem(409, "archive_holds_more")
    with files.replacing(path) as fresh:
        files.write(fresh, _chunks(month))
        told = _sum_of_file(fresh)
        if told != _sum_of_table(month):  # somebody posted meanwhile
            raise Problem(409, "archive_differs")
    manifest = Manifest(
        month, files.VERSION, told.rows, str(told.digest), _sha256(path), now.isoformat()
    )
    with files.replacing(path.with_suffix(".json")) as fresh:
        fresh.write_text(json.dumps(asdict(manifest), indent=1) + "\n")
    record_command("measurements.archive", month, rows=told.rows, sha256=manifest.sha256)
    db.session.commit()
    return manifest


def check(month: str) -> Manifest:
    """Hold an archive against its manifest and the database; a Problem says what is wrong."""
    manifest = _undamaged(month)
    if _sum_of_table(month) != Sum(manifest.rows, int(manifest.digest)):
        raise Problem(409, "archive_differs")
    return manifest


def restore(month: str) -> Restored:
    """Bring back what is missing in the database; what is there stays. It can be run again."""
    _undamaged(month)
    back = gone = 0
    for rows in _rows_of_file(path_of(month)):
        done = db.session.execute(PUT_BACK, {"rows": rows}).one()
        if done.back:
            db.session.execute(EXPIRE_AGAIN, _span(month))
        back, gone = back + done.back, gone + done.gone
        db.session.commit()
    record_command("measurements.restore", month, back=back, gone=gone)
    db.session.commit()
    return Restored(back, gone)


def renew(now: datetime) -> tuple[list[str], list[str]]:
    """Write every archive again that is not as the database is; the months, and those left.

    So withdrawals and retention reach what lies outside the database. An archive that holds more
    than the database is left: it may be the only one that does.
    """
    written, left = [], []
    for month in archived_months():
        try:
            check(month)
        except Problem:
            try:
                archive(month, now)
                written.append(month)
            except Problem:
                left.append(month)
    return written, left


def archived_months() -> list[str]:
    """The months that have an archive, the oldest first."""
    return sorted(path.stem for path in _folder().glob("????-??.json"))


def path_of(month: str) -> Path:
    """Where a month's archive lies."""
    return _folder() / f"{month}.parquet"


def manifest_of(month: str) -> Manifest | None:
    """What a month's archive holds; None where there is none."""
    path = path_of(month).with_suffix(".json")
    return Manifest(**json.loads(path.read_text())) if path.exists() else None


def _folder() -> Path:
    folder: Path = setting("ARCHIVE_DIR") or setting("VAR_DIR") / FOLDER
    return folder


def _undamaged(month: str) -> Manifest:
    manifest = manifest_of(month)
    if manifest is None:
        raise Problem(404, "archive_missing")
    if not path_of(month).exists() or _sha256(path_of(month)) != manifest.sha256:
        raise Problem(409, "archive_damaged")
    return manifest


def _span(month: str) -> dict[str, Any]:
    return {"first": month_start(month), "last": month_end(month)}


def _chunks(month: str) -> Iterator["pa.Table"]:
    """The month's rows by day and id, as row groups."""
    from backend.measurements.archive import files

    columns = ", ".join(
        f"m.{name}::text as {name}" if name in AS_TEXT else f"m.{name}"
        for name in files.STORED.names
    )
    options = {"yield_per": files.ROW_GROUP}
    statement = text(ROWS.format(columns=columns))
    follow_indexes()
    found = db.session.execute(statement, _span(month), execution_options=options).mappings()
    for rows in found.partitions():
        yield files.chunk_of([dict(row) for row in rows])


def _sum_of_table(month: str) -> Sum:
    follow_indexes()
    return _sum(SUM_OF_TABLE, **_span(month))


def _sum_of_file(path: Path) -> Sum:
    total = Sum(0, 0)
    for rows in _rows_of_file(path):
        total += _sum(SUM_OF_ROWS, rows=rows)
    return total


def _sum(statement: TextClause, **values: Any) -> Sum:
    db.session.execute(IN_UTC)
    return Sum(*db.session.execute(statement, values).one())


def _rows_of_file(path: Path) -> Iterator[str]:
    """A file's rows as the database takes them; bodies in the very words that it kept."""
    from backend.measurements.archive import files

    for group in range(files.groups(path)):
        chunk = files.read_group(path, group, files.STORED.names)
        for first in range(0, len(chunk), ROWS_AT_A_TIME):
            rows = chunk.slice(first, ROWS_AT_A_TIME).to_pylist()
            for row in rows:
                row["raw"] = row["raw"] and orjson.Fragment(row["raw"])
            yield dump(rows)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
