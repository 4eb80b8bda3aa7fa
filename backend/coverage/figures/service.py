"""Coverage: counts of units against their targets, by month; the one source of every figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import select, text

from backend.accounts.access import Actor
from backend.clock import local_day, month_before, month_start, months_between
from backend.coverage.figures.coverage_answer import (
    Coverage,
    CoverageBody,
    CoverageMonth,
    CoverageSummary,
    Distribution,
    LevelSteps,
    MapFigures,
    Reached,
    ReachedShare,
    TargetTerms,
    UnitItem,
    figure_of,
)
from backend.coverage.figures.forecast import (
    PROJECTION_METHOD,
    STEP_NAMES,
    best_reachable,
    progress_step,
)
from backend.coverage.figures.items import (
    COUNTED,
    NO_SAMPLES,
    RECEIVED,
    VALID,
    Categories,
    FiguresRow,
    by_part,
    of_teams,
    read_rows,
    reasons,
    unit_items,
)
from backend.coverage.figures.month import (
    Listing,
    Month,
    Place,
    UnitCounts,
    Visibility,
    count_reached,
    has_no_target,
    listing_key,
    month_of,
    with_target,
)
from backend.coverage.figures.unit_access import in_own_area, not_published, own_area
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import ASSESSMENT, TARGET
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.http.paging import decode_cursor, encode_cursor, row_id
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.reasons import BASES, UNLOCATED
from backend.organisations.clusters import ClusterPlace, read_place
from backend.units.service import check_level
from geo.gazetteer import sort_key

# Officials compare a year; each month of the country is a list of thousands of units.
MAX_MONTHS = 12


@dataclass(frozen=True, slots=True)
class CoverageQuery:
    """The months, units, network, order and page of a query."""

    month: str  # the only one, or the last of a range
    level: str | None = "commune"  # None: that of `unit`
    network: str = "mobile"
    parent: str | None = None  # code of a province or district: the units inside it
    unit: str | None = None  # code of a single unit
    cluster: int | None = None  # a cluster of communes, in place of `parent` and `unit`
    since: str | None = None  # the first month of a range
    filter: str | None = None  # lacking, reached, on_pace, behind
    sort: str | None = None  # a column; with a leading minus in descending order
    limit: int | None = None
    cursor: str | None = None
    reader: Actor | None = None  # None: everything is visible, also unpublished figures
    hourly: bool = False  # counts of communes as the public sees them, whoever reads

    @property
    def of_place(self) -> bool:
        """Whether it is about a part of the country."""
        return bool(self.parent or self.unit or self.cluster)

    def months(self, today: date) -> list[str]:
        """Return the months, the earliest first; 422 for a month in the future."""
        if month_start(self.month) > today:
            raise invalid("to" if self.since else "month", "month_in_future")
        months = months_between(self.since or self.month, self.month)
        if not months or len(months) > MAX_MONTHS:
            raise invalid("from", "out_of_range")
        return months


# Skips from month to month in the key of the counts, instead of reading every row. Versions before
# 2 stored samples of any date as not valid: these make no month.
WITH_DATA = """
    with recursive months(month) as (
        select max(month) from unit_months where month <= :now
        union all
        select (select max(month) from unit_months where month < months.month)
        from months where month is not null
    )
    select month from months
    where exists (select from unit_months u where u.month = months.month and u.valid > 0)
    order by month desc
"""


def months_with_data(today: date) -> list[str]:
    """Return the months up to today that have valid measurements, the newest first."""
    return list(db.session.scalars(text(WITH_DATA), {"now": f"{today:%Y-%m}"}))


FILTERS: dict[str, tuple[str, ...]] = {
    "lacking": ("on_pace", "behind"),
    "reached": ("reached",),
    "on_pace": ("on_pace",),
    "behind": ("behind",),
}
STATES = ("behind", "on_pace", "reached")
# Sort keys of columns that are not numbers; "name" is the order of the unit list.
ORDERS: dict[str, Callable[[Any], Any]] = {
    "month": str,
    "code": str,
    "parent": sort_key,
    "state": STATES.index,
    "projection": float,
}
NUMBERS = (
    "received", "valid", "counted", "of_teams", "target",
    "reached", "share", "shortfall", "assessed", "expected", "today", "pace", "needed_per_day",
    "devices", "outings", "teams", "last_month", "change",
)  # fmt: skip
SORTS = ("name", *ORDERS, *NUMBERS)


@dataclass(frozen=True, slots=True)
class CoverageResult:
    """An answer: its body without items, a page of items, and the counts of their units."""

    body: CoverageBody
    items: list[UnitItem]
    counts: list[UnitCounts]
    next_cursor: str | None
    month: Month  # the last one
    previous: Month

    @property
    def answer(self) -> Coverage:
        """The whole answer: summaries of the months and an item for each row."""
        return {**self.body, "items": self.items, "next": self.next_cursor}


def coverage(query: CoverageQuery, now: datetime) -> Coverage:
    """Return the whole answer to a query."""
    return compute_coverage(query, now).answer


def compute_coverage(query: CoverageQuery, now: datetime) -> CoverageResult:
    """Compute the answer to a query."""
    today = local_day(now)
    return coverage_of_months(query, find_months(query, today), today)


def coverage_of_months(
    query: CoverageQuery, months: Sequence[Month], today: date
) -> CoverageResult:
    """Compute the answer to a query from its months, which `find_months` found."""
    names = [month.month for month in months[1:]]
    demo = set(db.session.scalars(select(DemoMonth.month).where(DemoMonth.month.in_(names))))
    bodies, items, counts = list[CoverageMonth](), list[UnitItem](), list[UnitCounts]()
    for previous, month in pairwise(months):
        units = month.units(month.level)
        nowhere, *rows = read_rows(month, units, today)
        bodies.append(_describe_month(month, units, nowhere, rows, month.month in demo))
        items += unit_items(month, previous, units, rows, today)
        counts += units
    if bodies[-1].get("unpublished") and query.of_place and not items:
        raise not_published()
    page = select_page(items, query)
    body: CoverageBody = {
        **bodies[-1],
        "level": month.level,
        "network": query.network,
        "parent": query.parent,
        "unit": query.unit,
        "cluster": query.cluster,
        "exact": month.live,
        "projection_method": PROJECTION_METHOD,
        "found": page.found,
        "months": bodies,
    }
    shown = [items[row] for row in page.rows], [counts[row] for row in page.rows]
    return CoverageResult(body, *shown, page.next_cursor, month, previous)


def find_months(query: CoverageQuery, today: date) -> list[Month]:
    """Return the months of a query, each with its place and level, and the one before them."""
    names, key = query.months(today), listing_key()
    cluster = read_place(query.cluster) if query.cluster is not None else None
    months = []
    for name in names:
        month = month_of(name, query.network, today, query.reader, key)
        listing, level = month.listing, query.level or "commune"
        place: Place | None
        if cluster is not None:
            place, level = _cluster_of(cluster, listing, level), "commune"
        elif query.unit is not None:
            place = unit = listing.find(query.unit, query.level)
            level = unit.level
        else:
            check_level(month.last_day, level)
            place = listing.parent(query.parent) if query.parent else None
        months.append(replace(month, level=level, place=place))
    earliest = month_of(month_before(names[0]), query.network, today, query.reader, key)
    earliest = replace(earliest, place=months[0].place, level=months[0].level)
    visibility = _visibility(query, months)
    return [replace(one, visibility=visibility) for one in (earliest, *months)]


def _cluster_of(cluster: ClusterPlace, listing: Listing, level: str) -> ClusterPlace:
    """Return a cluster as a place of a month; 404 for a month that has none of its communes."""
    if level != "commune":
        raise invalid("level", "not_one_of")
    if not listing.within("commune", cluster):
        raise Problem(404, "unit_unknown")
    return cluster


def _visibility(query: CoverageQuery, months: Sequence[Month]) -> Visibility:
    """Return which figures of its months' places a query shows to its reader."""
    if query.hourly:
        return Visibility.HOURLY
    # A place of another system may lie in another area.
    ends = {one.month: one.place for one in (months[0], months[-1])}
    own = all(in_own_area(query.reader, place, month) for month, place in ends.items())
    return Visibility.LIVE if own else Visibility.RELEASED


def _describe_month(
    month: Month,
    units: Sequence[UnitCounts],
    nowhere: FiguresRow,
    rows: Sequence[FiguresRow],
    demo: bool,
) -> CoverageMonth:
    """Return a month as a whole."""
    active, level = month.listing.active, month.level
    body: CoverageMonth = {
        "month": month.month,
        "boundaries": active.serialize() if active else None,
        "demo": demo,
        "days": month.progress.days,
        "days_done": month.progress.done,
        "target": _serialize_target(month.targets[level, TARGET].general),
        "communes_target": _serialize_target(month.targets["commune", TARGET].general),
        "assessment": _serialize_target(month.targets[level, ASSESSMENT].general),
        "summary": _summarize(month, units, nowhere, rows),
    }
    if month.published is not None:
        body["unpublished"] = len(month.listing.within(level, month.place)) - len(units)
    return body


def _summarize(
    month: Month,
    units: Sequence[UnitCounts],
    nowhere: FiguresRow,
    rows: Sequence[FiguresRow],
) -> CoverageSummary:
    """Sum the counts of the units of a place, and the samples outside every unit."""
    filled = [row.categories for row in rows if row.categories]
    categories: Categories = [sum(column) for column in zip(*filled, strict=True)] or NO_SAMPLES
    # Samples outside every commune of the country; no item includes them.
    outside = reasons(nowhere.categories or NO_SAMPLES)
    communes = month.units("commune")
    received, valid, counted = (sum(one.numbers[n] for one in units) for n in range(len(BASES)))
    exempt = [] if has_no_target(communes) else [one.unit for one in communes if one.need is None]
    return {
        **_reached(units),
        "received": received,
        "valid": valid,
        "counted": counted,
        "of_teams": sum(map(of_teams, units, rows)) if month.live else None,
        "by_assurance": by_part(categories),
        "reasons": reasons(categories),
        "unlocated": {reason: outside.get(reason, 0) for reason in UNLOCATED},
        "elsewhere": month.elsewhere,
        "levels": [  # the lines of the ministry's letter
            {"level": level, **_reached(month.units(level))} for level in month.levels
        ],
        "exempt": [{"code": unit.code, "name": unit.name} for unit in exempt],
        "distribution": _distribution(units),
        "bases": {
            "received": _by_basis(units, RECEIVED),
            "valid": _by_basis(units, VALID),
            "counted": _by_basis(units, COUNTED),
        },
    }


def _serialize_target(target: Target | None) -> TargetTerms | None:
    """Return a target of all units and its source; None without one."""
    if target is None or target.threshold is None:
        return None
    return {"threshold": target.threshold, "basis": target.basis, "source": target.source}


def _reached(units: Sequence[UnitCounts]) -> Reached:
    """Return the number of units that reached their target, of those that have one."""
    if has_no_target(units):
        return {"units": len(units), "reached": None, "share": None}
    return {"units": len(with_target(units)), **_share(units, count_reached(units))}


def _share(units: Sequence[UnitCounts], reached: int) -> ReachedShare:
    return {"reached": reached, "share": reached / len(with_target(units))}


def _by_basis(units: Sequence[UnitCounts], basis: int) -> ReachedShare | None:
    """Return the units reached with another basis; the letter does not define "sample"."""
    if has_no_target(units):
        return None
    return _share(units, sum(one.numbers[basis] >= (one.need or 0) for one in with_target(units)))


def _distribution(units: Sequence[UnitCounts]) -> Distribution | None:
    """Return the share reached, and the best share that as many samples could reach."""
    if has_no_target(units):
        return None
    targeted = with_target(units)
    best = best_reachable([one.need or 0 for one in targeted], sum(one.measured for one in units))
    return {
        "share": count_reached(units) / len(targeted),
        "best_reached": best,
        "best_share": best / len(targeted),
    }


def map_figures(month: str, network: str, now: datetime, reader: Actor | None = None) -> MapFigures:
    """Return the step, samples and need of each unit that has samples, exact ones in an own area.

    The progress of a province or district is that of its communes: samples beyond a commune's
    target do not fill the gap of another.
    """
    today = local_day(now)
    if month_start(month) > today:
        raise invalid("month", "month_in_future")
    counts = month_of(month, network, today, reader)
    whole = in_own_area(reader, None, month)
    shown = counts if whole else replace(counts, visibility=Visibility.RELEASED)
    levels = {level: _level_steps(shown, level) for level in counts.levels}
    own = None if whole or reader is None or not reader.grants else own_area(reader, month)
    for level in levels if own else ():
        codes = {unit.code for unit in counts.listing.levels[level] if own and unit.id in own}
        exact = _level_steps(counts, level)
        levels[level] |= {code: exact[code] for code in codes & exact.keys()}
    return {
        "month": month,
        "network": network,
        "set": counts.listing.active.digest if counts.listing.active else None,
        "steps": list(STEP_NAMES),
        "levels": levels,
    }


def _level_steps(month: Month, level: str) -> LevelSteps:
    """Return the steps of a level: of a province or district, the sums of its communes.

    In these sums, samples beyond a commune's need fill nothing; without a need all count.
    """
    above, sums = month.listing.containing[level], dict[int, list[int]]()
    sums_up = level != "commune"
    for one in month.units("commune"):
        if (unit_id := above.get(one.unit.id)) is not None:
            numbers = sums.setdefault(unit_id, [0, 0])
            fills = one.need is not None and sums_up
            numbers[0] += min(one.measured, one.need or 0) if fills else one.measured
            numbers[1] += one.need or 0
    return {
        unit.code: [STEP_NAMES.index(progress_step(has, need or None)), has, need]
        for unit in month.listing.levels[level]
        for has, need in [sums.get(unit.id, (0, 0))]
        if has
    }


class Page(NamedTuple):
    """The rows of a page by their places in the list, and the number of rows of all pages."""

    rows: list[int]
    found: int
    next_cursor: str | None


def select_page(items: Sequence[UnitItem], query: CoverageQuery) -> Page:
    """Filter, sort and page items; without a limit return all of them."""
    rows = list(range(len(items)))
    if query.filter:
        accepted = FILTERS[query.filter]
        rows = [row for row in rows if items[row]["state"] in accepted]
    found = len(rows)
    descending = (query.sort or "").startswith("-")
    keys = _sort_keys(items, (query.sort or "name").removeprefix("-"))
    if query.sort:
        rows = _sorted(rows, keys, descending)
    if last := decode_cursor(query.cursor, lambda key: key, row_id):
        rows = _after(rows, keys, descending, last)
    shown = rows[: query.limit]
    more = len(shown) < len(rows)
    return Page(shown, found, encode_cursor(keys[shown[-1]], shown[-1]) if more else None)


def _sort_keys(items: Sequence[UnitItem], name: str) -> Sequence[Any]:
    """Return the sort key of each item; None is sorted last."""
    if name == "name":
        return range(len(items))
    key = ORDERS.get(name, float)
    field = "middle" if name == "projection" else name
    figures = (figure_of(item, field) for item in items)
    return [None if figure is None else key(figure) for figure in figures]


def _sorted(rows: list[int], keys: Sequence[Any], descending: bool) -> list[int]:
    """Sort rows by their keys; equal rows keep the order of the list."""
    known = [row for row in rows if keys[row] is not None]
    known.sort(key=keys.__getitem__, reverse=descending)
    return known + [row for row in rows if keys[row] is None]


def _after(
    rows: list[int], keys: Sequence[Any], descending: bool, last: tuple[Any, ...]
) -> list[int]:
    """Return the rows after the last row of another page; its figures may have changed since."""
    key, position = last
    try:
        return [row for row in rows if _is_after(row, keys[row], descending, key, position)]
    except TypeError:  # the cursor is of another sort
        raise invalid("cursor", "not_cursor") from None


def _is_after(row: int, key: Any, descending: bool, last_key: Any, last_row: int) -> bool:
    if key is None or last_key is None:
        return key is None and (last_key is not None or row > last_row)
    if key == last_key:
        return row > last_row
    return bool(key < last_key if descending else key > last_key)
