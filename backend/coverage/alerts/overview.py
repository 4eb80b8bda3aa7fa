"""An area as its official sees it: each unit in one group, and the course against the pace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from backend.clock import local_day, month_before
from backend.coverage.alerts.groups import GROUPS, Group, Standing, best_day, unit_group
from backend.coverage.alerts.service import Alert, planned_samples, with_states
from backend.coverage.figures.coverage_answer import CoverageBody
from backend.coverage.figures.forecast import LAST_DAYS
from backend.coverage.figures.month import Month, UnitCounts, with_target
from backend.coverage.figures.service import CoverageQuery, CoverageResult, compute_coverage
from backend.coverage.vnnic.steering import Need, Tables, read_tables
from backend.database.extensions import array_literal, fetch

# Completed days of the pace: a week has one of each weekday.
PACE_DAYS = 7
MAX_MOVERS = 5
# The three numbers of each unit of a level and day.
DAYS = """
    select case %(level)s when 'commune' then c.id when 'district' then c.parent_id
            else c.province_id end as unit_id, d.day,
        array[sum(d.received), sum(d.valid), sum(d.counted)] as numbers
    from (
        select unit_id, day, received, valid, counted from unit_days
        where %(live)s and month = %(month)s and network = %(network)s
            and unit_id = any(%(communes)s::integer[])
        union all
        select unit_id, day, received, valid, counted from public_days
        where not %(live)s and month = %(month)s and network = %(network)s
            and unit_id = any(%(communes)s::integer[])
    ) d join units c on c.id = d.unit_id
    group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Course:
    """The samples that fill the targets of an area by the end of each day of a month.

    A unit's samples beyond its target fill nothing.
    """

    first: date
    days: int  # of the month
    filled: list[int]  # by day, from the first one to today
    daily: list[int]  # samples compared with the targets on each of these days
    reached: list[int]  # units
    need: int
    left: int | None  # days, with today; None: the month is over
    per_day: int | None  # of the last completed days, at most PACE_DAYS
    needed_per_day: int | None  # None also in the last days
    movers: list[tuple[str, int]]  # the units with most samples on these completed days

    @property
    def day(self) -> date:
        """The last day of the course."""
        return self.first + timedelta(days=max(len(self.filled) - 1, 0))

    @property
    def pace(self) -> int:
        """The samples expected by the end of the last completed day."""
        done = self.days if self.left is None else self.days - self.left
        return round(self.need * done / self.days)


class AreaUnit(Alert):
    """A unit of an area in its only group."""

    group: Group
    need: Need  # by the count that steers


@dataclass(frozen=True, slots=True)
class AreaOverview:
    """The coverage of an area's units with `group` and the facts of each, and their course."""

    answer: CoverageBody
    items: list[AreaUnit]
    course: Course | None  # None without targets, or for months without days
    record: int | None  # most samples of a commune of the province on a day; None: not known
    tables: Tables | None  # VNNIC's, where its count steers the province; None: ours does

    @property
    def groups(self) -> dict[Group, list[AreaUnit]]:
        """The units of each group, in the order of the query."""
        return {name: [one for one in self.items if one["group"] == name] for name in GROUPS}

    @property
    def targeted(self) -> int:
        """The number of units that have a target."""
        return sum(one["group"] != "exempt" for one in self.items)

    @property
    def reached(self) -> int:
        """The number of units that reached their target, by our count."""
        return sum(bool(one["reached"]) for one in self.items)

    @property
    def followed(self) -> Tables | None:
        """VNNIC's tables, where groups and needs follow them."""
        return self.tables if self.tables and self.tables.followed else None


def area_overview(query: CoverageQuery, now: datetime, *, drafts: bool = False) -> AreaOverview:
    """Return the units of a query, each in one group, and the course of their month.

    Groups follow the count that steers the province; VNNIC's drafts are for its officials alone.
    """
    result, today = compute_coverage(query, now), local_day(now)
    planned, best = planned_samples(result.month, today), best_day(result.month, today)
    tables = _tables(result, today, drafts=drafts)
    followed = tables if tables and tables.followed else None
    items = list[AreaUnit]()
    for item, counts in zip(with_states(result, today, planned), result.counts, strict=True):
        need = _need(item, counts, followed)
        standing = Standing(
            target=counts.need,
            missing=need.missing or 0,
            received=(need.has or int(need.too_few)) if followed else item["received"],
            days=result.month.progress.days,
            days_left=item["days_left"],
            on_pace=_on_pace(need) if followed else item["state"] == "on_pace",
            planned=planned.get(counts.unit.id, 0),
            record=best[counts.basis] if best else None,
            unknown=need.unknown,
        )
        items.append({**item, "group": unit_group(standing), "need": need})
    if followed and query.sort in ("shortfall", "-shortfall"):
        items.sort(key=lambda one: one["need"].order, reverse=query.sort == "shortfall")
    record = best[result.counts[0].basis] if best and result.counts else None
    return AreaOverview(result.body, items, _course(result, today), record, tables)


def _tables(result: CoverageResult, today: date, *, drafts: bool) -> Tables | None:
    """Return VNNIC's tables, if its count steers the province of a place's communes."""
    month, counts = result.month, result.counts
    if month.place is None or month.level != "commune" or not counts:
        return None
    found = read_tables(month.month, month.network, today, drafts=drafts)
    if not found:
        return None
    return found.get(month.listing.find(counts[0].unit.province_code, "province").id)


def _need(item: Alert, counts: UnitCounts, followed: Tables | None) -> Need:
    """Return what a unit needs by VNNIC's tables, else by our count."""
    if followed:
        return followed.need(counts.unit.id, counts.need, item["days_left"])
    return Need("own", counts.measured, item["shortfall"], item["needed_per_day"])


def _on_pace(need: Need) -> bool:
    """Return whether VNNIC had as many samples on its table's day as expected by then."""
    return need.expected is not None and (need.has or 0) >= need.expected


def _course(result: CoverageResult, today: date) -> Course | None:
    """Return the course of a month; only the running one and the one before have days."""
    month, counts = result.month, with_target(result.counts)
    running = f"{today:%Y-%m}"
    if not counts or month.month not in (running, month_before(running)):
        return None
    progress = month.progress
    shown = progress.done + 1 if progress.today is not None else progress.done
    need = np.array([one.need for one in counts])
    days = _daily(month, counts)[:, :shown]
    sums = days.cumsum(axis=1)
    filled = np.minimum(sums, need[:, np.newaxis]).sum(axis=0).tolist()
    before = [0, *filled][: progress.done + 1]
    past = min(PACE_DAYS, progress.done)
    left = progress.left if progress.today is not None else None
    recent = days[:, progress.done - past : progress.done].sum(axis=1).tolist()
    busiest = sorted(zip(recent, counts, strict=True), key=lambda one: -one[0])[:MAX_MOVERS]
    missing = int(need.sum()) - (filled[-1] if filled else 0)
    return Course(
        first=progress.first,
        days=progress.days,
        filled=filled,
        daily=days.sum(axis=0).tolist(),
        reached=(sums >= need[:, np.newaxis]).sum(axis=0).tolist(),
        need=int(need.sum()),
        left=left,
        per_day=round((before[-1] - before[-1 - past]) / past) if past and left else None,
        needed_per_day=-(-missing // left) if left and left > LAST_DAYS else None,
        movers=[(one.unit.name, n) for n, one in busiest if n],
    )


def _daily(month: Month, counts: Sequence[UnitCounts]) -> NDArray[np.int64]:
    """Return the number that is compared with the target: units x days of the month."""
    found = np.zeros((len(counts), month.progress.days), int)
    row_of = {one.unit.id: (row, one.basis) for row, one in enumerate(counts)}
    communes = month.listing.within("commune", month.place)
    values = {
        "month": month.month, "network": month.network,
        "communes": array_literal(unit.id for unit in communes),
        "level": month.level, "live": month.reads_live(month.level),
    }  # fmt: skip
    for row in fetch(DAYS, values):
        if row["unit_id"] in row_of:
            place, basis = row_of[row["unit_id"]]
            found[place, row["day"].day - 1] = row["numbers"][basis]
    return found
