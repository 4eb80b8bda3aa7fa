"""Withdrawal of devices and requests to withdraw.

Samples received in the last week are deleted and leave live counts; older ones become anonymous.

No row identifies a person. By law 91/2025/QH15 and decree 356/2025 a withdrawal is acknowledged
within 2 working days and done within 15 days. By the app or a code it is done at once; a request by
letter is recorded by an admin. A list outside the database (tombstones.py) keeps a backup made
before the withdrawal from reviving the device.
"""

from datetime import date, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import delete, func, null, select, update

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.accounts.rate_limits import WITHDRAWALS_PER_HOUR, count_attempt
from backend.clock import day_begin, local_day
from backend.database.extensions import change_rows, db
from backend.database.locks import ARCHIVE_LOCK, hold
from backend.devices import service as devices
from backend.devices.credentials import code_hash
from backend.devices.models import Consent, Device, FormerPhone
from backend.errors import invalid, or_404
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.privacy import removal, retention
from backend.measurements.privacy.effects import Effects, effects_of
from backend.measurements.privacy.tombstones import POSITIONS, Tombstones
from backend.measurements.recording.models import (
    ArchivedDeviceMonth,
    Earning,
    Exclusion,
    Measurement,
    Receipt,
    RejectedBody,
    WithdrawalRequest,
)
from backend.measurements.recording.reasons import WITHDRAWN
from backend.memberships.models import CampaignExclusion, Correction
from backend.outbox import service as outbox

# Columns that lead to the person, as does `raw` (null in SQL; None would be null in JSON).
PERSONAL = (
    "device_id", "received_at", "measured_at", "skew_s", "latitude", "longitude", "accuracy_m",
    "candidates", "data_cap_mb",
)  # fmt: skip
OF_DEVICE: dict[str, Any] = {
    "receipts": Receipt,
    "refused": RejectedBody,
    "no_connection_notes": NoConnectionNote,
    "consents": Consent,
}
WORKING_DAYS_TO_ACKNOWLEDGE = 2
DAYS_TO_DO = 15
SATURDAY = 5
# Open requests and recent ones: inspections cover a year.
MAX_LISTED = 500


class Removed(TypedDict):
    """Number of removed records by kind."""

    devices: int
    measurements: int
    consents: int
    receipts: int
    refused: int
    no_connection_notes: int
    positions: int


class Kept(TypedDict):
    """Number of records that stay without a person."""

    anonymous_measurements: int


class Withdrawal(TypedDict):
    """What a withdrawal removed, and what stays."""

    removed: Removed
    kept: Kept


class Withdrawn(Withdrawal):
    """Result of a withdrawal."""

    explanation: str  # in the reader's language


class ListedRequest(TypedDict):
    """A withdrawal or a request for one, with its legal periods."""

    id: int
    channel: str  # app, code, restore, or that of the request
    received_at: datetime
    acknowledge_by: date
    acknowledged_at: datetime | None
    do_by: date
    done_at: datetime | None
    overdue: bool


def withdraw(
    device_id: UUID,
    tombstones: Tombstones,
    now: datetime,
    *,
    channel: str = "app",
    withdrawn_at: datetime | None = None,
) -> Withdrawal:
    """Delete a device and its recent measurements, and make the older ones anonymous at once.

    Counts of older ones do not change. `withdrawn_at` is the time of an earlier withdrawal that is
    repeated. Return the number of records removed, and of those that stay without a person.
    """
    devices.lock_row(device_id)  # concurrent posts are stored before or find no device
    at = withdrawn_at or now
    tombstones.add(device_id, at)
    removal.remember_digests(device_id, tombstones.key, at)
    outbox.scrub(device_id)
    hold(ARCHIVE_LOCK)  # until a month that is being archived has its numbers
    numbers = delete(ArchivedDeviceMonth).where(ArchivedDeviceMonth.device_id == device_id)
    archived = sum(db.session.scalars(numbers.returning(ArchivedDeviceMonth.received)))
    positions = _count_positions(device_id)
    of_device = {
        name: change_rows(delete(model).where(model.device_id == device_id))
        for name, model in OF_DEVICE.items()
    }
    measurements = removal.leave_counts(device_id, at)
    kept = _anonymise(device_id) + archived
    devices_gone = change_rows(delete(Device).where(Device.id == device_id))
    done = {"received_at": now, "acknowledged_at": now, "done_at": now}
    db.session.add(WithdrawalRequest(channel=channel, **done))
    db.session.commit()
    removed: Removed = {
        "devices": devices_gone,
        "measurements": measurements,
        "consents": of_device["consents"],
        "receipts": of_device["receipts"],
        "refused": of_device["refused"],
        "no_connection_notes": of_device["no_connection_notes"],
        "positions": positions,
    }
    return {"removed": removed, "kept": {"anonymous_measurements": kept}}


def withdraw_by_code(
    code: str, tombstones: Tombstones, *, now: datetime, address: str
) -> Withdrawal:
    """Withdraw by code, for a person without the app; attempts are limited."""
    count_attempt("withdraw", address, WITHDRAWALS_PER_HOUR, now)
    return withdraw(device_of(code, tombstones.key), tombstones, now, channel="code")


def effects_by_code(code: str, key: str, *, now: datetime, address: str) -> Effects:
    """Return what a withdrawal by code would do; attempts are limited as those of withdrawals."""
    count_attempt("withdraw", address, WITHDRAWALS_PER_HOUR, now)
    return effects_of(device_of(code, key), now)


def device_of(code: str, key: str) -> UUID:
    """Return the device of a withdrawal code, also of a former phone of it; 404 without one."""
    digest = code_hash(code, key)
    known = select(Device.id).where(Device.withdrawal_hash == digest)
    former = select(FormerPhone.device_id).where(FormerPhone.withdrawal_hash == digest)
    return or_404(db.session.scalar(known.union(former)), "withdrawal_code_unknown")


def withdraw_positions(device_id: UUID, tombstones: Tombstones, now: datetime) -> Effects:
    """Remove positions a week after their receipt, those of older samples at once; counts stay.

    Return the effects of what could be withdrawn next. Repeating it changes nothing.
    """
    device = devices.lock_row(device_id)
    if device.without_positions_since is None:
        tombstones.add(device_id, now, POSITIONS)
        device.without_positions_since = now
        db.session.flush()
    retention.remove_asked(now, device_id)
    db.session.commit()
    return effects_of(device_id, now)


def withdraw_again(tombstones: Tombstones, now: datetime) -> int:
    """Withdraw devices again that a restored backup contains; return their number."""
    known = db.session.scalars(select(Device.id)).all()
    for device_id, at in tombstones.among(known, POSITIONS).items():
        asked = update(Device).where(Device.id == device_id)
        change_rows(asked.values(without_positions_since=at))
    retention.remove_asked(now)
    db.session.commit()
    restored = tombstones.among(known)
    for device_id, at in restored.items():
        withdraw(device_id, tombstones, now, channel="restore", withdrawn_at=at)
    return len(restored)


def _count_positions(device_id: UUID) -> int:
    query = select(func.count()).where(
        Measurement.device_id == device_id, Measurement.latitude.is_not(None)
    )
    return db.session.execute(query).scalar_one()


def _anonymise(device_id: UUID) -> int:
    """Give each measurement a random id and remove person, position, time and body.

    References to a measurement are updated, so that recounts do not change.
    """
    renamed = (
        select(Measurement.id, func.gen_random_uuid().label("fresh"))
        .where(Measurement.device_id == device_id)
        .cte("renamed")
    )
    referring: tuple[Any, ...] = (Exclusion, Earning, Correction, CampaignExclusion)
    moved = [
        update(table)
        .where(table.measurement_id == renamed.c.id)
        .values(measurement_id=renamed.c.fresh)
        .cte(f"moved_{number}")
        for number, table in enumerate(referring)
    ]
    stripped = (
        update(Measurement)
        .where(Measurement.id == renamed.c.id)
        .values(
            id=renamed.c.fresh,
            raw=null(),
            marks=func.array_append(Measurement.marks, WITHDRAWN),
            **dict.fromkeys(PERSONAL),
        )
        .add_cte(*moved)
    )
    return change_rows(stripped)


def acknowledge_by(received: date) -> date:
    """Return the second working day after a request; public holidays are not considered."""
    day, left = received, WORKING_DAYS_TO_ACKNOWLEDGE
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < SATURDAY
    return day


def do_by(received: date) -> date:
    """Return the last day of the legal period for a withdrawal."""
    return received + timedelta(days=DAYS_TO_DO)


def list_requests(actor: Actor, now: datetime) -> list[ListedRequest]:
    """List withdrawals, open ones first, the most urgent on top."""
    require(actor, "privacy.manage")
    rows = db.session.scalars(
        select(WithdrawalRequest)
        .order_by(
            WithdrawalRequest.done_at.desc().nulls_first(),
            WithdrawalRequest.received_at,
            WithdrawalRequest.id,
        )
        .limit(MAX_LISTED)
    )
    return [_serialize(row, now) for row in rows]


def open_request(actor: Actor, channel: str, received_on: date, now: datetime) -> WithdrawalRequest:
    """Record a request to withdraw that came by another channel than the app."""
    require(actor, "privacy.manage")
    if received_on > local_day(now):
        raise invalid("received_on", "in_future")
    # Legal periods count in days.
    row = WithdrawalRequest(channel=channel, received_at=day_begin(received_on))
    db.session.add(row)
    db.session.flush()
    record_act(actor, "withdrawal.note", f"withdrawal:{row.id}", channel=row.channel)
    db.session.commit()
    return row


def record_step(actor: Actor, identity: int, step: str, now: datetime) -> WithdrawalRequest:
    """Record that a request was acknowledged or done; times already recorded stay."""
    require(actor, "privacy.manage")
    row = or_404(db.session.get(WithdrawalRequest, identity, with_for_update=True))
    row.acknowledged_at = row.acknowledged_at or now
    if step == "done":
        row.done_at = row.done_at or now
    record_act(actor, f"withdrawal.{step}", f"withdrawal:{row.id}")
    db.session.commit()
    return row


def _serialize(row: WithdrawalRequest, now: datetime) -> ListedRequest:
    received, today = local_day(row.received_at), local_day(now)
    late = (row.acknowledged_at is None and today > acknowledge_by(received)) or (
        row.done_at is None and today > do_by(received)
    )
    return {
        "id": row.id,
        "channel": row.channel,
        "received_at": row.received_at,
        "acknowledge_by": acknowledge_by(received),
        "acknowledged_at": row.acknowledged_at,
        "do_by": do_by(received),
        "done_at": row.done_at,
        "overdue": late,
    }
