"""Registrations of new devices, by the commune of their first measurement."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.coverage.signals.sources import moments, units_below
from backend.database.extensions import db

# A phone registers and measures within minutes, or keeps its tests until it has a network again.
FIRST_WITHIN = timedelta(days=30)
# A phone may measure first and register when it is back in the network.
BEFORE = timedelta(days=7)

# From the measurements of the unit, not from all devices of the country; `once` are those that
# measured a single time so far.
REGISTRATIONS = text("""
    with candidates as (
        select distinct m.device_id from measurements m
        where m.unit_id = any(:units) and m.day between :first and :last
          and m.device_id is not null
    ), placed as (
        select d.id, (d.registered_at at time zone 'Asia/Ho_Chi_Minh')::date as day, f.unit_id,
            (select count(*) from (
                select from measurements x where x.device_id = d.id limit 2) few) = 1 as once
        from candidates c
        join devices d on d.id = c.device_id
        cross join lateral (
            select m.unit_id from measurements m where m.device_id = d.id
            order by m.measured_at, m.id limit 1) f
        where d.registered_at >= :since and d.registered_at < :until
          and f.unit_id = any(:units)
    )
    select u.code, u.name, p.day, count(*) as registered, count(*) filter (where once) as once
    from placed p join units u on u.id = p.unit_id
    group by u.code, u.name, u.sort_key, u.id, p.day
    order by u.sort_key collate "C", u.id, p.day
""")


def registrations_of(unit_id: int, month: str) -> list[dict[str, Any]]:
    """How many new devices each commune had on each day of a month; days without any left out."""
    since, until = moments(month)
    values = {
        "units": units_below(unit_id),
        "first": month_start(month) - BEFORE,
        "last": month_end(month) + FIRST_WITHIN,
        "since": since,
        "until": until,
    }
    rows = db.session.execute(REGISTRATIONS, values).mappings()
    return [
        {
            "unit": {"code": row["code"], "name": row["name"]},
            "day": row["day"],
            "registered": row["registered"],
            "once": row["once"],
        }
        for row in rows
    ]
