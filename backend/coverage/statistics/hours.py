"""At which hours of which weekdays the counted samples of a unit were taken."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import VIETNAM
from backend.coverage.figures.unit_month import UnitMonth, unit_month
from backend.database.extensions import db, setting

# Stripped rows have no moment any more.
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
    """Seven weekdays from Monday with 24 hours each; null under the minimum of samples."""
    asked = unit_month(code, level, month, network, now, reader)
    hours = _hours(asked)
    n = sum(map(sum, hours))
    return {
        **asked.serialize(),
        "n": n,
        "hours": hours if n >= setting("MINIMUM_N") else None,
    }


def _hours(asked: UnitMonth) -> list[list[int]]:
    hours = [[0] * DAY_HOURS for _ in range(WEEKDAYS)]
    for row in db.session.execute(HOURS, asked.parameters(zone=VIETNAM.tzname(None))):
        hours[row.weekday - 1][row.hour] = row.n
    return hours
