"""Counts stay in step: each transaction adds deltas, and a worker folds them within seconds."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.recording.reasons import fate

Key = tuple[int | None, str, str, str]  # unit, day, network, fate

# At most so many deltas in one fold: short transactions, and the rest follows in the next.
FOLD_AT_ONCE = 20_000
# Any number that nothing else in this database locks.
FOLD_LOCK = 5_691

FOLD = text("""
    with moved as (
        delete from count_deltas
        where id in (select id from count_deltas order by id limit :most)
        returning unit_id, day, network, fate, n
    ), summed as (
        select to_char(day, 'YYYY-MM') as month, unit_id, day, network, fate, sum(n)::int as n
        from moved group by 2, 3, 4, 5
        union all
        select to_char(day, 'YYYY-MM'), unit_id, null, network, fate, sum(n)::int
        from moved group by 1, 2, 4, 5
    ), folded as (
        insert into counts (month, unit_id, day, network, fate, n)
        select month, unit_id, day, network, fate, n from summed where n <> 0
        order by month, unit_id, day, network, fate
        on conflict (month, unit_id, day, network, fate) do update set n = counts.n + excluded.n
    )
    select count(*) from moved
""")

# The same for teams, at the grains that pages read: whole months by team and by person, days by
# team, and days by team and unit.
FOLD_TEAMS = text("""
    with moved as (
        delete from team_deltas
        where id in (select id from team_deltas order by id limit :most)
        returning campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest, n
    ), summed as (
        select campaign_id, to_char(day, 'YYYY-MM') as month,
               case when grouping(volunteer_id) = 0 then 'member'
                    when grouping(unit_id) = 0 then 'unit'
                    when grouping(day) = 0 then 'day' else 'team' end as grain,
               team_id, day, unit_id, volunteer_id, network, fate, guest, sum(n)::int as n
        from moved
        group by campaign_id, to_char(day, 'YYYY-MM'), team_id, network, fate, guest,
                 grouping sets ((), (day), (day, unit_id), (volunteer_id))
    ), folded as (
        insert into team_counts (campaign_id, month, grain, team_id, day, unit_id, volunteer_id,
                                 network, fate, guest, n)
        select * from summed where n <> 0
        order by campaign_id, month, grain, team_id, day, unit_id, volunteer_id, network, fate
        on conflict on constraint uq_team_counts_key do update set n = team_counts.n + excluded.n
    )
    select count(*) from moved
""")


class Deltas:
    """Changes of counts, added up by key."""

    def __init__(self) -> None:
        self._by_key: Counter[Key] = Counter()

    def add(self, row: Mapping[str, Any], reasons: Iterable[str], n: int) -> None:
        """Count a row under its fate (n = 1), or take it away from there (n = -1)."""
        name = fate(list(reasons), row["marks"])
        self._by_key[(row["unit_id"], row["day"].isoformat(), row["network"], name)] += n

    def take(self, other: "Deltas") -> None:
        """Add what another one has."""
        self._by_key.update(other._by_key)

    def rows(self) -> list[dict[str, Any]]:
        """What changed, in the shape of `count_deltas`.

        Also where the number is the same: others were counted, so others may be the needed ones.
        """
        return [
            {"unit_id": unit, "day": day, "network": network, "fate": name, "n": n}
            for (unit, day, network, name), n in self._by_key.items()
        ]


def fold() -> int:
    """Fold waiting deltas into the counts; return how many. One process at a time."""
    alone = db.session.execute(
        text("select pg_try_advisory_xact_lock(:lock)"), {"lock": FOLD_LOCK}
    ).scalar()
    moved = 0
    if alone:
        for statement in (FOLD, FOLD_TEAMS):
            moved += db.session.execute(statement, {"most": FOLD_AT_ONCE}).scalar_one()
    db.session.commit()
    return moved


def fold_all() -> None:
    """Fold until nothing waits."""
    while fold():
        pass
