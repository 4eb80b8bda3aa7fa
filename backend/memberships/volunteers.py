"""The person behind a device: known from its first join on, named only if they wish."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from psycopg.errors import DeadlockDetected, ExclusionViolation
from sqlalchemy import ColumnElement, Select, Update, func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError

from backend.database.extensions import db
from backend.devices.models import Device
from backend.devices.service import unauthorized
from backend.errors import Problem
from backend.memberships.models import DeviceLink, Volunteer

# A period is never empty: an empty one would forget when it was.
LEAST = timedelta(microseconds=1)

# Two that meet at one instant need a second look; a third is for a machine in distress.
TRIES = 3

T = TypeVar("T")


class ChangedMeanwhile(Exception):
    """What was looked at had changed before it was held."""


@dataclass(frozen=True, slots=True)
class Own:
    """A volunteer as they see themselves."""

    display_name: str | None
    name_agreed_at: datetime | None
    devices: int


def carry_out(act: Callable[[], T]) -> T:
    """Carry a use case out; again where another one was in its way at the same instant."""
    for _ in range(TRIES):
        try:
            return act()
        except ChangedMeanwhile:
            pass
        except DBAPIError as error:
            if not isinstance(error.orig, ExclusionViolation | DeadlockDetected):
                raise
        db.session.rollback()
    raise Problem(409, "at_once")


def volunteer_of(device_id: UUID) -> int | None:
    """The volunteer to whom a device belongs now."""
    found: int | None = db.session.scalar(
        select(DeviceLink.volunteer_id).where(DeviceLink.device_id == device_id, _lasts())
    )
    return found


def known(device_id: UUID) -> int:
    """The volunteer of a device; 409 where it never joined a team."""
    volunteer = volunteer_of(device_id)
    if volunteer is None:
        raise Problem(409, "not_joined")
    return volunteer


def hold(device_id: UUID, *others: int) -> int | None:
    """Hold a device's volunteer, if any, and others, with their devices; who the volunteer is.

    Devices first, as posts and withdrawals do, then volunteers, each in one order: two holds wait
    for each other and never block. Posts of these devices that are being judged now are judged
    again.
    """
    own = volunteer_of(device_id)
    held = sorted({*others} | ({own} if own is not None else set()))
    ids = {device_id} | _linked(held)
    there = _lock(select(Device.id).where(Device.id.in_(ids)).order_by(Device.id))
    if device_id not in there:
        raise unauthorized()  # withdrawn in this very moment
    # Not against new rows that only refer to the volunteer.
    _lock(select(Volunteer.id).where(Volunteer.id.in_(held)).order_by(Volunteer.id))
    if volunteer_of(device_id) != own or _linked(held) - ids:
        raise ChangedMeanwhile
    _change_devices(update(Device).where(Device.id.in_(ids)).values(version=Device.version + 1))
    return own


def begin(device_id: UUID, now: datetime) -> int:
    """Make a volunteer of whoever holds a device, from now on."""
    demo = db.session.execute(select(Device.demo).where(Device.id == device_id)).scalar_one()
    volunteer = Volunteer(created_at=now, demo=demo)
    db.session.add(volunteer)
    db.session.flush()
    link(device_id, volunteer.id, now)
    return volunteer.id


def link(device_id: UUID, volunteer_id: int, now: datetime) -> datetime:
    """Give a held device to a volunteer from now on; when that is."""
    present = db.session.scalar(
        select(DeviceLink).where(DeviceLink.device_id == device_id, _lasts())
    )
    moment = now
    if present is not None:
        moment = end_of(present.period.lower, now)
        present.period = Range(present.period.lower, moment, bounds="[)")
        db.session.flush()
    period = Range(moment, None, bounds="[)")
    db.session.add(DeviceLink(device_id=device_id, volunteer_id=volunteer_id, period=period))
    _change_devices(update(Device).where(Device.id == device_id).values(joined=True))
    db.session.flush()
    return moment


def end_of(since: datetime | None, now: datetime) -> datetime:
    """When a period ends that is ended now; another worker's clock may have begun it later."""
    return now if since is None else max(now, since + LEAST)


def devices_of(volunteer_id: int) -> int:
    """How many devices a volunteer has now."""
    count = select(func.count()).where(DeviceLink.volunteer_id == volunteer_id, _lasts())
    return db.session.execute(count).scalar_one()


def name(volunteer_id: int, display_name: str | None, now: datetime) -> None:
    """Give a volunteer the name that they agreed to show, or take it away."""
    db.session.execute(
        update(Volunteer)
        .where(Volunteer.id == volunteer_id)
        .values(display_name=display_name, name_agreed_at=now if display_name else None)
    )


def rename(device_id: UUID, display_name: str | None, now: datetime) -> Own:
    """Change the name under which a volunteer is shown to their team, or show none."""
    volunteer = known(device_id)
    name(volunteer, display_name, now)
    db.session.commit()
    return Own(display_name, now if display_name else None, devices_of(volunteer))


def _linked(volunteer_ids: Sequence[int]) -> set[UUID]:
    linked = select(DeviceLink.device_id).where(DeviceLink.volunteer_id.in_(volunteer_ids))
    return set(db.session.scalars(linked.where(_lasts())))


def _lasts() -> ColumnElement[bool]:
    return func.upper_inf(DeviceLink.period)


def _lock(rows: Select[T]) -> Sequence[T]:
    return db.session.scalars(rows.with_for_update(key_share=True)).all()


def _change_devices(change: Update) -> None:
    db.session.execute(change, execution_options={"synchronize_session": False})
