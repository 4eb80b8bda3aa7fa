"""Figures of a map: the step of every unit of a month, in a compact form."""

from datetime import datetime
from typing import Any

import numpy as np

from backend.accounts.access import Actor
from backend.clock import local_day, month_start
from backend.coverage.figures.forecast import STEP_NAMES, Numbers, progress_step
from backend.coverage.figures.month import Month, load_months
from backend.errors import invalid

# By code of the unit: index in STEP_NAMES, samples that count towards the need, the need.
LevelSteps = dict[str, list[int]]


def map_figures(
    month: str, network: str, now: datetime, reader: Actor | None = None
) -> dict[str, Any]:
    """Return the step, samples and need of each unit that has samples.

    The progress of a province or district is that of its communes: samples beyond a commune's
    target do not fill the gap of another.
    """
    today = local_day(now)
    if month_start(month) > today:
        raise invalid("month", "month_in_future")
    counts = load_months([month], network, today, reader)[month]
    return {
        "month": month,
        "network": network,
        "set": counts.listing.active.digest if counts.listing.active else None,
        "steps": list(STEP_NAMES),
        "levels": {level: _level_steps(counts, level) for level in counts.levels},
    }


def _level_steps(month: Month, level: str) -> LevelSteps:
    samples, need = _progress(month, level)
    rows = zip(month.listing.levels[level], samples.tolist(), need.tolist(), strict=True)
    return {
        unit.code: [
            STEP_NAMES.index(progress_step(int(has), int(wants) or None)),
            int(has),
            int(wants),
        ]
        for unit, has, wants in rows
        if has
    }


def _progress(month: Month, level: str) -> tuple[Numbers, Numbers]:
    """Return the samples that fill the communes' need, and the need, by unit.

    In communes without a need all samples count.
    """
    communes = month.level_counts("commune")
    need = np.nan_to_num(communes.need)
    has = np.where(need > 0, np.minimum(communes.measured, need), communes.measured)
    ids = np.array([unit.id for unit in communes.units], np.intp)
    above = month.listing.containing(level, ids)
    inside, size = above >= 0, len(month.listing.levels[level])
    return (
        np.bincount(above[inside], has[inside], size).astype(float),
        np.bincount(above[inside], need[inside], size).astype(float),
    )


def progress_of(figures: dict[str, Any], level: str, code: str) -> list[int]:
    """Return the step, samples and need of one unit; zeros without samples."""
    steps: LevelSteps = figures["levels"].get(level, {})
    return steps.get(code, [0, 0, 0])
