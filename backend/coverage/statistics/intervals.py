"""95 % intervals of quantiles and shares of samples that come in clusters; pure functions.

Samples of one device resemble one another, and so do those of one *outing*: devices that measured
together. Outings of teams share more than days of people who measure alone, so each of the two
classes has a correlation of its own. n samples are worth an *effective n* of independent ones. The
interval of a share is Clopper and Pearson's with the effective n (Korn and Graubard 1998); that of
a quantile has the values at the limits of the interval of the share of samples below it (Woodruff
1952).
docs/speeds.md has the method with an example, ADR 10 the reasons and the simulation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics.beta import beta_quantile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95
# Correlation of the samples of one device, and of different devices in one outing, that is assumed
# where few of them tell, and the number of devices or outings that it is worth.
PRIOR_CORRELATION, PRIOR_OUTINGS, PRIOR_NUMBER = 0.3, 0.1, 20
# The outer percentiles of fewer effective samples are those of a handful of tests.
MIN_OUTER = 40


def sums(values: NDArray[Any], bounds: Ints) -> Floats:
    """Return the sum of each segment, none of them empty, in the order of its elements."""
    found: Floats = np.add.reduceat(values, bounds[:-1])
    return found


def added(places: Ints, values: Floats, length: int = 0) -> Floats:
    """Return the sum of the values of each place, from 0."""
    return np.bincount(places, weights=values, minlength=length).astype(np.float64, copy=False)


class Spread(NamedTuple):
    """How an indicator of samples varies, an element for each group; 0 where nothing is known."""

    between: Floats  # sums of squares between devices, and within
    within: Floats
    between_free: Floats  # their degrees of freedom
    within_free: Floats
    size: Floats  # n − Σ m² / n of devices with m samples
    # Of outings, a row for each class.
    together: Floats  # Σ products of two samples of different devices of an outing, about the mean
    pairs: Floats  # that sum as it would be of outings that share everything
    outings: Floats  # with two devices or more, where samples vary
    outings_free: Floats  # their degrees of freedom: few outings draw the mean to themselves


class Correlations(NamedTuple):
    """Shares of the variance, an element for each group."""

    of_device: Floats
    of_outing: Floats  # a row for each class of outings; 0 where nobody went out together


def correlations(spread: Spread, kind: Ints) -> tuple[Correlations, Correlations]:
    """Return the intraclass correlations, from 0 to 1, in each group and in all of its kind.

    Those of the kind are drawn to the prior and those of a group to its kind, each as if the latter
    had been seen in `PRIOR_NUMBER` devices or outings.

    Parameters
    ----------
    spread : Spread
        Those of a kind are added up.
    kind : (groups,) array
        Number of the kind of each group, from 0.
    """
    pooled = Spread(*(_pooled(kind, component) for component in spread))
    of_devices = _of_devices(pooled, np.full(len(pooled.between), PRIOR_CORRELATION))[kind]
    each = np.clip(spread.together / np.where(spread.pairs > 0, spread.pairs, 1.0), -1.0, 1.0)
    # By the number of outings, not of pairs: one crowd would decide for all groups of its kind.
    shared, free = _pooled(kind, each * spread.outings_free), pooled.outings_free
    drawn = _of_outings(shared / np.where(free > 0, free, 1.0), free, PRIOR_OUTINGS)
    of_outings = np.where(pooled.outings > 0, drawn, 0.0)[:, kind]
    own = np.where(of_outings > 0, _of_outings(each, spread.outings_free, of_outings), 0.0)
    of_kind = Correlations(of_devices, of_outings)
    return Correlations(_of_devices(spread, of_devices), own), of_kind


def _pooled(kind: Ints, values: Floats) -> Floats:
    """Return the sum over the groups of each kind, which are the last axis."""
    return np.apply_along_axis(lambda row: added(kind, row), -1, values)


def _of_outings(seen: Floats, free: Floats, prior: Floats | float) -> Floats:
    """Return the correlation seen in outings with these degrees of freedom, drawn to a prior."""
    own = np.clip(seen, 0.0, 1.0)
    found: Floats = (free * own + PRIOR_NUMBER * prior) / (free + PRIOR_NUMBER)
    return found


def _of_devices(spread: Spread, prior: Floats) -> Floats:
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
    drawn = (known * own + PRIOR_NUMBER * prior) / (known + PRIOR_NUMBER)
    return np.where(enough, drawn, prior)


class Weights(NamedTuple):
    """Sums of the weights of samples, an element for each group, in units of 1 / `whole`."""

    whole: Floats
    devices: Floats  # Σ of the squared weights of devices
    # A row for each class of outings.
    squares: Floats  # Σ w²
    outings: Floats  # Σ of the squared weights of outings


def effective_n(weights: Weights, rho: Correlations) -> Floats:
    """Return the effective n of weighted samples with the correlations of devices and outings."""
    found: Floats = weights.whole**2 / _load(weights, rho)
    return found


def _load(weights: Weights, rho: Correlations) -> Floats:
    alone = np.maximum(0.0, 1 - rho.of_device - rho.of_outing)
    load: Floats = (alone * weights.squares + rho.of_outing * weights.outings).sum(axis=0)
    return load + rho.of_device * weights.devices


def devices_missing(weights: Weights, rho: Correlations, least: float) -> Ints:
    """Return how many devices with one sample each, on days of their own, an effective n lacks.

    `weights` are those of equal devices. So it is the smallest whole k with
    (devices + k)² / (load + k) of at least `least`.
    """
    whole, load = weights.whole, _load(weights, rho)
    half, lacking = whole - least / 2, whole * whole < least * load
    root = np.sqrt(np.where(lacking, half * half + least * load - whole * whole, 0.0))
    more = np.where(lacking, np.maximum(0.0, np.ceil(root - half) - 1), 0.0)
    while (few := lacking & ((whole + more) ** 2 < least * (load + more))).any():
        more += few
    return more.astype(np.int64)


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
    return [[distance(figure, other) > bound for other in figures] for figure in figures]


def ranks(figures: Sequence[Estimate]) -> list[tuple[int, int]]:
    """Return the best and the worst possible rank of each figure; the largest figure has rank 1."""
    larger = significantly_greater(figures)
    return [
        (1 + sum(row[at] for row in larger), len(figures) - sum(larger[at]))
        for at in range(len(figures))
    ]


def benjamini_hochberg(distances: Sequence[float]) -> list[int]:
    """Return 1, -1 or 0 for each distance: above, below, or neither at MAX_FALSE."""
    chances = [math.erfc(abs(away) / math.sqrt(2)) for away in distances]
    passed = -1.0
    for number, chance in enumerate(sorted(chances), 1):
        if chance <= MAX_FALSE * number / len(chances):
            passed = chance
    return [
        0 if chance > passed else (1 if away > 0 else -1)
        for away, chance in zip(distances, chances, strict=True)
    ]
