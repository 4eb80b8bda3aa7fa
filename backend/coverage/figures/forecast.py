"""Progress of a month and projection of its end; pure functions.

The projection is a negative binomial of the remaining days, by weekday. Each weekday has a factor
that is estimated over the province, since one commune has too few Sundays. A commune's level on an
average day is estimated from its own days. Daily counts scatter more than a Poisson distribution,
since teams come and go; the scatter is estimated for each commune and drawn to a usual one, since
14 days say little about a variance.

A pace tells where a month will end only where it is one: of a team that visits twice a month 14
days say nothing. Units without a steady pace have no projection, and none has in the last days.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from backend.clock import month_end, month_start

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MonthProgress:
    """The progress of a month on a day."""

    first: date
    days: int
    done: int  # completed days
    today: int | None  # index of the running day, from 0; None outside the running month

    @property
    def left(self) -> int:
        """Days on which samples can still be taken, including the running one."""
        return self.days - self.done

    def remaining(self) -> list[date]:
        """Return the days that are not completed."""
        return [self.first + timedelta(days=n) for n in range(self.done, self.days)]


def month_progress(month: str, today: date) -> MonthProgress:
    """Return the progress of a month; a future month has none, a past one is complete."""
    first, last = month_start(month), month_end(month)
    days = (last - first).days + 1
    done = min(max((today - first).days, 0), days)
    return MonthProgress(first, days, done, done if first <= today <= last else None)


def best_reachable(needs: Sequence[int], volume: int) -> int:
    """Return the most units that `volume` samples can bring to their targets.

    With one target for all units: min(units, floor(volume / target)).
    """
    return bisect_right(list(accumulate(sorted(needs))), volume)


# Steps towards a target that maps colour: the first that fits, in percent of the target.
STEPS = (
    ("reached", 100.0), ("most", 75.0), ("half", 50.0), ("quarter", 25.0), ("started", 0.0)
)  # fmt: skip
NOT_STARTED = "none"
STEP_NAMES = (NOT_STARTED, *(name for name, _ in reversed(STEPS)))


def progress_step(basis: int, target: int | None) -> str:
    """Return the step of a unit with `basis` samples; without a target only none or started."""
    if not basis:
        return NOT_STARTED
    if not target:
        return "started"
    return next(name for name, least in STEPS if 100 * basis >= least * target)


PROJECTION_METHOD = "weekday_negative_binomial"
# Days of history, from the previous month if needed: two of each weekday. Older days may belong
# to another campaign.
LOOK_BACK = 14
# A pace needs so many of these days with so many samples, and a scatter (variance over mean of
# daily samples, Poisson is 1) of no more than this: alerts by pace were wrong in 21 % of simulated
# months of team visits without these limits. docs/coverage.md has the errors with them.
MIN_ACTIVE_DAYS, MIN_DAILY, MAX_SCATTER = 4, 3, 15.0
# Days of a month that nobody can use for more than a visit: neither forecast nor a daily need.
LAST_DAYS = 3
# The 90th percentile of a normal variable: 80 % lie between it and the 10th.
Z80 = 1.2816
# A usual scatter, and its weight in a commune's own, in days.
PRIOR_SCATTER, PRIOR_DAYS = 6.0, 1.0
# Prior samples of each weekday's factor, so that few samples give equal weekdays.
PRIOR_SAMPLES = 50.0


@dataclass(frozen=True, slots=True)
class History:
    """Samples of units on past days, which weekdays are enough to project."""

    days: Sequence[date]
    samples: Numbers  # (units, 7) on each weekday, Monday first
    squares: Numbers  # (units, 7) of the samples of each day, summed by weekday
    active_days: Numbers  # (units,) days with MIN_DAILY samples or more
    pattern: Numbers  # (units, 7) samples of the province of each on each weekday

    @property
    def total(self) -> Numbers:
        """The samples of each unit."""
        return np.asarray(self.samples.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Interval:
    """The 10th percentile, the mean and the 90th percentile of the samples to come, by unit."""

    low: Numbers
    middle: Numbers
    high: Numbers
    steady: NDArray[np.bool_]  # whether the past days are a pace, from which the rest follows


def weekday_factors(totals: Numbers, days: Sequence[date]) -> Numbers:
    """Return the ratios of each weekday's samples to an average day's, Monday first.

    Parameters
    ----------
    totals : (…, 7) samples of a province on each weekday of `days`
    """
    plain = totals.sum(axis=-1, keepdims=True) / max(len(days), 1)
    seen = np.bincount([day.weekday() for day in days], minlength=7)
    return np.asarray((totals + PRIOR_SAMPLES) / (seen * plain + PRIOR_SAMPLES))


def still_to_come(history: History, remaining: Sequence[date]) -> Interval:
    """Project the samples of the remaining days from those of past days."""
    factors = weekday_factors(history.pattern, history.days)
    past, coming = (
        factors[:, [day.weekday() for day in days]].sum(axis=1)
        for days in (history.days, remaining)
    )
    total, free = history.total, len(history.days) - 1
    mean = total / past * coming
    # Pearson's chi-squared: a day's fitted mean is the total times the day's share of the factors,
    # so the sum of the squared deviations over it needs the squares by weekday alone.
    weighed = (history.squares / factors).sum(axis=1) * past
    own = np.divide(weighed, total, out=np.zeros_like(total), where=total > 0) - total
    steady = (history.active_days >= MIN_ACTIVE_DAYS) & (own <= MAX_SCATTER * free)
    scatter = np.maximum((own + PRIOR_DAYS * PRIOR_SCATTER) / (free + PRIOR_DAYS), 1.0)
    # Variance of the days to come, and of the level, which is an estimate itself.
    variance = scatter * mean * (1 + coming / past)
    low, high = (_quantile(mean, variance, z) for z in (-Z80, Z80))
    return Interval(low, mean, np.maximum(high, mean), steady)


def _quantile(mean: Numbers, variance: Numbers, z: float) -> Numbers:
    """Return a quantile of a gamma distribution, which approximates the negative binomial.

    By Wilson and Hilferty's approximation: the cube root of a gamma variable is nearly normal.
    """
    known = mean > 0
    ninth = np.divide(variance, 9 * mean**2, out=np.zeros_like(mean), where=known)
    root = 1 - ninth + z * np.sqrt(ninth)
    return np.asarray(np.where(known, mean * np.maximum(root, 0) ** 3, 0.0))
