"""An official's area: its units in a month, those that need attention, and its other months.

The reform of July 2025 gave new codes, some of them to other ground; so an earlier month is led
to by its own units, never by today's code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict

from sqlalchemy import select

from backend.accounts.access import Actor, can
from backend.clock import local_day, month_before, month_end, this_month
from backend.coverage.alerts.groups import LACKING, Group
from backend.coverage.alerts.overview import AreaOverview, AreaUnit, area_overview
from backend.coverage.figures.coverage_answer import CoverageBody, UnitItem
from backend.coverage.figures.month import listing_on
from backend.coverage.figures.service import CoverageQuery, coverage, map_figures, months_with_data
from backend.coverage.figures.unit_access import UnitWithLevel, authorized_unit, serialize_unit
from backend.coverage.figures.words import lacks_participation
from backend.coverage.signals.queries import open_findings
from backend.coverage.vnnic.models import VnnicCount
from backend.coverage.vnnic.service import imported
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.clusters import clusters_named, units_of
from backend.organisations.references import NamedRef, serialize_units
from backend.organisations.scopes import unit_scopes
from backend.reports.reminders.service import GROUPS as REMINDED
from backend.reports.reminders.service import Addressed
from backend.units.catalogue import system_on
from backend.units.index import successors
from backend.units.models import Unit
from backend.units.reform import overlaps
from backend.units.service import UnitRow, set_on, units_on
from backend.web.desk.schemas import AreaQuery
from backend.web.maps.drawing import MapDrawing, unit_map
from backend.web.public.service import levels_of

ACT = "unit.samples"  # the permission of the desk's pages of a unit

# Columns of the table, with the order of the first click.
ORDERS = {
    "name": "name",
    "share": "share",
    "shortfall": "-shortfall",
    "today": "-today",
    "needed_per_day": "-needed_per_day",
    "devices": "devices",
}

# Units on one page of the table.
MAX_ROWS = 200


class Area(UnitWithLevel):
    """The area of a person."""

    deputy: bool  # the person is a deputy of its official


class NamedArea(TypedDict):
    """An area as a unit of some month."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class AreaPage:
    """A unit in one month on one network, and the selected units in it."""

    query: CoverageQuery
    unit: UnitRow
    own: UnitItem  # figures of the unit itself
    overview: AreaOverview
    groups: dict[Group, list[AreaUnit]]  # all units of the area
    rows: list[AreaUnit]  # the selected units of one page
    found: int  # selected units of all pages
    page: int
    show: str | None
    levels: list[str]
    vnnic: dict[str, VnnicCount]  # VNNIC's counts by code of the unit, drafts of the office too
    signals: int  # without a decision
    previous_month: str | None  # None if the code means another unit there
    next_month: str | None

    @property
    def answer(self) -> CoverageBody:
        """The coverage of the area's units."""
        return self.overview.answer

    @property
    def pages(self) -> int:
        """The number of pages of the table."""
        return max(-(-self.found // MAX_ROWS), 1)

    def sorted_by(self, column: str) -> str | None:
        """Return the value of `aria-sort` of a column."""
        name = (self.query.sort or "").removeprefix("-")
        if name != column:
            return None
        return "descending" if self.query.sort == f"-{column}" else "ascending"

    def order(self, column: str) -> str:
        """Return the order after a click on a column: its default, then the reverse."""
        usual = ORDERS[column]
        if self.query.sort != usual:
            return usual
        return usual.removeprefix("-") if usual.startswith("-") else f"-{usual}"

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return month_end(self.query.month)

    @property
    def vnnic_day(self) -> date | None:
        """The day to which VNNIC's counts of the shown units go; None: several, or the month."""
        days = {one.day for row in self.rows if (one := self.vnnic.get(row["code"]))}
        [day] = days if len(days) == 1 else [None]
        return day if day and day < self.last_day else None

    @property
    def running(self) -> bool:
        """Whether the month is not over."""
        return bool(self.own["days_left"])

    @property
    def few_phones(self) -> list[AreaUnit]:
        """The communes that reached their target with fewer phones or outings than advised."""
        if self.query.level != "commune":
            return []
        return [one for one in self.overview.items if one["reached"] and lacks_participation(one)]

    @property
    def reminded(self) -> list[Addressed]:
        """The groups of units that are reminded."""
        return [name for name in REMINDED if self.groups[name]]

    @property
    def old_table(self) -> int | None:
        """The days since the day of VNNIC's newest table, where it steers and is old; else None."""
        tables = self.overview.tables
        return tables.days_old if self.running and tables and tables.stale else None

    @property
    def has_tasks(self) -> bool:
        """Whether units lack samples or phones, or signals wait for a decision."""
        return bool(self.signals or self.few_phones or self.reminded)


def own_areas(actor: Actor, now: datetime) -> list[Area]:
    """Return the areas of a person: those of an official's roles, all provinces for an admin."""
    if any(grant.role == "admin" for grant in actor.grants):
        provinces = units_on(local_day(now), "province")
        return [{**serialize_unit(one), "deputy": False} for one in provinces]
    return _of_roles(actor)


# Communes of a cluster whose figures the list shows.
MAX_SUMMARIES = 50


def area_figures(areas: Sequence[Area], now: datetime) -> dict[str, UnitItem]:
    """Return the mobile figures of this month by area: an item of coverage for each code."""
    month = this_month(now)
    found: dict[str, UnitItem] = {}
    if any(one["level"] == "province" for one in areas):
        provinces = coverage(CoverageQuery(month, "province"), now)["items"]
        found |= {one["code"]: one for one in provinces}
    for area in [one for one in areas if one["level"] == "commune"][:MAX_SUMMARIES]:
        query = CoverageQuery(month, "commune", unit=area["code"])
        found[area["code"]] = coverage(query, now)["items"][0]
    return found


class OwnCluster(NamedRef):
    """A cluster of communes of a person's roles, in this month's mobile figures."""

    reached: int | None  # communes; null: no target is in force
    units: int  # communes with a target


def own_clusters(actor: Actor, now: datetime) -> list[OwnCluster]:
    """Return the clusters of a person's roles with their exact mobile figures of this month."""
    found: list[OwnCluster] = []
    for one in clusters_named(actor.ids("official", "cluster")):
        try:
            answer = coverage(CoverageQuery(this_month(now), cluster=one["id"], reader=actor), now)
        except Problem:  # communes of before the reform
            continue
        summary = answer["summary"]
        found.append({**one, "reached": summary["reached"], "units": summary["units"]})
    return found


def delegable_areas(actor: Actor) -> list[Area]:
    """Return the areas that a person may delegate: those of their own roles."""
    return [area for area in _of_roles(actor) if not area["deputy"]]


def _of_roles(actor: Actor) -> list[Area]:
    areas: dict[str, Area] = {}
    for grant in actor.grants:
        if grant.role == "official" and grant.id is not None:
            ids = {grant.id} if grant.kind == "unit" else units_of(grant.id)
            for unit in serialize_units(ids).values():
                areas.setdefault(
                    unit["code"],
                    {
                        "system": unit["system"],
                        "level": unit["level"],
                        "code": unit["code"],
                        "name": unit["name"],
                        "deputy": grant.deputy,
                    },
                )
    return list(areas.values())


def show_area(actor: Actor, code: str, query: AreaQuery, now: datetime) -> AreaPage:
    """Return an area with the units selected and sorted by the query."""
    month, network = query["month"] or this_month(now), query["network"]
    unit = authorized_unit(actor, ACT, code, None, month)
    levels = levels_of(month_end(month), unit)
    parent, only = (None, unit.code) if unit.level == "commune" else (unit.code, None)
    level = "commune" if only else query["level"] or levels[0]
    order = query["sort"] or "-shortfall"
    selection = CoverageQuery(month, level, network, parent, only, sort=order)
    overview = area_overview(selection, now, drafts=True)
    whole = CoverageQuery(month, unit.level, network, unit=unit.code)
    own = overview.items[0] if whole.unit == only else coverage(whole, now)["items"][0]
    show, page, chosen = query["show"], query["page"], overview.items
    if show is not None:
        groups = LACKING if show == "lacking" else {show}
        chosen = [one for one in chosen if one["group"] in groups]
    after = f"{month_end(month) + timedelta(days=1):%Y-%m}"
    return AreaPage(
        query=selection,
        unit=unit,
        own=own,
        overview=overview,
        groups=overview.groups,
        rows=chosen[(page - 1) * MAX_ROWS : page * MAX_ROWS],
        found=len(chosen),
        page=page,
        show=show,
        levels=levels,
        vnnic=imported(month, network, level, drafts=True),
        signals=open_findings(unit.id, month),
        previous_month=_same(month_before(month), month),
        next_month=_same(after, month) if month < this_month(now) else None,
    )


def draw_area(area: AreaPage, now: datetime) -> MapDrawing | None:
    """Return the map of an area's communes; None for a unit without polygons."""
    day = month_end(area.query.month)
    listed = listing_on(day).levels
    names = {one.code: one.name for level in ("commune", "province") for one in listed[level]}
    figures = map_figures(area.query.month, area.query.network, now)["levels"]
    return unit_map(set_on(day), area.unit, names, figures.get("commune", {}))


def _same(month: str, as_in: str) -> str | None:
    """Return a month if its unit codes are those of another month, before or after the reform."""
    return month if system_on(month_end(month)) == system_on(month_end(as_in)) else None


class AreaMonth(TypedDict):
    """A month with the units that an area was then."""

    name: str  # YYYY-MM
    units: list[Unit]


def list_months(actor: Actor, unit: UnitRow, now: datetime) -> list[AreaMonth]:
    """Return all months with data, the newest first, each with the units of an area then."""
    today = local_day(now)
    of = {unit.system: [db.session.get_one(Unit, unit.id)]}
    names = dict.fromkeys([f"{today:%Y-%m}", *months_with_data(today)])
    for name in names:
        system = system_on(month_end(name))
        if system not in of:
            of[system] = units_across(actor, unit.id)
    months: list[AreaMonth] = [
        {"name": name, "units": _valid_on(of[system_on(month_end(name))], month_end(name))}
        for name in names
    ]
    return [one for one in months if one["units"]]


def areas_in(actor: Actor, month: str, now: datetime) -> list[NamedArea]:
    """Return the areas of a person, as units of a month, for which they write reports."""
    day = month_end(month)
    if any(grant.role == "admin" for grant in actor.grants):
        return [{"code": one.code, "name": one.name} for one in units_on(day, "province")]
    areas: dict[str, NamedArea] = {}
    for area in own_areas(actor, now):
        named = {name: area[name] for name in ("system", "level", "code")}
        own = db.session.scalars(select(Unit).filter_by(**named)).one()
        units = [own] if own.system == system_on(day) else units_across(actor, own.id)
        scopes = unit_scopes([one.id for one in units])
        for unit in _valid_on(units, day):
            if can(actor, "report.edit", scopes[unit.id]):
                areas[unit.code] = {"code": unit.code, "name": unit.name}
    return list(areas.values())


def units_across(actor: Actor, unit_id: int) -> list[Unit]:
    """Return the units of the other system, of the same level, that an area was or became.

    Of before those that lie wholly in it, as access has it; of today its likely successors.
    """
    unit = db.session.get_one(Unit, unit_id)
    if unit.system == "2024":
        ids = {one.unit.id for one in successors(unit.id) if one.likely}
        inside = {one: can(actor, ACT, scope) for one, scope in unit_scopes(ids).items()}
    else:
        ids = set(overlaps(unit.id, unit.system).listed)
        if unit.level != "commune":
            above = select(Unit.province_id).where(Unit.id.in_(ids))
            ids = {one for one in db.session.scalars(above.distinct()) if one is not None}
        scopes = unit_scopes(ids)
        inside = {one: unit.id in scopes[one].units and can(actor, ACT, scopes[one]) for one in ids}
    query = select(Unit).where(Unit.id.in_([one for one, fits in inside.items() if fits]))
    return list(db.session.scalars(query.order_by(Unit.sort_key.collate("C"), Unit.id)))


def _valid_on(units: Sequence[Unit], day: date) -> list[Unit]:
    """Return the units that are valid on a day."""
    return [
        one for one in units if (one.valid_from or date.min) <= day <= (one.valid_to or date.max)
    ]
