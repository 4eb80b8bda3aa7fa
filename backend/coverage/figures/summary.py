"""What a list of units adds up to: the letter's lines, and how well the samples are spread."""

from typing import Any

import numpy as np

from backend.coverage.figures.columns import reasons
from backend.coverage.figures.counts_cache import FATES, NOWHERE, SUMS
from backend.coverage.figures.forecast import best_reachable
from backend.coverage.figures.level_counts import Standing
from backend.coverage.figures.month import Month
from backend.coverage.targets.models import Target
from backend.measurements.recording.reasons import BASES, COUNTED_BY_ADMIN, UNLOCATED
from backend.units.service import UnitRow


def summary(month: Month, stand: Standing, place: UnitRow | None) -> dict[str, Any]:
    """The sum over the units of a place, and what lies in none of them."""
    fates = stand.fates.sum(axis=0)
    numbers = dict(zip(BASES, (fates @ SUMS).tolist(), strict=True))
    return {
        **_reached(stand),
        **numbers,
        "counted_by_admin": int(fates[FATES.index(COUNTED_BY_ADMIN)]),
        "reasons": reasons(fates),
        "unlocated": _unlocated(month),
        "elsewhere": _elsewhere(month),
        "levels": [_line(month, level, place) for level in month.levels],
        "distribution": _distribution(stand),
        "bases": {basis: _by_basis(stand, column) for column, basis in enumerate(BASES)},
    }


def target_told(target: Target | None) -> dict[str, Any] | None:
    """A target and its source."""
    if target is None:
        return None
    return {"threshold": target.threshold, "basis": target.basis, "source": target.source}


def _reached(stand: Standing) -> dict[str, Any]:
    """How many units reached their target; null where none has one."""
    units = len(stand.units)
    if not stand.has_targets:
        return {"units": units, "reached": None, "share": None}
    reached = int(stand.reached.sum())
    return {"units": units, "reached": reached, "share": reached / units}


def _line(month: Month, level: str, place: UnitRow | None) -> dict[str, Any]:
    """A line of the letter: how many provinces, districts or communes of a place reached."""
    return {"level": level, **_reached(month.standing(level, place))}


def _by_basis(stand: Standing, column: int) -> dict[str, Any] | None:
    """What another reading of "sample" would give: the ministry's own is stated nowhere."""
    if not stand.has_targets:
        return None
    reached = int((stand.numbers[:, column] >= stand.need).sum())
    return {"reached": reached, "share": reached / len(stand.units)}


def _distribution(stand: Standing) -> dict[str, Any] | None:
    """The share reached, against the best that as many samples could have reached."""
    if not stand.has_targets:
        return None
    needs = stand.need[~np.isnan(stand.need)]
    best = best_reachable(needs, float(stand.measured.sum()))
    return {
        "share": float(stand.reached.mean()),
        "best_reached": best,
        "best_share": best / len(stand.units),
    }


def _unlocated(month: Month) -> dict[str, int]:
    """What lies in no commune, country-wide, by reason: it belongs to nobody's items."""
    at = month.held.row.get(NOWHERE)
    lost = reasons(month.held.fates[at]) if at is not None else {}
    return {reason: lost.get(reason, 0) for reason in UNLOCATED}


def _elsewhere(month: Month) -> int:
    """Received in units that the list of the month's last day does not know, until `reassign`."""
    units = month.held.units
    unlisted = (month.listing.places("commune", units) < 0) & (units != NOWHERE)
    return int(month.held.fates[unlisted].sum())
