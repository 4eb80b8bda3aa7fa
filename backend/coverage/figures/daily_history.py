"""Samples of the days before today by unit: the table `daily_history`, written once a day.

The projection and the comparison with the same day of the previous month need 60 days of every
unit, but completed days only. They are summed at night, or by the first reader of the day. Samples
that arrive late change both the next morning.
"""

from datetime import date, timedelta

from backend.clock import month_before, month_end, month_start
from backend.coverage.figures.forecast import LOOK_BACK, MIN_DAILY
from backend.database.extensions import fetch, fetch_autocommit
from backend.database.locks import DAILY_HISTORY_LOCK
from backend.units.catalogue import system_on

# A database that is only read, such as a standby, has what its primary wrote.
MISSING = """
    select basis from (
        select 'counted' as basis union select basis from targets where network = %(network)s
        except select basis from daily_history
            where day = %(day)s and network = %(network)s and unit_id = 0
    ) missing where current_setting('transaction_read_only') = 'off'
"""
# A second process that finds the lock taken leaves the work to the first one.
MAKE = """
    with free as materialized (select pg_try_advisory_xact_lock(%(lock)s) as free),
    earlier as (
        delete from daily_history using free
        where free and day < %(day)s and network = %(network)s and basis = %(basis)s
    ), daily as (
        select above.id as unit_id, d.month, d.day,
            case when d.day >= %(first)s then extract(isodow from d.day) end as weekday,
            sum(case %(basis)s when 'received' then d.received when 'valid' then d.valid
                else d.counted end)::bigint as n
        from unit_days d
        cross join lateral (
            select case d.month when %(month)s then %(month_end)s::date
                else %(before_end)s::date end as day
        ) last
        join units c on c.id = d.unit_id
            and (c.valid_from is null or c.valid_from <= last.day)
            and (c.valid_to is null or c.valid_to >= last.day)
        cross join lateral (
            values (c.id), (nullif(c.parent_id, c.province_id)), (c.province_id)
        ) above (id)
        where d.month in (%(month)s, %(before)s) and d.network = %(network)s
            and d.day < %(day)s and above.id is not null
        group by 1, 2, 3
    ), units as (
        select unit_id,
            coalesce(sum(n) filter (where month = %(before)s and day <= %(same_day)s), 0)
                as last_month,
            array[
                coalesce(sum(n) filter (where weekday = 1), 0),
                coalesce(sum(n) filter (where weekday = 2), 0),
                coalesce(sum(n) filter (where weekday = 3), 0),
                coalesce(sum(n) filter (where weekday = 4), 0),
                coalesce(sum(n) filter (where weekday = 5), 0),
                coalesce(sum(n) filter (where weekday = 6), 0),
                coalesce(sum(n) filter (where weekday = 7), 0)
            ] as weekdays,
            count(*) filter (where weekday is not null and n >= %(min_daily)s) as active_days,
            array[
                coalesce(sum(n * n) filter (where weekday = 1), 0),
                coalesce(sum(n * n) filter (where weekday = 2), 0),
                coalesce(sum(n * n) filter (where weekday = 3), 0),
                coalesce(sum(n * n) filter (where weekday = 4), 0),
                coalesce(sum(n * n) filter (where weekday = 5), 0),
                coalesce(sum(n * n) filter (where weekday = 6), 0),
                coalesce(sum(n * n) filter (where weekday = 7), 0)
            ] as squares
        from daily where n > 0 group by unit_id
        union all
        select 0, 0, array_fill(0, array[7]), 0, array_fill(0, array[7])
    )
    insert into daily_history
        (day, network, basis, unit_id, last_month, weekdays, active_days, squares)
    select %(day)s, %(network)s, %(basis)s, units.* from units, free where free
    on conflict do nothing
    returning unit_id
"""


def refresh_daily_history(today: date, network: str) -> None:
    """Write the sums of a day for each basis of a target, unless they exist; commit."""
    month = f"{today:%Y-%m}"
    before, days = month_before(month), history_days(today)
    for row in fetch(MISSING, {"day": today, "network": network}):
        fetch_autocommit(
            MAKE,
            {
                "lock": DAILY_HISTORY_LOCK, "day": today, "network": network, "basis": row["basis"],
                "month": month, "before": before, "month_end": month_end(month),
                "before_end": month_end(before),
                "same_day": month_start(before) + timedelta(days=today.day - 1),
                "first": days[0] if days else today, "min_daily": MIN_DAILY,
            },
        )  # fmt: skip


def history_days(today: date) -> list[date]:
    """Return the last completed days, at most 14, all in the same system of units.

    After a reform the days of the previous month belong to other units.
    """
    first = today - timedelta(days=LOOK_BACK)
    start = today.replace(day=1)
    if system_on(start - timedelta(days=1)) != system_on(start):
        first = max(first, start)
    return [first + timedelta(days=n) for n in range((today - first).days)]
