"""Record radio samples of a device: each exactly once, located, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import delete, text

from backend.accounts.rate_limits import Caller, count_attempt, count_for_account
from backend.database.extensions import db, extension, setting
from backend.devices import service as devices
from backend.devices.service import KnownDevice
from backend.errors import FieldError, Problem
from backend.measurements.radio import columns, rules, storage
from backend.measurements.radio.columns import Places, Rows
from backend.measurements.radio.incoming import RadioItem, parse_sample
from backend.measurements.radio.models import RadioSample
from backend.measurements.recording.incoming import ReceiptContext, skew_of
from backend.units.locator import NO_UNIT, Locator

EXACT_DAYS = text("""
    select distinct day from radio_samples
    where day between :first and :last and latitude is not null order by day
""")
TO_RELOCATE = text("""
    select device_id, id, longitude, latitude, accuracy_m, unit_id from radio_samples
    where day = :day and latitude is not null and set_id <> :set
""")
RELOCATE = text("""
    update radio_samples r set unit_id = found.unit_id, set_id = :set
    from (select unnest(cast(:devices as uuid[])) as device_id, unnest(cast(:ids as uuid[])) as id,
              unnest(cast(:units as integer[])) as unit_id) found
    where (r.device_id, r.id) = (found.device_id, found.id)
""")
# Fields of problems; the others are of the position.
FIELDS = {"in_future": "measured_at", "radio_too_old": "measured_at",
          "radio_before_registration": "measured_at"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RadioContext:
    """Facts about the receipt of radio samples that are not part of their content."""

    received_at: datetime
    sent_at: datetime | None = None  # by the phone's clock
    source: str = "own"  # rules.SOURCES
    address: str = ""  # of the sender


def record(device: KnownDevice, sent: Sequence[Any], context: RadioContext) -> list[RadioItem]:
    """Record samples of a device; return one item per sample, in order.

    A sample that cannot be stored blocks no other. Raises 403 for a device whose consent names no
    radio samples, 429 above the limits of a device or an address in an hour, and 401 for a device
    that was withdrawn meanwhile.
    """
    if not devices.agreed_to(device, "radio"):
        raise Problem(403, "radio_not_agreed")
    _count(device.id, len(sent), context)
    items = [parse_sample(raw) for raw in sent]
    readable = [item for item in items if item.id]
    if not readable:
        return items
    receipt = ReceiptContext(context.received_at, context.sent_at)
    skew = skew_of(receipt) or timedelta()
    rows = columns.rows_of(readable, device.id, device.registered_at, skew)
    codes, places = judge(rows, context.received_at)
    devices.lock_row(device.id)  # a withdrawal comes before or after; 401 if before
    stored = storage.known_among(rows)
    new = _settle(readable, stored, codes)
    if len(new):
        storage.copy_rows(rows[new], places.take(new), context.received_at, context.source)
    db.session.commit()
    return items


def _count(device_id: UUID, n: int, context: RadioContext) -> None:
    key, now = setting("SECRET_KEY"), context.received_at
    count_for_account("radio", str(device_id), rules.DEVICE_HOURLY_MOST, key, now, n=n)
    count_attempt("radio", Caller(context.address, rules.HOURLY_MOST), key, now, n=n)


def judge(rows: Rows, received_at: datetime) -> tuple[rules.Numbers, Places]:
    """Return for n rows numbers in rules.CODES, 0 for samples to store, and their places."""
    codes = columns.problems_of(rows, received_at)
    good = np.flatnonzero(codes == 0)
    places = Places.nowhere(len(rows))
    if len(good):
        places.put(good, columns.locate(rows[good], extension("locator")))
        outside = good[places.unit_id[good] == NO_UNIT]
        codes[outside] = rules.CODES.index("outside_communes")
    return codes, places


def _settle(
    items: Sequence[RadioItem], stored: Sequence[bool], codes: rules.Numbers
) -> "np.typing.NDArray[np.int64]":
    """Decide on the items; return the numbers of those to store."""
    seen: set[UUID | None] = set()
    new = []
    for number, item in enumerate(items):
        code = rules.CODES[codes[number]]
        if stored[number] or item.id in seen:
            item.outcome = "duplicate"
        elif code:
            item.outcome, item.errors = "refused", [FieldError(FIELDS.get(code, "location"), code)]
        else:
            seen.add(item.id)
            new.append(number)
    return np.array(new, np.int64)


def relocate(first: date, last: date, locator: Locator) -> int:
    """Look up the communes of a span of days again; return the number of changed samples.

    Each day is a transaction of its own. Samples without an exact position keep their commune.
    """
    moved = 0
    for day in db.session.scalars(EXACT_DAYS, {"first": first, "last": last}).all():
        moved += _relocate_day(day, locator)
        db.session.commit()
    return moved


def _relocate_day(day: date, locator: Locator) -> int:
    set_id = locator.set_for(day).id
    found = db.session.execute(TO_RELOCATE, {"day": day, "set": set_id}).all()
    if not found:
        return 0
    x, y, accuracies, before = np.array([row[2:] for row in found], float).T
    units = columns.units_of(x, y, accuracies, locator.loaded_set(day))
    inside = np.flatnonzero(units != NO_UNIT)
    values = {
        "devices": [found[at].device_id for at in inside.tolist()],
        "ids": [found[at].id for at in inside.tolist()],
        "units": units[inside].tolist(),
        "set": set_id,
    }
    db.session.execute(RELOCATE, values)
    return int(np.sum(units[inside] != before[inside]))


def delete_samples(device_id: UUID) -> int:
    """Delete the samples of a device; return their number."""
    of_device = delete(RadioSample).where(RadioSample.device_id == device_id)
    done = db.session.execute(of_device, execution_options={"synchronize_session": False})
    return int(done.rowcount)  # type: ignore[attr-defined]
