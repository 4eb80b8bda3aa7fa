"""Model-based estimates of the medians of communes with few samples; pure functions.

The logarithm of a commune's median is that of its province plus a deviation, both normal (Fay and
Herriot 1979): the fewer effective samples a commune has, the closer its estimate is to the
province. Such an estimate is no count and no measurement: it is shown apart, with its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backend.coverage.statistics.intervals import NORMAL, Estimate

# Fewer communes tell nothing about how much communes differ.
AREAS_LEAST = 10
# Levels between which the density at the median is measured.
LOW, HIGH = 0.3, 0.7
# Effective samples from which a commune tells about the spread inside communes.
SPREAD_LEAST = 8
# Standard deviations between communes that are weighed: up to 20-fold differences. All variances
# are as likely before; if all deviations were, intervals of similar communes would be too narrow.
TAUS = np.linspace(0.005, 1.5, 300)


@dataclass(frozen=True, slots=True)
class Area:
    """A commune: logarithm of its median, effective n, and slope of its quantiles there."""

    median: float
    n: float
    slope: float  # of the logarithm of the quantile, by its level


@dataclass(frozen=True, slots=True)
class Fit:
    """Estimates of communes, and the mean standard deviation between their true medians."""

    estimates: list[Estimate]
    tau: float


def fit(areas: Sequence[Area]) -> Fit | None:
    """Estimate the median of each commune with a 95 % interval; None for too few communes.

    Each possible variance between communes is weighed by how well it explains the medians (the
    restricted likelihood; Morris and Tang 2011), so the intervals contain the doubt about it.
    """
    of_spread = [area for area in areas if area.n >= SPREAD_LEAST]
    if len(areas) < AREAS_LEAST or not of_spread:
        return None
    medians, n = np.array([area.median for area in areas]), np.array([area.n for area in areas])
    slopes, weights = [area.slope for area in of_spread], [area.n for area in of_spread]
    variances = float(np.average(slopes, weights=weights)) ** 2 / 4 / n
    if not variances[0] > 0:
        return None
    weight = 1 / (variances + TAUS[:, None] ** 2)  # by deviation and commune
    whole = weight.sum(axis=1)
    means = weight @ medians / whole
    from_mean = medians - means[:, None]
    score = np.log(weight).sum(axis=1) - np.log(whole) - (weight * from_mean**2).sum(axis=1)
    likely = TAUS * np.exp((score - score.max()) / 2)  # as many variances around each deviation
    likely /= likely.sum()
    kept = TAUS[:, None] ** 2 * weight
    values = means[:, None] + kept * from_mean
    errors = kept * variances + (1 - kept) ** 2 / whole[:, None]
    value = likely @ values
    margin = NORMAL * np.sqrt(likely @ (errors + (values - value) ** 2))
    found = [
        Estimate(math.exp(one), math.exp(one - of_one), math.exp(one + of_one))
        for one, of_one in zip(value, margin, strict=True)
    ]
    return Fit(found, float(likely @ TAUS))


def estimates(areas: Sequence[Area]) -> Sequence[Estimate | None]:
    """Return the estimate of each commune; None for too few communes."""
    found = fit(areas)
    return found.estimates if found else [None] * len(areas)
