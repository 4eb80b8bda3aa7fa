"""Months of communes in which alerts by pace are right or wrong, to check their limits.

Kinds of months that were not looked at when the limits were chosen (`forecast.MAX_SCATTER` and
those beside it), each with seeds of its own, and months whose rest differs from the past days.
Prints the tables of docs/coverage.md:

    .venv/bin/python -m tests.tools.pace_simulation
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.coverage.figures.forecast import (
    LAST_DAYS,
    LOOK_BACK,
    MIN_DAILY,
    History,
    still_to_come,
)

Floats = NDArray[np.float64]
Random = np.random.Generator

FIRST, DAYS, COMMUNES, TARGET = date(2024, 11, 1), 30, 300, 300
ALL_DAYS = [FIRST + timedelta(days=n) for n in range(-LOOK_BACK, DAYS)]
WEEKDAYS = np.array([day.weekday() for day in ALL_DAYS])
SHAPE = COMMUNES, len(ALL_DAYS)
DAY = np.arange(len(ALL_DAYS)) - LOOK_BACK + 1  # of the month, from 1
ASKED = 10, 20, 26  # completed days


class Month(NamedTuple):
    """Samples of communes by day, and those of them that a plan had."""

    samples: Floats
    planned: Floats | float = 0.0


def levels(rng: Random, spread: float = 0.6) -> Floats:
    """Draw the samples of an average day in each commune; 10 a day reach the target."""
    return np.exp(rng.normal(np.log(8), spread, (COMMUNES, 1)))


def rota(rng: Random) -> Month:
    """A team comes on two fixed weekdays of each week, and few measure in between."""
    come = np.array([rng.permutation(7)[:2] for _ in range(COMMUNES)])
    visit = (come[:, :, None] == WEEKDAYS).any(axis=1)
    return Month(rng.poisson(levels(rng) * np.where(visit, 2.5, 0.4)) * 1.0)


def spells(rng: Random) -> Month:
    """Ten volunteers measure in spells of about a week and pause as long."""
    samples, each = np.zeros(SHAPE), levels(rng) / 5
    for _ in range(10):
        own = each * rng.gamma(2, 0.5, (COMMUNES, 1))
        on = rng.random(COMMUNES) < 0.5
        for day in range(SHAPE[1]):
            on ^= rng.random(COMMUNES) < 1 / 7
            samples[:, day] += rng.poisson(own[:, 0] * on)
    return Month(samples)


def kick_off(rng: Random) -> Month:
    """A campaign begins on the first day with a push that fades within two weeks."""
    day = np.arange(SHAPE[1]) - LOOK_BACK
    course = np.where(day < 0, 0.3, 0.6 + 1.8 * np.exp(-np.maximum(day, 0) / 5))
    return Month(rng.poisson(levels(rng) * course * rng.gamma(3, 1 / 3, SHAPE)) * 1.0)


def handover(rng: Random) -> Month:
    """Another team with a pace of its own takes over between day 8 and day 22."""
    later = np.arange(SHAPE[1]) - LOOK_BACK >= rng.integers(8, 23, (COMMUNES, 1))
    pace = levels(rng) * np.where(later, np.exp(rng.normal(0, 0.35, (COMMUNES, 1))), 1.0)
    return Month(rng.poisson(pace * rng.gamma(2, 1 / 2, SHAPE)) * 1.0)


def rain(rng: Random) -> Month:
    """On every fifth day it rains in the whole country, on others in a district."""
    country = rng.random(SHAPE[1]) < 0.2
    district = np.repeat(rng.random((COMMUNES // 10, SHAPE[1])) < 0.1, 10, axis=0)
    return Month(rng.poisson(levels(rng) * np.where(country | district, 0.1, 1.3)) * 1.0)


def caravan(rng: Random) -> Month:
    """Few measure; ten phones come twice in six weeks for two days, as an organiser pinned it."""
    samples, planned = rng.poisson(levels(rng) * 0.5 * np.ones(SHAPE)) * 1.0, np.zeros(SHAPE)
    for _ in range(2):
        come = rng.integers(0, SHAPE[1] - 1, COMMUNES)
        for more in range(2):
            samples[np.arange(COMMUNES), come + more] += rng.poisson(60, COMMUNES)
            planned[np.arange(COMMUNES), come + more] += 60
    return Month(samples, planned)


def _uneven(rng: Random, course: Floats) -> Floats:
    """Draw samples at the pace of each commune times a course by day, with uneven days."""
    return rng.poisson(levels(rng) * course * rng.gamma(3, 1 / 3, SHAPE)) * 1.0


def deadline(rng: Random) -> Month:
    """From day 18 on everybody measures twice as much, to reach the target in time."""
    return Month(_uneven(rng, np.where(DAY >= 18, 2.0, 1.0) / 1.4))


def holiday(rng: Random) -> Month:
    """Nearly nobody measures on days 8 to 14."""
    return Month(_uneven(rng, np.where((DAY >= 8) & (DAY <= 14), 0.1, 1.25)))


def school(rng: Random) -> Month:
    """A school measures on three days of the third week."""
    samples, come = _uneven(rng, np.full(SHAPE[1], 0.7)), np.zeros(SHAPE)
    for commune in come:
        commune[LOOK_BACK + 14 + rng.permutation(5)[:3]] = 30
    return Month(samples + rng.poisson(come))


def rescue(rng: Random) -> Month:
    """After day 15 the province sends a team for two days to half of those that lag."""
    samples = _uneven(rng, np.ones(SHAPE[1]))
    lags = samples[:, (DAY >= 1) & (DAY <= 15)].sum(axis=1) < TARGET / 2
    sent = np.flatnonzero(lags & (rng.random(COMMUNES) < 0.5))
    day = LOOK_BACK + rng.integers(15, 26, len(sent))
    for more in range(2):
        samples[sent, day + more] += rng.poisson(60, len(sent))
    return Month(samples)


KINDS: dict[str, Callable[[Random], Month]] = {
    "rota": rota, "spells": spells, "kick_off": kick_off, "handover": handover, "rain": rain,
    "caravan": caravan,
}  # fmt: skip
# A pace of 14 days cannot foresee these.
CHANGING: dict[str, Callable[[Random], Month]] = {
    "deadline": deadline, "holiday": holiday, "school": school, "rescue": rescue,
}  # fmt: skip


class Alerts(NamedTuple):
    """Alerts on a day, those of communes that reached the target, and communes that missed it."""

    alerts: int
    wrong: int
    missed: int


def by_weekday(samples: Floats, days: list[date]) -> Floats:
    """Return the sum of each commune's days by weekday, Monday first."""
    weekdays = np.array([day.weekday() for day in days])
    return np.stack([samples[:, weekdays == n].sum(axis=1) for n in range(7)], axis=1)


def history_of(samples: Floats, days: list[date]) -> History:
    """Return past days of a province's communes as the product reads them."""
    active, sums = (samples >= MIN_DAILY).sum(axis=1), by_weekday(samples, days)
    pattern = np.broadcast_to(sums.sum(axis=0), sums.shape)
    return History(days, sums, by_weekday(samples**2, days), active, pattern)


def alerts(month: Month, done: int, *, limited: bool = True) -> Alerts:
    """Return the alerts by pace after some days; without limits as until version 1.1."""
    samples, over = month.samples, LOOK_BACK + done
    planned = (month.planned * np.ones(SHAPE))[:, over:].sum(axis=1)
    past, days = samples[:, over - LOOK_BACK : over], ALL_DAYS[over - LOOK_BACK : over]
    coming = still_to_come(history_of(past, days), ALL_DAYS[over:])
    so_far = samples[:, LOOK_BACK:over].sum(axis=1)
    high = np.rint(so_far + coming.high)
    alerted = (high + planned < TARGET) & coming.steady if limited else high < TARGET
    reached = samples[:, LOOK_BACK:].sum(axis=1) >= TARGET
    return Alerts(int(alerted.sum()), int((alerted & reached).sum()), int((~reached).sum()))


def rates(kind: str, months: int, seed: int, done: int, *, limited: bool = True) -> Alerts:
    """Return the sums of a number of months of a kind."""
    found = []
    for month in range(months):
        rng = np.random.default_rng([seed, month])
        found.append(alerts((KINDS | CHANGING)[kind](rng), done, limited=limited))
    return Alerts(*map(sum, zip(*found, strict=True)))


def main() -> None:
    """Print the rows of both tables."""
    assert max(ASKED) < DAYS - LAST_DAYS
    for number, kind in enumerate(KINDS | CHANGING):
        cells = []
        for done in ASKED:
            limited = rates(kind, 40, 5100 + number, done)
            free = rates(kind, 40, 5100 + number, done, limited=False)
            cells.append(
                f"{100 * limited.wrong / max(limited.alerts, 1):.1f}"
                f" ({100 * (limited.alerts - limited.wrong) / limited.missed:.0f};"
                f" {100 * free.wrong / max(free.alerts, 1):.1f})"
            )
        print("|", " | ".join([kind, *cells]), "|")


if __name__ == "__main__":
    main()
