"""Devices with samples that the signals of gaming find."""

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
from backend.devices.service import Agreement, Registration
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.service import RecordingContext, record

# A counted demo sample of that month, near which the cheats measure.
SPOT = text("""
    select m.longitude, m.latitude from measurements m
    join devices d on d.id = m.device_id and d.demo
    join units u on u.id = m.unit_id and u.province_id = any(:provinces)
    where m.day between :first and :last and m.counted
    order by m.id limit 1
""")
Moment = tuple[datetime, float]  # time, and offset to the north in metres


def add_cheats(
    month: str, provinces: Sequence[int], context: RecordingContext, seed: int
) -> list[UUID]:
    """Record the cheats' samples near another demo sample of a month; return their devices."""
    first, last = month_start(month), month_end(month)
    span = {"first": first, "last": last, "provinces": list(provinces)}
    spot = db.session.execute(SPOT, span).first()
    db.session.rollback()
    if spot is None:
        return []
    rng = np.random.default_rng([seed, 991])
    at = np.array([spot.longitude, spot.latitude, 9.0])
    together = list(_days(first, 14))
    cheats = [(list(_days(first, 8)), True), (list(_night(first)), False)]
    cheats += [(together, False), (together, False)]  # two phones of one person
    return [_record_phone(moments, mock, month, at, context, rng) for moments, mock in cheats]


def _days(first: date, n: int) -> Iterator[Moment]:
    """Yield a test each morning and afternoon, 250 m apart."""
    for k in range(n):
        hour = time(8 + 6 * (k % 2), 10)
        yield datetime.combine(first + timedelta(days=3 + k // 2), hour, VIETNAM), 250.0 * k


def _night(first: date) -> Iterator[Moment]:
    """Yield the tests of one night, far enough apart not to be repeats."""
    begin = datetime.combine(first + timedelta(days=9), time(0, 20), VIETNAM)
    for k in range(20):
        yield begin + timedelta(minutes=12 * k), -220.0 * k


def _record_phone(
    moments: list[Moment],
    mock: bool,
    month: str,
    spot: Floats,
    context: RecordingContext,
    rng: np.random.Generator,
) -> UUID:
    """Register a phone and record its tests."""
    phone = replace(new_phone("mobile", month, rng), skew=timedelta())
    begun = moments[0][0] - timedelta(hours=1)
    registration = Registration(
        consent=Agreement(consent.CURRENT, begun),
        id=phone.id,
        platform=phone.platform,
        model=phone.model,
        app_version=APP_VERSION,
    )
    devices.register(registration, secret=context.key, now=begun, demo=True)
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
