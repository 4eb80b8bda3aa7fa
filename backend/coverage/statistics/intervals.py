"""95 % intervals of quantiles and shares of samples that come in clusters; pure functions.

Samples of one device resemble one another, so n samples are worth an *effective n* of independent
ones. The interval of a share is Clopper and Pearson's with the effective n (Korn and Graubard
1998); the interval of a quantile has the values at the limits of the interval of the share of
samples below it (Woodruff 1952). docs/speeds.md has the method with an example, ADR 10 the reasons
and the simulation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics.beta import beta_quantile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEVEL = 0.95
# Correlation of the samples of one device that is assumed where few devices tell, and the number
# of devices that it is worth.
PRIOR_CORRELATION, PRIOR_DEVICES = 0.3, 20
# The outer percentiles of fewer effective samples are those of a handful of tests.
OUTER_LEAST = 40
# Up to here a call for each group is faster than more arrays of all values.
GROUPS_FEW = 100
# Above this share of the samples one device decides the figure.
SHARE_MOST = 0.25
# Weight of a device whose samples share it. A whole number, so sums do not depend on their order;
# divisible by 1 to 24; twice the weights of 14 million devices stay under 2^63.
DEVICE_WEIGHT = 60 * math.lcm(*range(1, 25))


@dataclass(frozen=True, slots=True)
class Spread:
    """Sums of squares of an indicator between and within devices, an element for each group."""

    between: Floats
    within: Floats
    between_free: Floats  # degrees of freedom
    within_free: Floats
    size: Floats  # Σ over groups of n − Σ mᵢ² / n

    def __getitem__(self, groups: Any) -> "Spread":
        return Spread(*(getattr(self, one.name)[groups] for one in fields(self)))

    def where(self, known: Bools) -> "Spread":
        """Return this spread where it is known, and none elsewhere."""
        return Spread(*(np.where(known, getattr(self, one.name), 0.0) for one in fields(self)))

    def pooled(self) -> "Spread":
        """Return the sum over all groups."""
        # One after another: the result depends on no block of the summation.
        every = (np.append(0.0, getattr(self, one.name)) for one in fields(self))
        return Spread(*(np.cumsum(one)[-1:] for one in every))


def correlation(group: Spread, kind: Spread) -> Floats:
    """Return the intraclass correlation in each group, from 0 to 1, given all groups of its kind.

    That of the kind is drawn to the prior and that of the group to its kind, each as if the latter
    had been seen in `PRIOR_DEVICES` devices.
    """
    prior = np.full_like(kind.between, PRIOR_CORRELATION)
    return _drawn(group, np.broadcast_to(_drawn(kind, prior), group.between.shape))


def _drawn(spread: Spread, prior: Floats) -> Floats:
    """Return the correlation of a one-way analysis of variance, drawn to a prior."""
    free, within_free = spread.between_free, spread.within_free
    enough = (free > 0) & (within_free > 0) & (spread.size > 0)
    free, within_free = np.where(enough, free, 1.0), np.where(enough, within_free, 1.0)
    of_device, inside = spread.between / free, spread.within / within_free
    each = spread.size / free  # samples of a device, about
    whole = of_device + (each - 1) * inside
    enough &= whole > 0
    own = np.clip((of_device - inside) / np.where(enough, whole, 1.0), 0.0, 1.0)
    # Devices with one sample tell nothing of the correlation.
    known = free * np.minimum(1.0, within_free / free)
    drawn = (known * own + PRIOR_DEVICES * prior) / (known + PRIOR_DEVICES)
    return np.where(enough, drawn, prior)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sums over the samples m of each device, an element for each group."""

    n: Floats  # Σ m
    devices: Floats
    squares: Floats  # Σ m²
    inverse: Floats  # Σ 1 / m
    largest: Floats


@dataclass(frozen=True, slots=True)
class Classes:
    """Devices of groups by their number of samples: group after group, numbers ascending.

    Sums over devices are made from these, so that they do not depend on the order of devices.

    Attributes
    ----------
    sizes, devices : (classes,) arrays
        Samples of each device of the class, and number of devices.
    bounds : (groups + 1,) array
        Where each group begins, and the end; no group is empty.
    """

    sizes: Floats
    devices: Floats
    bounds: Ints

    def sums(self) -> Sizes:
        """Return the sums over the devices of each group."""
        sizes, devices = self.sizes, self.devices
        return Sizes(
            n=self._add(devices * sizes),
            devices=self._add(devices),
            squares=self._add(devices * sizes**2),
            inverse=segment_sums(devices / sizes, self.bounds),
            largest=sizes[self.bounds[1:] - 1],
        )

    def spread(self, below: Floats, equal: Floats, squares: Floats) -> Spread:
        """Return the spread of an indicator in each group.

        Parameters
        ----------
        below, equal : (classes,) arrays
            Samples for which it is 1 and a half.
        squares : (classes,) array
            Σ over devices of (2 · below + equal)².
        """
        of = self.sums()
        between = segment_sums(squares / (4 * self.sizes), self.bounds)
        of_below, of_equal = self._add(below), self._add(equal)
        inside = of_below + 0.25 * of_equal
        return Spread(
            between=between - (of_below + 0.5 * of_equal) ** 2 / of.n,
            within=inside - between,
            between_free=of.devices - 1.0,
            within_free=of.n - of.devices,
            size=of.n - of.squares / of.n,
        )

    def _add(self, whole: Floats) -> Floats:
        """Return the sum of each group's whole numbers, which are exact in any order."""
        sums: Floats = np.add.reduceat(whole, self.bounds[:-1]) if len(whole) else whole
        return sums


def segment_sums(values: Floats, bounds: Ints) -> Floats:
    """Return the sum of each segment, none of them empty, bit for bit as numpy.sum of each."""
    starts = bounds[:-1]
    if len(starts) <= GROUPS_FEW:
        return np.array([values[a:b].sum() for a, b in pairwise(bounds.tolist())])
    # numpy.sum begins with 0, which reduceat does not.
    padded = np.insert(values, starts, 0.0)
    return np.add.reduceat(padded, starts + np.arange(len(starts)))


def effective_n(sizes: Sizes, rho: Floats) -> Floats:
    """Return the effective n of samples that weigh equally."""
    return sizes.n * sizes.n / (rho * sizes.squares + (1 - rho) * sizes.n)


def effective_n_of_devices(sizes: Sizes, rho: Floats) -> Floats:
    """Return the effective n of samples whose devices weigh equally."""
    return sizes.devices**2 / (rho * sizes.devices + (1 - rho) * sizes.inverse)


def one_decides(sizes: Sizes, more: Floats | float = 0.0) -> Bools:
    """Return whether one device has too large a share of the samples, also with more of others."""
    return sizes.largest > SHARE_MOST * (sizes.n + more)


def leading_n(sizes: Sizes, rho: Floats) -> Floats:
    """Return the effective n of the median that leads."""
    equal = effective_n_of_devices(sizes, rho)
    return np.where(one_decides(sizes), equal, effective_n(sizes, rho))


def devices_missing(sizes: Sizes, rho: Floats, least: float) -> Ints:
    """Return how many devices with one sample each the leading effective n lacks to a least."""
    load = rho * sizes.devices + (1 - rho) * sizes.inverse
    more = _missing(sizes.devices, load, least)
    until = np.ceil(sizes.largest / SHARE_MOST - sizes.n)  # from here on no device decides
    equal = _missing(sizes.n, rho * sizes.squares + (1 - rho) * sizes.n, least)
    decides = one_decides(sizes, more)
    return np.where(decides, more, np.maximum(until, equal)).astype(np.int64)


def _missing(whole: Floats, load: Floats, least: float) -> Floats:
    """Return the smallest whole k with (whole + k)² / (load + k) of at least `least`."""
    half, lacking = whole - least / 2, whole * whole < least * load
    root = np.sqrt(np.where(lacking, half * half + least * load - whole * whole, 0.0))
    more = np.where(lacking, np.maximum(0.0, np.ceil(root - half) - 1), 0.0)
    while (few := lacking & ((whole + more) ** 2 < least * (load + more))).any():
        more += few
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


def weighted(values: Floats, sizes: Floats) -> Ordered:
    """Return ascending values, each of a device with so many, at levels as devices weigh equally.

    The levels equal those of linear percentiles for equal weights: the first value stands at 0, the
    last one at 1, each at the middle of its weight between.
    """
    weights = np.rint(DEVICE_WEIGHT / sizes).astype(np.int64)
    middle = 2 * np.cumsum(weights) - weights
    return Ordered(values, (middle - middle[0]) / max(middle[-1] - middle[0], 1))


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
