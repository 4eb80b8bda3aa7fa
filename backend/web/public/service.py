"""Figures of the pages of the country and of units, and the search."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, TypedDict, TypeVar

from backend.accounts.access import Actor
from backend.clock import local_day, month_before, month_end, this_month
from backend.coverage.figures.coverage_answer import (
    Coverage,
    CoverageSummary,
    LevelReached,
    TargetTerms,
    UnitItem,
)
from backend.coverage.figures.month import listing_on
from backend.coverage.figures.service import CoverageQuery, coverage, map_figures, months_with_data
from backend.coverage.figures.unit_access import published
from backend.coverage.statistics.release_rules import due_day
from backend.coverage.statistics.released import latest_release
from backend.coverage.vnnic.service import ComparedSums, compared, imported
from backend.errors import Problem, invalid
from backend.organisations.clusters import ClusterPlace, read_place
from backend.units.catalogue import LEVELS_OF, ActiveSet, system_on
from backend.units.index import FoundUnit, NamedUnit, unit_index
from backend.units.search import MAX_FOUND, search_units
from backend.units.service import UnitRow, find, set_on
from backend.web.maps.drawing import MapDrawing, country_map, unit_map

# Until this day of a month pages open with the month before.
FIRST_DAYS = 7

Shown = TypeVar("Shown")
# Units below their target, without samples, that reached it, and without any.
Group = Literal["lacking", "none", "reached", "listed"]


class OwnItem(UnitItem):
    """The figures of the unit of a page itself."""

    days_done: int  # completed days of the month


class CountryFigures(CoverageSummary):
    """The figures of the country."""

    communes: LevelReached


@dataclass(frozen=True, slots=True)
class RunningMonth:
    """The running month of a page whose first figures are those of the month before."""

    month: str
    figures: UnitItem | CountryFigures


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """A cluster of communes, and what it has of its communes' targets together."""

    id: int
    name: str
    province: NamedUnit
    ended: bool
    need: int  # sum of the targets of its communes
    filled: int  # of it: samples beyond a commune's target fill nothing


@dataclass(frozen=True, slots=True)
class CoveragePage:
    """The country, one unit or one cluster of communes in one month on one network."""

    query: CoverageQuery
    unit: UnitRow | None
    own: OwnItem | None
    answer: Coverage  # coverage of the units of one level in it
    groups: dict[Group, list[UnitItem]]
    levels: list[str]  # that can be listed
    months: list[str]
    previous_month: str | None
    next_month: str | None
    boundaries: ActiveSet | None
    due: date | None  # of the release of an ended month, before it: late samples still arrive
    running: RunningMonth | None  # beside the month before, in the first days
    cluster: ClusterFigures | None = None

    @property
    def target(self) -> TargetTerms | None:
        """The target that the page speaks of: that of its units, else that of their communes."""
        return self.answer["target"] or self.answer["communes_target"]

    @property
    def empty(self) -> bool:
        """Whether nothing was received in the month."""
        summary = self.answer["summary"]
        return not (
            summary["received"] or summary["elsewhere"] or any(summary["unlocated"].values())
        )

    def same_units_in(self, month: str) -> bool:
        """Whether the unit codes of this page mean the same units in another month."""
        return system_on(month_end(month)) == system_on(month_end(self.query.month))


def show_country(
    month: str | None, network: str, level: str | None, now: datetime, reader: Actor | None = None
) -> CoveragePage:
    """Return the page of the country in a month, by default the first to show."""
    if level == "commune":  # thousands of rows: only provinces list them
        raise invalid("level", "not_one_of")
    months = months_with_data(local_day(now))
    return _show_page(
        month or _first_month(months, now, reader), network, level, None, months, now, reader
    )


def show_unit(
    code: str,
    month: str | None,
    network: str,
    level: str | None,
    now: datetime,
    reader: Actor | None = None,
) -> CoveragePage:
    """Return the page of a unit in a month, by default the first to show in which it exists."""
    months = months_with_data(local_day(now))

    def page(month: str) -> CoveragePage:
        unit = find(month_end(month), code)
        return _show_page(month, network, level, unit, months, now, reader)

    return first_shown([month] if month else [_first_month(months, now, reader), *months], page)


def show_cluster(
    cluster_id: int, month: str | None, network: str, now: datetime, reader: Actor | None = None
) -> CoveragePage:
    """Return the page of a cluster in a month, by default the first to show that has its communes.

    Counts alone: with other figures of its own, of fewer communes than a province, the public could
    subtract what the release hides.
    """
    cluster, months = read_place(cluster_id), months_with_data(local_day(now))

    def page(month: str) -> CoveragePage:
        query = CoverageQuery(month, "commune", network, cluster=cluster_id, reader=reader)
        answer, last = coverage(query, now), month_end(month)
        page = CoveragePage(
            query=query,
            unit=None,
            own=None,
            answer=answer,
            groups=_group_items(answer),
            levels=["commune"],
            months=[],
            previous_month=month_before(month),
            next_month=_month_after(last, now),
            boundaries=set_on(last),
            due=_release_due(month, now),
            running=None,
            cluster=_cluster_figures(cluster, answer, now),
        )
        return _within_system(page, months)

    return first_shown([month] if month else [_first_month(months, now, reader), *months], page)


def _within_system(page: CoveragePage, months: Sequence[str]) -> CoveragePage:
    """Return a page that leads only to months with the same units as its own."""
    before, after = page.previous_month, page.next_month
    return replace(
        page,
        months=[one for one in months if page.same_units_in(one)],
        previous_month=before if before and page.same_units_in(before) else None,
        next_month=after if after and page.same_units_in(after) else None,
    )


def _cluster_figures(cluster: ClusterPlace, answer: Coverage, now: datetime) -> ClusterFigures:
    index = unit_index()
    needs = [(one["target"] or 0, one["shortfall"] or 0) for one in answer["items"]]
    return ClusterFigures(
        id=cluster.id,
        name=cluster.name,
        province=index.province_of(index.by_id[min(cluster.communes)]),
        ended=cluster.valid_to is not None and cluster.valid_to < local_day(now),
        need=sum(need for need, _ in needs),
        filled=sum(need - missing for need, missing in needs),
    )


def _month_after(last: date, now: datetime) -> str | None:
    """Return the month after one that ends on a day; None for the running one."""
    return f"{last + timedelta(days=1):%Y-%m}" if last < local_day(now) else None


def first_shown(months: Iterable[str], show: Callable[[str], Shown]) -> Shown:
    """Return what is shown of the first month in which the unit exists and is published."""
    missing: Problem | None = None
    for month in months:
        try:
            return show(month)
        except Problem as problem:
            if problem.code not in ("unit_unknown", "not_published"):
                raise
            missing = missing or problem
    raise missing or Problem(404, "unit_unknown")


def _newest_month(months: list[str], now: datetime, reader: Actor | None = None) -> str:
    """Return the newest month that is published for a reader, by default the current one."""
    visible = (month for month in months if published(reader, month) != frozenset())
    return next(visible, this_month(now))


def _first_month(months: list[str], now: datetime, reader: Actor | None) -> str:
    """Return the month that pages open with: in the first days the one before, if it has data."""
    newest, before = _newest_month(months, now, reader), month_before(this_month(now))
    if local_day(now).day > FIRST_DAYS or before not in months:
        return newest
    return newest if published(reader, before) == frozenset() else min(newest, before)


def _show_page(
    month: str,
    network: str,
    level: str | None,
    unit: UnitRow | None,
    months: list[str],
    now: datetime,
    reader: Actor | None,
) -> CoveragePage:
    last = month_end(month)
    levels = levels_of(last, unit)
    parent = unit.code if unit and unit.level != "commune" else None
    only = unit.code if unit and parent is None else None
    query = CoverageQuery(month, level or levels[0], network, parent, only, reader=reader)
    answer = coverage(query, now)
    return CoveragePage(
        query=query,
        unit=unit,
        own=_own_figures(unit, query, answer, now) if unit else None,
        answer=answer,
        groups=_group_items(answer),
        levels=levels,
        months=months,
        previous_month=month_before(month),
        next_month=_month_after(last, now),
        boundaries=set_on(last),
        due=_release_due(month, now),
        running=_running_month(query, unit, now),
    )


def _release_due(month: str, now: datetime) -> date | None:
    """Return the day of the release of an ended month that has none yet."""
    due = due_day(month)
    if not month_end(month) < local_day(now) < due or latest_release([month]):
        return None
    return due


def _running_month(
    query: CoverageQuery, unit: UnitRow | None, now: datetime
) -> RunningMonth | None:
    """Return the running month beside the one before, in its first days."""
    running = this_month(now)
    if local_day(now).day > FIRST_DAYS or query.month != month_before(running):
        return None
    if unit is None:
        answer = coverage(replace(query, month=running), now)
        *_, communes = answer["summary"]["levels"]
        return RunningMonth(running, {"communes": communes, **answer["summary"]})
    try:
        whole = replace(query, month=running, level=unit.level, parent=None, unit=unit.code)
        return RunningMonth(running, coverage(whole, now)["items"][0])
    except Problem:  # a unit that ended, or is not published
        return None


def _own_figures(unit: UnitRow, query: CoverageQuery, answer: Coverage, now: datetime) -> OwnItem:
    """Return the figures of a whole unit; those of a commune are the answer itself."""
    whole = replace(query, level=unit.level, parent=None, unit=unit.code)
    if whole != query:
        answer = coverage(whole, now)
    return {**answer["items"][0], "days_done": answer["days_done"]}


def levels_of(day: date, unit: UnitRow | None) -> list[str]:
    """Return the levels that can be listed of a unit or the country, the default first."""
    levels = LEVELS_OF[system_on(day)]
    if unit is None:
        return [level for level in levels if level != "commune"]
    if unit.level == "province" and "district" in levels:
        return ["commune", "district"]
    return ["commune"]


def _group_items(answer: Coverage) -> dict[Group, list[UnitItem]]:
    """Group units: below target, without samples where there is no target, target reached.

    Who lacks most is at the top: the largest shortfall of communes; of provinces and districts
    those without a sample, then the smallest share of communes reached, and the largest number of
    communes below target among equals.
    """
    targeted = bool(answer["target"] or answer["communes_target"])
    groups: dict[Group, list[UnitItem]] = {"lacking": [], "none": [], "reached": [], "listed": []}
    for item in answer["items"]:
        groups[_group(item, targeted)].append(item)
    groups["lacking"].sort(key=_lack)
    return {name: rows for name, rows in groups.items() if rows}


def _lack(item: UnitItem) -> tuple[bool, float, int]:
    """Return the order of units by what they lack, the worst first."""
    communes = item["communes"]
    if communes is None:
        return True, 0.0, -(item["shortfall"] or 0)
    reached, units = communes["reached"], communes["units"]
    return item["received"] > 0, reached / max(units, 1), reached - units


def _group(item: UnitItem, targeted: bool) -> Group:
    """Return the group of a unit; one with communes reached the target if all of them did."""
    communes = item["communes"]
    if not targeted or (communes is None and item["reached"] is None):
        return "listed" if item["received"] else "none"
    if communes:
        reached = communes["reached"] == communes["units"] and item["reached"] is not False
        return "reached" if reached else "lacking"
    return "reached" if item["reached"] else "lacking"


def draw_map(page: CoveragePage, now: datetime) -> MapDrawing | None:
    """Return the map of a page; None for a unit without a polygon."""
    figures = map_figures(page.query.month, page.query.network, now, page.query.reader)["levels"]
    listed = listing_on(month_end(page.query.month)).levels
    levels = ("commune", "province") if page.unit else ("province",)
    names = {one.code: one.name for level in levels for one in listed[level]}
    if page.unit is None:
        return country_map(page.boundaries, names, figures.get("province", {}))
    return unit_map(page.boundaries, page.unit, names, figures.get("commune", {}))


def compare_with_vnnic(page: CoveragePage, now: datetime) -> ComparedSums | None:
    """Compare with VNNIC's count of the same units; a part of them is no sum of the whole."""
    query, answer = page.query, page.answer
    level = "commune" if page.unit else "province"
    vnnic_counts = imported(query.month, query.network, level)
    if not vnnic_counts:
        return None
    if query.level != level:
        answer = coverage(replace(query, level=level), now)
    summary = compared(answer, vnnic_counts)["summary"]
    return summary if summary["compared"] == summary["units"] else None


def find_units(text: str, month: str | None, now: datetime) -> list[FoundUnit]:
    """Return the units that a text may mean, by names of today and of before July 2025."""
    day = month_end(month or _newest_month(months_with_data(local_day(now)), now))
    return search_units(text, day, limit=MAX_FOUND)


class SearchResult(TypedDict):
    """A unit that was found, or an ended one with the units on its ground."""

    units: list[NamedUnit]
    was: NamedUnit | None  # the ended unit that was looked for
    page: tuple[str, dict[str, str]]  # endpoint and values of the page that it leads to


def group_found(found: Iterable[FoundUnit]) -> list[SearchResult]:
    """Return the results of a search, each ended unit once with the units on its ground."""
    grouped: dict[tuple[int, bool], list[FoundUnit]] = {}
    for one in found:
        grouped.setdefault(((one.was or one.unit).id, one.was is not None), []).append(one)
    return [_found(several) for several in grouped.values()]


def _found(several: Sequence[FoundUnit]) -> SearchResult:
    """Return a result with the endpoint of its page and its values."""
    units, was = [one.unit for one in several], several[0].was
    page: tuple[str, dict[str, str]] = ("web.unit", {"code": units[0].code})
    if was and len(units) > 1:
        page = "web.reform", {"system": was.system, "code": was.code}
    return {"units": units, "was": was, "page": page}
