"""Counted samples of a unit by weekday and hour."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import VIETNAM
from backend.coverage.figures.unit_month import UnitMonth, unit_month
from backend.database.extensions import db, setting

# Anonymised rows have no time.
HOURS = text("""
    select extract(isodow from at)::int as weekday, extract(hour from at)::int as hour,
        count(*)::int as n
    from (
        select measured_at at time zone :zone as at from measurements
        where unit_id = any(:units) and day between :first and :last
            and network = :network and counted and measured_at is not null
    ) moments group by 1, 2
""")
WEEKDAYS, DAY_HOURS = 7, 24


def unit_hours(
    code: str,
    level: str | None,
    month: str,
    network: str,
    now: datetime,
    reader: Actor | None = None,
) -> dict[str, Any]:
    """Return samples of seven weekdays from Monday with 24 hours each; None under the minimum."""
    subject = unit_month(code, level, month, network, now, reader)
    hours = _read_hours(subject)
    n = sum(map(sum, hours))
    return {
        **subject.serialize(),
        "n": n,
        "hours": hours if n >= setting("MINIMUM_N") else None,
    }


def _read_hours(month: UnitMonth) -> list[list[int]]:
    hours = [[0] * DAY_HOURS for _ in range(WEEKDAYS)]
    for row in db.session.execute(HOURS, month.parameters(zone=VIETNAM.tzname(None))):
        hours[row.weekday - 1][row.hour] = row.n
    return hours
