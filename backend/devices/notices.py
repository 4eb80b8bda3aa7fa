"""Notices of the operator to phones: what a phone has yet to read comes with its answers."""

from datetime import datetime
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.devices.service import KnownDevice, lock_row
from backend.errors import Problem

DELIVER = text("""
    update notice_phones p set delivered_at = coalesce(p.delivered_at, :now)
    from notices n
    where n.id = p.notice_id and p.device_id = :device and p.read_at is null and n.until > :now
    returning n.id, n.text, n.sent_at
""")
READ = text("""
    update notice_phones set read_at = :now, delivered_at = coalesce(delivered_at, :now)
    where notice_id = :notice and device_id = :device and read_at is null
""")
# Those that are over are not shown any more.
UNREAD = text("""
    update devices set notices = (
        select count(*) from notice_phones p join notices n on n.id = p.notice_id
        where p.device_id = devices.id and p.read_at is null and n.until > :now
    )
    where id = :device
""")


class Notice(TypedDict):
    """A text of the operator that the phone shows until it is read."""

    id: int
    text: str
    sent_at: datetime


class Notices(TypedDict, total=False):
    """A part of answers to a phone; missing if there is nothing to read."""

    notices: list[Notice]


def deliver(device: KnownDevice, now: datetime) -> Notices:
    """Return the `notices` that a phone has yet to read, as a part of an answer; often nothing.

    The number stands in the device's row, so that other phones cost no statement.
    """
    if not device.notices:
        return {}
    rows = db.session.execute(DELIVER, {"device": device.id, "now": now}).mappings().all()
    if not rows:
        db.session.execute(UNREAD, {"device": device.id, "now": now})
    db.session.commit()
    notices = [cast(Notice, dict(row)) for row in rows]
    return {"notices": sorted(notices, key=lambda notice: notice["id"])}


def mark_read(device_id: UUID, notice_id: int, now: datetime) -> None:
    """Record that a phone's person has read a notice; once is enough, others stay."""
    lock_row(device_id)
    values = {"notice": notice_id, "device": device_id, "now": now}
    known = text("select from notice_phones where notice_id = :notice and device_id = :device")
    if db.session.execute(known, values).first() is None:
        raise Problem(404, "not_found")
    db.session.execute(READ, values)
    db.session.execute(UNREAD, values)
    db.session.commit()
