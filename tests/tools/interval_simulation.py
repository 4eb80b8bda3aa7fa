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
from backend.coverage.statistics.group_figures import Entries, Measured
from backend.coverage.statistics.intervals import Estimate
from backend.coverage.statistics.quantiles import ALL, Samples

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Random = np.random.Generator
Draw = Callable[[Ints, int, Random], Floats]  # speeds of samples by phone, for a number of phones

COMMUNES = 100
METRIC, MINIMUM_N = "download_mbps", 30
MEDIAN, SIGMA = 90.68, 1.2  # of VNNIC's mean and median of August 2026
TRUTH_PHONES = 400_000


def lognormal(rho: float) -> Draw:
    """Return a lognormal whose phones differ; rho is the correlation of two logarithms."""

    def draw(phone: Ints, phones: int, rng: Random) -> Floats:
        shared = math.sqrt(rho) * rng.standard_normal(phones)[phone]
        own = math.sqrt(1 - rho) * rng.standard_normal(len(phone))
        return MEDIAN * np.exp(SIGMA * (shared + own))

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
        line = (MEDIAN * np.exp(SIGMA * rng.standard_normal(phones)))[phone]
        fixed = line * np.exp(0.1 * rng.standard_normal(len(phone)))
        return np.where(steady, fixed, free(phone, phones, rng))

    return draw


KINDS = {"lognormal": lognormal, "mixture": mixture, "office": office}


@dataclass(frozen=True, slots=True)
class Cell:
    """Months of one kind: n samples of some phones, used evenly or by Zipf's law.

    With `outings`, so many groups of `together` phones go out, and samples of one outing share a
    part `rho_of_outing` of the variance of their logarithms; without, every phone is alone.
    """

    kind: str
    rho: float
    n: int
    phones: int
    zipf: bool
    outings: int = 0
    together: int = 1
    rho_of_outing: float = 0.0

    def samples(self, rng: Random) -> tuple[Ints, Ints]:
        """Return the phone and the outing of each sample; phones that measured have numbers."""
        if not self.outings:
            use = 1 / np.arange(1, self.phones + 1) if self.zipf else np.ones(self.phones)
            sizes = rng.multinomial(self.n, use / use.sum())
            phone = np.repeat(np.arange(np.count_nonzero(sizes)), sizes[sizes > 0])
            return phone, phone
        of_outing = -(-self.n // self.outings)
        chosen = [
            np.resize(rng.choice(self.phones, self.together, replace=False), of_outing)
            for _ in range(self.outings)
        ]
        outing = np.repeat(np.arange(self.outings), of_outing)
        return np.concatenate(chosen)[: self.n], outing[: self.n]


@lru_cache
def truth(kind: str, rho: float, part: float) -> float:
    """Return the quantile of infinitely many phones, to about 0.3 %."""
    phone, rng = np.arange(TRUTH_PHONES), np.random.default_rng(99)
    return float(np.quantile(KINDS[kind](rho)(phone, TRUTH_PHONES, rng), part))


def month(cell: Cell, rng: Random) -> Samples:
    """Draw a month. Of outings, the rest of the variance is divided as without them."""
    phone, outing = cell.samples(rng)
    kind = KINDS[cell.kind](cell.rho / (1 - cell.rho_of_outing))
    values = kind(phone, cell.phones, rng)
    if cell.rho_of_outing:  # lognormal
        share, number = cell.rho_of_outing, cell.outings
        shared = SIGMA * math.sqrt(share) * rng.standard_normal(number)[outing]
        values = MEDIAN * (values / MEDIAN) ** math.sqrt(1 - share) * np.exp(shared)
    return Samples(ALL, ALL, len(values), {METRIC: values}, phone, outing)


def measured(months: Sequence[Samples]) -> Measured:
    """Return months as groups of the product."""
    return Entries([[one] for one in months]).measured(METRIC)


@dataclass(frozen=True, slots=True)
class Result:
    """A month's figure that is shown, with its interval."""

    estimate: Estimate
    n: float  # effective
    shown: bool  # with the product's minimum


def estimate(months: Sequence[Samples], part: float) -> list[Result]:
    """Return the quantile of equal devices of each month of a province, as the product does."""
    data, every = measured(months), np.arange(len(months))
    rho = intervals.correlations(data.spread(), np.zeros_like(every))
    n = intervals.effective_n(data.of_devices, rho.of_device, rho.of_outing)
    decided = intervals.effective_n(data.of_devices, rho.of_kind, rho.of_outing)
    parts = np.full(len(n), part)
    levels = np.array([parts, *intervals.share_limits(parts, n)])
    found = data.of_equal_devices(every, levels)
    return [
        Result(Estimate(*one), worth, bool(shown))
        for one, worth, shown in zip(found.T, n, decided >= MINIMUM_N, strict=True)
    ]


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
