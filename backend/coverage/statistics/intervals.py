"""95 % intervals of quantiles and shares of samples that come in clusters; pure functions.

Samples of one device resemble one another, so n samples are worth an *effective n* of independent
ones. The interval of a share is Clopper and Pearson's with the effective n (Korn and Graubard
1998); the interval of a quantile has the values at the limits of the interval of the share of
samples below it (Woodruff 1952). docs/speeds.md has the method with an example, ADR 10 the reasons
and the simulation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
MIN_OUTER = 40
# Above this share of the samples one device decides the figure.
MAX_SHARE = 0.25


def sums(values: NDArray[Any], bounds: Ints) -> Floats:
    """Return the sum of each segment, none of them empty, in the order of its elements."""
    found: Floats = np.add.reduceat(values, bounds[:-1])
    return found


def correlation(spread: Floats, kind: Ints) -> Floats:
    """Return the intraclass correlation in each group, from 0 to 1, given all groups of its kind.

    That of the kind is drawn to the prior and that of the group to its kind, each as if the latter
    had been seen in `PRIOR_DEVICES` devices.

    Parameters
    ----------
    spread : (5, groups) array
        Sums of squares of an indicator between and within devices, their degrees of freedom, and
        Σ of n − Σ mᵢ² / n; 0 in groups of which nothing is known. Those of a kind are added up.
    kind : (groups,) array
        Number of the kind of each group, from 0.
    """
    pooled = np.array([np.bincount(kind, weights=one) for one in spread])
    prior = _drawn(pooled, np.full(pooled.shape[1], PRIOR_CORRELATION))
    return _drawn(spread, prior[kind])


def _drawn(spread: Floats, prior: Floats) -> Floats:
    """Return the correlation of a one-way analysis of variance, drawn to a prior."""
    between, within, free, within_free, size = spread
    enough = (free > 0) & (within_free > 0) & (size > 0)
    free, within_free = np.where(enough, free, 1.0), np.where(enough, within_free, 1.0)
    of_device, inside = between / free, within / within_free
    each = size / free  # samples of a device, about
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

    @classmethod
    def of(cls, sizes: Floats, bounds: Ints) -> "Sizes":
        """Return the sums of the samples of devices, group after group, none of them empty."""
        return cls(
            n=sums(sizes, bounds),
            devices=np.diff(bounds).astype(np.float64),
            squares=sums(sizes * sizes, bounds),
            inverse=sums(1 / sizes, bounds),
            largest=np.maximum.reduceat(sizes, bounds[:-1]),
        )


def effective_n(sizes: Sizes, rho: Floats) -> Floats:
    """Return the effective n of samples that weigh equally."""
    return sizes.n * sizes.n / (rho * sizes.squares + (1 - rho) * sizes.n)


def effective_n_of_devices(sizes: Sizes, rho: Floats) -> Floats:
    """Return the effective n of samples whose devices weigh equally."""
    return sizes.devices**2 / (rho * sizes.devices + (1 - rho) * sizes.inverse)


def has_dominant_device(sizes: Sizes, more: Floats | float = 0.0) -> Bools:
    """Return whether one device has too large a share of the samples, also with more of others."""
    return sizes.largest > MAX_SHARE * (sizes.n + more)


def devices_missing(sizes: Sizes, rho: Floats, least: float) -> Ints:
    """Return how many devices with one sample each the leading effective n lacks to a least."""
    load = rho * sizes.devices + (1 - rho) * sizes.inverse
    more = _missing(sizes.devices, load, least)
    until = np.ceil(sizes.largest / MAX_SHARE - sizes.n)  # from here on no device decides
    equal = _missing(sizes.n, rho * sizes.squares + (1 - rho) * sizes.n, least)
    decides = has_dominant_device(sizes, more)
    return np.where(decides, more, np.maximum(until, equal)).astype(np.int64)


def _missing(whole: Floats, load: Floats, least: float) -> Floats:
    """Return the smallest whole k with (whole + k)² / (load + k) of at least `least`."""
    half, lacking = whole - least / 2, whole * whole < least * load
    root = np.sqrt(np.where(lacking, half * half + least * load - whole * whole, 0.0))
    more = np.where(lacking, np.maximum(0.0, np.ceil(root - half) - 1), 0.0)
    while (few := lacking & ((whole + more) ** 2 < least * (load + more))).any():
        more += few
    return more


def share_limits(shares: Floats, n: Floats) -> Floats:
    """Return the limits of shares with these effective numbers, a row each (Clopper-Pearson)."""
    # Equal ones are computed once.
    distinct, places = np.unique(shares + 1j * n, return_inverse=True)
    tail, k = (1 - LEVEL) / 2, distinct.real * distinct.imag
    rest = (1 - distinct.real) * distinct.imag
    low, high = np.zeros_like(k), np.ones_like(k)
    some, all_but_some = k > 0, rest > 0
    low[some] = beta_quantile(tail, k[some], rest[some] + 1)
    high[all_but_some] = 1 - beta_quantile(tail, rest[all_but_some], k[all_but_some] + 1)
    return np.array([low, high])[:, places]


# Ranking and comparing

# 95 % quantiles of the studentized range of 2 to 10 means with known variance (Tukey; Harter 1960).
STUDENTIZED_RANGE = {
    2: 2.772, 3: 3.314, 4: 3.633, 5: 3.858, 6: 4.030, 7: 4.170, 8: 4.286, 9: 4.387, 10: 4.474,
}  # fmt: skip
NORMAL = 1.959964
# Share of false among all "above" and "below" of a list (Benjamini and Hochberg 1995).
MAX_FALSE = 0.05


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


def significantly_greater(figures: Sequence[Estimate]) -> list[list[bool]]:
    """Return for each figure whether it is larger than each other one, tested for their number."""
    number = min(max(len(figures), 2), max(STUDENTIZED_RANGE))
    bound = STUDENTIZED_RANGE[number] / math.sqrt(2)
    return [[distance(one, other) > bound for other in figures] for one in figures]


def ranks(figures: Sequence[Estimate]) -> list[tuple[int, int]]:
    """Return the best and the worst possible rank of each figure; the largest figure has rank 1."""
    larger = significantly_greater(figures)
    return [
        (1 + sum(row[at] for row in larger), len(figures) - sum(larger[at]))
        for at in range(len(figures))
    ]


def benjamini_hochberg(distances: Sequence[float]) -> list[int]:
    """Return 1, -1 or 0 for each distance: above, below, or neither at MAX_FALSE."""
    chances = [math.erfc(abs(one) / math.sqrt(2)) for one in distances]
    passed = -1.0
    for number, chance in enumerate(sorted(chances), 1):
        if chance <= MAX_FALSE * number / len(chances):
            passed = chance
    return [
        0 if chance > passed else (1 if one > 0 else -1)
        for one, chance in zip(distances, chances, strict=True)
    ]
