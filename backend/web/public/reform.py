"""Units before and after the reform of July 2025: which took over what, with their figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, this_month
from backend.coverage.figures.coverage_answer import UnitItem
from backend.coverage.figures.service import CoverageQuery, coverage, months_with_data
from backend.coverage.statistics.answers import SpeedRow
from backend.coverage.statistics.released import latest_release
from backend.coverage.statistics.service import released_totals
from backend.errors import Problem, invalid, or_404
from backend.units.catalogue import SYSTEMS, system_on
from backend.units.index import NamedUnit, Relative, UnitIndex, unit_index
from backend.units.service import UnitRow


@dataclass(frozen=True, slots=True)
class ReformLine:
    """The units before or after the reform of the unit of a page."""

    unit: NamedUnit
    related: tuple[Relative, ...]
    siblings: tuple[NamedUnit, ...] = ()  # former units that went to the same commune
    code_today: NamedUnit | None = None  # another unit that has the code today


def reform_line(unit: UnitRow) -> ReformLine | None:
    """Return which units a unit was made of, or became."""
    index = unit_index()
    named = index.by_id.get(unit.id)
    if named is None:
        return None
    if named.system == "2025":
        return ReformLine(named, index.predecessors(named))
    heirs = tuple(Relative(heir.unit, heir.likely) for heir in index.heirs(named) if heir.likely)
    first = heirs[0].unit if heirs and named.level == "commune" else None
    siblings = tuple(one.unit for one in index.predecessors(first)) if first else ()
    today = index.find("2025", unit.code)
    other = today if today and today not in [one.unit for one in heirs] else None
    return ReformLine(named, heirs, siblings, other)


class RelatedUnit(TypedDict):
    """A unit of the other system on a unit's ground."""

    unit: NamedUnit
    likely: bool  # most of the unit's ground
    parts: tuple[Relative, ...]  # the former units in it
    item: UnitItem | None  # null: no counts that its reader may see
    speeds: SpeedRow | None  # of all operators; null: not released


class ReformPage(TypedDict):
    """The units of the other system on a unit's ground."""

    unit: NamedUnit
    related: list[RelatedUnit]
    network: str
    month: str | None  # of the counts; null: none has data
    released: str | None  # month of the speeds; null: none is released
    demo: bool
    own_month: str | None  # the newest with data in the unit's own system


def show_reform(
    system: str, code: str, month: str | None, network: str, now: datetime, reader: Actor | None
) -> ReformPage:
    """Return the units of the other system on a unit's ground; `month` is one of that system."""
    index = unit_index()
    unit = or_404(
        index.find(system, code) if system in SYSTEMS and code.isalnum() else None, "unit_unknown"
    )
    months = months_with_data(local_day(now))
    if month and month > this_month(now):
        raise invalid("month", "month_in_future")
    if month and system_on(month_end(month)) == system:
        month = None
    theirs = [one for one in months if system_on(month_end(one)) != system]
    own = [one for one in months if one not in theirs]
    shown = month or next(iter(theirs), None)
    found = list(_related(index, unit))
    items, demo = _items(index, [one for one, _, _ in found], shown, network, now, reader)
    release = latest_release([month] if month else theirs)
    ids = [one.id for one, _, _ in found]
    speeds = released_totals(ids, release.month, network) if release else {}
    return {
        "unit": unit,
        "related": [
            {
                "unit": one,
                "likely": likely,
                "parts": parts,
                "item": items.get(one.code),
                "speeds": speeds.get(one.id),
            }
            for one, likely, parts in found
        ],
        "network": network,
        "month": shown,
        "released": release.month if release else None,
        "demo": demo,
        "own_month": next(iter(own), None),
    }


Related = tuple[NamedUnit, bool, tuple[Relative, ...]]


def _related(index: UnitIndex, unit: NamedUnit) -> Iterable[Related]:
    """Yield the units of the other system: whether likely, and the former units in them."""
    if unit.system == "2025":
        for one in index.predecessors(unit):
            yield one.unit, True, (one,)
        return
    for heir in index.heirs(unit):
        former = index.predecessors(heir.unit)
        parts = tuple(one for one in former if unit.id in one.unit.lies_in)
        yield heir.unit, heir.likely, parts


def _items(
    index: UnitIndex, units: Sequence[NamedUnit], month: str | None, network: str,
    now: datetime, reader: Actor | None,
) -> tuple[dict[str, UnitItem], bool]:  # fmt: skip
    """Return the coverage of units by code, and whether it is that of the demo."""
    if month is None or not units:
        return {}, False
    level = units[0].level
    parents = {index.province_of(one).code for one in units} if level != "province" else {None}
    answers = []
    for parent in parents:
        query = CoverageQuery(month, level, network, parent, reader=reader)
        try:
            answers.append(coverage(query, now))
        except Problem as problem:
            if problem.code != "not_published":
                raise
    items = {item["code"]: item for answer in answers for item in answer["items"]}
    return items, any(answer["demo"] for answer in answers)
