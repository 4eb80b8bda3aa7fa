"""Generate the samples of a month plan until each commune has its planned counted samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, text

from backend.batch.workforce import ALONE, Workforce, sliced
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
from backend.measurements.recording.models import Measurement
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
    force: Workforce = ALONE


@dataclass(frozen=True, slots=True)
class _Lot:
    """Volunteers of a plan, and what their samples depend on besides."""

    people: Sequence[Volunteer]
    plan: MonthPlan
    beyond: Floats  # (n, 2): points beyond the border of the province
    key: Sequence[int]  # of random numbers, besides that of the volunteer
    seed: int


def generate(plan: MonthPlan, context: GenerationContext, advance: Callable[[int], None]) -> int:
    """Record the measurements of a plan by `record`; return the number counted as planned."""
    rng = np.random.default_rng([context.seed, *plan.key])
    day = month_end(plan.month)
    province = survey(plan.province, day, context.recording.locator, rng)
    codes = [one.code for one in province.communes]
    wanted = quotas(plan, codes, [one.district for one in province.communes], rng)
    db.session.rollback()  # no transaction stays open during the work
    missing, lacking = dict(wanted), sum(wanted.values())
    share = max(MONTH_SHARE_LEAST, len(plan.days) / 30)
    made: list[UUID] = []
    for turn in count():
        people = recruit(province.communes, missing, share, rng)
        made += _send(people, plan, province, [turn, *plan.key], context, advance)
        missing = _missing(wanted, _counted(made, plan, province))
        before, lacking = lacking, sum(missing.values())
        if lacking in (0, before):  # a month that began today has no hours left
            break
    return sum(wanted.values()) - lacking


def _missing(wanted: Mapping[str, int], counted: Mapping[str, int]) -> dict[str, int]:
    missing = {code: n - counted.get(code, 0) for code, n in wanted.items()}
    if min(missing.values(), default=0) < 0:
        raise PlanNotReached(f"counted more than planned: {missing}")
    return missing


def _send(
    people: Sequence[Volunteer],
    plan: MonthPlan,
    province: Province,
    key: Sequence[int],
    context: GenerationContext,
    advance: Callable[[int], None],
) -> list[UUID]:
    """Record the samples of all volunteers; return their devices."""
    lots = [_Lot(some, plan, province.beyond, key, context.seed) for some in sliced(people, LOT)]
    made: list[UUID] = []
    for lot, devices_of_lot in zip(lots, context.force.each(record_lot, lots), strict=True):
        made += devices_of_lot
        advance(sum(one.at_home + one.at_work for one in lot.people))
    return made


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a phone sends, and when it was registered."""

    phone: phones.Phone
    registered_at: datetime
    batches: Sequence[phones.Batch]


def record_lot(lot: _Lot) -> list[UUID]:
    """Record the samples of some volunteers; return the devices of those that have some."""
    context = recording_context()
    planned = [one for volunteer in lot.people if (one := _plan(volunteer, lot, context))]
    register([(one.phone, one.registered_at) for one in planned], context)
    for one in planned:
        db.session.execute(NO_WAIT)
        record_batches(one.phone.id, [(each.items, each.receipt) for each in one.batches], context)
    return [one.phone.id for one in planned]


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


def _counted(made: list[UUID], plan: MonthPlan, province: Province) -> Mapping[str, int]:
    """Return the counted samples of these devices by commune."""
    query = (
        select(Measurement.unit_id, func.count())
        .where(
            Measurement.device_id.in_(made),
            Measurement.counted,
            Measurement.network == plan.network,
        )
        .group_by(Measurement.unit_id)
    )
    codes = {one.unit_id: one.code for one in province.communes}
    found = {codes[unit]: n for unit, n in db.session.execute(query) if unit in codes}
    db.session.rollback()
    return found


def progress_by(progress: Progress, total: int) -> Callable[[int], None]:
    """Return a function that adds to a progress of (done, total)."""
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        progress(min(done, total), total)

    return advance
