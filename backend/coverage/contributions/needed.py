"""Needed samples: the first `target` counted samples of a commune and month.

All counted samples of a commune before the day on which it passes its target are needed, those of
later days are not; on that day, samples are ranked by (measuring time, id) across all teams. The
result is stored and recomputed only for communes whose counted samples changed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Integer, bindparam, text

from backend.clock import month_end, month_start
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import TARGET, strict_comparison, target_on, targets_on
from backend.database.extensions import db
from backend.database.locks import NEEDED_LOCK, hold
from backend.measurements.recording import reasons
from backend.measurements.recording.rules import NETWORKS

COUNTED_CATEGORIES = list(reasons.COUNTED_CATEGORIES)
# Communes computed in one statement, to bound its transaction: about 1 s if all are large.
UNITS_MOST = 250

SELECT_TARGET = text(
    "select threshold from needed_targets where month = :month and network = :network"
)
SAVE_TARGET = text("""
    insert into needed_targets (month, network, threshold) values (:month, :network, :threshold)
    on conflict (month, network) do update set threshold = excluded.threshold
""")
MARK_MONTH = text("""
    insert into needed_stale (month, unit_id, network)
    select distinct month, unit_id, network from counts
    where month = :month and day is null and network = :network and unit_id is not null
        and fate = any(:counted)
""")
# Communes marked by folding or changed by pending deltas: exact at any moment. Of all categories,
# since a late sample may replace a counted one without changing the count.
STALE = text("""
    select distinct month, network, unit_id from needed_stale where month = any(:months)
    union
    select to_char(day, 'YYYY-MM'), network, unit_id from count_deltas
    where unit_id is not null and day between :first and :last
    union
    select to_char(day, 'YYYY-MM'), network, unit_id from team_deltas
    where unit_id is not null and day between :first and :last
    order by 1, 2, 3
""")
# Delete the visible marks; the following statement sees all changes that they stand for.
UNMARK = text("""
    delete from needed_stale
    where month = :month and network = :network and unit_id = any(:units)
""")

COMPUTE = text("""
    with daily as (
        select unit_id, day, sum(n) as n from (
            select unit_id, day, n from counts
            where month = :month and unit_id = any(:units) and day is not null
                and network = :network and fate = any(:counted)
            union all
            select unit_id, day, n from count_deltas
            where unit_id = any(:units) and day between :first and :last
                and network = :network and fate = any(:counted)
        ) both_parts group by 1, 2
    ), running as (
        select unit_id, day, n, sum(n) over (partition by unit_id order by day) as upto from daily
    ), reached as materialized (
        select unit_id from running where upto >= :threshold group by 1
    ), edge as (
        select distinct on (unit_id) unit_id, day, :threshold - (upto - n) as kept
        from running where upto > :threshold order by unit_id, day
    ), ranked as (
        select id, edge.kept, row_number() over (
            partition by m.unit_id order by m.measured_at nulls first, m.id) as place
        from edge join measurements m on m.unit_id = edge.unit_id and m.day = edge.day
        where m.network = :network and m.counted and edge.kept > 0
    ), gone as (
        delete from needed_shares
        where unit_id = any(:units) and month = :month and network = :network
        returning *
    ), came as (
        insert into needed_shares
            (campaign_id, team_id, volunteer_id, unit_id, month, network, day, n, reached)
        select e.campaign_id, e.team_id, coalesce(e.volunteer_id, 0), e.unit_id, :month, :network,
            e.day, count(*), bool_or(reached.unit_id is not null)
        from earnings e left join edge using (unit_id) left join reached using (unit_id)
        where e.unit_id = any(:units) and e.day between :first and :last
            and e.network = :network and e.category = any(:counted)
            and :threshold is not null
            and (edge.day is null or e.day < edge.day or e.day = edge.day and e.measurement_id in
                (select id from ranked where place <= kept))
        group by e.campaign_id, e.team_id, coalesce(e.volunteer_id, 0), e.unit_id, e.day
        returning *
    ), moved as (
        select *, -1 as sign from gone union all select *, 1 from came
    ), by_grain as (
        select campaign_id, 'team_unit' as grain, team_id, unit_id::bigint as key,
            sign * sum(n) as n, sign * bool_or(reached)::int as helped
        from moved group by sign, campaign_id, team_id, unit_id
        union all
        select campaign_id, 'team', team_id, 0, sign * sum(n), sign * bool_or(reached)::int
        from moved group by sign, campaign_id, team_id, unit_id
        union all
        select campaign_id, 'unit', 0, unit_id, sign * sum(n), sign * bool_or(reached)::int
        from moved group by sign, campaign_id, unit_id
        union all
        select campaign_id, 'member', team_id, volunteer_id,
            sign * sum(n), sign * bool_or(reached)::int
        from moved group by sign, campaign_id, team_id, volunteer_id, unit_id
        union all
        select campaign_id, 'day', 0, day - date '0001-01-01' + 1,
            sign * sum(n), sign * bool_or(reached)::int
        from moved group by sign, campaign_id, day, unit_id
    )
    insert into needed_sums (campaign_id, month, grain, team_id, key, network, n, helped)
    select campaign_id, :month, grain, team_id, key, :network, sum(n), sum(helped)
    from by_grain group by 1, 3, 4, 5 having sum(n) <> 0 or sum(helped) <> 0
    order by 1, 3, 4, 5
    on conflict (campaign_id, month, grain, team_id, key, network)
        do update set n = needed_sums.n + excluded.n, helped = needed_sums.helped + excluded.helped
""").bindparams(bindparam("threshold", type_=Integer))


Targets = dict[tuple[str, str], int | None]  # by month and network


def refresh(months: Sequence[str]) -> Targets:
    """Recompute the needed samples of months where anything changed, commit, return targets."""
    targets = thresholds(months)
    for (month, network), threshold in targets.items():
        _retarget(month, network, threshold)
    span = {"first": month_start(min(months)), "last": month_end(max(months))}
    values = {"months": list(months), **span}
    if db.session.execute(STALE, values).first() is not None:
        _compute_stale(values, targets)
    db.session.commit()
    return targets


def thresholds(months: Sequence[str]) -> Targets:
    """Return the samples that reach the target of communes; a campaign's own target is ignored."""
    found = {}
    for month in months:
        for network in NETWORKS:
            target = target_on(month_end(month), "commune", network)
            found[month, network] = _needed(target)
    return found


def _needed(target: Target | None) -> int | None:
    """Return the samples that reach a target; None for an exempt unit."""
    if target is None or target.threshold is None:
        return None
    return target.threshold + strict_comparison()


def _retarget(month: str, network: str, threshold: int | None) -> None:
    """If the target of a month has changed, mark all its communes as stale."""
    key = {"month": month, "network": network}
    stored = db.session.execute(SELECT_TARGET, key).first()
    if stored is not None and stored.threshold == threshold:
        return
    if stored is not None:
        db.session.execute(MARK_MONTH, {**key, "counted": COUNTED_CATEGORIES})
    db.session.execute(SAVE_TARGET, {**key, "threshold": threshold})


def _compute_stale(values: Mapping[str, object], targets: Targets) -> None:
    stale = list(db.session.execute(STALE, values))
    for (month, network), rows in groupby(stale, lambda row: (row.month, row.network)):
        units = [row.unit_id for row in rows]
        for threshold, alike in _by_threshold(month, network, units, targets):
            for start in range(0, len(alike), UNITS_MOST):
                part = {"month": month, "network": network, "units": alike[start:][:UNITS_MOST]}
                _compute(part, threshold)


def _by_threshold(
    month: str, network: str, units: list[int], targets: Targets
) -> list[tuple[int | None, list[int]]]:
    """Group communes by their target: their own, else the general one."""
    own = targets_on(month_end(month), ["commune"], network)["commune", TARGET].by_unit
    found: dict[int | None, list[int]] = defaultdict(list)
    for unit in units:
        general = targets.get((month, network))
        found[_needed(own[unit]) if unit in own else general].append(unit)
    return list(found.items())


def _compute(part: dict[str, Any], threshold: int | None) -> None:
    """Compute some communes in a transaction of their own, so that folding waits only for it."""
    hold(NEEDED_LOCK)
    db.session.execute(UNMARK, part)
    span = {"first": month_start(part["month"]), "last": month_end(part["month"])}
    values = {**part, **span, "counted": COUNTED_CATEGORIES, "threshold": threshold}
    db.session.execute(COMPUTE, values)
    db.session.commit()
