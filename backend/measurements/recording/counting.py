"""Counts of measurements: each transaction adds deltas, a thread folds them within seconds.

A recount compares every stored count with the rows that it counts.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.database.extensions import db
from backend.database.locks import FOLD_LOCK
from backend.measurements.recording.reasons import category

Key = tuple[int | None, str, str, str]  # unit, day, network, category

log = structlog.get_logger()

# A page shows a sample within these seconds; a shorter interval would only make smaller folds.
EVERY_S = 2.0
# CountDeltas of one fold: keeps transactions short, the rest follows in the next one.
FOLD_AT_ONCE = 20_000

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

# The same for teams, at the grains that pages read: months by team and by person, days by team,
# and days by team and unit.
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


# `reasons.category` of a row of measurements.
CATEGORY = """
    case when cardinality(reasons) > 0 then reasons[1]
         when 'counted_by_admin' = any(marks) then 'counted_by_admin'
         when 'withdrawn' = any(marks) then 'withdrawn'
         when assurance = 'witnessed' then 'counted_witnessed'
         when assurance = 'ticketed' then 'counted_ticketed'
         else 'counted' end
"""

# Counts and pending deltas on one side, the rows on the other, by day and by month.
DIFFERENCES = text(f"""
    with rows as (
        select unit_id, day, network, {CATEGORY} as fate, count(*) as n
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
""")  # noqa: S608 # a part of the statement

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


class CountDeltas:
    """Changes of counts, summed by key."""

    def __init__(self) -> None:
        self._by_key: Counter[Key] = Counter()

    def add(self, row: Mapping[str, Any], reasons: Sequence[str], n: int) -> None:
        """Add a row to its category (n = 1) or remove it from there (n = -1)."""
        name = category(reasons, row["marks"], row["assurance"])
        self._by_key[(row["unit_id"], row["day"].isoformat(), row["network"], name)] += n

    def merge(self, other: "CountDeltas") -> None:
        """Add the changes of another instance."""
        self._by_key.update(other._by_key)

    def rows(self) -> list[dict[str, Any]]:
        """Return the changes as rows of `count_deltas`.

        Sums of 0 are included: other measurements count now, so others may be the needed ones.
        """
        return [
            {"unit_id": unit, "day": day, "network": network, "fate": name, "n": n}
            for (unit, day, network, name), n in self._by_key.items()
        ]


# Whether this process may fold, and which deltas are pending.
PENDING = text("""
    select pg_try_advisory_xact_lock(:lock) as locked,
        exists (select from count_deltas) as counts, exists (select from team_deltas) as teams
""")


def fold() -> int:
    """Fold pending deltas into the counts, one process at a time.

    Returns the larger number of the two kinds: FOLD_AT_ONCE if there may be more.
    """
    pending = db.session.execute(PENDING, {"lock": FOLD_LOCK}).one()
    most = 0
    for statement, waits in ((FOLD, pending.counts), (FOLD_TEAMS, pending.teams)):
        if pending.locked and waits:
            moved: int = db.session.execute(statement, {"most": FOLD_AT_ONCE}).scalar_one()
            most = max(most, moved)
    db.session.commit()
    return most


def fold_all() -> None:
    """Fold all deltas that are pending now; those that come meanwhile wait for the next time."""
    while fold() >= FOLD_AT_ONCE:
        pass


def start_count_folder(
    app: Flask, every_s: float = EVERY_S, stop: threading.Event | None = None
) -> threading.Thread:
    """Start a background thread that folds pending deltas, until `stop` or the process's end."""
    stop = stop or threading.Event()
    args = (app, every_s, stop)
    thread = threading.Thread(target=_fold_periodically, args=args, name="folding", daemon=True)
    thread.start()
    return thread


def _fold_periodically(app: Flask, every_s: float, stop: threading.Event) -> None:
    while not stop.wait(every_s):
        with app.app_context():
            try:
                fold_all()
            except SQLAlchemyError as error:  # the next round folds what this one left
                log.warning("not folded", error=type(error).__name__)
                db.session.remove()


def differences() -> list[dict[str, Any]]:
    """Return the stored counts that differ from the rows, with both sums."""
    return [dict(row) for row in db.session.execute(DIFFERENCES).mappings()]


def team_differences() -> list[dict[str, Any]]:
    """Return the stored team counts that differ from the earnings, with both sums."""
    return [dict(row) for row in db.session.execute(TEAM_DIFFERENCES).mappings()]
