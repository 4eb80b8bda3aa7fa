"""Generate the samples of a month plan until each commune has its planned counted samples."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count

import numpy as np
from sqlalchemy import text

from backend.batch.executor import SERIAL, Executor, batched
from backend.clock import month_end
from backend.database.extensions import db, extension, setting
from backend.demo import phones
from backend.demo.plan import MonthPlan, quotas
from backend.demo.volunteers import (
    METRES_PER_DEGREE,
    Floats,
    PlannedTest,
    Province,
    Volunteer,
    locate,
    plan_tests,
    recruit,
    survey,
)
from backend.devices import consent
from backend.devices import service as devices
from backend.devices.service import Agreement, Registration
from backend.measurements.recording.rules import Caps
from backend.measurements.recording.service import RecordingContext, record_batches

Progress = Callable[[int, int], None]

# Volunteers that a process gets at once: some seconds of work.
LOT = 10
# The shortest part of a month for which volunteers are recruited.
MONTH_SHARE_LEAST = 1 / 30

# Demo data can be generated again, so commits need not wait for the disk. Valid for one
# transaction only.
NO_WAIT = text("set local synchronous_commit = off")


class PlanNotReached(RuntimeError):
    """The counts differ from the plan: the demo does not fit the rules any more."""


@dataclass(frozen=True, slots=True)
class GenerationContext:
    """Objects and settings of the installation that the generation needs."""

    recording: RecordingContext
    seed: int
    executor: Executor = SERIAL


@dataclass(frozen=True, slots=True)
class _Lot:
    """Volunteers of a plan, and what their samples depend on besides."""

    people: Sequence[Volunteer]
    plan: MonthPlan
    beyond: Floats  # (n, 2): points beyond the border of the province
    key: Sequence[int]  # of random numbers, besides that of the volunteer
    seed: int

    @property
    def samples(self) -> int:
        """The counted samples that are planned."""
        return sum(one.at_home + one.at_work for one in self.people)


@dataclass(slots=True)
class _Generation:
    """The state of a plan: samples that its communes lack, and whether it is complete."""

    plan: MonthPlan
    seed: int
    province: Province
    missing: dict[str, int]
    rng: np.random.Generator
    complete: bool = False

    @property
    def lacking(self) -> int:
        """The number of planned samples that are missing."""
        return sum(self.missing.values())

    def recruit(self, turn: int) -> list[_Lot]:
        """Return volunteers for the missing samples."""
        share = max(MONTH_SHARE_LEAST, len(self.plan.days) / 30)
        people = recruit(self.province.communes, self.missing, share, self.rng)
        key, beyond = [turn, *self.plan.key], self.province.beyond
        return [_Lot(some, self.plan, beyond, key, self.seed) for some in batched(people, LOT)]

    def subtract(self, counted: Mapping[int, int]) -> None:
        """Subtract counted samples by unit from the missing ones."""
        before = self.lacking
        for one in self.province.communes:
            self.missing[one.code] -= counted.get(one.unit_id, 0)
        if min(self.missing.values(), default=0) < 0:
            raise PlanNotReached(f"counted more than planned: {self.missing}")
        # A month that began today has no hours left.
        self.complete = self.lacking in (0, before)


def generate(
    plans: Sequence[MonthPlan], context: GenerationContext, advance: Callable[[int], None]
) -> list[int]:
    """Record the measurements of plans by `record`; return how many of each count as planned.

    Each turn records those of all plans, so that no process waits for the end of a plan.
    """
    begin = partial(_begin, seed=context.seed)
    generations = list(context.executor.map(begin, plans))
    for turn in count():
        current = [one for one in generations if not one.complete]
        if not current:
            break
        lots = [(one, lot) for one in current for lot in one.recruit(turn)]
        counted: dict[int, Counter[int]] = {id(one): Counter() for one in current}
        results = context.executor.map(record_lot, [lot for _, lot in lots])
        for (one, lot), found in zip(lots, results, strict=True):
            counted[id(one)] += found
            advance(lot.samples)
        for one in current:
            one.subtract(counted[id(one)])
    return [one.plan.counted - one.lacking for one in generations]


def _begin(plan: MonthPlan, seed: int) -> _Generation:
    """Draw the spots of a plan's province and the quotas of its communes."""
    rng = np.random.default_rng([seed, *plan.key])
    province = survey(plan.province, month_end(plan.month), extension("locator"), rng)
    codes = [one.code for one in province.communes]
    wanted = quotas(plan, codes, [one.district for one in province.communes], rng)
    db.session.rollback()  # no transaction stays open during the work
    return _Generation(plan, seed, province, wanted, rng)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a phone sends, and when it was registered."""

    phone: phones.Phone
    registered_at: datetime
    batches: Sequence[phones.Batch]


def record_lot(lot: _Lot) -> Counter[int]:
    """Record the samples of some volunteers; return the counted ones of the network by unit."""
    context = recording_context()
    planned = [one for volunteer in lot.people if (one := _plan(volunteer, lot, context))]
    register([(one.phone, one.registered_at) for one in planned], context)
    counted: Counter[int] = Counter()
    for one in planned:
        db.session.execute(NO_WAIT)
        sent = [(each.items, each.receipt) for each in one.batches]
        for item in record_batches(one.phone.id, sent, context):
            if item.outcome == "accepted" and item.row["network"] == lot.plan.network:
                counted[item.row["unit_id"]] += item.row["counted"]
    return counted


def recording_context() -> RecordingContext:
    """Return the objects and settings of the application, without tickets: no sample has one."""
    return RecordingContext(
        extension("locator"),
        setting("SECRET_KEY"),
        setting("MEASUREMENTS_PER_HOUR"),
        caps=Caps(setting("DAILY_CAP"), setting("COMMUNE_CAP")),
    )


def _plan(volunteer: Volunteer, lot: _Lot, context: RecordingContext) -> _Plan | None:
    """Plan the tests of a volunteer and the batches of their phone; None without tests."""
    plan, rng = lot.plan, np.random.default_rng([lot.seed, volunteer.number, *lot.key])
    phone = phones.new_phone(plan.network, plan.month, rng)
    tests = plan_tests(volunteer, plan.days, plan.until, rng)
    if not tests:
        return None
    fixes = _fixes(tests, plan, context, rng)
    good = [
        phones.Sample(test.at, phones.body(phone, test.at, fix, rng))
        for test, fix in zip(tests, fixes, strict=True)
    ]
    samples = phones.add_anomalies(phone, good, lot.beyond, rng)
    samples = [one for one in samples if one.at < plan.until]
    registered_at = tests[0].at - timedelta(hours=rng.uniform(0.2, 48))
    return _Plan(phone, registered_at, phones.batches(phone, samples, plan.until, rng))


def register(
    registered: Sequence[tuple[phones.Phone, datetime]], context: RecordingContext
) -> None:
    """Register phones in one commit; the consent of each is of the time of its registration."""
    if not registered:
        return
    registrations = [
        (
            Registration(
                consent=Agreement(consent.CURRENT, at),
                id=phone.id,
                platform=phone.platform,
                model=phone.model,
                app_version=phones.APP_VERSION,
            ),
            at,
        )
        for phone, at in registered
    ]
    db.session.execute(NO_WAIT)
    devices.add_demo_devices(registrations, context.key)
    db.session.commit()


def _fixes(
    tests: list[PlannedTest], plan: MonthPlan, context: RecordingContext, rng: np.random.Generator
) -> Floats:
    """Return longitude, latitude and accuracy of each test, near its spot and in its commune."""
    spots = np.array(
        [[one.commune.longitudes[one.spot], one.commune.latitudes[one.spot]] for one in tests]
    )
    accuracy = np.clip(rng.lognormal(np.log(11), 0.5, len(tests)), *phones.ACCURACY_M).round(1)
    noise = np.clip(rng.normal(0, 0.4, spots.shape) * accuracy[:, None], -1, 1)
    noise = noise * np.minimum(accuracy, phones.NOISE_MOST_M / np.sqrt(2))[:, None]
    east = METRES_PER_DEGREE * np.cos(np.radians(spots[:, 1]))
    points = (spots + noise / np.stack([east, np.full(len(tests), METRES_PER_DEGREE)], 1)).round(6)
    day = month_end(plan.month)
    units = locate(points, accuracy.tolist(), day, context.locator)
    strayed = units != [one.commune.unit_id for one in tests]
    points[strayed] = spots[strayed]
    return np.column_stack([points, accuracy])


def progress_by(progress: Progress, total: int) -> Callable[[int], None]:
    """Return a function that adds to a progress of (done, total)."""
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        progress(min(done, total), total)

    return advance
