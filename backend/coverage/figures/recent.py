"""The last days of each unit of a running month, into the month before where it is young."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.coverage.figures.counts_cache import DAYS
from backend.coverage.figures.level_counts import Numbers, Standing
from backend.coverage.figures.month import Month
from backend.coverage.figures.projection import (
    LOOK_BACK,
    common_scatter,
    still_to_come,
    weekday_factors,
)


@dataclass(frozen=True)
class Habits:
    """How samples of the country come in: by weekday, and with which scatter from day to day."""

    factors: Numbers
    scatter: float


def daily(month: Month, stand: Standing, *, own: bool) -> NDArray[np.int32]:
    """Of each unit and day the number that its target is held against; 0 where it was no unit.

    `own`: the units are listed from this very month.
    """
    at = stand.at if own else month.listing.positions(stand.level, stand.units)
    rows = np.zeros((len(at), DAYS), np.int32)
    there = at >= 0
    if there.any():
        found = month.days(stand.level)[at[there]]
        rows[there] = found[np.arange(len(found)), :, stand.goals.basis[there]]
    return rows


def completed(month: Month, before: Month, stand: Standing) -> tuple[Numbers, list[date]]:
    """The last days that are over, of each unit: of a young month after some of the one before.

    After a reform the month before knew none of these units, and nothing is looked back at.
    """
    done, length = month.gone.done, before.gone.days
    rows = daily(month, stand, own=True)[:, :done]
    missing = max(LOOK_BACK - done, 0)
    if missing and (before.listing.positions(stand.level, stand.units) >= 0).any():
        rows = np.hstack([daily(before, stand, own=False)[:, length - missing : length], rows])
    rows = rows[:, -LOOK_BACK:]
    first = month.gone.first + timedelta(days=done - rows.shape[1])
    return rows.astype(float), [first + timedelta(days=n) for n in range(rows.shape[1])]


def habits(month: Month, before: Month, level: str) -> Habits:
    """Found over all units of a level, so that each is told the same in every list; kept."""

    def make() -> Habits:
        rows, days = completed(month, before, month.standing(level))
        factors = weekday_factors(rows.sum(axis=0), days)
        return Habits(factors, common_scatter(rows, days, factors))

    basis = month.listing, before.held.version
    return month.held.made((level, "habits"), basis, make)


def projected(month: Month, before: Month, stand: Standing, now: Numbers) -> list[Any]:
    """Where each unit will end, never below what it has now: an interval of 80 %, and its mean."""
    rows, days = completed(month, before, stand)
    if not days:
        return [None] * len(stand.units)
    usual = habits(month, before, stand.level)
    remaining = month.gone.remaining()
    coming = still_to_come(rows, days, remaining, usual.factors, usual.scatter)
    so_far = daily(month, stand, own=True)[:, : month.gone.done].sum(axis=1)
    ends = [
        np.maximum(np.rint(so_far + part), now).astype(int).tolist()
        for part in (coming.low, coming.middle, coming.high)
    ]
    return [
        {"low": low, "middle": middle, "high": high}
        for low, middle, high in zip(*ends, strict=True)
    ]
