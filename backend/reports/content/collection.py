"""Collect the sections of a report from coverage."""

from datetime import datetime, timedelta
from typing import Any

from backend.clock import month_end
from backend.coverage.contributions.area_teams import campaigns_next, teams_in
from backend.coverage.statistics.refresh import refresh_unit
from backend.errors import Problem
from backend.reports.content.figures import NETWORKS, Sections
from backend.reports.content.sections import (
    Counts,
    communes,
    lacking,
    notes,
    quality,
    reached,
    read_counts,
    samples,
    vnnic,
)
from backend.units.service import UnitRow

# Late samples arrive in bursts of seconds: after this many readings with different figures the
# official must try again later.
READINGS_MOST = 4

Collected = tuple[Counts, Sections]  # coverage's answers, and the sections made of them


def collect(unit: UnitRow, month: str, now: datetime) -> Collected:
    """Return the present figures."""
    counts = read_counts(unit, month, now)
    return counts, {
        "samples": samples(counts),
        "reached": reached(counts),
        "lacking": lacking(counts, _planned(unit, month)),
        "communes": communes(counts),
        "quality": quality(unit, month),
        "teams": teams_in(unit.id, month),  # type: ignore[typeddict-item]
        "vnnic": vnnic(unit, month, now),
        "notes": notes(counts),
    }


def collect_settled(unit: UnitRow, month: str, now: datetime) -> Collected:
    """Return figures that two consecutive readings agree on, so that all sections match.

    Statistics are refreshed before each reading.

    Raises:
        Problem: `figures_moving`, if READINGS_MOST readings differ.
    """
    before: Sections | None = None
    for _ in range(READINGS_MOST):
        refresh_unit(unit.id, month, now)
        counts, sections = collect(unit, month, now)
        if sections == before:
            return counts, sections
        before = sections
    raise Problem(409, "figures_moving")


def _planned(unit: UnitRow, month: str) -> dict[str, dict[str, list[str]]]:
    """Return campaigns of the following month by network and commune."""
    first = month_end(month) + timedelta(days=1)
    last = month_end(f"{first:%Y-%m}")
    return {network: campaigns_next(unit.id, first, last, network) for network in NETWORKS}


def facts(counts: Counts) -> dict[str, Any]:
    """Return boundary set and demo flag of the figures."""
    return {name: counts.first[name] for name in ("boundaries", "demo")}
