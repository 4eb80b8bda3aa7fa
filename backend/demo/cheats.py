"""Three cheats for the signals to find: their samples stay, and people decide."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text

from backend.clock import VIETNAM, month_end, month_start
from backend.database.extensions import db
from backend.demo.phones import APP_VERSION, Phone, body, new_phone
from backend.demo.places import METRES_PER_DEGREE, Floats
from backend.devices import consent
from backend.devices import service as devices
from backend.devices.registration import Agreement, Registration
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.service import RecordingContext, record

# Where somebody of the demo measured in that month: the cheats are their neighbours.
SPOT = text("""
    select m.longitude, m.latitude from measurements m
    join devices d on d.id = m.device_id and d.demo
    join units u on u.id = m.unit_id and u.province_id = any(:provinces)
    where m.day between :first and :last and m.counted
    order by m.id limit 1
""")
Moment = tuple[datetime, float]  # when, and how many metres to the north


def plant(month: str, provinces: Sequence[int], context: RecordingContext, seed: int) -> list[UUID]:
    """Let them measure in a month, near who measured in one of these provinces; their devices."""
    first, last = month_start(month), month_end(month)
    span = {"first": first, "last": last, "provinces": list(provinces)}
    spot = db.session.execute(SPOT, span).first()
    db.session.rollback()
    if spot is None:
        return []
    rng = np.random.default_rng([seed, 991])
    at = np.array([spot.longitude, spot.latitude, 9.0])
    together = list(_days(first, 14))
    lives = [(list(_days(first, 8)), True), (list(_night(first)), False)]
    lives += [(together, False), (together, False)]  # two phones in one hand
    return [_live(moments, mock, month, at, context, rng) for moments, mock in lives]


def _days(first: date, n: int) -> Iterator[Moment]:
    """A test each morning and each afternoon, some way apart."""
    for k in range(n):
        hour = time(8 + 6 * (k % 2), 10)
        yield datetime.combine(first + timedelta(days=3 + k // 2), hour, VIETNAM), 250.0 * k


def _night(first: date) -> Iterator[Moment]:
    """One night of tests, each where the one before does not make it a repeat."""
    begin = datetime.combine(first + timedelta(days=9), time(0, 20), VIETNAM)
    for k in range(20):
        yield begin + timedelta(minutes=12 * k), -220.0 * k


def _live(
    moments: list[Moment],
    mock: bool,
    month: str,
    spot: Floats,
    context: RecordingContext,
    rng: np.random.Generator,
) -> UUID:
    """Register a phone and record its life, each test as it comes."""
    phone = replace(new_phone("mobile", month, rng), skew=timedelta())
    begun = moments[0][0] - timedelta(hours=1)
    asked = Registration(
        consent=Agreement(consent.CURRENT, begun),
        id=phone.id,
        platform=phone.platform,
        model=phone.model,
        app_version=APP_VERSION,
    )
    devices.register(asked, secret=context.key, now=begun, demo=True)
    sent = [_sample(phone, when, north, mock, spot, rng) for when, north in moments]
    record(
        phone.id, sent, ReceiptContext(received_at=moments[-1][0] + timedelta(minutes=5)), context
    )
    return phone.id


def _sample(
    phone: Phone, at: datetime, north: float, mock: bool, spot: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    fix = spot + np.array([0.0, north / METRES_PER_DEGREE, 0.0])
    sample: dict[str, Any] = body(phone, at, fix, rng)
    sample["location"]["is_mock"] = mock
    return sample
