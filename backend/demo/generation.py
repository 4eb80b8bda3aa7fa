"""Register volunteers' phones, and record what they measured and noted, as the API would."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from random import Random

from sqlalchemy import text

from backend.batch.executor import Executor, batched
from backend.clock import day_begin
from backend.database.extensions import db, setting
from backend.demo import phones
from backend.demo.communes import Point
from backend.demo.plan import LETTER_MONTH, MonthPlan
from backend.demo.volunteers import Volunteer, plan_tests, seeded
from backend.devices import consent
from backend.devices import service as devices
from backend.devices.service import Agreement, Registration
from backend.measurements.no_connection.service import record_notes
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.service import (
    RecordingContext,
    record_batches,
    recording_context,
)

# Volunteers that a process gets at once: some seconds of work.
LOT = 10
# A note's attempts, in seconds; between the outings of a morning, so that no test contradicts it.
ATTEMPTS_S, NOTE_HOURS = (0, 35, 75), (9.8, 11.0)
# Where people run i-Speed too, but in the month of the letter: a part of the phones, after at most
# so many of their tests.
ISPEED_PROVINCES, ISPEED_SHARE, ISPEED_TESTS = ("19", "48"), 0.6, 4

# Read from the rows: a lot that is recorded again, because its process was lost, adds none.
COUNTED = text("""
    select count(*) from measurements
    where device_id = :device and network = :network and counted
""")
# Demo data can be generated again, so commits need not wait for the disk. Valid for one
# transaction only.
NO_WAIT = text("set local synchronous_commit = off")


def register(people: Sequence[Volunteer]) -> None:
    """Register the phones in one commit; the consent of each is of the time of its registration."""
    registrations = [
        (
            Registration(
                consent=Agreement(consent.CURRENT, person.registered_at),
                id=person.phone.id,
                platform=person.phone.platform,
                model=person.phone.model,
                app_version=phones.APP_VERSION,
            ),
            person.registered_at,
        )
        for person in people
    ]
    if registrations:
        devices.add_demo_devices(registrations, setting("SECRET_KEY"))
    db.session.commit()


def record_all(
    crews: Iterable[Sequence[Volunteer]], executor: Executor, progress: Callable[[int, int], None]
) -> Counter[MonthPlan]:
    """Record what the volunteers of each plan measured; return the counted samples by plan."""
    lots = [lot for crew in crews for lot in batched(crew, LOT)]
    counted: Counter[MonthPlan] = Counter()
    for done, (lot, n) in enumerate(zip(lots, executor.map(record_lot, lots), strict=True), 1):
        counted[lot[0].plan] += n
        progress(done, len(lots))
    return counted


def record_lot(lot: Sequence[Volunteer]) -> int:
    """Record the samples and notes of some volunteers; return how many count as planned."""
    context, counted = recording_context(tickets=False), 0
    for person in lot:
        rng = seeded(person.seed, "samples")
        sent = _batches(person, rng)
        db.session.execute(NO_WAIT)
        record_batches(person.phone.id, sent, context)
        for point in person.gaps:
            _note(person, point, context, rng)
        if person.cheat is None:
            of_plan = {"device": person.phone.id, "network": person.plan.network}
            counted += db.session.execute(COUNTED, of_plan).scalar_one()
    return counted


def _batches(volunteer: Volunteer, rng: Random) -> list[phones.Batch]:
    """Return what a volunteer's phone sends: tests, and others in which something went wrong."""
    phone, until = volunteer.phone, volunteer.plan.until
    samples: list[phones.Sample] = []
    tests: list[phones.Sample] = []
    for test in plan_tests(volunteer):
        body = phones.body(phone, test.at, test.point, rng, test.shared)
        sample = phones.Sample(test.at, body)
        samples.append(sample)
        tests.append(sample)
        if volunteer.cheat == "mock":
            sample.body["location"]["is_mock"] = True
        elif volunteer.cheat is None and rng.random() < phones.ANOMALIES:
            samples.append(phones.follow(sample, phone, rng))
    sent = phones.batches([sample for sample in samples if sample.at < until], until, rng)
    return sorted([*sent, *_typed(volunteer, tests)], key=lambda batch: batch[1].received_at)


def _typed(volunteer: Volunteer, tests: Sequence[phones.Sample]) -> list[phones.Batch]:
    """Return typed results of i-Speed, drawn apart, so that no other draw moves."""
    plan, rng = volunteer.plan, seeded(volunteer.seed, "pairs")
    runs_both = plan.province in ISPEED_PROVINCES and plan.month != LETTER_MONTH
    is_asked = runs_both and plan.network == "mobile" and not volunteer.cheat
    if not is_asked or rng.random() > ISPEED_SHARE:
        return []
    chosen = rng.sample(tests, min(ISPEED_TESTS, len(tests)))
    made = [phones.typed(test, volunteer.phone, rng) for test in chosen]
    results = sorted((one for one in made if one.at < plan.until), key=lambda one: one.at)
    return phones.batches(results, plan.until, rng)


def _note(volunteer: Volunteer, point: Point, context: RecordingContext, rng: Random) -> None:
    """Record a note of a place without a connection on one morning of the month."""
    plan, phone = volunteer.plan, volunteer.phone
    day = rng.choice(plan.days)
    at = day_begin(day) + timedelta(seconds=round(3600 * rng.uniform(*NOTE_HOURS)))
    received_at = at + timedelta(minutes=rng.uniform(4, 90))
    if received_at > plan.until:
        return
    body = {
        "id": str(phones.uuid_from(rng)),
        "attempts": [phones.local_time(at + timedelta(seconds=n)) for n in ATTEMPTS_S],
        "confirmed": {"flight_mode_off": True, "data_on": True, "data_left": True},
        "location": {
            "longitude": point[0],
            "latitude": point[1],
            "accuracy_m": round(rng.uniform(8, 60), 1),
        },
        "network": {"operator": phone.operator},
        "app_version": phones.APP_VERSION,
    }
    # Each phone sends from an address of its own.
    address = ".".join(map(str, (10, *phone.id.bytes[:3])))
    receipt = ReceiptContext(received_at, received_at)
    db.session.execute(NO_WAIT)
    record_notes(devices.lock_device(phone.id), [body], receipt, context, address)
