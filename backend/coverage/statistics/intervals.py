"""95 % intervals of quantiles and shares of samples that come in clusters; pure functions.

Samples of one device resemble one another, so n samples are worth an *effective n* of independent
ones. The interval of a share is Clopper and Pearson's with the effective n (Korn and Graubard
1998); the interval of a quantile has the values at the limits of the interval of the share of
samples below it (Woodruff 1952). docs/speeds.md has the method with an example, ADR 10 the reasons
and the simulation.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics.beta import beta_quantile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95
# Correlation of the samples of one device that is assumed where few devices tell, and the number
# of devices that it is worth.
PRIOR_CORRELATION, PRIOR_DEVICES = 0.3, 20
# The outer percentiles of fewer effective samples are those of a handful of tests.
OUTER_LEAST = 40
# Above this share of the samples one device decides the figure.
SHARE_MOST = 0.25


@dataclass(frozen=True, slots=True)
class Spread:
    """Sums of squares of an indicator between and within devices; groups add up."""

    between: float = 0.0
    within: float = 0.0
    between_free: float = 0.0  # degrees of freedom
    within_free: float = 0.0
    size: float = 0.0  # Σ over groups of n − Σ mᵢ² / n

    def __add__(self, other: "Spread") -> "Spread":
        return Spread(
            self.between + other.between,
            self.within + other.within,
            self.between_free + other.between_free,
            self.within_free + other.within_free,
            self.size + other.size,
        )


def spread(sizes: Floats, sums: Floats, squares: float) -> Spread:
    """Return the spread of an indicator in a group.

    Parameters
    ----------
    sizes : (devices,) array
        Samples of each device, at least 1.
    sums : (devices,) array
        Sum of the indicator over the samples of each device.
    squares : float
        Sum of the squares of the indicator over all samples.
    """
    n, of_devices = float(sizes.sum()), float(np.sum(sums**2 / sizes))
    return Spread(
        between=of_devices - float(sums.sum()) ** 2 / n,
        within=squares - of_devices,
        between_free=len(sizes) - 1.0,
        within_free=n - len(sizes),
        size=n - float(np.sum(sizes**2)) / n,
    )


def quantile_spread(ordered: Floats, devices: Ints, sizes: Floats, part: float) -> Spread:
    """Return the spread of the indicator "below the quantile"; values equal to it are half below.

    Parameters
    ----------
    ordered : (n,) array
        Ascending values.
    devices : (n,) array
        Index of the device of each value in `sizes`.
    """
    middle = Ordered(ordered).at(part)
    below, up_to = (
        np.searchsorted(ordered, middle, "left"),
        np.searchsorted(ordered, middle, "right"),
    )
    sums = np.bincount(devices[:below], minlength=len(sizes)).astype(np.float64)
    if up_to > below:
        sums += 0.5 * np.bincount(devices[below:up_to], minlength=len(sizes))
    return spread(sizes, sums, float(below) + 0.25 * float(up_to - below))


def correlation(group: Spread, kind: Spread) -> float:
    """Return the intraclass correlation in a group, from 0 to 1, given all groups of its kind.

    That of the kind is drawn to the prior and that of the group to its kind, each as if the latter
    had been seen in `PRIOR_DEVICES` devices.
    """
    return _drawn(group, _drawn(kind, PRIOR_CORRELATION))


def _drawn(spread: Spread, prior: float) -> float:
    """Return the correlation of a one-way analysis of variance, drawn to a prior."""
    free, within_free = spread.between_free, spread.within_free
    if free <= 0 or within_free <= 0 or spread.size <= 0:
        return prior
    of_device, inside = spread.between / free, spread.within / within_free
    each = spread.size / free  # samples of a device, about
    whole = of_device + (each - 1) * inside
    if whole <= 0:
        return prior
    own = min(1.0, max(0.0, (of_device - inside) / whole))
    # Devices with one sample tell nothing of the correlation.
    known = free * min(1.0, within_free / free)
    return (known * own + PRIOR_DEVICES * prior) / (known + PRIOR_DEVICES)


def effective_n(sizes: Floats, rho: float) -> float:
    """Return the effective n of samples that weigh equally, of devices with these sizes."""
    n = float(sizes.sum())
    return n * n / (rho * float(np.sum(sizes**2)) + (1 - rho) * n) if n else 0.0


def effective_n_of_devices(sizes: Floats, rho: float) -> float:
    """Return the effective n of samples whose devices weigh equally."""
    return len(sizes) ** 2 / (rho * len(sizes) + (1 - rho) * float(np.sum(1 / sizes)))


def one_decides(sizes: Floats, more: int = 0) -> bool:
    """Return whether one device has too large a share of the samples, also with more of others."""
    return bool(sizes.max() > SHARE_MOST * (sizes.sum() + more))


def leading_n(sizes: Floats, rho: float) -> float:
    """Return the effective n of the median that leads."""
    return (effective_n_of_devices if one_decides(sizes) else effective_n)(sizes, rho)


def devices_missing(sizes: Floats, rho: float, least: float) -> int:
    """Return how many devices with one sample each the leading effective n lacks to a least."""
    n, inverse = float(sizes.sum()), float(np.sum(1 / sizes))
    more = _missing(len(sizes), rho * len(sizes) + (1 - rho) * inverse, least)
    if one_decides(sizes, more):
        return more
    until = math.ceil(float(sizes.max()) / SHARE_MOST - n)  # from here on no device decides
    return max(until, _missing(n, rho * float(np.sum(sizes**2)) + (1 - rho) * n, least))


def _missing(whole: float, load: float, least: float) -> int:
    """Return the smallest whole k with (whole + k)² / (load + k) of at least `least`."""
    if whole * whole >= least * load:
        return 0
    half = whole - least / 2
    more = max(0, math.ceil(math.sqrt(half * half + least * load - whole * whole) - half) - 1)
    while (whole + more) ** 2 < least * (load + more):
        more += 1
    return more


def share_limits(shares: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return the limits of shares with these effective numbers, elementwise (Clopper-Pearson)."""
    tail = (1 - LEVEL) / 2
    k, rest = shares * n, (1 - shares) * n
    low, high = np.zeros_like(shares), np.ones_like(shares)
    some, all_but_some = k > 0, rest > 0
    low[some] = beta_quantile(tail, k[some], rest[some] + 1)
    high[all_but_some] = 1 - beta_quantile(tail, rest[all_but_some], k[all_but_some] + 1)
    return low, high


@dataclass(frozen=True, slots=True)
class Ordered:
    """Ascending values with the weight of each, and the levels at which they stand."""

    values: Floats
    levels: Floats | None = None  # None: equal weights

    def at(self, level: float) -> float:
        """Return the value below which a share of the weight lies, interpolated linearly."""
        if self.levels is None:
            position = (len(self.values) - 1) * level
            below = min(math.floor(position), len(self.values) - 1)
            low, high = self.values[below], self.values[min(below + 1, len(self.values) - 1)]
            step, share = float(high) - float(low), position - below
            return float(high) - step * (1 - share) if share >= 0.5 else float(low) + step * share
        return float(np.interp(level, self.levels, self.values))


def weighted(values: Floats, weights: Floats) -> Ordered:
    """Return ascending values at levels that equal those of linear percentiles for equal weights.

    The first value stands at 0, the last one at 1, each at the middle of its weight between.
    """
    middle = np.cumsum(weights) - weights / 2
    span = middle[-1] - middle[0]
    levels = (middle - middle[0]) / span if span > 0 else np.zeros_like(middle)
    return Ordered(values, levels)


def pool(spreads: Iterable[Spread]) -> Spread:
    """Return the sum of spreads."""
    return sum(spreads, Spread())


# Ranking and comparing

# 95 % quantiles of the studentized range of 2 to 10 means with known variance (Tukey; Harter 1960).
STUDENTIZED_RANGE = {
    2: 2.772, 3: 3.314, 4: 3.633, 5: 3.858, 6: 4.030, 7: 4.170, 8: 4.286, 9: 4.387, 10: 4.474,
}  # fmt: skip
NORMAL = 1.959964
# Share of false among all "above" and "below" of a list (Benjamini and Hochberg 1995).
FALSE_MOST = 0.05


@dataclass(frozen=True, slots=True)
class Estimate:
    """A positive figure with the limits of its interval."""

    value: float
    low: float
    high: float


def distance(one: Estimate, other: Estimate) -> float:
    """Return the difference of two figures in standard errors; positive if the first is larger.

    On logarithms; each error is that of the side of the interval which faces the other figure
    (Zou and Donner 2008), so it follows from the figures and limits that are shown.
    """
    if min(one.low, other.low) <= 0 or one.value == other.value:
        return 0.0
    if one.value < other.value:
        return -distance(other, one)
    below = math.log(one.value / one.low)
    above = math.log(other.high / other.value)
    error = math.hypot(below, above) / NORMAL
    return math.log(one.value / other.value) / error if error else math.inf


def beats(figures: Sequence[Estimate]) -> list[list[bool]]:
    """Return for each figure whether it is larger than each other one, tested for their number."""
    number = min(max(len(figures), 2), max(STUDENTIZED_RANGE))
    bound = STUDENTIZED_RANGE[number] / math.sqrt(2)
    return [[distance(one, other) > bound for other in figures] for one in figures]


def ranks(figures: Sequence[Estimate]) -> list[tuple[int, int]]:
    """Return the best and the worst possible rank of each figure; the largest figure has rank 1."""
    larger = beats(figures)
    return [
        (1 + sum(row[at] for row in larger), len(figures) - sum(larger[at]))
        for at in range(len(figures))
    ]


def tested(distances: Sequence[float]) -> list[int]:
    """Return 1, -1 or 0 for each distance: above, below, or neither at FALSE_MOST."""
    chances = [math.erfc(abs(one) / math.sqrt(2)) for one in distances]
    passed = -1.0
    for number, chance in enumerate(sorted(chances), 1):
        if chance <= FALSE_MOST * number / len(chances):
            passed = chance
    return [
        0 if chance > passed else (1 if one > 0 else -1)
        for one, chance in zip(distances, chances, strict=True)
    ]
