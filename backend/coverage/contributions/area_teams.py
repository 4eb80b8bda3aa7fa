"""Samples of each team in a unit's month, by campaign, and the campaigns that follow there."""

from datetime import date
from typing import Any

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.coverage.contributions import needed
from backend.coverage.contributions.needed import COUNTED_CATEGORIES
from backend.database.extensions import db
from backend.measurements.recording.rules import NETWORKS

# Folded counts and pending deltas, restricted to the unit: a campaign's area may be larger.
# With the array, PostgreSQL uses the index of places; with a join it would read every row.
TEAMS = text("""
    with communes as (
        select id from units
        where level = 'commune' and (id = :unit or parent_id = :unit or province_id = :unit)
    ), running as (
        select id from campaigns
        where state <> 'draft' and first_day <= :last and last_day >= :first
    ), earned as (
        select campaign_id, team_id, fate, n from team_counts
        where campaign_id in (select id from running) and month = :month and grain = 'unit'
            and unit_id = any(array(select id from communes)) and network = any(:networks)
        union all
        select campaign_id, team_id, fate, n from team_deltas
        where campaign_id in (select id from running) and day between :first and :last
            and unit_id in (select id from communes) and network = any(:networks)
    ), sums as (
        select campaign_id, team_id, sum(n)::int as received,
            coalesce(sum(n) filter (where fate = any(:counted)), 0)::int as counted
        from earned group by 1, 2 having sum(n) > 0
    ), lacked as (
        select campaign_id, team_id, sum(n)::int as n from needed_sums
        where campaign_id in (select id from running) and month = :month and grain = 'team_unit'
            and key in (select id from communes) group by 1, 2
    )
    select c.name as campaign, o.name as organisation, o.type as organisation_type,
        t.name as team, t.type, s.received, s.counted, coalesce(l.n, 0) as needed
    from sums s
    join campaigns c on c.id = s.campaign_id
    join teams t on t.id = s.team_id
    join organisations o on o.id = t.organisation_id
    left join lacked l on l.campaign_id = s.campaign_id and l.team_id = s.team_id
    order by c.first_day, c.id, s.counted desc, t.sort_key collate "C", t.id
""")
NEXT = text("""
    select u.code, array_agg(distinct c.name order by c.name) as names
    from units u
    join campaign_areas a on a.unit_id in (u.id, u.parent_id, u.province_id)
    join campaigns c on c.id = a.campaign_id
    where u.level = 'commune' and (u.id = :unit or u.parent_id = :unit or u.province_id = :unit)
        and c.state = 'open' and c.first_day <= :last and c.last_day >= :first
        and :network = any(c.networks)
    group by u.code
""")


def teams_in(unit_id: int, month: str) -> list[dict[str, Any]]:
    """Return the teams of a month's campaigns with their samples in a unit; commit."""
    targets = needed.refresh([month])
    values = {
        "unit": unit_id,
        "month": month,
        "first": month_start(month),
        "last": month_end(month),
        "networks": list(NETWORKS),
        "counted": COUNTED_CATEGORIES,
    }
    rows = [dict(row) for row in db.session.execute(TEAMS, values).mappings()]
    if all(threshold is None for threshold in targets.values()):
        return [row | {"needed": None} for row in rows]  # no target
    return rows


def campaigns_next(unit_id: int, first: date, last: date, network: str) -> dict[str, list[str]]:
    """Return the names of open campaigns between two days, by code of the communes of a unit."""
    span = {"unit": unit_id, "first": first, "last": last, "network": network}
    return {row.code: list(row.names) for row in db.session.execute(NEXT, span)}
