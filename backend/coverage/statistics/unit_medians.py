"""Medians of the units inside a unit, or of the provinces, for one operator and technology."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import month_end
from backend.coverage.figures.month import listing_on
from backend.coverage.figures.unit_access import UnitMonth, in_own_area, published
from backend.coverage.statistics import intervals
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.quantiles import ALL
from backend.coverage.statistics.stored import Spread
from backend.database.extensions import db
from backend.units.service import UnitRow

HIGHER, LOWER, SAME = "higher", "lower", "same"
RESULTS = {1: HIGHER, -1: LOWER, 0: SAME}

LIVE = text("""
    select unit_id, n, figures -> :metric as speed from statistics
    where month = :month and network = :network and unit_id = any(:units)
        and operator = :operator and technology = :technology
""")
RELEASED = text("""
    select f.unit_id, (one ->> 'n')::int as n, one -> 'figures' -> :metric as speed
    from released_figures f, jsonb_array_elements(f.statistics) one
    where f.month = :month and f.network = :network and f.unit_id = any(:units)
        and one ->> 'operator' = :operator and one ->> 'technology' = :technology
""")


@dataclass(frozen=True, slots=True)
class UnitMedian:
    """A unit, its counted samples, and their figures of the metric.

    `n` is None where the actor may see no such row, `spread` None also below the minimum n.
    """

    unit: UnitRow
    n: int | None
    spread: Spread | None


def medians_inside(
    month: UnitMonth,
    metric: str,
    operator: str | None,
    technology: str | None,
    actor: Actor,
    *,
    released: bool,
) -> dict[str, UnitMedian]:
    """Return the medians of the communes of a unit, or of the provinces, by code.

    Without an operator or technology they are of all. Before the release officials of the whole
    area see them live.
    """
    listed = listing_on(month_end(month.month)).levels
    if month.unit is None:
        inside = listed["province"]
    else:
        above = {"province": "province_code", "district": "parent_code"}.get(month.unit.level)
        name = above or "code"
        inside = [unit for unit in listed["commune"] if getattr(unit, name) == month.unit.code]
    live = not released and in_own_area(actor, month.unit, month.month)
    visible = None if live else published(actor, month.month)
    shown = [unit.id for unit in inside if visible is None or unit.id in visible]
    values = {
        "month": month.month, "network": month.network, "units": shown, "metric": metric,
        "operator": operator or ALL, "technology": technology or ALL,
    }  # fmt: skip
    rows = {row.unit_id: row for row in db.session.execute(LIVE if live else RELEASED, values)}
    found = {}
    for unit in inside:
        row = rows.get(unit.id)
        n, spread = (row.n, row.speed) if row else (None, None)
        found[unit.code] = UnitMedian(unit, n, spread)
    return found


def changes(
    before: Mapping[str, UnitMedian], after: Mapping[str, UnitMedian]
) -> dict[str, str | None]:
    """Return whether the median of each unit is higher or lower, tested for all units together.

    None where one of the months has no median (Benjamini and Hochberg 1995).
    """
    pairs = {}
    for code, median in after.items():
        earlier = before.get(code)
        if earlier and earlier.spread and median.spread:
            pairs[code] = leading(earlier.spread), leading(median.spread)
    results = intervals.benjamini_hochberg(
        [intervals.distance(new, old) for old, new in pairs.values()]
    )
    found = {code: RESULTS[result] for code, result in zip(pairs, results, strict=True)}
    return {code: found.get(code) for code in after}
