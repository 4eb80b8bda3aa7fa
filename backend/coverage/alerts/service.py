"""Alerts: states of units in a month, derived from their figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from backend.accounts.access import Actor
from backend.clock import local_day, month_before
from backend.coverage.figures.month import ABOVE, TABLES, Month, UnitCounts
from backend.coverage.figures.service import CoverageQuery, CoverageResult, compute_coverage
from backend.database.extensions import array_literal, fetch

# A team with a day off and a day of bad weather is not silent yet.
SILENT_DAYS = 3
STATES = ("silent", "behind", "will_miss", "reached")
# Fields of an answer about coverage, and of its items.
ANSWER_FIELDS = ("month", "network", "parent", "level", "boundaries", "demo", "target",
                 "projection_method", "unpublished")  # fmt: skip
FIELDS = (
    "code", "name", "level", "parent", "received", "counted", "target", "shortfall", "expected",
    "today", "pace", "projection", "days_left", "needed_per_day",
)  # fmt: skip

# The last day with samples in each unit of a level.
LAST_DAYS = {
    (level, exact): f"""
        select c.{above} as unit_id, max(d.day) as day
        from {days} d join units c on c.id = d.unit_id
        where d.month = %(month)s and d.network = %(network)s and d.received > 0
            and d.unit_id = any(%(communes)s::integer[])
        group by 1
    """  # noqa: S608 # constants
    for level, above in ABOVE.items()
    for exact, (_, days) in TABLES.items()
}


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts from which the states of a unit follow; None: unknown, or not of such a month."""

    state: str | None
    need: int
    highest: int | None  # of the projection, in a running month
    silent: bool


def states(one: Facts) -> list[str]:
    """Return the states of a unit; one that is `behind` may catch up, `will_miss` hardly can."""
    found = {
        "silent": one.silent,
        "behind": one.state == "behind",
        "will_miss": one.highest is not None and one.state != "reached" and one.highest < one.need,
        "reached": one.state == "reached",
    }
    return [name for name in STATES if found[name]]


def alerts(
    month: str,
    network: str,
    parent: str | None,
    now: datetime,
    level: str = "commune",
    reader: Actor | None = None,
) -> dict[str, Any]:
    """Return the units of a place that are in any of the states, and the number in each state.

    In a past month, no unit is silent or will miss its target.
    """
    answer = compute_coverage(CoverageQuery(month, level, network, parent, reader=reader), now)
    items = [
        {**{name: one[name] for name in FIELDS}, "last_day": last_day, "states": found}
        for one, (found, last_day) in zip(
            answer.items, unit_states(answer, local_day(now)), strict=True
        )
        if found
    ]
    return {
        **{name: answer.body[name] for name in ANSWER_FIELDS if name in answer.body},
        "units": answer.body["summary"]["units"],
        "counts": {name: sum(name in one["states"] for one in items) for name in STATES},
        "items": items,
    }


def unit_states(answer: CoverageResult, today: date) -> list[tuple[list[str], date | None]]:
    """Return the states and the last day with samples of each unit, in the order of the items."""
    last_days = _last_days(answer.month, answer.previous, answer.counts, today)
    silent_before = today - timedelta(days=SILENT_DAYS)
    running, found = answer.month.progress.today is not None, []
    for one, counts in zip(answer.items, answer.counts, strict=True):
        last_day = last_days.get(counts.unit.id)
        facts = Facts(
            one["state"],
            counts.need or 0,
            one["projection"]["high"] if one["projection"] else None,
            running and (last_day is None or last_day < silent_before),
        )
        found.append((states(facts), last_day))
    return found


def _last_days(
    month: Month, previous: Month, counts: Sequence[UnitCounts], today: date
) -> dict[int, date]:
    """Return each unit's last day with samples, of the running month and the one before it."""
    recent = {f"{today:%Y-%m}", month_before(f"{today:%Y-%m}")}
    months = [one for one in (previous, month) if one.month in recent]
    found: dict[int, date] = {}
    for one in months:
        communes = one.listing.within("commune", month.place)
        values = {
            "month": one.month, "network": month.network,
            "communes": array_literal(unit.id for unit in communes),
        }  # fmt: skip
        days = {
            row["unit_id"]: row["day"]
            for row in fetch(LAST_DAYS[month.level, month.is_exact(month.level)], values)
        }
        found |= {
            unit.unit.id: days[unit.unit.id]
            for unit in counts
            if unit.unit.id in days and one.shows(unit.unit)
        }
    return found
