"""Simulated months of clustered phones, to check the intervals of statistics.

Each cell draws months of one kind in provinces of 100 communes, which share their estimate of the
correlation as stored statistics do, and computes figures by the functions of the product.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics import intervals
from backend.coverage.statistics.group_figures import Measured
from backend.coverage.statistics.intervals import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Random = np.random.Generator
Draw = Callable[[Ints, int, Random], Floats]  # speeds of samples by phone, for a number of phones

COMMUNES = 100
SIGMA = 1.2  # of VNNIC's mean and median of August 2026
TRUTH_PHONES = 400_000


def lognormal(rho: float) -> Draw:
    """Return a lognormal whose phones differ; rho is the correlation of two logarithms."""

    def draw(phone: Ints, phones: int, rng: Random) -> Floats:
        shared = math.sqrt(rho) * rng.standard_normal(phones)[phone]
        own = math.sqrt(1 - rho) * rng.standard_normal(len(phone))
        return 90.68 * np.exp(SIGMA * (shared + own))

    return draw


def mixture(rho: float) -> Draw:
    """Return 4G phones and 5G phones, of which those with 5G fall back in a third of the tests."""

    def draw(phone: Ints, phones: int, rng: Random) -> Floats:
        five = (rng.random(phones) < 0.4)[phone] & (rng.random(len(phone)) < 2 / 3)
        shared = math.sqrt(rho) * rng.standard_normal(phones)[phone]
        own = math.sqrt(1 - rho) * rng.standard_normal(len(phone))
        return np.where(five, 240, 46) * np.exp(np.where(five, 0.55, 0.7) * (shared + own))

    return draw


def office(rho: float) -> Draw:
    """Return phones of which every third hardly varies: it stays on the Wi-Fi of one desk."""
    free = lognormal(rho)

    def draw(phone: Ints, phones: int, rng: Random) -> Floats:
        steady = (rng.random(phones) < 1 / 3)[phone]
        line = (90.68 * np.exp(SIGMA * rng.standard_normal(phones)))[phone]
        fixed = line * np.exp(0.1 * rng.standard_normal(len(phone)))
        return np.where(steady, fixed, free(phone, phones, rng))

    return draw


KINDS = {"lognormal": lognormal, "mixture": mixture, "office": office}


@dataclass(frozen=True, slots=True)
class Cell:
    """Months of one kind: n samples of some phones, used evenly or by Zipf's law."""

    kind: str
    rho: float
    n: int
    phones: int
    zipf: bool

    def sizes(self, rng: Random) -> Ints:
        """Return the number of samples of each phone that measured at all."""
        use = 1 / np.arange(1, self.phones + 1) if self.zipf else np.ones(self.phones)
        drawn = rng.multinomial(self.n, use / use.sum())
        return drawn[drawn > 0]


@lru_cache
def truth(kind: str, rho: float, part: float) -> float:
    """Return the quantile of infinitely many phones, to about 0.3 %."""
    phone, rng = np.arange(TRUTH_PHONES), np.random.default_rng(99)
    return float(np.quantile(KINDS[kind](rho)(phone, TRUTH_PHONES, rng), part))


@dataclass(frozen=True, slots=True)
class Month:
    """The samples of a simulated month: ascending values and the phone of each."""

    values: Floats
    phone: Ints
    sizes: Floats


def month(cell: Cell, rng: Random) -> Month:
    """Draw a month."""
    sizes = cell.sizes(rng)
    phone = np.repeat(np.arange(len(sizes)), sizes)
    values = KINDS[cell.kind](cell.rho)(phone, len(sizes), rng)
    order = np.argsort(values, kind="stable")
    return Month(values[order], phone[order], sizes.astype(np.float64))


def measured(months: Sequence[Month]) -> Measured:
    """Return months as groups of the product."""
    bounds = np.append(0, np.cumsum([len(one.values) for one in months]))
    phones = np.append(0, np.cumsum([len(one.sizes) for one in months]))
    numbers = [one.phone + first for one, first in zip(months, phones, strict=False)]
    return Measured(
        groups=np.arange(len(months)),
        values=np.concatenate([one.values for one in months]),
        bounds=bounds,
        pairs=np.concatenate(numbers).astype(np.int32),
        sizes=np.concatenate([one.sizes for one in months]),
        pair_bounds=phones,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """A month's figure that leads, with its interval."""

    estimate: Estimate
    n: float  # effective


def estimate(months: Sequence[Month], part: float) -> list[Result]:
    """Return the quantile of each month of a province, as the product does."""
    data, every = measured(months), np.arange(len(months))
    sizes, rho = data.of_devices, intervals.correlation(data.spread(part), np.zeros_like(every))
    decides = intervals.has_dominant_device(sizes)
    n = np.where(
        decides,
        intervals.effective_n_of_devices(sizes, rho),
        intervals.effective_n(sizes, rho),
    )
    parts = np.full(len(n), part)
    levels = np.array([parts, *intervals.share_limits(parts, n)])
    found = np.where(decides, data.of_equal_devices(every, levels), data.at(every, levels))
    return [Result(Estimate(*one), worth) for one, worth in zip(found.T, n, strict=True)]


def provinces(cell: Cell, months: int, part: float, rng: Random) -> Iterator[Result]:
    """Yield the figures of a number of months, by provinces."""
    for begin in range(0, months, COMMUNES):
        of_province = min(COMMUNES, months - begin)
        yield from estimate([month(cell, rng) for _ in range(of_province)], part)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of intervals that contain the true value, miss it above and below."""

    inside: float
    above: float  # the interval is above the true value
    below: float
    n: float  # mean effective n


def coverage(cell: Cell, months: int, part: float, seed: int) -> Coverage:
    """Return how often the interval of a quantile contains the true one."""
    true = truth(cell.kind, cell.rho, part)
    found = list(provinces(cell, months, part, np.random.default_rng(seed)))
    above = sum(one.estimate.low > true for one in found) / months
    below = sum(one.estimate.high < true for one in found) / months
    return Coverage(1 - above - below, above, below, float(np.mean([one.n for one in found])))


def apart(cell: Cell, operators: Sequence[int], months: int, seed: int) -> list[float]:
    """Return for numbers of operators how often any two are ranked apart."""
    rng = np.random.default_rng(seed)
    columns = [
        [one.estimate for one in provinces(cell, months, 0.5, rng)] for _ in range(max(operators))
    ]
    rates = []
    for number in operators:
        rows = [intervals.significantly_greater(row) for row in zip(*columns[:number], strict=True)]
        rates.append(sum(any(map(any, row)) for row in rows) / months)
    return rates
