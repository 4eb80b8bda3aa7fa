"""One statement that stores receipts, measurements and changes of counts together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.database.extensions import Run, db
from backend.measurements.recording.counting import Deltas
from backend.measurements.recording.timeline import UPDATE

# JSON in, rows out: one round trip for one sample or for 500, and one parsed plan for both.
# Nothing is stored unless `gate` lets it through: a row, or none. The lateral join looks each id
# up by the index, also by a plan that was made while the table was small.
STORE = """
    with gate as (
        {gate}
    ), r as (
        insert into receipts
        select r.* from gate,
            jsonb_populate_recordset(null::receipts, cast(%(receipts)s as jsonb)) r
    ), m as (
        insert into measurements
        select m.* from gate,
            jsonb_populate_recordset(null::measurements, cast(%(rows)s as jsonb)) m
    ), d as (
        insert into count_deltas (unit_id, day, network, fate, n)
        select unit_id, day, network, fate, n from gate,
            jsonb_populate_recordset(null::count_deltas, cast(%(deltas)s as jsonb))
    )
    select count(*) as n from gate
"""
OF_NOBODY = STORE.format(gate="select 1")
OF_DEVICE = STORE.format(
    gate="""
        update devices set version = version + 1, window_start = %(start)s, window_items = %(items)s
        where id = %(device)s and version = %(version)s
            and not exists (
                select from unnest(%(ids)s::uuid[]) as sent (id),
                    lateral (select from receipts r where r.id = sent.id limit 1) taken
            )
        returning 1
    """
)

DELTAS = text("""
    insert into count_deltas (unit_id, day, network, fate, n)
    select unit_id, day, network, fate, n
    from jsonb_populate_recordset(null::count_deltas, cast(:deltas as jsonb))
""")


class Changed(Exception):
    """What was judged is not what is there: the device's version, or a receipt, says so."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The device's version that was judged, and how many measurements its hour has now."""

    device_id: UUID
    version: int
    joined: bool  # whether a team may earn what is stored
    window_start: datetime
    window_items: int


def store(
    gate: Gate | None,
    receipts: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    deltas: Deltas,
    run: Run,
) -> None:
    """Add new measurements with their receipts and counts, all or, with Changed, nothing."""
    values: dict[str, Any] = {
        "receipts": dump(receipts),
        "rows": dump(rows),
        "deltas": dump(deltas.rows()),
    }
    if gate:
        values |= {
            "device": gate.device_id,
            "version": gate.version,
            "start": gate.window_start,
            "items": gate.window_items,
            "ids": [receipt["id"] for receipt in receipts],
        }
    try:
        stored = run(OF_DEVICE if gate else OF_NOBODY, values)
    except IntegrityError:  # another device's receipt, committed in this very moment
        raise Changed from None
    if not stored[0]["n"]:
        raise Changed


def rewrite(verdicts: Sequence[dict[str, Any]], rules: int) -> None:
    """Write verdicts that changed: each {id, reasons, own_reasons, valid, counted}."""
    if verdicts:
        db.session.execute(UPDATE, {"verdicts": dump(verdicts), "rules": rules})


def add_deltas(deltas: Deltas) -> None:
    """Add changes of counts alone."""
    rows = deltas.rows()
    if rows:
        db.session.execute(DELTAS, {"deltas": dump(rows)})


def dump(value: Any) -> str:
    """JSON for PostgreSQL, with times, days, UUIDs and digests in its own spelling."""
    try:
        return orjson.dumps(value, default=_plain).decode()
    except TypeError:  # an integer of more than 64 bits, in a field that we do not know
        return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no spelling")
