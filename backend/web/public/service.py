"""What the pages about places show: figures of coverage, in the order in which they are read."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, month_start, this_month
from backend.coverage.figures.map_figures import map_figures
from backend.coverage.figures.publication import published
from backend.coverage.figures.query import months_with_data
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.unit_listing import listing_on
from backend.coverage.vnnic.service import compared, imported
from backend.errors import Problem, invalid
from backend.units.catalogue import LEVELS_OF, ActiveSet, system_on
from backend.units.service import UnitRow, find, search, set_on
from backend.web.maps.drawing import Map, country_map, unit_map

Rows = list[dict[str, Any]]

# What a search shows: whoever finds more types more.
FOUND_MOST = 30


@dataclass(frozen=True, slots=True)
class Place:
    """The country or one unit in one month on one network."""

    query: CoverageQuery
    unit: UnitRow | None
    own: dict[str, Any] | None  # the figures of the unit itself
    answer: dict[str, Any]  # the units of the asked level in it
    groups: dict[str, Rows]
    levels: list[str]  # that can be listed of this place
    months: list[str]
    previous: str | None
    following: str | None
    boundaries: ActiveSet | None

    @property
    def empty(self) -> bool:
        """Whether nothing at all was received in the month."""
        summary = self.answer["summary"]
        return not (
            summary["received"] or summary["elsewhere"] or any(summary["unlocated"].values())
        )

    def keeps_place(self, month: str) -> bool:
        """Whether a place of this page is the same one in another month."""
        return system_on(month_end(month)) == system_on(month_end(self.query.month))


def country(
    month: str | None, network: str, level: str | None, now: datetime, reader: Actor | None = None
) -> Place:
    """Gather what the first page shows of a month, by default the newest that has data."""
    if level == "commune":  # thousands of rows: a province lists its own
        raise invalid("level", "not_one_of")
    months = months_with_data(local_day(now))
    return _place(month or _newest(months, now, reader), network, level, None, months, now, reader)


def unit(
    code: str,
    month: str | None,
    network: str,
    level: str | None,
    now: datetime,
    reader: Actor | None = None,
) -> Place:
    """Gather what is told of a unit; without a month of the newest one in which it was there."""
    months = months_with_data(local_day(now))
    named = [month] if month else [_newest(months, now, reader), *months]
    missing: Problem | None = None
    for one in named:
        try:
            place = find(month_end(one), code)
            return _place(one, network, level, place, months, now, reader)
        except Problem as problem:
            if problem.code not in ("unit_unknown", "not_published"):
                raise
            missing = missing or problem
    raise missing or Problem(404, "unit_unknown")


def _newest(months: list[str], now: datetime, reader: Actor | None = None) -> str:
    """The newest month of which a reader sees anything; else the running one."""
    seen = (month for month in months if published(reader, month) != frozenset())
    return next(seen, this_month(now))


def _place(
    month: str,
    network: str,
    level: str | None,
    place: UnitRow | None,
    months: list[str],
    now: datetime,
    reader: Actor | None,
) -> Place:
    last = month_end(month)
    levels = levels_of(last, place)
    parent = place.code if place and place.level != "commune" else None
    only = place.code if place and parent is None else None
    query = CoverageQuery(month, level or levels[0], network, parent, only, reader=reader)
    answer = coverage(query, now)
    return Place(
        query=query,
        unit=place,
        own=_own(place, query, answer, now) if place else None,
        answer=answer,
        groups=_grouped(answer["items"]),
        levels=levels,
        months=months,
        previous=_month_of(month_start(month) - timedelta(days=1)),
        following=_month_of(last + timedelta(days=1)) if last < local_day(now) else None,
        boundaries=set_on(last),
    )


def _own(
    place: UnitRow, query: CoverageQuery, answer: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The figures of a unit as a whole; of a commune they are the answer itself."""
    whole = replace(query, level=place.level, parent=None, unit=place.code)
    if whole != query:
        answer = coverage(whole, now)
    own: dict[str, Any] = answer["items"][0] | {"days_done": answer["days_done"]}
    return own


def levels_of(day: date, place: UnitRow | None) -> list[str]:
    """The levels that can be listed of a place, the one shown by default first."""
    levels = LEVELS_OF[system_on(day)]
    if place is None:
        return [level for level in levels if level != "commune"]
    if place.level == "province" and "district" in levels:
        return ["commune", "district"]
    return ["commune"]


def _grouped(items: Iterable[dict[str, Any]]) -> dict[str, Rows]:
    """Who lacks samples first, then who has none at all, then who reached the target.

    Among communes the largest shortfall is at the top; among provinces and districts the one that
    measures most, since a single sample of a passer-by makes no campaign.
    """
    groups: dict[str, Rows] = {"lacking": [], "none": [], "reached": [], "listed": []}
    for item in items:
        groups[_group(item)].append(item)
    groups["lacking"].sort(
        key=lambda item: -item["counted"] if item["communes"] else -item["shortfall"]
    )
    return {name: rows for name, rows in groups.items() if rows}


def _group(item: dict[str, Any]) -> str:
    """The group of a unit; one that has communes reached the target when each of them did."""
    if not item["received"]:
        return "none"
    if item["reached"] is None:
        return "listed"
    communes = item["communes"]
    all_reached = communes is None or communes["reached"] == communes["units"]
    return "reached" if item["reached"] and all_reached else "lacking"


def drawn(place: Place, folder: Path, now: datetime) -> Map | None:
    """The map of a place; None of a unit without a polygon."""
    figures = map_figures(place.query.month, place.query.network, now, place.query.reader)
    listed = listing_on(month_end(place.query.month)).levels
    names = {one.code: one.name for one in listed["commune" if place.unit else "province"]}
    if place.unit is None:
        return country_map(folder, place.boundaries, names, figures)
    return unit_map(folder, place.boundaries, place.unit, names, figures)


def beside(place: Place, now: datetime) -> dict[str, Any] | None:
    """VNNIC's own count of the same units beside ours, where it was imported."""
    query, answer = place.query, place.answer
    level = "commune" if place.unit else "province"
    theirs = imported(query.month, query.network, level)
    if not theirs:
        return None
    if query.level != level:
        answer = coverage(replace(query, level=level), now)
    summary: dict[str, Any] = compared(answer, theirs)["summary"]
    return summary if summary["compared"] else None


def found(words: str, month: str | None, now: datetime) -> list[UnitRow]:
    """The units whose name or code holds the words, with or without their marks."""
    day = month_end(month or _newest(months_with_data(local_day(now)), now))
    rows: list[UnitRow] = []
    for level in LEVELS_OF[system_on(day)]:  # a province before a hundred communes of its name
        rows += search(day, level, None, words, None, FOUND_MOST - len(rows))
    return rows


def _month_of(day: date) -> str:
    return f"{day:%Y-%m}"
