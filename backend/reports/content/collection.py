"""Collect the figures of a unit's month from coverage, section by section."""

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
    reached,
    read_counts,
    samples,
)
from backend.reports.content.sections_notes import notes
from backend.reports.content.sections_quality import quality
from backend.reports.content.sections_vnnic import vnnic
from backend.units.service import UnitRow

# Late samples come in bursts of seconds: figures that still move after so many readings are
# better frozen some minutes later.
READINGS_MOST = 4

Collected = tuple[Counts, Sections]  # what coverage said, and what a report tells of it


def collect(unit: UnitRow, month: str, now: datetime) -> Collected:
    """The figures as they are now."""
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
    """Figures that two readings in a row agree on, so that no section is ahead of another.

    Statistics are those of the same samples: what waits for a refresh is refreshed first.
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
    """By network and commune: who measures there in the month after."""
    first = month_end(month) + timedelta(days=1)
    last = month_end(f"{first:%Y-%m}")
    return {network: campaigns_next(unit.id, first, last, network) for network in NETWORKS}


def facts(counts: Counts) -> dict[str, Any]:
    """On what the figures rest."""
    return {name: counts.anything[name] for name in ("boundaries", "demo")}
