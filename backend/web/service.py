"""What the first page shows: figures of coverage, put into the order in which they are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from backend.clock import local_day, month_end, month_start
from backend.coverage.below import communes_reached
from backend.coverage.months import months_with_data
from backend.coverage.service import Question, coverage
from backend.units.catalogue import LEVELS, system_on
from backend.units.service import UnitRow, find, units_on

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FirstPage:
    """One month of one place on one network."""

    asked: Question
    place: UnitRow | None
    answer: dict[str, Any]  # the units of the asked level
    communes: dict[str, Any]  # the same place by communes, for the headline
    below: dict[
        str, dict[str, int]
    ]  # of a province or district: its communes, and how many reached
    groups: dict[str, Rows]
    levels: list[str]  # that can be listed of this place
    months: list[str]
    previous: str | None
    following: str | None

    @property
    def empty(self) -> bool:
        """Whether nothing at all was received in the month."""
        summary = self.answer["summary"]
        return not (
            summary["received"] or summary["elsewhere"] or any(summary["unlocated"].values())
        )

    def keeps_place(self, month: str) -> bool:
        """Whether a place of this page is the same one in another month."""
        return system_on(month_end(month)) == system_on(month_end(self.asked.month))


def first_page(
    month: str | None, network: str, parent: str | None, level: str | None, now: datetime
) -> FirstPage:
    """Gather what the first page shows of a month, by default the newest that has data."""
    today = local_day(now)
    months = months_with_data(today)
    month = month or (months[0] if months else f"{today:%Y-%m}")
    last = month_end(month)
    place = find(last, parent) if parent else None
    levels = _levels(last, place)
    asked = Question(month, level or levels[0], network, parent)
    answer = coverage(asked, now)
    communes, below = answer, {}
    if asked.level != "commune":
        communes = coverage(Question(month, "commune", network, parent), now)
        below = communes_reached(communes, units_on(last, "commune", parent), level or levels[0])
    return FirstPage(
        asked=asked,
        place=place,
        answer=answer,
        communes=communes,
        below=below,
        groups=_grouped(answer["items"], below),
        levels=levels,
        months=months,
        previous=_month_of(month_start(month) - timedelta(days=1)),
        following=_month_of(last + timedelta(days=1)) if last < today else None,
    )


def _levels(day: date, place: UnitRow | None) -> list[str]:
    """The levels that can be listed below a place, the one shown by default first."""
    levels = LEVELS[system_on(day)]
    if place is None:
        return [level for level in levels if level != "commune"]
    if place.level == "province" and "district" in levels:
        return ["commune", "district"]
    return ["commune"]


def _grouped(
    items: Iterable[dict[str, Any]], below: Mapping[str, Mapping[str, int]]
) -> dict[str, Rows]:
    """Who lacks samples first, then who has none at all, then who reached the target.

    Among communes the largest shortfall is at the top; among provinces and districts the one that
    measures most, since a single sample of a passer-by makes no campaign.
    """
    groups: dict[str, Rows] = {"lacking": [], "none": [], "reached": [], "listed": []}
    for item in items:
        groups[_group(item, below.get(item["code"]))].append(item)
    weight = "counted" if below else "shortfall"
    groups["lacking"].sort(key=lambda item: -item[weight])
    return {name: rows for name, rows in groups.items() if rows}


def _group(item: dict[str, Any], communes: Mapping[str, int] | None) -> str:
    """The group of a unit; one that has communes reached the target when each of them did."""
    if not item["received"]:
        return "none"
    if item["reached"] is None:
        return "listed"
    all_reached = communes is None or communes["reached"] == communes["units"]
    return "reached" if item["reached"] and all_reached else "lacking"


def _month_of(day: date) -> str:
    return f"{day:%Y-%m}"
