"""Where a month will end: a negative binomial of the remaining days, by weekday; pure.

Each weekday has a factor that is estimated over the whole country: one commune has too few Sundays.
A commune's level on an average day is estimated from its own days. Daily counts scatter more than
a Poisson distribution, since teams come and go; by how much is estimated for each commune and
shrunk towards the country's figure, since 14 days say little about a variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

METHOD = "weekday_negative_binomial"
# Days that are looked back at, into the month before where this one is younger: two of each
# weekday. More would tell of another campaign than the one that goes on.
LOOK_BACK = 14
# The 10th and the 90th percentile of a normal variable: between them lie 80 %.
Z80 = 1.2816
# Days' worth of the country's scatter in each commune's own: half of what 14 days tell.
PRIOR_DAYS = 7.0
# Samples that each weekday's factor starts from, so that a country of few samples has plain weeks.
PRIOR_SAMPLES = 50.0


@dataclass(frozen=True, slots=True)
class Interval:
    """Of each unit the 10th percentile, the mean and the 90th percentile of what is to come."""

    low: Numbers
    middle: Numbers
    high: Numbers


def weekday_factors(totals: Numbers, days: Sequence[date]) -> Numbers:
    """How a weekday's samples of the country compare with a plain day's, Monday first."""
    weekday = np.array([day.weekday() for day in days])
    plain = totals.sum() / max(len(days), 1)
    sums = np.bincount(weekday, weights=totals, minlength=7)
    seen = np.bincount(weekday, minlength=7)
    if plain == 0:
        return np.ones(7)
    return np.asarray((sums + PRIOR_SAMPLES) / (seen * plain + PRIOR_SAMPLES))


def still_to_come(
    history: Numbers,
    days: Sequence[date],
    remaining: Sequence[date],
    factors: Numbers,
    common: float,
) -> Interval:
    """What the remaining days will bring, from the samples of past days.

    Parameters
    ----------
    history : (units, days) samples of each unit on each day of `days`
    factors : (7,) the weekdays' factors, of `weekday_factors`
    common : the country's scatter, of `common_scatter`
    """
    past = _of(factors, days)
    coming = float(_of(factors, remaining).sum())
    mean = history.sum(axis=1) / past.sum() * coming
    free = len(days) - 1
    own = _squares(history, past)
    scatter = np.maximum((own + PRIOR_DAYS * common) / (free + PRIOR_DAYS), 1.0)
    # Of the days to come, and of the level, which is an estimate itself.
    variance = scatter * mean * (1 + coming / past.sum())
    return Interval(
        _quantile(mean, variance, -Z80),
        mean,
        np.maximum(_quantile(mean, variance, Z80), mean),
    )


def common_scatter(history: Numbers, days: Sequence[date], factors: Numbers) -> float:
    """Variance over mean of a day's samples, over all units that have any; 1 is a Poisson's."""
    active = history.sum(axis=1) > 0
    if len(days) < 2 or not active.any():
        return 1.0
    return float(_squares(history[active], _of(factors, days)).mean()) / (len(days) - 1)


def _of(factors: Numbers, days: Sequence[date]) -> Numbers:
    return np.asarray(factors[[day.weekday() for day in days]])


def _squares(history: Numbers, past: Numbers) -> Numbers:
    """Of each unit the squares by which its days are off, in means of these days."""
    fitted = np.outer(history.sum(axis=1) / past.sum(), past)
    off = (history - fitted) ** 2
    return np.asarray(np.divide(off, fitted, out=np.zeros_like(off), where=fitted > 0).sum(axis=1))


def _quantile(mean: Numbers, variance: Numbers, z: float) -> Numbers:
    """Of a gamma of this mean and variance, which a negative binomial is near to.

    Wilson and Hilferty's: its cube root is nearly normal.
    """
    known = mean > 0
    ninth = np.divide(variance, 9 * mean**2, out=np.zeros_like(mean), where=known)
    root = 1 - ninth + z * np.sqrt(ninth)
    return np.asarray(np.where(known, mean * np.maximum(root, 0) ** 3, 0.0))
