"""Compare every stored count with the rows that it counts."""

from typing import Any

from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.recording.reasons import COUNTED_BY_ADMIN

# Counts and pending deltas on one side, the rows on the other, by day and by month.
DIFFERENCES = text("""
    with rows as (
        select unit_id, day, network, case
                 when cardinality(reasons) > 0 then reasons[1]
                 when :by_admin = any(marks) then :by_admin
                 else 'counted' end as fate, count(*) as n
        from measurements group by 1, 2, 3, 4
    ), daily as (
        select unit_id, day, network, fate, 0 as stored, n as truth from rows
        union all
        select unit_id, day, network, fate, n, 0 from count_deltas
    ), sides as (
        select to_char(day, 'YYYY-MM') as month, unit_id, day, network, fate, stored, truth
        from daily
        union all
        select to_char(day, 'YYYY-MM'), unit_id, null, network, fate, stored, truth from daily
        union all
        select month, unit_id, day, network, fate, n, 0 from counts
    )
    select month, unit_id, day, network, fate,
           sum(stored)::int as stored, sum(truth)::int as truth
    from sides group by 1, 2, 3, 4, 5 having sum(stored) <> sum(truth)
    order by 1, 2, 3, 4, 5
""")

# The same for teams, at every grain.
TEAM_DIFFERENCES = text("""
    with sides as (
        select campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest,
               0 as stored, 1 as truth from earnings
        union all
        select campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest, n, 0
        from team_deltas
    ), grains as (
        select campaign_id, to_char(day, 'YYYY-MM') as month,
               case when grouping(volunteer_id) = 0 then 'member'
                    when grouping(unit_id) = 0 then 'unit'
                    when grouping(day) = 0 then 'day' else 'team' end as grain,
               team_id, day, unit_id, volunteer_id, network, fate, guest,
               sum(stored) as stored, sum(truth) as truth
        from sides
        group by campaign_id, to_char(day, 'YYYY-MM'), team_id, network, fate, guest,
                 grouping sets ((), (day), (day, unit_id), (volunteer_id))
        union all
        select campaign_id, month, grain, team_id, day, unit_id, volunteer_id, network, fate,
               guest, n, 0 from team_counts
    )
    select campaign_id, month, grain, team_id, day, unit_id, volunteer_id, network, fate, guest,
           sum(stored)::int as stored, sum(truth)::int as truth
    from grains group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(stored) <> sum(truth)
    order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
""")


def differences() -> list[dict[str, Any]]:
    """Return the stored counts that differ from the rows, with both sums."""
    found = db.session.execute(DIFFERENCES, {"by_admin": COUNTED_BY_ADMIN}).mappings()
    return [dict(row) for row in found]


def team_differences() -> list[dict[str, Any]]:
    """Return the stored team counts that differ from the earnings, with both sums."""
    return [dict(row) for row in db.session.execute(TEAM_DIFFERENCES).mappings()]
