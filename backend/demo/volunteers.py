"""Volunteers of the demo with their quotas, and the places and times of their tests.

Tests are on weekend rounds of the youth union, in lunch breaks and in evenings at home.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

import numpy as np

from backend.clock import day_begin, local_day
from backend.demo.communes import Commune, Point, by_distance, survey
from backend.demo.phones import Phone, new_phone
from backend.demo.plan import MonthPlan, quotas

# Counted samples of a volunteer in a month: fewer than a device may in one commune (COMMUNE_CAP),
# and at most so many per spot.
A_MONTH, A_MONTH_PER_SPOT = (60.0, 145.0), 25
# Samples of a volunteer in the commune where they work, one of the nearest.
MAX_WORK, WORK_AMONG = 20, 6
# Phones are registered so many days before the month.
REGISTERED_DAYS = (1.0, 10.0)
# Volunteers at each place without a connection: enough for a zone, for a place, and too few to be
# shown.
GROUPS = (9, 8, 7, 7, 6, 6, 5, 3, 2)
# A false position, many tests in one night, and two phones of one person.
CHEATS = ("mock", "night", "pair", "pair")


@dataclass(frozen=True, slots=True)
class Round:
    """A morning on which members of a team go out together, in the commune where they live."""

    begin: datetime
    base: int  # the spot at which it begins
    shared: float  # relative speed of all tests


@dataclass(slots=True)
class Volunteer:
    """One phone with its communes and its numbers of counted samples."""

    seed: str  # of all that is drawn for them
    plan: MonthPlan
    phone: Phone
    registered_at: datetime
    home: Commune
    work: Commune
    at_home: int = 0
    at_work: int = 0
    cheat: str | None = None
    gaps: list[Point] = field(default_factory=list)  # places without a connection that they note
    round: Round | None = None  # with their team

    @property
    def counted(self) -> int:
        """The counted samples that are planned."""
        return self.at_home + self.at_work


def seeded(*key: object) -> Random:
    """Return a source of random numbers that are the same for the same key."""
    return Random(str(key))  # noqa: S311 # nothing of it is a secret


def recruit(plan: MonthPlan, seed: int) -> list[Volunteer]:
    """Draw the volunteers of a plan and divide the quotas of its communes among them."""
    arrays, rng = np.random.default_rng([seed, *plan.key]), seeded(seed, plan.key)
    communes = survey(plan, arrays)
    left = quotas(
        plan,
        [commune.code for commune in communes],
        [commune.district for commune in communes],
        arrays,
    )
    share = min(1.0, len(plan.days) / 28)  # of a whole month
    people: list[Volunteer] = []

    def add(home: Commune, work: Commune, cheat: str | None = None) -> Volunteer:
        registered_at = day_begin(plan.days[0]) - timedelta(days=rng.uniform(*REGISTERED_DAYS))
        phone = new_phone(plan.network, plan.month, rng)
        own = f"{seed} {plan.key} {len(people)}"
        people.append(Volunteer(own, plan, phone, registered_at, home, work, cheat=cheat))
        return people[-1]

    for home in communes:
        near = by_distance(communes, home)[1 : WORK_AMONG + 1]
        while left[home.code]:
            # They work where many samples are missing.
            one = add(home, max(near, key=lambda commune: left[commune.code] * rng.random()))
            most = min(rng.uniform(*A_MONTH), A_MONTH_PER_SPOT * len(home.spots))
            one.at_home = min(left[home.code], max(4, int(most * share)))
            left[home.code] -= one.at_home
            one.at_work = min(left[one.work.code], int(MAX_WORK * share))
            left[one.work.code] -= one.at_work
    if plan.network == "mobile":
        _place_gaps(communes, people, rng)
    if plan.cheats:
        most_spots = max(communes, key=lambda commune: len(commune.spots))
        for cheat in CHEATS:
            add(most_spots, most_spots, cheat)
    return people


def _place_gaps(communes: Sequence[Commune], people: Sequence[Volunteer], rng: Random) -> None:
    """Draw places without a connection; those who live nearest note them."""
    for place, size in zip(rng.sample(communes, len(GROUPS)), GROUPS, strict=True):
        nearest = {commune.code: n for n, commune in enumerate(by_distance(communes, place))}
        for person in sorted(people, key=lambda person: nearest[person.home.code])[:size]:
            person.gaps.append(place.point(0))


@dataclass(frozen=True, slots=True)
class Slot:
    """A time of day at which people measure."""

    hours: tuple[float, float]  # of the first test
    tests: tuple[int, int]
    weight: float
    at_work: bool = False
    round: bool = False  # through hamlets, not at one place


# Between tests of two slots are over four hours, the time of `repeat`: every spot is free again.
WEEKDAY = (
    Slot((6.2, 6.9), (1, 1), 0.7),
    Slot((11.1, 12.4), (1, 3), 1.6, at_work=True),
    Slot((18.3, 21.4), (1, 4), 3.2),
)
WEEKEND = (
    Slot((6.7, 7.8), (6, 15), 4.5, round=True),
    Slot((14.0, 15.4), (5, 14), 3.0, round=True),
)
SATURDAY = 5
# Minutes from one test of an outing to the next.
GAP_MINUTES = (3.5, 8.0)
# Number of spots around home at which rounds begin.
AROUND_HOME = 40


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """Time and place of a test that counts."""

    at: datetime
    point: Point
    shared: float = 1.0  # relative speed of a team's round


def plan_tests(volunteer: Volunteer) -> list[PlannedTest]:
    """Return the tests of a volunteer's month by time, spaced so that each counts."""
    rng, plan = seeded(volunteer.seed), volunteer.plan
    if volunteer.cheat:
        return list(_cheated(volunteer.cheat, volunteer.home, plan.days[0]))
    tests = list(_tests_of_round(volunteer))
    left = {False: volunteer.at_home - len(tests), True: volunteer.at_work}
    communes = {False: volunteer.home, True: volunteer.work}
    bases = {at_work: rng.randrange(len(commune.spots)) for at_work, commune in communes.items()}
    with_team = volunteer.round and local_day(volunteer.round.begin)
    for day, slot in _outings([day for day in plan.days if day != with_team], rng):
        commune, base = communes[slot.at_work], bases[slot.at_work]
        at = day_begin(day) + timedelta(seconds=round(3600 * rng.uniform(*slot.hours)))
        if slot.round:
            base = rng.choice(commune.around(base)[:AROUND_HOME])
        size = min(left[slot.at_work], rng.randint(*slot.tests))
        for spot in commune.around(base)[:size]:
            if at < plan.until:
                tests.append(PlannedTest(at, commune.point(spot)))
                left[slot.at_work] -= 1
            at += timedelta(minutes=rng.uniform(*GAP_MINUTES))
    return sorted(tests, key=lambda test: test.at)


def _tests_of_round(volunteer: Volunteer) -> Iterator[PlannedTest]:
    """Yield the tests of a person on the round of their team."""
    if volunteer.round is None:
        return
    rng, home, at = seeded(volunteer.seed, "round"), volunteer.home, volunteer.round.begin
    size = min(volunteer.at_home, rng.randint(*WEEKEND[0].tests))
    for spot in home.around(volunteer.round.base)[:size]:
        at += timedelta(minutes=rng.uniform(*GAP_MINUTES))
        if at < volunteer.plan.until:
            yield PlannedTest(at, home.point(spot), volunteer.round.shared)


def _outings(days: Sequence[date], rng: Random) -> list[tuple[date, Slot]]:
    """Draw all outings of a month, those of more weight first in general."""
    every = [
        (day, slot) for day in days for slot in (WEEKEND if day.weekday() >= SATURDAY else WEEKDAY)
    ]
    return sorted(every, key=lambda outing: rng.expovariate(outing[1].weight))


def _cheated(cheat: str, home: Commune, first: date) -> Iterator[PlannedTest]:
    """Yield 20 tests of one night, or one each morning and afternoon of a week."""
    spots = home.around(0)
    if cheat == "night":
        begin = day_begin(first + timedelta(days=9)) + timedelta(minutes=20)
        times = [begin + n * timedelta(minutes=12) for n in range(20)]
    else:
        begin = day_begin(first + timedelta(days=3)) + timedelta(hours=8, minutes=10)
        times = [begin + timedelta(days=n // 2, hours=6 * (n % 2)) for n in range(14)]
    for at, spot in zip(times, spots, strict=False):
        yield PlannedTest(at, home.point(spot))
