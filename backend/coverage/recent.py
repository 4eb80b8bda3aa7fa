"""The last days of each unit of a running month, into the month before where it is young."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from backend.coverage.held import BASES, DAYS
from backend.coverage.monthly import Month
from backend.coverage.projection import LOOK_BACK, still_to_come, weekday_factors
from backend.coverage.standing import Numbers, Standing

COUNTED = BASES.index("counted")


@dataclass(frozen=True)
class Recent:
    """Completed days, the latest at the end."""

    days: list[date]
    samples: Numbers  # units x days, of the number that each target is held against
    country: Numbers  # counted samples of all units


def daily(month: Month, stand: Standing) -> NDArray[np.int32]:
    """Of each unit and day of a month the number that its target is held against; 0: no unit."""
    level = stand.level
    at = month.listing.positions(level, stand.units)
    rows = np.zeros((len(at), DAYS), np.int32)
    there = at >= 0
    if there.any():
        found = month.days(level)[at[there]]
        rows[there] = found[np.arange(len(found)), :, stand.goals.basis[there]]
    return rows


def recent(month: Month, before: Month, stand: Standing, days: NDArray[np.int32]) -> Recent:
    """Days of the running month that are over, after some of the month before.

    After a reform the month before knew none of these units, and nothing is looked back at.
    """
    done, length = month.gone.done, before.gone.days
    own, country = days[:, :done], _country(month)[:done]
    missing = max(LOOK_BACK - done, 0)
    if missing and (before.listing.positions(stand.level, stand.units) >= 0).any():
        own = np.hstack([daily(before, stand)[:, length - missing : length], own])
        country = np.concatenate([_country(before)[length - missing : length], country])
    own, country = own[:, -LOOK_BACK:], country[-LOOK_BACK:]
    first = month.gone.first + timedelta(days=done - len(country))
    of_days = [first + timedelta(days=n) for n in range(len(country))]
    return Recent(of_days, own.astype(float), country.astype(float))


def projected(month: Month, past: Recent, so_far: Numbers, now: Numbers) -> list[dict[str, int]]:
    """Where each unit will end, never below what it has now: an interval of 80 %, and its mean."""
    factors = weekday_factors(past.country, past.days)
    coming = still_to_come(past.samples, past.days, month.gone.remaining(), factors)
    ends = [
        np.maximum(np.rint(so_far + part), now).astype(int).tolist()
        for part in (coming.low, coming.middle, coming.high)
    ]
    return [
        dict(zip(("low", "middle", "high"), one, strict=True)) for one in zip(*ends, strict=True)
    ]


def _country(month: Month) -> NDArray[np.int64]:
    return np.asarray(month.held.days[:, :, COUNTED].sum(axis=0))
