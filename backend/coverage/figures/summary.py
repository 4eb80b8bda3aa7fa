"""Summary of a list of units: the lines of the ministry's letter and the spread of samples."""

from typing import Any

import numpy as np

from backend.coverage.figures.columns import reasons
from backend.coverage.figures.counts_cache import CATEGORIES, NOWHERE, SUMS
from backend.coverage.figures.forecast import best_reachable
from backend.coverage.figures.month import LevelCounts, Month
from backend.coverage.targets.models import Target
from backend.measurements.recording.reasons import BASES, COUNTED_BY_ADMIN, UNLOCATED
from backend.units.service import UnitRow


def summarize(month: Month, counts: LevelCounts, place: UnitRow | None) -> dict[str, Any]:
    """Sum the counts of the units of a place, and the samples outside every unit."""
    by_category = counts.by_category.sum(axis=0)
    numbers = dict(zip(BASES, (by_category @ SUMS).tolist(), strict=True))
    return {
        **_reached(counts),
        **numbers,
        "counted_by_admin": int(by_category[CATEGORIES.index(COUNTED_BY_ADMIN)]),
        "reasons": reasons(by_category),
        "unlocated": _unlocated(month),
        "elsewhere": _elsewhere(month),
        "levels": [_letter_line(month, level, place) for level in month.levels],
        "distribution": _distribution(counts),
        "bases": {basis: _by_basis(counts, column) for column, basis in enumerate(BASES)},
    }


def serialize_target(target: Target | None) -> dict[str, Any] | None:
    """Return a target and its source."""
    if target is None:
        return None
    return {"threshold": target.threshold, "basis": target.basis, "source": target.source}


def _reached(counts: LevelCounts) -> dict[str, Any]:
    """Return the number of units that reached their target; None without targets."""
    units = len(counts.units)
    if not counts.has_targets:
        return {"units": units, "reached": None, "share": None}
    reached = int(counts.reached.sum())
    return {"units": units, "reached": reached, "share": reached / units}


def _letter_line(month: Month, level: str, place: UnitRow | None) -> dict[str, Any]:
    """Return a line of the letter: units of a level of a place that reached their target."""
    return {"level": level, **_reached(month.level_counts(level, place))}


def _by_basis(counts: LevelCounts, column: int) -> dict[str, Any] | None:
    """Return the units reached with another basis; the letter does not define "sample"."""
    if not counts.has_targets:
        return None
    reached = int((counts.numbers[:, column] >= counts.need).sum())
    return {"reached": reached, "share": reached / len(counts.units)}


def _distribution(counts: LevelCounts) -> dict[str, Any] | None:
    """Return the share reached, and the best share that as many samples could reach."""
    if not counts.has_targets:
        return None
    needs = counts.need[~np.isnan(counts.need)]
    best = best_reachable(needs, float(counts.measured.sum()))
    return {
        "share": float(counts.reached.mean()),
        "best_reached": best,
        "best_share": best / len(counts.units),
    }


def _unlocated(month: Month) -> dict[str, int]:
    """Return the country's samples outside every commune by reason; no item includes them."""
    row = month.commune_counts.row.get(NOWHERE)
    lost = reasons(month.commune_counts.by_category[row]) if row is not None else {}
    return {reason: lost.get(reason, 0) for reason in UNLOCATED}


def _elsewhere(month: Month) -> int:
    """Return the samples in communes missing in the month's list; `reassign` corrects them."""
    units = month.commune_counts.units
    unlisted = (month.listing.containing("commune", units) < 0) & (units != NOWHERE)
    return int(month.commune_counts.by_category[unlisted].sum())
