"""A device's measurements in order of time, read lazily, and verdicts written back."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.extensions import quickly
from backend.measurements import rules
from backend.measurements.draft import sample_of

# One page is more than a phone measures in a day; most timelines end within the first.
PAGE = 200

READ = """
    select id, measured_at, network, operator, latitude, longitude, accuracy_m, own_reasons,
           reasons, marks, unit_id, day
    from measurements
    where device_id = %(device)s and (measured_at, id) > (%(at)s, %(id)s)
    order by measured_at, id limit %(page)s
"""

UPDATE = text("""
    update measurements m
    set reasons = v.reasons, own_reasons = v.own_reasons, valid = v.valid, counted = v.counted,
        rules = :rules
    from jsonb_to_recordset(cast(:verdicts as jsonb))
         as v(id uuid, reasons text[], own_reasons text[], valid boolean, counted boolean)
    where m.id = v.id
""")

Row = Mapping[Any, Any]
LOWEST = UUID(int=0)


def stored(device: UUID, since: datetime) -> Iterator[Row]:
    """The stored rows of a device from `since` on, page by page."""
    at, last = since, LOWEST
    while True:
        rows = quickly(READ, {"device": device, "at": at, "id": last, "page": PAGE})
        yield from rows
        if len(rows) < PAGE:
            return
        at, last = rows[-1]["measured_at"], rows[-1]["id"]


def settle(device: UUID, new: Sequence[Row]) -> Iterator[tuple[Row, rules.Verdict]]:
    """Judge new rows among the stored ones; yield each row that is new or judged otherwise."""
    if not new:
        return
    times = [row["measured_at"] for row in new]
    yield from judged_between(device, min(times), max(times), new)


def judged_between(
    device: UUID, since: datetime, until: datetime, new: Sequence[Row] = ()
) -> Iterator[tuple[Row, rules.Verdict]]:
    """Judge a device's rows from `since` on, at least to `until`; yield what changed."""
    fresh = sorted(new, key=_place)
    rows: dict[UUID, Row] = {}

    def timeline() -> Iterator[rules.Judged]:
        kept = stored(device, since - rules.REPEAT_WINDOW)
        for row in heapq.merge(kept, fresh, key=_place):
            rows[row["id"]] = row
            verdict = rules.Verdict(tuple(row["reasons"])) if "reasons" in row else None
            yield rules.Judged(sample_of(row), verdict)

    for entry, verdict in rules.settle(timeline(), since, until):
        yield rows[entry.sample.id], verdict


def _place(row: Row) -> tuple[datetime, UUID]:
    return row["measured_at"], row["id"]
