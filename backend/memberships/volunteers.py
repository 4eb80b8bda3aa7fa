"""Volunteers: the person of a device from its first join on, and how their rows are locked."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypedDict, TypeVar
from uuid import UUID

from psycopg.errors import DeadlockDetected, ExclusionViolation
from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError

from backend.database.extensions import change_rows, db
from backend.devices.models import Device
from backend.devices.service import unauthorized
from backend.errors import Problem
from backend.memberships.models import DeviceLink, Volunteer

# Two concurrent requests need a second attempt; the third is for a machine under load.
ATTEMPTS = 3

P = ParamSpec("P")
T = TypeVar("T")


class VolunteerDetails(TypedDict):
    """A volunteer as they see themselves."""

    display_name: str | None  # null: shown by number
    name_agreed_at: datetime | None  # when the volunteer agreed to show the name
    devices: int


class ConcurrentChange(Exception):
    """Rows changed between reading and locking them."""


def retry_on_conflict(use_case: Callable[P, T]) -> Callable[P, T]:
    """Run a use case again where a concurrent one got in its way; 409 after some attempts."""

    @wraps(use_case)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS):
            try:
                return use_case(*args, **kwargs)
            except ConcurrentChange:
                pass
            except DBAPIError as error:
                if not isinstance(error.orig, ExclusionViolation | DeadlockDetected):
                    raise
            db.session.rollback()
        raise Problem(409, "at_once")

    return attempt


def volunteer_of(device_id: UUID) -> int | None:
    """Return the volunteer to whom a device belongs now."""
    volunteer: int | None = db.session.scalar(
        select(DeviceLink.volunteer_id).where(DeviceLink.device_id == device_id, _lasts())
    )
    return volunteer


def require_volunteer(device_id: UUID) -> int:
    """Return the volunteer of a device; 409 where it never joined a team."""
    volunteer = volunteer_of(device_id)
    if volunteer is None:
        raise Problem(409, "not_joined")
    return volunteer


def lock_volunteer(device_id: UUID | None, *others: int) -> int | None:
    """Lock a device's volunteer, if any, other volunteers, and all their devices.

    Return the device's volunteer. Devices are locked first, as by posts and withdrawals, then
    volunteers, each in one order: concurrent locks wait for each other without a deadlock. Posts
    of these devices that are judged at this moment are judged again.
    """
    own = volunteer_of(device_id) if device_id else None
    volunteers = sorted({*others} | ({own} if own is not None else set()))
    ids = ({device_id} if device_id else set()) | _linked(volunteers)
    locked = _lock(select(Device.id).where(Device.id.in_(ids)).order_by(Device.id))
    if device_id and device_id not in locked:
        raise unauthorized()  # withdrawn at this moment
    _lock(select(Volunteer.id).where(Volunteer.id.in_(volunteers)).order_by(Volunteer.id))
    if (device_id and volunteer_of(device_id) != own) or _linked(volunteers) - ids:
        raise ConcurrentChange
    change_rows(update(Device).where(Device.id.in_(ids)).values(version=Device.version + 1))
    return own


def create_volunteer(device_id: UUID, now: datetime) -> int:
    """Add a volunteer to whom a device belongs from now on."""
    demo = db.session.execute(select(Device.demo).where(Device.id == device_id)).scalar_one()
    volunteer = Volunteer(created_at=now, demo=demo)
    db.session.add(volunteer)
    db.session.flush()
    period = Range(now, None, bounds="[)")
    db.session.add(DeviceLink(device_id=device_id, volunteer_id=volunteer.id, period=period))
    change_rows(update(Device).where(Device.id == device_id).values(joined=True))
    db.session.flush()
    return volunteer.id


def count_devices(volunteer_id: int) -> int:
    """Return how many devices a volunteer has now."""
    count = select(func.count()).where(DeviceLink.volunteer_id == volunteer_id, _lasts())
    return db.session.execute(count).scalar_one()


def name_of(volunteer_id: int) -> str | None:
    """Return the name that a volunteer shows."""
    name: str | None = db.session.scalar(
        select(Volunteer.display_name).where(Volunteer.id == volunteer_id)
    )
    return name


def set_name(volunteer_id: int, display_name: str | None, now: datetime) -> None:
    """Set the name that a volunteer agreed to show, or remove it."""
    db.session.execute(
        update(Volunteer)
        .where(Volunteer.id == volunteer_id)
        .values(display_name=display_name, name_agreed_at=now if display_name else None)
    )


def rename(device_id: UUID, display_name: str | None, now: datetime) -> VolunteerDetails:
    """Change the name that a volunteer's team sees, or remove it."""
    volunteer = require_volunteer(device_id)
    set_name(volunteer, display_name, now)
    db.session.commit()
    agreed_at = now if display_name else None
    devices = count_devices(volunteer)
    return {"display_name": display_name, "name_agreed_at": agreed_at, "devices": devices}


def _linked(volunteer_ids: Sequence[int]) -> set[UUID]:
    linked = select(DeviceLink.device_id).where(DeviceLink.volunteer_id.in_(volunteer_ids))
    return set(db.session.scalars(linked.where(_lasts())))


def _lasts() -> ColumnElement[bool]:
    return func.upper_inf(DeviceLink.period)


def _lock(rows: Select[T]) -> Sequence[T]:
    """Lock rows against changes; new rows may still refer to them."""
    return db.session.scalars(rows.with_for_update(key_share=True)).all()
