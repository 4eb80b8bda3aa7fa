"""No-connection notes of the demo: volunteers note a few places of their province.

They go through the service that stores the notes of phones. What the public sees of them follows
from the rules of the monthly release.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import select

from backend.clock import VIETNAM, local_day
from backend.database.extensions import db
from backend.demo import phones
from backend.demo.generation import NO_WAIT, recording_context
from backend.demo.plan import MonthPlan
from backend.demo.volunteers import Commune, survey
from backend.devices import service as devices
from backend.devices.models import Device
from backend.measurements.no_connection.rules import cell_of
from backend.measurements.no_connection.service import NoteContext, record_notes
from backend.measurements.recording.models import Measurement
from backend.measurements.recording.service import RecordingContext

# Volunteers at each place: enough for a zone, for a place, and too few to be shown.
GROUPS = (9, 8, 7, 7, 6, 6, 5, 3, 2)
# Volunteers of a release measured on two days.
DAYS_LEAST = 2
# A test this close to the attempts would contradict the note.
APART = timedelta(minutes=6)
ATTEMPTS_S = (0, 35, 75)
HOURS = (7, 17)
ACCURACY_M = (8.0, 60.0)
TRIES = 40


@dataclass(slots=True)
class DemoVolunteer:
    """A phone with counted samples: its operator, commune and times of tests."""

    id: UUID
    registered_at: datetime
    operator: str | None = None
    tests: list[datetime] = field(default_factory=list)
    communes: list[int] = field(default_factory=list)

    @property
    def home(self) -> int:
        return max(set(self.communes), key=self.communes.count)


@dataclass(frozen=True, slots=True)
class NotesPlan:
    """A plan of samples whose volunteers note places too, and the seed of all random numbers."""

    samples: MonthPlan
    seed: int


def add_notes(wanted: NotesPlan) -> None:
    """Record notes of places in the province of a plan."""
    plan, context = wanted.samples, recording_context()
    rng = np.random.default_rng([wanted.seed, len(GROUPS), *plan.key])
    province = survey(plan.province, plan.days[-1], context.locator, rng)
    people, measured = volunteers_of(plan, {one.unit_id for one in province.communes})
    order = rng.permutation(len(province.communes))[: len(GROUPS)].tolist()
    for place, size in zip(order, GROUPS, strict=False):
        commune = province.communes[place]
        near = nearest(commune, province.communes, people)
        spot = min(_spots(commune), key=lambda at: measured[cell_of(at[1], at[0])])
        for volunteer in near[:size]:
            _note(volunteer, spot, plan, context, rng)


def volunteers_of(
    plan: MonthPlan, units: set[int]
) -> tuple[list[DemoVolunteer], defaultdict[str, int]]:
    """Return the phones that measured on some days, and the number of tests by cell."""
    query = (
        select(
            Measurement.device_id, Measurement.measured_at, Measurement.unit_id,
            Measurement.operator, Measurement.latitude, Measurement.longitude,
            Device.registered_at,
        )
        .join(Device, Device.id == Measurement.device_id)
        .where(
            Measurement.day.between(plan.days[0], plan.days[-1]), Measurement.unit_id.in_(units),
            Measurement.network == plan.network, Measurement.counted, Device.demo,
        )
        .order_by(Measurement.measured_at, Measurement.id)
    )  # fmt: skip
    found: dict[UUID, DemoVolunteer] = {}
    cells: defaultdict[str, int] = defaultdict(int)
    for row in db.session.execute(query):
        one = found.setdefault(row.device_id, DemoVolunteer(row.device_id, row.registered_at))
        one.operator = row.operator or one.operator
        one.tests.append(row.measured_at)
        one.communes.append(row.unit_id)
        cells[cell_of(row.latitude, row.longitude)] += 1
    db.session.rollback()
    often = [one for one in found.values() if len(set(map(local_day, one.tests))) >= DAYS_LEAST]
    return often, cells


def nearest(
    commune: Commune, communes: Sequence[Commune], people: Sequence[DemoVolunteer]
) -> list[DemoVolunteer]:
    """Return volunteers by the distance of their commune."""
    x, y = commune.centre
    away = {one.unit_id: (one.centre[0] - x) ** 2 + (one.centre[1] - y) ** 2 for one in communes}
    return sorted(people, key=lambda one: away[one.home])


def _spots(commune: Commune) -> list[tuple[float, float]]:
    return list(zip(commune.longitudes.tolist(), commune.latitudes.tolist(), strict=True))


def _note(
    volunteer: DemoVolunteer,
    spot: tuple[float, float],
    plan: MonthPlan,
    context: RecordingContext,
    rng: np.random.Generator,
) -> None:
    """Record a note of a volunteer at a time without tests, if there is one."""
    at = draw_free_time(volunteer, plan, rng)
    if at is None:
        return
    received_at = at + timedelta(minutes=rng.uniform(4, 90))
    attempts = [at + timedelta(seconds=n) for n in ATTEMPTS_S]
    accuracy = round(float(rng.uniform(*ACCURACY_M)), 1)
    body = {
        "id": str(phones.uuid_from(rng)),
        "attempts": [one.astimezone(VIETNAM).isoformat(timespec="seconds") for one in attempts],
        "confirmed": {"flight_mode_off": True, "data_on": True, "data_left": True},
        "location": {
            "longitude": round(spot[0], 6), "latitude": round(spot[1], 6), "accuracy_m": accuracy,
        },
        "app_version": phones.APP_VERSION,
        **({"network": {"operator": volunteer.operator}} if volunteer.operator else {}),
    }  # fmt: skip
    # Each phone sends from an address of its own.
    address = ".".join(map(str, (10, *volunteer.id.bytes[:3])))
    receipt = NoteContext(context.locator, context.key, received_at, address)
    db.session.execute(NO_WAIT)
    record_notes(devices.lock_device(volunteer.id), [body], received_at, receipt)


def draw_free_time(
    volunteer: DemoVolunteer, plan: MonthPlan, rng: np.random.Generator
) -> datetime | None:
    """Draw a time of day far from the volunteer's tests and after their registration."""
    for _ in range(TRIES):
        day = plan.days[int(rng.integers(len(plan.days)))]
        at = datetime.combine(day, time(), VIETNAM) + timedelta(hours=rng.uniform(*HOURS))
        at = at.replace(microsecond=0)
        late = at + timedelta(hours=2) > plan.until
        if late or at < volunteer.registered_at:
            continue
        if all(abs(at - test) > APART for test in volunteer.tests):
            return at
    return None
