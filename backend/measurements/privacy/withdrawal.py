"""Withdrawal of a device: its measurements become anonymous, counts stay."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Delete, Select, Update, delete, func, null, select, update

from backend.accounts.rate_limits import Caller, count_attempt
from backend.database.extensions import db
from backend.devices import service as devices
from backend.devices.credentials import code_hash
from backend.devices.models import Consent, Device
from backend.errors import Problem
from backend.measurements.privacy.requests import record_done
from backend.measurements.privacy.tombstones import Tombstones
from backend.measurements.recording import earnings
from backend.measurements.recording.models import (
    Earning,
    Exclusion,
    Measurement,
    Receipt,
    RejectedBody,
)
from backend.memberships.models import CampaignExclusion, Correction


@dataclass(frozen=True, slots=True)
class Removed:
    """Number of removed records by kind."""

    devices: int
    consents: int
    receipts: int
    refused: int
    positions: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Number of records that stay without a person."""

    anonymous_measurements: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Result of a withdrawal."""

    removed: Removed
    kept: Kept


def withdraw(
    device_id: UUID, tombstones: Tombstones, now: datetime, *, channel: str = "app"
) -> Withdrawn:
    """Delete a device and make its measurements anonymous at once; counts do not change."""
    devices.lock_row(device_id)  # concurrent posts are stored before or find no device
    tombstones.add(device_id, now)
    earnings.unlink_person(device_id)
    positions = _count_positions(device_id)
    receipts = _affected(delete(Receipt).where(Receipt.id.in_(_ids(device_id))))
    kept = _anonymise(device_id)
    removed = Removed(
        receipts=receipts,
        refused=_affected(delete(RejectedBody).where(RejectedBody.device_id == device_id)),
        consents=_affected(delete(Consent).where(Consent.device_id == device_id)),
        devices=_affected(delete(Device).where(Device.id == device_id)),
        positions=positions,
    )
    record_done(channel, now)
    db.session.commit()
    return Withdrawn(removed, Kept(kept))


def withdraw_by_code(
    code: str, tombstones: Tombstones, *, now: datetime, caller: Caller
) -> Withdrawn:
    """Withdraw by code, for a person without the app; attempts are limited."""
    count_attempt("withdraw", caller, tombstones.key, now)
    known = select(Device.id).where(Device.withdrawal_hash == code_hash(code, tombstones.key))
    device_id = db.session.scalar(known)
    if device_id is None:
        raise Problem(404, "withdrawal_code_unknown")
    return withdraw(device_id, tombstones, now, channel="code")


def withdraw_again(tombstones: Tombstones, now: datetime) -> int:
    """Withdraw devices again that a restored backup contains; return their number."""
    restored = tombstones.among(db.session.scalars(select(Device.id)).all())
    for device_id in restored:
        withdraw(device_id, tombstones, now, channel="restore")
    return len(restored)


def _ids(device_id: UUID) -> Select[UUID]:
    """Select the ids of a device's measurements, which are those of its receipts."""
    return select(Measurement.id).where(Measurement.device_id == device_id)


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
            device_id=None,
            received_at=None,
            measured_at=None,
            skew_s=None,
            latitude=None,
            longitude=None,
            accuracy_m=None,
            candidates=None,
            raw=null(),  # SQL's null; None would be JSON's
        )
        .add_cte(*moved)
    )
    return _affected(stripped)


def _affected(statement: Update | Delete) -> int:
    done = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], done).rowcount
