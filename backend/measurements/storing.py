"""One statement that stores receipts, measurements and changes of counts together."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.extensions import db, quickly
from backend.measurements.counting import Deltas
from backend.measurements.timeline import UPDATE

# JSON in, rows out: one round trip for one sample or for 500, and one parsed plan for both.
STORE = """
    with r as (
        insert into receipts
        select * from jsonb_populate_recordset(null::receipts, cast(%(receipts)s as jsonb))
        on conflict (id) do nothing
        returning id
    ), m as (
        insert into measurements
        select m.* from jsonb_populate_recordset(null::measurements, cast(%(rows)s as jsonb)) m
        join r using (id)
    ), d as (
        insert into count_deltas (unit_id, day, network, fate, n)
        select unit_id, day, network, fate, n
        from jsonb_populate_recordset(null::count_deltas, cast(%(deltas)s as jsonb))
    )
    select count(*) as n from r
"""

DELTAS = text("""
    insert into count_deltas (unit_id, day, network, fate, n)
    select unit_id, day, network, fate, n
    from jsonb_populate_recordset(null::count_deltas, cast(:deltas as jsonb))
""")


class TakenMeanwhile(Exception):
    """Another device's receipt for the same id was committed since we looked."""


def store(
    receipts: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], deltas: Deltas
) -> None:
    """Add new measurements with their receipts and counts; TakenMeanwhile if an id is taken."""
    stored = quickly(
        STORE, {"receipts": dump(receipts), "rows": dump(rows), "deltas": dump(deltas.rows())}
    )
    if stored[0]["n"] != len(receipts):
        raise TakenMeanwhile


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
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no spelling")
