"""Alerts: states of units in a month, derived from their figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from backend.accounts.access import Actor
from backend.clock import local_day
from backend.coverage.figures.columns import Figures
from backend.coverage.figures.counts_cache import DAYS
from backend.coverage.figures.month import Month
from backend.coverage.figures.query import CoverageQuery
from backend.coverage.figures.service import compute_coverage
from backend.measurements.recording.reasons import BASES

# A team with a day off and a day of bad weather is not silent yet.
SILENT_DAYS = 3
STATES = ("silent", "behind", "will_miss", "reached")
RECEIVED = BASES.index("received")
# Fields of an answer about coverage, and of its items.
ANSWER_FIELDS = ("month", "network", "parent", "level", "boundaries", "demo", "target",
                 "projection_method", "unpublished")  # fmt: skip
FIELDS = (
    "code", "name", "level", "parent", "received", "counted", "target", "shortfall", "expected",
    "today", "pace", "projection", "days_left", "needed_per_day",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts from which the states of a unit follow; None: unknown, or not of such a month."""

    state: str | None
    need: float
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
    (table,) = answer.page.tables
    rows = list(answer.page.items((*FIELDS, "state")))
    items = [
        {**{name: one[name] for name in FIELDS}, "last_day": last_day, "states": found}
        for one, (found, last_day) in zip(
            rows, unit_states(table, rows, local_day(now)), strict=True
        )
        if found
    ]
    return {
        **{name: answer.body[name] for name in ANSWER_FIELDS if name in answer.body},
        "units": answer.body["summary"]["units"],
        "counts": {name: sum(name in one["states"] for one in items) for name in STATES},
        "items": items,
    }


def unit_states(
    table: Figures, items: Sequence[dict[str, Any]], today: date
) -> list[tuple[list[str], date | None]]:
    """Return the states and the last day with samples of each unit of a table, in its order."""
    last_days = _last_days(table)
    return [
        (states(_facts(table, row, one, last_days[row], today)), last_days[row])
        for row, one in enumerate(items)
    ]


def _facts(
    table: Figures, row: int, one: dict[str, Any], last_day: date | None, today: date
) -> Facts:
    running = table.month.progress.today is not None
    latest = today - timedelta(days=SILENT_DAYS)
    return Facts(
        one["state"],
        float(table.counts.need[row]),
        one["projection"]["high"] if one["projection"] else None,
        running and (last_day is None or last_day < latest),
    )


def _last_days(table: Figures) -> list[date | None]:
    """Return each unit's last day with samples, in this month or the one before."""
    level, received = table.counts.level, np.full(len(table), RECEIVED)
    ours = table.month.daily(level, table.counts.positions, received)
    at = table.previous.positions(table.counts, table.month.listing)
    theirs = np.zeros((len(at), DAYS), np.int32)
    theirs[at >= 0] = table.previous.daily(level, at[at >= 0], received[at >= 0])
    return [
        _last(table.month, own) or _last(table.previous, earlier)
        for own, earlier in zip(ours, theirs, strict=True)
    ]


def _last(month: Month, received: Any) -> date | None:
    days = np.flatnonzero(received)
    return month.progress.first + timedelta(days=int(days[-1])) if len(days) else None
