"""Progress of a month and projection of its end; pure functions of arrays.

The projection is a negative binomial of the remaining days, by weekday. Each weekday has a factor
that is estimated over the whole country, since one commune has too few Sundays. A commune's level
on an average day is estimated from its own days. Daily counts scatter more than a Poisson
distribution, since teams come and go; the scatter is estimated for each commune and shrunk towards
the country's figure, since 14 days say little about a variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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


def expected(target: Numbers, progress: MonthProgress) -> Numbers:
    """Return the samples expected by now: the target times the share of completed days."""
    return target * progress.done / progress.days


def pace(so_far: Numbers, progress: MonthProgress) -> Numbers:
    """Return samples per completed day; NaN on the first day."""
    return so_far / progress.done if progress.done else np.full(len(so_far), np.nan)


def needed_per_day(shortfall: Numbers, progress: MonthProgress) -> Numbers:
    """Return the whole samples needed on each remaining day; NaN without remaining days."""
    return np.ceil(shortfall / progress.left) if progress.left else np.full(len(shortfall), np.nan)


def best_reachable(needs: Numbers, volume: float) -> int:
    """Return the most units that `volume` samples can bring to their targets.

    With one target for all units: min(units, floor(volume / target)).
    """
    return int(np.searchsorted(np.cumsum(np.sort(needs)), volume, side="right"))


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
# The 90th percentile of a normal variable: 80 % lie between it and the 10th.
Z80 = 1.2816
# Weight of the country's scatter in a commune's own, in days: half of 14 days.
PRIOR_DAYS = 7.0
# Prior samples of each weekday's factor, so that few samples give equal weekdays.
PRIOR_SAMPLES = 50.0


@dataclass(frozen=True, slots=True)
class Interval:
    """The 10th percentile, the mean and the 90th percentile of the samples to come, by unit."""

    low: Numbers
    middle: Numbers
    high: Numbers


def weekday_factors(totals: Numbers, days: Sequence[date]) -> Numbers:
    """Return the ratio of each weekday's samples to an average day's, Monday first.

    Parameters
    ----------
    totals : (days,) samples of the country on each day of `days`
    """
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
    """Project the samples of the remaining days from those of past days.

    Parameters
    ----------
    history : (units, days) samples of each unit on each day of `days`
    factors : (7,) factors of weekdays, from `weekday_factors`
    common : the country's scatter, from `common_scatter`
    """
    past = _factors_of(factors, days)
    coming = float(_factors_of(factors, remaining).sum())
    mean = history.sum(axis=1) / past.sum() * coming
    free = len(days) - 1
    own = _chi_squared(history, past)
    scatter = np.maximum((own + PRIOR_DAYS * common) / (free + PRIOR_DAYS), 1.0)
    # Variance of the days to come, and of the level, which is an estimate itself.
    variance = scatter * mean * (1 + coming / past.sum())
    return Interval(
        _quantile(mean, variance, -Z80), mean, np.maximum(_quantile(mean, variance, Z80), mean)
    )


def common_scatter(history: Numbers, days: Sequence[date], factors: Numbers) -> float:
    """Return the variance over mean of daily samples, over all active units; Poisson is 1."""
    active = history.sum(axis=1) > 0
    if len(days) < 2 or not active.any():
        return 1.0
    return float(_chi_squared(history[active], _factors_of(factors, days)).mean()) / (len(days) - 1)


def _factors_of(factors: Numbers, days: Sequence[date]) -> Numbers:
    return np.asarray(factors[[day.weekday() for day in days]])


def _chi_squared(history: Numbers, past: Numbers) -> Numbers:
    """Return Pearson's chi-squared of each unit: squared deviations over fitted means, summed."""
    fitted = np.outer(history.sum(axis=1) / past.sum(), past)
    squares = (history - fitted) ** 2
    ratios = np.divide(squares, fitted, out=np.zeros_like(squares), where=fitted > 0)
    return np.asarray(ratios.sum(axis=1))


def _quantile(mean: Numbers, variance: Numbers, z: float) -> Numbers:
    """Return a quantile of a gamma distribution, which approximates the negative binomial.

    By Wilson and Hilferty's approximation: the cube root of a gamma variable is nearly normal.
    """
    known = mean > 0
    ninth = np.divide(variance, 9 * mean**2, out=np.zeros_like(mean), where=known)
    root = 1 - ninth + z * np.sqrt(ninth)
    return np.asarray(np.where(known, mean * np.maximum(root, 0) ** 3, 0.0))
