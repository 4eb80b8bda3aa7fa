"""Intervals and effective numbers: as SciPy's without clusters, and honest with them."""

import csv
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.coverage.statistics import intervals
from backend.coverage.statistics.beta import beta_cdf, beta_quantile
from backend.coverage.statistics.group_figures import figures_of
from backend.coverage.statistics.intervals import Correlations, Estimate, Spread, Weights
from backend.coverage.statistics.quantiles import ALL, METRICS, WITHDRAWN, Samples
from tests.tools import interval_simulation as simulation
from tests.tools.interval_simulation import Cell

# Limits by SciPy 1.17: binomtest(k, n).proportion_ci("exact") of shares; for quantiles the same by
# beta.ppf, and numpy.quantile at them, of 1,000 samples drawn as in the test.
SCIPY = Path("tests/data/intervals-scipy.csv")
SIZES = st.lists(st.integers(1, 200), min_size=1, max_size=50)


def group(values: list[float], devices: list[int], outings: list[int] | None = None) -> Samples:
    array, phones = np.array(values, dtype=np.float64), np.array(devices)
    together = phones + 1 if outings is None else np.array(outings)
    by_metric, teams = dict.fromkeys(METRICS, array), np.full(len(values), outings is not None)
    return Samples("Viettel", "4G", len(values), by_metric, phones, together, teams)


def weights(whole: float, devices: float, squares: float, outings: float) -> Weights:
    """Return the weights of one group without outings of teams."""
    by_class = (np.array([[one], [0.0]]) for one in (squares, outings))
    return Weights(np.array([whole]), np.array([devices]), *by_class)


def equal_devices(sizes: list[int]) -> Weights:
    """Return the weights of one group, whose devices made these numbers of samples alone."""
    m = np.array(sizes, dtype=np.float64)
    return weights(len(m), len(m), (1 / m).sum(), len(m))


def equal_samples(sizes: list[int]) -> Weights:
    m = np.array(sizes, dtype=np.float64)
    return weights(m.sum(), (m * m).sum(), m.sum(), (m * m).sum())


def rho_of(of_device: float, of_outing: float = 0.0) -> Correlations:
    return Correlations(np.array([of_device]), np.array([[of_outing], [0.0]]))


def test_unclustered_intervals_equal_scipys() -> None:
    cases = list(csv.DictReader(SCIPY.read_text(encoding="utf-8").splitlines()))
    n = np.array([float(one["n"]) for one in cases])
    parts = np.array([float(one["part"]) for one in cases])
    shares = np.array([float(one["k"]) for one in cases]) / n
    found, of_shares = intervals.share_limits(parts, n), intervals.share_limits(shares, n)
    worst = 0.0
    for case, one in enumerate(cases):
        draw = random.Random(case)
        values = [1000 * draw.random() for _ in range(int(one["n"]))]
        for limit, side in zip(("low", "high"), (0, 1), strict=True):
            value = np.quantile(values, found[side][case])
            worst = max(worst, abs(value / float(one[limit]) - 1))
            worst = max(worst, abs(of_shares[side][case] - float(one[f"share_{limit}"])))
    assert len(cases) == 1_000 and worst < 1e-9


@pytest.mark.slow
@given(st.floats(0.5, 5_000), st.floats(0.5, 5_000), st.sampled_from([0.025, 0.5, 0.975]))
@example(4_464.0, 2.0, 0.5)  # nearly all near 1
def test_a_quantile_of_the_beta_distribution_has_its_share_below(
    a: float, b: float, part: float
) -> None:
    of_a, of_b = np.array([a]), np.array([b])
    x = beta_quantile(part, of_a, of_b)
    assert beta_cdf(x, of_a, of_b)[0] == pytest.approx(part, abs=1e-8)


@given(SIZES, st.floats(0, 1), st.floats(0, 1))
def test_an_effective_n_lies_between_devices_and_samples(
    sizes: list[int], rho: float, of_outing: float
) -> None:
    samples, devices = equal_samples(sizes), equal_devices(sizes)
    both = rho_of(rho, of_outing * (1 - rho))
    for of_group in (samples, devices):
        assert 0 < intervals.effective_n(of_group, both)[0] <= sum(sizes) * (1 + 1e-12)
    assert intervals.effective_n(equal_samples([1] * len(sizes)), both) == pytest.approx(len(sizes))
    assert intervals.effective_n(samples, rho_of(0.0)) == pytest.approx(sum(sizes))
    assert intervals.effective_n(devices, rho_of(1.0)) == pytest.approx(len(sizes))


@given(SIZES, st.floats(0, 1), st.integers(1, 100))
def test_the_missing_devices_are_enough(sizes: list[int], rho: float, least: int) -> None:
    [more] = intervals.devices_missing(equal_devices(sizes), rho_of(rho), least)

    def after(k: int) -> float:
        return float(intervals.effective_n(equal_devices(sizes + [1] * k), rho_of(rho))[0])

    assert after(more) >= least - 1e-6
    assert more == 0 or after(more - 1) < least + 1e-6


def spread_of(months: list[list[Samples]]) -> Spread:
    """Return the spread of a kind, of all months together."""
    spread = simulation.measured(months).spread()
    return Spread(*(one.sum(axis=-1, keepdims=True) for one in spread))


def of_normal(rho: float) -> Any:
    """Return the correlation of the indicators of two normal values with this correlation."""
    return pytest.approx(2 / math.pi * math.asin(rho), abs=0.03)


def test_the_correlations_of_a_kind_are_found_and_few_give_the_prior() -> None:
    rng, kind = np.random.default_rng(7), np.array([0])
    cell = simulation.Cell("lognormal", 0.5, 600, 60, zipf=False)
    months = [simulation.month(cell, rng) for _ in range(50)]
    _, alone = intervals.correlations(spread_of(months), kind)
    assert alone.of_device == of_normal(0.5) and not alone.of_outing.any()
    cell = simulation.team(60, 40, 5, 0.3, 600)
    months = [simulation.month(cell, rng) for _ in range(50)]
    _, found = intervals.correlations(spread_of(months), kind)
    assert found.of_outing[:, 0].tolist() == [0.0, of_normal(0.3)]
    nothing = Spread(*np.zeros((5, 1)), *np.zeros((4, 2, 1)))
    own, none = intervals.correlations(nothing, kind)
    assert own.of_device == none.of_device == intervals.PRIOR_CORRELATION
    assert not none.of_outing.any()


def test_outings_of_teams_and_days_of_residents_have_correlations_of_their_own() -> None:
    """Even where both measure in the same communes."""
    rng = np.random.default_rng(8)
    cell = simulation.beside(simulation.team(40, 20, 5, 0.3), simulation.residents(0.05))
    months = [simulation.month(cell, rng) for _ in range(100)]
    _, found = intervals.correlations(spread_of(months), np.array([0]))
    assert found.of_outing[:, 0].tolist() == [of_normal(0.05), of_normal(0.3)]


def crowds(number: int, free: float) -> Spread:
    """Return groups without a correlation but the first, of sixty phones that measured the same."""
    ones, zeros = np.ones(number), np.zeros(number)
    outings = np.array([1.0] + [3.0] * (number - 1))
    pairs = np.array([3_540.0] + [18.0] * (number - 1))
    together = pairs * (outings < 3)
    of_teams = (np.array([zeros, one]) for one in (together, pairs, outings, outings * free))
    return Spread(ones, ones, ones, ones, ones, *of_teams)


def test_one_crowd_does_not_decide_for_the_communes_of_its_province() -> None:
    own, of_kind = intervals.correlations(crowds(12, 0.9), np.zeros(12, dtype=np.int64))
    assert of_kind.of_outing.max() < intervals.PRIOR_OUTINGS
    # Of the outings in its own commune it tells.
    assert own.of_outing[1, 0] > max(own.of_outing[1, 1], of_kind.of_outing[1, 0])


def test_outings_that_tell_nothing_have_the_prior() -> None:
    """The mean of a commune with a single outing is that of the outing."""
    _, of_kind = intervals.correlations(crowds(1, 0.0), np.array([0]))
    assert of_kind.of_outing[:, 0].tolist() == [0.0, intervals.PRIOR_OUTINGS]


def download_of(one: Samples, minimum: int = 1) -> dict[str, Any]:
    node = 1, ALL, ALL
    found: dict[str, Any] = figures_of({node: [one]}, {1: "commune"}, minimum)[node].figures
    return found["download_mbps"] or {}


def test_one_device_decides_nothing() -> None:
    values = [10.0 + n for n in range(60)] + [500.0] * 40
    found = download_of(group(values, [*range(60), *[99] * 40]))
    assert found["device_median"] < 45 < found["median"]
    assert found["device_median_low"] < found["device_median"] < found["device_median_high"]
    assert found["effective_n"] < found["device_effective_n"] < 62


def test_equal_values_share_their_weight() -> None:
    """The ids of phones say nothing: in any order of them the median is the same."""
    values, devices = [10.0] * 4 + [20.0] * 3 + [30.0] * 3, [0, 1, 1, 1, 2, 3, 3, 1, 2, 2]
    one = download_of(group(values, devices))
    other = download_of(group(values, [3 - device for device in devices]))
    assert {name: pytest.approx(value) for name, value in one.items()} == other


def test_phones_of_one_outing_tell_less() -> None:
    rng = np.random.default_rng(5)
    days = np.repeat(rng.lognormal(4, 1, 10), 30)
    values, phones = list(days * rng.lognormal(0, 0.3, 300)), list(range(300))
    together = download_of(group(values, phones, list(np.repeat(np.arange(10), 30))))
    apart = download_of(group(values, phones))
    assert together["device_median"] == apart["device_median"]
    assert together["device_effective_n"] < 30 < 250 < apart["device_effective_n"]


def test_withdrawn_rows_are_one_device() -> None:
    values = [10.0 + n for n in range(60)]
    found = {}
    for number in (WITHDRAWN, 99):
        one = group(values, [*range(40), *[number] * 20])
        found[number] = figures_of({(1, ALL, ALL): [one]}, {1: "commune"}, 1)[1, ALL, ALL].figures
    assert found[WITHDRAWN] == found[99]


def test_too_few_effective_samples_say_how_many_devices_are_missing() -> None:
    rng = np.random.default_rng(3)
    speeds = np.repeat(rng.lognormal(4, 1, 5), 60) * rng.lognormal(0, 0.1, 300)
    one = group(list(speeds), list(np.repeat(np.arange(5), 60)))
    found = figures_of({(1, ALL, ALL): [one]}, {1: "commune"}, 30)[1, ALL, ALL].figures
    assert found["download_mbps"] is None and found["effective_n"] < 15
    assert 20 < found["more_devices"] < 30  # each device weighs the same


def estimate(value: float, error: float) -> Estimate:
    return Estimate(value, value * math.exp(-1.96 * error), value * math.exp(1.96 * error))


def test_only_tested_differences_rank() -> None:
    assert intervals.ranks([]) == []
    assert intervals.ranks([estimate(50, 0.1)]) == [(1, 1)]
    close = [estimate(50, 0.1), estimate(55, 0.1), estimate(20, 0.1)]
    assert intervals.ranks(close) == [(1, 2), (1, 2), (3, 3)]
    # 0.28 apart at an error of 0.1: two are ranked, four are not.
    pair = [estimate(100, 0.1), estimate(100 * math.exp(0.285), 0.1)]
    assert intervals.ranks(pair) == [(2, 2), (1, 1)]
    crowd = [*pair, estimate(110, 0.1), estimate(112, 0.1)]
    assert intervals.ranks(crowd) == [(1, 4)] * 4


def test_false_discoveries_are_bounded() -> None:
    assert intervals.benjamini_hochberg([]) == []
    assert intervals.benjamini_hochberg([2.0]) == [1] and intervals.benjamini_hochberg([1.9]) == [0]
    assert intervals.benjamini_hochberg([-4.0, 2.0, *[0.5] * 30]) == [-1, 0, *[0] * 30]
    assert intervals.benjamini_hochberg([-4.0, -3.5, 3.2, 3.1]) == [-1, -1, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lognormal", "mixture", "office"])
def test_intervals_of_clustered_phones_cover_the_median(kind: str) -> None:
    """Simulate a part of the months of docs/speeds.md."""
    cell = simulation.Cell(kind, 0.3, 100, 10, zipf=True)
    found = simulation.coverage(cell, 400, 0.5, seed=20)
    assert 0.92 <= found.inside <= 0.985 and found.n < 60
    assert max(simulation.apart(cell, (2, 3), 200, seed=21)) <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize(
    "province",
    [
        # Most communes have residents who measure alone, whose days share little.
        {simulation.residents(): 80, simulation.team(30, 10, 10): 20},
        {simulation.residents(): 80, simulation.team(30, 6, 15): 20},
        {simulation.team(30, 20, 5, 0.05): 70, simulation.team(30, 20, 5, 0.5): 30},
        {simulation.team(60, 3, 20, 0.05): 100},
        {simulation.beside(simulation.team(20, 6, 8), simulation.residents()): 100},
    ],
)
def test_intervals_hold_in_provinces_of_unlike_communes(province: dict[Cell, int]) -> None:
    found = simulation.coverages(province, 15, 0.5, seed=22)
    for of_cell in found.values():
        assert of_cell.shown > 0.9 and of_cell.inside_shown > 0.905
