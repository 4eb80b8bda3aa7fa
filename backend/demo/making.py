"""One campaign made: volunteers measure until each commune's counted samples are those planned."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from threading import Lock
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, text

from backend.clock import month_end
from backend.database.extensions import db
from backend.demo.mishaps import Sample, with_mishaps
from backend.demo.outings import Stop, stops
from backend.demo.phones import ACCURACY_M, APP_VERSION, NOISE_MOST_M, Phone, body, new_phone
from backend.demo.places import METRES_PER_DEGREE, Floats, Province, places, survey
from backend.demo.plan import Campaign, quotas
from backend.demo.sending import batches
from backend.demo.volunteers import Volunteer, recruit
from backend.devices import consent
from backend.devices import service as devices
from backend.devices.registration import Agreement, Registration
from backend.measurements.recording.models import Measurement
from backend.measurements.recording.service import RecordingContext, record

Progress = Callable[[int, int], None]
AppContext = Callable[[], AbstractContextManager[object]]

# While some wait for PostgreSQL another computes; on two processors a third thread saves a
# quarter of the time, a fourth nothing. DATABASE_POOL must hold as many connections.
WORKERS = 3
# The share of a month's days below which nobody is asked for less.
MONTH_SHARE_LEAST = 1 / 30

# Rows of the demo can be made again: their commits need not wait for the disk. For the one
# transaction only, so nothing of it stays on the connection.
NO_WAIT = text("set local synchronous_commit = off")


class PlanMissed(RuntimeError):
    """Judging did not end with the planned counts: the demo and the rules no longer fit."""


@dataclass(frozen=True, slots=True)
class Studio:
    """What making needs of the installation."""

    context: RecordingContext
    app_context: AppContext  # each thread has its own session
    seed: int


def make(campaign: Campaign, studio: Studio, advance: Callable[[int], None]) -> int:
    """Make a campaign's measurements through `record`; return how many counted as planned."""
    rng = np.random.default_rng([studio.seed, *campaign.key])
    day = month_end(campaign.month)
    province = survey(campaign.province, day, studio.context.locator, rng)
    codes = [one.code for one in province.communes]
    wanted = quotas(campaign, codes, [one.district for one in province.communes], rng)
    db.session.rollback()  # no transaction stays open while the threads work
    missing, lacking = dict(wanted), sum(wanted.values())
    share = max(MONTH_SHARE_LEAST, len(campaign.days) / 30)
    made: list[UUID] = []
    for turn in count():
        people = recruit(province.communes, missing, share, rng)
        made += _send(people, campaign, province, [turn, *campaign.key], studio, advance)
        missing = _missing(wanted, _counted(made, campaign, province))
        before, lacking = lacking, sum(missing.values())
        if lacking in (0, before):  # a month that began this night has no hours left
            break
    return sum(wanted.values()) - lacking


def _missing(wanted: Mapping[str, int], counted: Mapping[str, int]) -> dict[str, int]:
    missing = {code: n - counted.get(code, 0) for code, n in wanted.items()}
    if min(missing.values(), default=0) < 0:
        raise PlanMissed(f"counted more than planned: {missing}")
    return missing


def _send(
    people: list[Volunteer],
    campaign: Campaign,
    province: Province,
    key: list[int],
    studio: Studio,
    advance: Callable[[int], None],
) -> list[UUID]:
    """Let every volunteer measure and send, a few at a time."""

    def one(volunteer: Volunteer) -> UUID | None:
        with studio.app_context():
            rng = np.random.default_rng([studio.seed, volunteer.number, *key])
            device = _measure(volunteer, campaign, province, studio.context, rng)
        advance(volunteer.at_home + volunteer.at_work)
        return device

    with ThreadPoolExecutor(WORKERS) as pool:
        return [device for device in pool.map(one, people) if device]


def _measure(
    volunteer: Volunteer,
    campaign: Campaign,
    province: Province,
    context: RecordingContext,
    rng: np.random.Generator,
) -> UUID | None:
    """Register one phone at its time, and record what it sends."""
    phone = new_phone(campaign.network, campaign.month, rng)
    route = stops(volunteer, campaign.days, campaign.until, rng)
    if not route:
        return None
    fixes = _fixes(route, campaign, context, rng)
    good = [
        Sample(stop.at, body(phone, stop.at, fix, rng))
        for stop, fix in zip(route, fixes, strict=True)
    ]
    samples = with_mishaps(phone, good, province.beyond, rng)
    samples = [one for one in samples if one.at < campaign.until]
    device = _register(phone, route[0].at - timedelta(hours=rng.uniform(0.2, 48)), context)
    for batch in batches(phone, samples, campaign.until, rng):
        db.session.execute(NO_WAIT)
        record(device, batch.items, batch.receipt, context)
    return device


def _register(phone: Phone, at: datetime, context: RecordingContext) -> UUID:
    asked = Registration(
        consent=Agreement(consent.CURRENT, at),
        id=phone.id,
        platform=phone.platform,
        model=phone.model,
        app_version=APP_VERSION,
    )
    db.session.execute(NO_WAIT)
    done = devices.register(asked, secret=context.key, now=at, demo=True)
    return done.id


def _fixes(
    route: list[Stop], campaign: Campaign, context: RecordingContext, rng: np.random.Generator
) -> Floats:
    """Longitude, latitude, accuracy of each stop: near its spot, and in its commune."""
    spots = np.array(
        [[one.commune.longitudes[one.spot], one.commune.latitudes[one.spot]] for one in route]
    )
    accuracy = np.clip(rng.lognormal(np.log(11), 0.5, len(route)), *ACCURACY_M).round(1)
    noise = np.clip(rng.normal(0, 0.4, spots.shape) * accuracy[:, None], -1, 1)
    noise = noise * np.minimum(accuracy, NOISE_MOST_M / np.sqrt(2))[:, None]
    east = METRES_PER_DEGREE * np.cos(np.radians(spots[:, 1]))
    points = (spots + noise / np.stack([east, np.full(len(route), METRES_PER_DEGREE)], 1)).round(6)
    day = month_end(campaign.month)
    units = places(points, accuracy.tolist(), day, context.locator)
    strayed = units != [one.commune.unit_id for one in route]
    points[strayed] = spots[strayed]
    return np.column_stack([points, accuracy])


def _counted(made: list[UUID], campaign: Campaign, province: Province) -> Mapping[str, int]:
    """What judging counted of these devices, by commune."""
    query = (
        select(Measurement.unit_id, func.count())
        .where(
            Measurement.device_id.in_(made),
            Measurement.counted,
            Measurement.network == campaign.network,
        )
        .group_by(Measurement.unit_id)
    )
    codes = {one.unit_id: one.code for one in province.communes}
    found = {codes[unit]: n for unit, n in db.session.execute(query) if unit in codes}
    db.session.rollback()
    return found


def progress_by(progress: Progress, total: int) -> Callable[[int], None]:
    """A function that adds to a progress told as (done, of how many); safe for threads."""
    done = 0
    lock = Lock()

    def advance(n: int) -> None:
        nonlocal done
        with lock:
            done += n
            progress(min(done, total), total)

    return advance
