"""How many devices and teams measured in a unit in a month."""

from collections.abc import Mapping, Sequence

from backend.database.extensions import fetch

# Teams by what is folded and what still waits for it; devices of counted samples, as they were
# found with the statistics of speed.
ACTIVE = """
    select unit_id, 'teams' as what, count(*)::int as n from (
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
    ) earning group by unit_id
    union all
    select unit_id, 'devices', devices from statistics
    where month = %(month)s and network = %(network)s and unit_id = any(%(units)s)
        and operator = '' and technology = ''
"""


def active_in(units: Sequence[int], values: Mapping[str, object]) -> dict[tuple[int, str], int]:
    """By unit, how many teams earned anything there, and how many devices had a counted sample.

    A unit has no number of devices until that was found for the first time.
    """
    rows = fetch(ACTIVE, {**values, "units": list(units)})
    return {(row["unit_id"], row["what"]): row["n"] for row in rows}
