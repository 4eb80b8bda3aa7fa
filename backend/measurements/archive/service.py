"""Archives of months as GeoParquet: written, checked against the database and restored."""

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
from backend.database.extensions import db, dump, follow_indexes, setting
from backend.errors import Problem, or_404

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "archive"  # in VAR_DIR
# Rows of a file in one statement.
ROWS_AT_A_TIME = 5_000

AS_TEXT = ("id", "device_id", "raw")
ROWS = """
    select {columns}, u.code as unit_code from measurements m left join units u on u.id = m.unit_id
    where m.day between :first and :last order by m.day, m.id
"""
# A checksum of the rows in any order, over their exact values as the database writes them.
SUM = "select count(*) as rows, coalesce(sum(hashtextextended(m::text, 0)), 0) as digest"
IN_UTC = text("set local timezone = 'UTC'")  # else times depend on the server's settings
SUM_OF_TABLE = text(f"{SUM} from measurements m where day between :first and :last")
SENT = "jsonb_populate_recordset(null::measurements, cast(:rows as jsonb))"
SUM_OF_ROWS = text(f"{SUM} from {SENT} m")
# A withdrawn device does not exist any more, but its rows do, without it: they are skipped.
RESTORE = text(f"""
    with sent as (
        select * from {SENT}
    ), locked as (
        update devices set version = version + 1
        where id in (select device_id from sent) returning id
    ), restored as (
        insert into measurements select sent.* from sent
        where device_id is null or device_id in (select id from locked)
        on conflict (id) do nothing returning 1
    )
    select (select count(*) from restored) as restored, (
        select count(*) from sent
        where device_id is not null and device_id not in (select id from locked)
    ) as skipped
""")  # noqa: S608 # fixed words

# Whether RESTORE would insert one of the rows.
MISSING = text(f"""
    select exists (
        select from {SENT} sent
        where (device_id is null or device_id in (select id from devices))
          and not exists (select from measurements m where m.id = sent.id)
    )
""")  # noqa: S608 # fixed words

# Restored positions are as exact as in the archive, also on days that were coarsened since.
EXPIRE_AGAIN = text("delete from expired_days where day between :first and :last")


class Checksum(NamedTuple):
    """Number of rows and the sum of their hashes."""

    rows: int
    digest: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of an archive, written last, to a file beside it."""

    month: str
    version: int
    rows: int
    digest: str  # of the rows, as the database writes them
    sha256: str  # of the file
    made_at: str


def archive(month: str, now: datetime) -> Manifest:
    """Write a past month and compare the file that was written with the database."""
    from backend.measurements.archive import files

    if month_end(month) >= local_day(now):
        raise Problem(409, "archive_of_running_month")
    path, previous = path_of(month), manifest_of(month)
    if previous is not None and _table_checksum(month).rows < previous.rows and _missing(month):
        raise Problem(409, "archive_holds_more")
    with files.replacing(path) as fresh:
        files.write(fresh, _chunks(month))
        parts = [_checksum(SUM_OF_ROWS, rows=rows) for rows in _rows_of_file(fresh)]
        written = Checksum(sum(part.rows for part in parts), sum(part.digest for part in parts))
        if written != _table_checksum(month):  # a post came meanwhile
            raise Problem(409, "archive_differs")
    manifest = Manifest(
        month, files.VERSION, written.rows, str(written.digest), _sha256(path), now.isoformat()
    )
    with files.replacing(path.with_suffix(".json")) as fresh:
        fresh.write_text(json.dumps(asdict(manifest), indent=1) + "\n")
    record_command("measurements.archive", month, rows=written.rows, sha256=manifest.sha256)
    db.session.commit()
    return manifest


def check(month: str) -> Manifest:
    """Compare an archive with its manifest and the database; raise Problem if they differ."""
    manifest = _checked_manifest(month)
    if _table_checksum(month) != Checksum(manifest.rows, int(manifest.digest)):
        raise Problem(409, "archive_differs")
    return manifest


def restore(month: str) -> tuple[int, int]:
    """Insert rows that are missing in the database; existing rows stay. Can be run again.

    Return the numbers of restored rows and of those skipped, whose devices have withdrawn.
    """
    _checked_manifest(month)
    restored = skipped = 0
    for rows in _rows_of_file(path_of(month)):
        done = db.session.execute(RESTORE, {"rows": rows}).one()
        if done.restored:
            db.session.execute(EXPIRE_AGAIN, _span(month))
        restored, skipped = restored + done.restored, skipped + done.skipped
        db.session.commit()
    record_command("measurements.restore", month, back=restored, gone=skipped)
    db.session.commit()
    return restored, skipped


def renew(now: datetime) -> tuple[list[str], list[str]]:
    """Write archives that differ from the database again; return their months and those left.

    This applies withdrawals and retention to the archives. An archive with rows that are missing in
    the database, except of withdrawn devices, is left: it may be the only copy.
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


def _missing(month: str) -> bool:
    """Return whether a restore would insert rows, or the archive is damaged."""
    try:
        _checked_manifest(month)
    except Problem:
        return True
    return any(
        db.session.execute(MISSING, {"rows": rows}).scalar_one()
        for rows in _rows_of_file(path_of(month))
    )


def archived_months() -> list[str]:
    """Return the months with an archive, the oldest first."""
    return sorted(path.stem for path in _folder().glob("????-??.json"))


def path_of(month: str) -> Path:
    """Return the path of a month's archive."""
    return _folder() / f"{month}.parquet"


def manifest_of(month: str) -> Manifest | None:
    """Return the manifest of a month's archive; None without an archive."""
    path = path_of(month).with_suffix(".json")
    return Manifest(**json.loads(path.read_text())) if path.exists() else None


def _folder() -> Path:
    folder: Path = setting("VAR_DIR") / FOLDER
    return folder


def _checked_manifest(month: str) -> Manifest:
    manifest = or_404(manifest_of(month), "archive_missing")
    if not path_of(month).exists() or _sha256(path_of(month)) != manifest.sha256:
        raise Problem(409, "archive_damaged")
    return manifest


def _span(month: str) -> dict[str, Any]:
    return {"first": month_start(month), "last": month_end(month)}


def _chunks(month: str) -> Iterator["pa.Table"]:
    """Yield the month's rows by day and id, as row groups."""
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


def _table_checksum(month: str) -> Checksum:
    follow_indexes()
    return _checksum(SUM_OF_TABLE, **_span(month))


def _checksum(statement: TextClause, **values: Any) -> Checksum:
    db.session.execute(IN_UTC)
    return Checksum(*db.session.execute(statement, values).one())


def _rows_of_file(path: Path) -> Iterator[str]:
    """Yield a file's rows as JSON for the database; raw bodies stay identical to the byte."""
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
