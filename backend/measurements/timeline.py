"""A device's measurements in order of time, as far as needed, and verdicts written back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.extensions import quickly
from backend.measurements import rules
from backend.measurements.draft import sample_of

READ = """
    select id, measured_at, network, operator, latitude, longitude, accuracy_m, own_reasons,
           reasons, marks, unit_id, day
    from measurements
    where device_id = %(device)s and measured_at > %(after)s and measured_at <= %(to)s
    order by measured_at, id
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
Judged = tuple[Row, rules.Verdict]


def settle(device: UUID, new: Sequence[Row]) -> Sequence[Judged]:
    """Judge new rows among the stored ones; each row that is new or judged otherwise."""
    if not new:
        return []
    times = [row["measured_at"] for row in new]
    return judged_between(device, min(times), max(times), new)


def judged_between(
    device: UUID, since: datetime, until: datetime, new: Sequence[Row] = ()
) -> Sequence[Judged]:
    """Judge a device's rows from `since` on, at least to `until`; those that changed.

    What is read reaches one window past the last change: usually the first reading does.
    """
    to = until + rules.REPEAT_WINDOW
    while True:
        span = {"device": device, "after": since - rules.REPEAT_WINDOW, "to": to}
        judged = list(_judged([*quickly(READ, span), *new], since, until))
        reach = max((row["measured_at"] for row, _ in judged), default=until) + rules.REPEAT_WINDOW
        if reach <= to:
            return judged
        to = reach


def _judged(rows: Sequence[Row], since: datetime, until: datetime) -> Iterator[Judged]:
    ordered = sorted(rows, key=_place)
    by_id = {row["id"]: row for row in ordered}
    timeline = (rules.Judged(sample_of(row), _verdict(row)) for row in ordered)
    for entry, verdict in rules.settle(timeline, since, until):
        yield by_id[entry.sample.id], verdict


def _verdict(row: Row) -> rules.Verdict | None:
    """The stored verdict; None for a row that is new."""
    return rules.Verdict(tuple(row["reasons"])) if "reasons" in row else None


def _place(row: Row) -> tuple[datetime, UUID]:
    return row["measured_at"], row["id"]
