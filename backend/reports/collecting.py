"""Collect the figures of a unit's month from coverage, section by section."""

from datetime import date, timedelta
from typing import Any

from backend.clock import month_end
from backend.coverage.area_teams import campaigns_next, teams_in
from backend.errors import Problem
from backend.reports.figures import NETWORKS, Sections
from backend.reports.sections_counts import (
    Counts,
    communes,
    lacking,
    reached,
    read_counts,
    samples,
)
from backend.reports.sections_notes import notes
from backend.reports.sections_quality import quality
from backend.reports.sections_vnnic import vnnic
from backend.units.service import UnitRow

# Late samples come in bursts of seconds: figures that still move after so many readings are
# better frozen some minutes later.
READINGS_MOST = 4


def collect(unit: UnitRow, month: str, today: date) -> tuple[Counts, Sections]:
    """The figures as they are now; what coverage said of them beside."""
    counts = read_counts(unit, month, today)
    return counts, {
        "samples": samples(counts),
        "reached": reached(counts),
        "lacking": lacking(counts, _planned(unit, month)),
        "communes": communes(counts),
        "quality": quality(unit, month),
        "teams": teams_in(unit.id, month),  # type: ignore[typeddict-item]
        "vnnic": vnnic(unit, month),
        "notes": notes(counts),
    }


def collect_settled(unit: UnitRow, month: str, today: date) -> tuple[Counts, Sections]:
    """Figures that two readings in a row agree on, so that no section is ahead of another."""
    before = collect(unit, month, today)
    for _ in range(READINGS_MOST - 1):
        after = collect(unit, month, today)
        if after[1] == before[1]:
            return after
        before = after
    raise Problem(409, "figures_moving")


def _planned(unit: UnitRow, month: str) -> dict[str, dict[str, list[str]]]:
    """By network and commune: who measures there in the month after."""
    first = month_end(month) + timedelta(days=1)
    last = month_end(f"{first:%Y-%m}")
    return {network: campaigns_next(unit.id, first, last, network) for network in NETWORKS}


def facts(counts: Counts) -> dict[str, Any]:
    """On what the figures rest."""
    return {name: counts.anything[name] for name in ("boundaries", "demo")}
