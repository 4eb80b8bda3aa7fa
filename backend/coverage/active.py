"""Who measures in a unit: devices and teams of a month."""

from collections.abc import Sequence

from backend.extensions import quickly

# What is folded, and what still waits for it.
TEAMS = """
    select unit_id, count(*)::int as n from (
        select unit_id, team_id from (
            select unit_id, team_id, n from team_places
            where month = %(month)s and network = %(network)s and unit_id = any(%(units)s)
            union all
            select above.id, d.team_id, d.n
            from team_deltas d join units c on c.id = d.unit_id
            cross join lateral (
                select distinct unnest(array[c.id, c.parent_id, c.province_id]) as id) above
            where d.network = %(network)s and d.day between %(first)s and %(last)s
                and above.id = any(%(units)s)
        ) both_parts group by unit_id, team_id having sum(n) > 0
    ) active group by unit_id
"""
# Of counted samples, as they were found with the statistics of speed.
DEVICES = """
    select unit_id, devices as n from statistics
    where month = %(month)s and network = %(network)s and unit_id = any(%(units)s)
        and operator = '' and technology = ''
"""


def teams_in(units: Sequence[int], values: dict[str, object]) -> dict[int, int]:
    """How many teams earned anything in each of these units."""
    return {row["unit_id"]: row["n"] for row in quickly(TEAMS, {**values, "units": list(units)})}


def devices_in(units: Sequence[int], values: dict[str, object]) -> dict[int, int]:
    """How many devices had a counted sample in each of these units, where that was found yet."""
    return {row["unit_id"]: row["n"] for row in quickly(DEVICES, {**values, "units": list(units)})}
