"""Withdrawals and their legal deadlines; no row says whose they are.

Law 91/2025/QH15 and Decree 356/2025: acknowledged within 2 working days, done within 15 days. A
withdrawal by the app or by a code is done at once; one asked for by letter is noted by an admin.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.measurements.recording.models import WithdrawalRequest

WORKING_DAYS_TO_ACKNOWLEDGE = 2
DAYS_TO_DO = 15
SATURDAY = 5
# What is open, and what was done of late: a year is what an inspection asks for.
LISTED_MOST = 500


def acknowledge_by(received: date) -> date:
    """The second working day after a request; of public holidays the operator knows."""
    day, left = received, WORKING_DAYS_TO_ACKNOWLEDGE
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < SATURDAY
    return day


def do_by(received: date) -> date:
    """The last day on which a withdrawal is done in time."""
    return received + timedelta(days=DAYS_TO_DO)


def list_requests(asker: Actor, now: datetime) -> dict[str, Any]:
    """List withdrawals, those that are still open first, the most urgent on top."""
    require(asker, "privacy.manage")
    rows = db.session.scalars(
        select(WithdrawalRequest)
        .order_by(
            WithdrawalRequest.done_at.desc().nulls_first(),
            WithdrawalRequest.received_at,
            WithdrawalRequest.id,
        )
        .limit(LISTED_MOST)
    )
    return {"items": [_told(row, now) for row in rows]}


def open_request(asker: Actor, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Note that somebody asked to withdraw by another way than the app."""
    require(asker, "privacy.manage")
    if asked["received_at"] > now:
        raise invalid("received_at", "in_future")
    row = WithdrawalRequest(channel=asked["channel"], received_at=asked["received_at"])
    db.session.add(row)
    db.session.flush()
    record_act(asker, "withdrawal.note", f"withdrawal:{row.id}", channel=row.channel)
    db.session.commit()
    return _told(row, now)


def settle_request(asker: Actor, identity: int, step: str, now: datetime) -> dict[str, Any]:
    """Note that a request was acknowledged or done; what is noted already stays as it is."""
    require(asker, "privacy.manage")
    row = db.session.get(WithdrawalRequest, identity, with_for_update=True)
    if row is None:
        raise Problem(404, "not_found")
    row.acknowledged_at = row.acknowledged_at or now
    if step == "done":
        row.done_at = row.done_at or now
    record_act(asker, f"withdrawal.{step}", f"withdrawal:{row.id}")
    db.session.commit()
    return _told(row, now)


def note_done(channel: str, now: datetime) -> None:
    """Keep, in the caller's transaction, that somebody withdrew and that it was done at once."""
    done = {"received_at": now, "acknowledged_at": now, "done_at": now}
    db.session.add(WithdrawalRequest(channel=channel, **done))


def _told(row: WithdrawalRequest, now: datetime) -> dict[str, Any]:
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
