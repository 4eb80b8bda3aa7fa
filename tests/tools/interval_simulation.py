"""Simulated months of clustered phones, to check the intervals of statistics.

Each cell draws months of one kind in provinces of 100 communes, which share their estimate of the
correlation as stored statistics do, and computes figures by the functions of the product. Provinces
have communes of one cell or of several. Prints the tables of outings of docs/speeds.md:

    .venv/bin/python -m tests.tools.interval_simulation
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

COMMUNES, DAYS = 100, 30
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
    part `rho_of_outing` of the variance of their logarithms; without, every phone is alone. They
    are a team, or `lone` phones on random days: those of a day are one outing. Samples of another
    cell may be taken in the same communes.
    """

    kind: str
    rho: float
    n: int
    phones: int
    zipf: bool
    outings: int = 0
    together: int = 1
    rho_of_outing: float = 0.0
    lone: bool = False
    beside: "Cell | None" = None

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
        number = rng.integers(0, DAYS, self.outings) if self.lone else np.arange(self.outings)
        outing = np.repeat(number, of_outing)
        return np.concatenate(chosen)[: self.n], outing[: self.n]


@lru_cache
def truth(kind: str, rho: float, part: float) -> float:
    """Return the quantile of infinitely many phones, to about 0.3 %."""
    phone, rng = np.arange(TRUTH_PHONES), np.random.default_rng(99)
    return float(np.quantile(KINDS[kind](rho)(phone, TRUTH_PHONES, rng), part))


def month(cell: Cell, rng: Random) -> list[Samples]:
    """Draw a month. Of outings, the rest of the variance is divided as without them."""
    phone, outing = cell.samples(rng)
    kind = KINDS[cell.kind](cell.rho / (1 - cell.rho_of_outing))
    values = kind(phone, cell.phones, rng)
    if cell.rho_of_outing:  # lognormal
        share, number = cell.rho_of_outing, outing.max() + 1
        shared = SIGMA * math.sqrt(share) * rng.standard_normal(number)[outing]
        values = MEDIAN * (values / MEDIAN) ** math.sqrt(1 - share) * np.exp(shared)
    teams = np.full(len(values), bool(cell.outings) and not cell.lone)
    own = Samples(ALL, ALL, len(values), {METRIC: values}, phone, outing, teams)
    if cell.beside is None:
        return [own]
    # With other phones and outings.
    others = [
        replace(one, devices=one.devices + phone.max() + 1, outings=one.outings + outing.max() + 1)
        for one in month(cell.beside, rng)
    ]
    return [own, *others]


def measured(months: Sequence[list[Samples]]) -> Measured:
    """Return months as groups of the product."""
    return Entries(months).measured(METRIC)


@dataclass(frozen=True, slots=True)
class Result:
    """A month's figure with its interval."""

    estimate: Estimate
    n: float  # effective
    shown: bool  # with the product's minimum


def estimate(months: Sequence[list[Samples]], part: float) -> list[Result]:
    """Return the quantile of equal devices of each month of a province, as the product does."""
    data, every = measured(months), np.arange(len(months))
    own, of_kind = intervals.correlations(data.spread(), np.zeros_like(every))
    n = intervals.effective_n(data.of_devices, own)
    decided = intervals.effective_n(data.of_devices, of_kind)
    parts = np.full(len(n), part)
    levels = np.array([parts, *intervals.share_limits(parts, n)])
    found = data.of_equal_devices(every, levels)
    return [
        Result(Estimate(*one), worth, bool(shown))
        for one, worth, shown in zip(found.T, n, decided >= MINIMUM_N, strict=True)
    ]


def provinces(
    communes: Mapping[Cell, int], number: int, part: float, rng: Random
) -> Iterator[tuple[Cell, Result]]:
    """Yield the figures of a number of provinces, which have so many communes of each cell."""
    cells = [cell for cell, of_cell in communes.items() for _ in range(of_cell)]
    for _ in range(number):
        months = [month(cell, rng) for cell in cells]
        yield from zip(cells, estimate(months, part), strict=True)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of intervals that contain the true value, miss it above and below."""

    inside: float
    above: float  # the interval is above the true value
    below: float
    n: float  # mean effective n
    shown: float  # share of the months with a median
    inside_shown: float  # of these months; NaN without any


def coverages(
    communes: Mapping[Cell, int], number: int, part: float, seed: int
) -> dict[Cell, Coverage]:
    """Return how often the interval of a quantile contains the true one in provinces, by cell."""
    found: dict[Cell, list[Result]] = {cell: [] for cell in communes}
    for cell, one in provinces(communes, number, part, np.random.default_rng(seed)):
        found[cell].append(one)
    return {
        cell: _coverage(of_cell, truth(cell.kind, cell.rho, part))
        for cell, of_cell in found.items()
    }


def _coverage(results: Sequence[Result], true: float) -> Coverage:
    above = np.array([one.estimate.low > true for one in results])
    below = np.array([one.estimate.high < true for one in results])
    shown = np.array([one.shown for one in results])
    inside = ~(above | below)
    return Coverage(
        float(inside.mean()),
        float(above.mean()),
        float(below.mean()),
        float(np.mean([one.n for one in results])),
        float(shown.mean()),
        float(inside[shown].mean()) if shown.any() else math.nan,
    )


def coverage(cell: Cell, months: int, part: float, seed: int) -> Coverage:
    """Return how often the interval of a quantile contains the true one."""
    return coverages({cell: COMMUNES}, months // COMMUNES, part, seed)[cell]


def apart(cell: Cell, operators: Sequence[int], months: int, seed: int) -> list[float]:
    """Return for numbers of operators how often any two are ranked apart."""
    rng = np.random.default_rng(seed)
    columns = [
        [one.estimate for _, one in provinces({cell: COMMUNES}, months // COMMUNES, 0.5, rng)]
        for _ in range(max(operators))
    ]
    rates = []
    for number in operators:
        rows = [intervals.significantly_greater(row) for row in zip(*columns[:number], strict=True)]
        rates.append(sum(any(map(any, row)) for row in rows) / months)
    return rates


def team(phones: int, outings: int, together: int, share: float = 0.2, n: int = 300) -> Cell:
    """Return communes whose phones go out with a team."""
    return Cell("lognormal", 0.2, n, phones, False, outings, together, share)


def residents(share: float = 0.05, n: int = 300) -> Cell:
    """Return communes with 40 phones that measure alone, five tests each time."""
    return Cell("lognormal", 0.2, n, 40, False, n // 5, 1, share, lone=True)


def beside(one: Cell, other: Cell) -> Cell:
    """Return communes in which half of the samples are of each of two cells."""
    half = replace(other, n=other.n // 2, outings=other.outings // 2)
    return replace(one, n=one.n // 2, outings=one.outings // 2, beside=half)


TEAMS = (
    team(30, 20, 5), team(30, 10, 10), team(30, 6, 15), team(24, 15, 4), team(12, 6, 6),
)  # fmt: skip
FEW = (
    team(6, 3, 4, 0.05), team(12, 4, 8, 0.1), team(40, 4, 10, 0.1), team(60, 3, 20, 0.05),
    team(60, 2, 30, 0.05), team(100, 3, 50, 0.1),
)  # fmt: skip
UNLIKE = ((20, 5, 0.05, 0.5), (10, 10, 0.05, 0.4), (6, 15, 0.05, 0.3))
MONTHS, SEED = 1_000, 4_600


def tables() -> Iterator[tuple[str, dict[Cell, int]]]:
    """Yield provinces of communes of one or two cells with a word on them."""
    for cell in TEAMS:
        for alone in (0, 20, 50, 80):
            communes = {residents(): alone, cell: COMMUNES - alone}
            yield f"alone {alone}", {one: n for one, n in communes.items() if n}
    for cell in TEAMS[:3]:
        yield "both in each", {beside(cell, residents()): COMMUNES}
    for outings, together, town, mountain in UNLIKE:
        of_each = (team(30, outings, together, share) for share in (town, mountain))
        yield "unlike teams", dict(zip(of_each, (70, 30), strict=True))
    for cell in FEW:
        yield "few outings", {cell: COMMUNES}


def main() -> None:
    """Print a row for each cell of each province: coverage, where shown, share shown, n."""
    for seed, (name, communes) in enumerate(tables(), SEED):
        number = -(-MONTHS // min(communes.values()))
        for cell, found in coverages(communes, number, 0.5, seed).items():
            of_cell = "residents" if cell.lone else f"{cell.outings} of {cell.together}"
            figures = (100 * one for one in (found.inside, found.inside_shown, found.shown))
            print(
                f"| {name} | {communes[cell]} x {of_cell}, {cell.phones} phones,"
                f" {cell.rho_of_outing} | {' | '.join(f'{one:.1f}' for one in figures)}"
                f" | {found.n:.0f} |"
            )


if __name__ == "__main__":
    main()
