"""What a map colours: every unit of a month in a named step, small enough to send."""

from datetime import datetime
from typing import Any

import numpy as np

from backend.accounts.access import Actor
from backend.clock import local_day, month_start
from backend.coverage.figures.level_counts import Numbers
from backend.coverage.figures.month import Month, months_of
from backend.coverage.figures.steps import NAMES, step
from backend.errors import invalid

# Places in NAMES, by code; and what the step was made of.
Told = dict[str, list[int]]


def map_figures(
    month: str, network: str, now: datetime, reader: Actor | None = None
) -> dict[str, Any]:
    """Of each unit that has samples its step, what it has, and what it would need.

    A province or district is as far as its communes are: what one has beyond its target does not
    fill another's gap.
    """
    today = local_day(now)
    if month_start(month) > today:
        raise invalid("month", "month_in_future")
    read = months_of([month], network, today, reader)[month]
    return {
        "month": month,
        "network": network,
        "set": read.listing.active.digest if read.listing.active else None,
        "steps": list(NAMES),
        "levels": {level: _level(read, level) for level in read.levels},
    }


def _level(month: Month, level: str) -> Told:
    """The units of a level that have samples: step, samples that fill a need, the need."""
    filled, need = _progress(month, level)
    rows = zip(month.listing.levels[level], filled.tolist(), need.tolist(), strict=True)
    return {
        unit.code: [NAMES.index(step(int(has), int(wants) or None)), int(has), int(wants)]
        for unit, has, wants in rows
        if has
    }


def _progress(month: Month, level: str) -> tuple[Numbers, Numbers]:
    """How much of the need of the communes in each unit is filled; all samples where none is."""
    communes = month.standing("commune")
    need = np.nan_to_num(communes.need)
    has = np.where(need > 0, np.minimum(communes.measured, need), communes.measured)
    ids = np.array([unit.id for unit in communes.units], np.intp)
    above = month.listing.places(level, ids)
    inside, size = above >= 0, len(month.listing.levels[level])
    return (
        np.bincount(above[inside], has[inside], size).astype(float),
        np.bincount(above[inside], need[inside], size).astype(float),
    )


def progress_of(figures: dict[str, Any], level: str, code: str) -> list[int]:
    """The step, samples and need of one unit; nothing where it has no samples."""
    told: Told = figures["levels"].get(level, {})
    return told.get(code, [0, 0, 0])
