"""Volunteers of the demo with their quotas, and the times and spots of their tests.

Tests are on weekend rounds of the youth union, in lunch breaks and in evenings at home.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from backend.clock import VIETNAM
from backend.demo.places import Commune, Floats

# Samples of one keen volunteer in a month, and in a month per spot.
A_MONTH, A_MONTH_PER_SPOT = 130, 25
# Share of a commune's samples by people who only work there, and the most samples of each.
WORK_SHARE, WORK_MOST = 0.2, 20
# Number of nearest communes, including the own one, in which people work.
WORK_AMONG = 5
# A spot is used again after this time: slightly more than the four hours of `repeat`.
REST = timedelta(hours=4, minutes=5)
# Minutes from one test of an outing to the next.
GAP_LEAST, GAP_MOST = 3.5, 8.0
# Number of spots around home at which rounds begin.
AROUND_HOME = 40


@dataclass(slots=True)
class Volunteer:
    """One phone with its communes and its numbers of counted samples."""

    number: int
    home: Commune
    work: Commune
    at_home: int = 0
    at_work: int = 0


def recruit(
    communes: Sequence[Commune],
    quotas: Mapping[str, int],
    month_share: float,
    rng: np.random.Generator,
) -> list[Volunteer]:
    """Draw volunteers for each commune and divide its quota among them."""
    near = _nearest(communes)
    people: list[Volunteer] = []
    for place, commune in enumerate(communes):
        each = min(A_MONTH, A_MONTH_PER_SPOT * len(commune.longitudes)) * month_share
        for _ in range(int(np.ceil(quotas.get(commune.code, 0) / max(4.0, each)))):
            work = communes[int(rng.choice(near[place]))]
            people.append(Volunteer(len(people), commune, work))
    for commune in communes:
        _divide(commune, quotas.get(commune.code, 0), people, rng)
    return [one for one in people if one.at_home + one.at_work]


def _divide(
    commune: Commune, quota: int, people: Sequence[Volunteer], rng: np.random.Generator
) -> None:
    living = [one for one in people if one.home is commune]
    working = [one for one in people if one.work is commune and one.home is not commune]
    by_work = min(int(quota * WORK_SHARE), WORK_MOST * len(working)) if working else 0
    for one, n in zip(working, _share_out(by_work, len(working), rng), strict=True):
        one.at_work = n
    for one, n in zip(living, _share_out(quota - by_work, len(living), rng), strict=True):
        one.at_home = n


def _share_out(total: int, heads: int, rng: np.random.Generator) -> list[int]:
    """Divide a number unevenly."""
    if not heads:
        return []
    keen = rng.gamma(4.0, 1.0, heads)
    shares: list[int] = rng.multinomial(total, keen / keen.sum()).tolist()
    return shares


def _nearest(communes: Sequence[Commune]) -> list[list[int]]:
    centres = np.array([one.centre for one in communes])
    away = ((centres[:, None] - centres[None, :]) ** 2).sum(axis=2)
    nearest: list[list[int]] = np.argsort(away, axis=1, kind="stable")[:, :WORK_AMONG].tolist()
    return nearest


@dataclass(frozen=True, slots=True)
class Slot:
    """A time of day at which people measure."""

    earliest: float  # hours
    latest: float
    least: int
    most: int
    weight: float
    at_work: bool = False
    round: bool = False  # through hamlets, not at one place


WEEKDAY = (
    Slot(6.2, 7.1, 1, 1, 0.7),
    Slot(11.1, 12.6, 1, 3, 1.6, at_work=True),
    Slot(18.3, 21.4, 1, 4, 3.2),
)
WEEKEND = (
    Slot(7.2, 9.0, 6, 16, 3.6, round=True),
    Slot(14.0, 15.6, 5, 14, 2.4, round=True),
    Slot(18.5, 21.2, 1, 3, 1.6),
)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """Time, commune and spot of a test that counts."""

    at: datetime
    commune: Commune
    spot: int


def plan_tests(
    volunteer: Volunteer, days: Sequence[date], until: datetime, rng: np.random.Generator
) -> list[PlannedTest]:
    """Return the tests of a volunteer's month by time, spaced so that each counts."""
    home = _random_spot(volunteer.home, rng)
    work = _random_spot(volunteer.work, rng)
    made: list[PlannedTest] = []
    used: dict[tuple[str, int], datetime] = {}
    for start, slot, size in sorted(_outings(volunteer, days, rng), key=lambda one: one[0]):
        commune = volunteer.work if slot.at_work else volunteer.home
        base = work if slot.at_work else home
        if slot.round:
            around = _by_distance(commune, base)[:AROUND_HOME]
            base = int(rng.choice(around))
        at = start
        for spot in _free(commune, base, start, used)[:size]:
            if at >= until:
                break
            made.append(PlannedTest(at, commune, spot))
            used[commune.code, spot] = at
            at += timedelta(minutes=rng.uniform(GAP_LEAST, GAP_MOST))
    return made


def _outings(
    volunteer: Volunteer, days: Sequence[date], rng: np.random.Generator
) -> Iterator[tuple[datetime, Slot, int]]:
    """Draw outings by weight until the quotas at home and at work are used up."""
    open_slots = [(day, slot) for day in days for slot in (WEEKEND if _free_day(day) else WEEKDAY)]
    keys = rng.exponential(size=len(open_slots)) / [slot.weight for _, slot in open_slots]
    elsewhere = volunteer.work is not volunteer.home
    left = {False: volunteer.at_home, True: volunteer.at_work}
    for place in np.argsort(keys, kind="stable").tolist():
        day, slot = open_slots[place]
        where = slot.at_work and elsewhere
        spots = len((volunteer.work if slot.at_work else volunteer.home).longitudes)
        size = min(left[where], spots, int(rng.integers(slot.least, slot.most + 1)))
        hour = rng.uniform(slot.earliest, slot.latest)
        if size:
            left[where] -= size
            midnight = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
            yield midnight + timedelta(seconds=round(hour * 3600)), slot, size


def _free_day(day: date) -> bool:
    return day.weekday() >= SATURDAY


def _random_spot(commune: Commune, rng: np.random.Generator) -> int:
    return int(rng.integers(len(commune.longitudes)))


def _by_distance(commune: Commune, spot: int) -> list[int]:
    x: Floats = commune.longitudes - commune.longitudes[spot]
    y: Floats = commune.latitudes - commune.latitudes[spot]
    nearest: list[int] = np.argsort(x * x + y * y, kind="stable").tolist()
    return nearest


def _free(
    commune: Commune, base: int, start: datetime, used: dict[tuple[str, int], datetime]
) -> list[int]:
    """Return spots by distance from the first one, without those used recently."""
    return [
        spot
        for spot in _by_distance(commune, base)
        if (commune.code, spot) not in used or start - used[commune.code, spot] >= REST
    ]
