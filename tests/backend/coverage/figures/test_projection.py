"""Where a month will end: pure rules, and how often generated months end where they should."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.figures.daily_history import LOOK_BACK
from backend.coverage.figures.forecast import (
    best_reachable,
    month_progress,
    still_to_come,
    weekday_factors,
)
from tests.tools import pace_simulation
from tests.tools.pace_simulation import history_of

FIRST = date(2024, 11, 1)
DAYS, UNITS = 30, 300
# People measure on Saturdays.
WEEK = np.array([1, 1, 1, 1, 1.1, 1.6, 1.4])


def _months(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, list[date]]:
    """Samples of communes on the days of a month and of two weeks before it."""
    days = [FIRST + timedelta(days=n) for n in range(-LOOK_BACK, DAYS)]
    mean = np.outer(np.exp(rng.normal(1.8, 0.8, UNITS)), WEEK[[day.weekday() for day in days]])
    if kind == "steady":
        return rng.poisson(mean).astype(float), days
    if kind == "visits":  # a team comes on some days, and then takes many
        often = rng.uniform(0.15, 0.6, (UNITS, 1))
        return (rng.random(mean.shape) < often) * rng.poisson(mean / often) * 1.0, days
    shape = np.exp(rng.normal(0.3, 0.5, (UNITS, 1)))
    return rng.poisson(mean * rng.gamma(shape, 1 / shape, mean.shape)).astype(float), days


def _held(kind: str, seed: int, done: int) -> float:
    """The share of communes whose rest of the month lies in the interval."""
    samples, days = _months(kind, np.random.default_rng(seed))
    over = LOOK_BACK + done
    past, of_days = samples[:, over - LOOK_BACK : over], days[over - LOOK_BACK : over]
    answer = still_to_come(history_of(past, of_days), days[over:])
    rest = samples[:, over:].sum(axis=1)
    held = (rest >= np.rint(answer.low)) & (rest <= np.rint(answer.high))
    return float(held[answer.steady].mean())


@pytest.mark.parametrize("kind", ["uneven", "visits"])
def test_of_generated_months_80_in_100_end_in_the_interval(kind: str) -> None:
    asked = [_held(kind, seed, done) for seed in range(5) for done in (1, 5, 10, 15, 20, 24)]
    assert 0.75 <= np.mean(asked) <= 0.85


def test_a_steady_month_is_told_rather_too_carefully() -> None:
    asked = [_held("steady", seed, done) for seed in range(5) for done in (1, 5, 10, 15, 20)]
    assert 0.78 <= np.mean(asked) <= 0.88


@pytest.mark.slow
@pytest.mark.parametrize("kind", pace_simulation.KINDS)
@pytest.mark.parametrize("done", pace_simulation.ASKED)
def test_at_most_5_in_100_alerts_by_pace_are_wrong(kind: str, done: int) -> None:
    found = pace_simulation.rates(kind, 40, 7300, done)
    assert found.wrong <= 0.05 * found.alerts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "worst"), [("deadline", 0.2), ("holiday", 0.1), ("school", 0.2), ("rescue", 0.25)]
)
def test_alerts_of_months_that_change_are_wrong_as_documented(kind: str, worst: float) -> None:
    """No pace foresees a rush: docs/coverage.md has these errors, and each alert its base."""
    found = [pace_simulation.rates(kind, 20, 7400, done) for done in pace_simulation.ASKED]
    wrong = [one.wrong / one.alerts for one in found]
    assert 0.05 < max(wrong) < worst and wrong[-1] < 0.03


@pytest.mark.parametrize(("samples", "steady"), [
    ([3] * 4 + [0] * 10, True), ([3] * 3 + [2] * 11, False), ([40, 0, 0, 0, 0, 0, 30] * 2, False),
    ([10] * 14, True),
])  # fmt: skip
def test_a_pace_needs_days_with_samples_and_little_scatter(
    samples: list[int], steady: bool
) -> None:
    days = [FIRST + timedelta(days=n) for n in range(LOOK_BACK)]
    even = np.full((1, 7), 200.0)  # in the province
    past = replace(history_of(np.array([samples], float), days), pattern=even)
    assert still_to_come(past, days).steady.tolist() == [steady]


def test_saturdays_are_told_from_mondays() -> None:
    days = [FIRST + timedelta(days=n) for n in range(LOOK_BACK)]
    factors = weekday_factors(2000.0 * WEEK, days)
    assert factors == pytest.approx(WEEK / WEEK.mean(), rel=0.01)
    assert weekday_factors(np.zeros(7), days).tolist() == [1.0] * 7


def test_who_took_nothing_will_bring_nothing() -> None:
    days = [FIRST + timedelta(days=n) for n in range(LOOK_BACK)]
    nothing = history_of(np.zeros((2, LOOK_BACK)), days)
    answer = still_to_come(nothing, days)
    assert [part.tolist() for part in (answer.low, answer.middle, answer.high)] == [[0, 0]] * 3


@given(st.lists(st.integers(0, 500), min_size=1, max_size=31), st.integers(1, 31))
@settings(max_examples=50)
def test_an_interval_holds_its_mean(samples: list[int], left: int) -> None:
    days = [FIRST + timedelta(days=n) for n in range(len(samples))]
    coming = [days[-1] + timedelta(days=n) for n in range(1, left + 1)]
    past = history_of(np.array([samples], float), days)
    answer = still_to_come(past, coming)
    assert 0 <= answer.low[0] <= answer.middle[0] <= answer.high[0]


def test_a_month_on_its_way() -> None:
    running = month_progress("2024-11", date(2024, 11, 20))
    assert (running.days, running.done, running.today, running.left) == (30, 19, 19, 11)
    assert running.remaining()[0] == date(2024, 11, 20)
    past, future = (
        month_progress("2024-11", day) for day in (date(2025, 1, 5), date(2024, 10, 31))
    )
    assert (past.done, past.left, past.today) == (30, 0, None)
    assert (future.done, future.today) == (0, None)


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 200_000))
@settings(max_examples=50)
def test_the_best_reachable_with_one_target(units: int, target: int, volume: int) -> None:
    assert best_reachable([target] * units, volume) == min(units, volume // target)


def test_the_letters_month() -> None:
    """64,595 samples could have brought all 177 communes to 300; 30,000 would be 56.5 %."""
    assert best_reachable([300] * 177, 64_595) == 177
    assert round(100 * best_reachable([300] * 177, 30_000) / 177, 1) == 56.5
