"""Months of samples that leave the table for files, when nothing can change them any more.

A file is the operator's copy, without devices; counts, statistics, releases and sums of earnings
stay in the database (`recording.archived`).
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import TextClause, text

from backend.accounts.audit import record_command
from backend.clock import local_day, month_end, month_start
from backend.database.extensions import change_rows, db, dump, follow_indexes, setting
from backend.database.locks import ARCHIVE_LOCK, hold
from backend.errors import Problem
from backend.measurements.recording.archived import archived_months
from backend.measurements.recording.models import ArchivedMonth

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "archive"  # in VAR_DIR

# Whether a row can still change or is missing, or statistics or a release are.
OPEN = text("""
    select exists (
        select from measurements
        where day between :first and :last and (raw is not null or latitude is not null)
    ) or (
        select count(*) from measurements where day between :first and :last
    ) <> (
        select coalesce(sum(received), 0) from unit_months where month = :month
    ) or exists (
        select from unit_months m left join statistics_versions s using (month, network, unit_id)
        where m.month = :month and m.unit_id <> 0 and (m.counted > 0 or s.version is not null)
            and m.version is distinct from s.version
    ) or exists (select from unit_months where month = :month and valid > 0)
        and not exists (select from releases where month = :month)
""")
# The columns of `files.STORED`, but the device.
ROWS = text("""
    select m.id::text as id, m.received_at, m.measured_at, m.skew_s, m.day, m.network, m.kind,
        m.source, m.status, m.operator, m.technology, m.download_mbps, m.upload_mbps, m.ping_ms,
        m.jitter_ms, m.latitude, m.longitude, m.accuracy_m, m.unit_id, m.set_id, m.how,
        m.candidates, m.own_reasons, m.reasons, m.marks, m.valid, m.counted, m.rules, m.raw,
        m.assurance, m.data_cap_mb, m.ping_download_ms, m.ping_upload_ms,
        m.download_stability_percent, m.upload_stability_percent, m.host, u.code as unit_code
    from measurements m left join units u on u.id = m.unit_id
    where m.day between :first and :last order by m.day, m.id
""")
IN_UTC = text("set local timezone = 'UTC'")  # else times depend on the server's settings
# A checksum of the rows in any order, over their exact values as the database writes them, without
# devices; in the table and in a file.
SUM_OF_TABLE = text("""
    select count(*) as rows, coalesce(sum(hashtextextended(
        jsonb_populate_record(m, jsonb '{"device_id": null}')::text, 0
    )), 0) as digest
    from measurements m where day between :first and :last
""")
SUM_OF_ROWS = text("""
    select count(*) as rows, coalesce(sum(hashtextextended(m::text, 0)), 0) as digest
    from jsonb_populate_recordset(null::measurements, cast(:rows as jsonb)) m
""")
# For the exports of the people.
NUMBERS_OF_DEVICES = text("""
    insert into archived_months_of_devices
        (device_id, month, network, unit_id, received, valid, counted)
    select device_id, :month, network, coalesce(unit_id, 0), count(*),
        count(*) filter (where valid), count(*) filter (where counted)
    from measurements where day between :first and :last and device_id is not null
    group by 1, 3, 4
""")
# One earning of a member and commune stays, of no sample: whether the member helped the commune.
HELPED = text("""
    insert into earnings (measurement_id, campaign_id, team_id, volunteer_id, rules, guest,
        category, unit_id, day, network, needed)
    select distinct on (campaign_id, team_id, volunteer_id, unit_id, network) gen_random_uuid(),
        campaign_id, team_id, volunteer_id, rules, guest, category, unit_id, day, network, true
    from earnings where day between :first and :last and needed
    order by campaign_id, team_id, volunteer_id, unit_id, network, day
""")
# Pairs of a phone keep their speeds, without the samples.
UNLINK_PAIRS = text("""
    update speed_pairs set id = gen_random_uuid(), own_id = gen_random_uuid()
    where day between :first and :last
""")
# By arrays, whose ids are looked up in the indexes of tables of any size.
DELETE_DAY = text("""
    with gone as (
        delete from measurements where day = :day returning id
    ), receipts_gone as (
        delete from receipts where id = any(array(select id from gone)) and kind = 'sample'
    )
    delete from earnings where measurement_id = any(array(select id from gone))
""")
RESTORE = text("""
    insert into measurements
    select * from jsonb_populate_recordset(null::measurements, cast(:rows as jsonb))
    on conflict (id) do nothing
""")


# Of an archive, written last, to a file beside it: month, version, rows, digest of the rows as the
# database writes them, sha256 of the file, made_at.
Manifest = dict[str, Any]


def archive(month: str, now: datetime) -> Manifest:
    """Move a month whose samples are final from the table to a file; can be run again.

    The rows go day by day, after the transaction that compares the file with all of them. Of an
    archived month the file is checked, and rows that were restored go again.
    """
    if month not in archived_months():
        kept = month_end(month) >= local_day(now) - timedelta(days=setting("RETENTION_DAYS"))
        if kept or db.session.scalar(OPEN, {"month": month, **_span(month)}):
            raise Problem(409, "month_not_final")
        _take(month, _write(month, now), now)
    manifest = _checked_manifest(month)
    for number in range(month_end(month).day):
        day = month_start(month) + timedelta(days=number)
        follow_indexes()
        db.session.execute(DELETE_DAY, {"day": day})
        db.session.commit()
    return manifest


def _checked_manifest(month: str) -> Manifest:
    path = path_of(month)
    if not (path.exists() and path.with_suffix(".json").exists()):
        raise Problem(404, "archive_missing")
    manifest: Manifest = json.loads(path.with_suffix(".json").read_text())
    if _sha256(path) != manifest["sha256"]:
        raise Problem(409, "archive_damaged")
    return manifest


def restore(month: str) -> int:
    """Insert rows that are missing in the database, and return their number; can be run again.

    The month stays archived: rows are there to be read, and nothing is computed from them.
    """
    _checked_manifest(month)
    restored = 0
    for rows in _rows_of_file(path_of(month)):
        restored += change_rows(RESTORE, {"rows": rows})
        db.session.commit()
    record_command("measurements.restore", month, back=restored)
    db.session.commit()
    return restored


def path_of(month: str) -> Path:
    """Return the path of a month's archive."""
    return _folder() / f"{month}.parquet"


def _folder() -> Path:
    folder: Path = setting("VAR_DIR") / FOLDER
    return folder


def _write(month: str, now: datetime) -> Manifest:
    """Write a month's rows to a file, which replaces an earlier one."""
    from backend.measurements.archive import files

    path = path_of(month)
    with files.replacing(path) as fresh:
        files.write(fresh, _chunks(month))
        parts = [_checksum(SUM_OF_ROWS, rows=rows) for rows in _rows_of_file(fresh)]
        rows, digest = sum(part[0] for part in parts), sum(part[1] for part in parts)
    manifest = {
        "month": month, "version": files.VERSION, "rows": rows, "digest": str(digest),
        "sha256": _sha256(path), "made_at": now.isoformat(),
    }  # fmt: skip
    with files.replacing(path.with_suffix(".json")) as fresh:
        fresh.write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def _take(month: str, manifest: Manifest, now: datetime) -> None:
    """Declare a month archived, if its file has every row, and keep what people may ask for.

    Withdrawals and imports wait, some seconds for a month of the country; posts do not.
    """
    hold(ARCHIVE_LOCK)
    follow_indexes()
    if _checksum(SUM_OF_TABLE, **_span(month)) != (manifest["rows"], int(manifest["digest"])):
        raise Problem(409, "archive_differs")
    values = {"month": month, **_span(month)}
    for statement in (NUMBERS_OF_DEVICES, HELPED, UNLINK_PAIRS):
        db.session.execute(statement, values)
    db.session.add(ArchivedMonth(month=month, archived_at=now))
    facts = {name: manifest[name] for name in ("rows", "sha256")}
    record_command("measurements.archive", month, **facts)
    db.session.commit()


def _span(month: str) -> dict[str, date]:
    return {"first": month_start(month), "last": month_end(month)}


def _chunks(month: str) -> Iterator["pa.Table"]:
    """Yield the month's rows by day and id, as row groups."""
    from backend.measurements.archive import files

    options = {"yield_per": files.ROW_GROUP}
    follow_indexes()
    result = db.session.execute(ROWS, _span(month), execution_options=options).mappings()
    for rows in result.partitions():
        yield files.chunk_of([dict(row) for row in rows])


def _checksum(statement: TextClause, **values: Any) -> tuple[int, int]:
    """Return the number of rows and the sum of their hashes."""
    db.session.execute(IN_UTC)
    rows, digest = db.session.execute(statement, values).one()
    return int(rows), int(digest)


def _rows_of_file(path: Path) -> Iterator[str]:
    """Yield a file's rows as JSON for the database; raw bodies stay identical to the byte."""
    from backend.measurements.archive import files

    for rows in files.read(path):
        for row in rows:
            row["raw"] = row["raw"] and orjson.Fragment(row["raw"])
        yield dump(rows)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
