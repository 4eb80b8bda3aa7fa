"""Withdrawals and their legal deadlines; no row identifies a person.

Law 91/2025/QH15 and Decree 356/2025: acknowledged within 2 working days, done within 15 days. A
withdrawal by the app or by a code is done at once; one by letter is recorded by an admin.
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
# Open requests and recent ones: inspections cover a year.
LISTED_MOST = 500


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


def list_requests(actor: Actor, now: datetime) -> dict[str, Any]:
    """List withdrawals, open ones first, the most urgent on top."""
    require(actor, "privacy.manage")
    rows = db.session.scalars(
        select(WithdrawalRequest)
        .order_by(
            WithdrawalRequest.done_at.desc().nulls_first(),
            WithdrawalRequest.received_at,
            WithdrawalRequest.id,
        )
        .limit(LISTED_MOST)
    )
    return {"items": [_serialize(row, now) for row in rows]}


def open_request(actor: Actor, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Record a request to withdraw that came by another channel than the app."""
    require(actor, "privacy.manage")
    if data["received_at"] > now:
        raise invalid("received_at", "in_future")
    row = WithdrawalRequest(channel=data["channel"], received_at=data["received_at"])
    db.session.add(row)
    db.session.flush()
    record_act(actor, "withdrawal.note", f"withdrawal:{row.id}", channel=row.channel)
    db.session.commit()
    return _serialize(row, now)


def record_step(actor: Actor, identity: int, step: str, now: datetime) -> dict[str, Any]:
    """Record that a request was acknowledged or done; times already recorded stay."""
    require(actor, "privacy.manage")
    row = db.session.get(WithdrawalRequest, identity, with_for_update=True)
    if row is None:
        raise Problem(404, "not_found")
    row.acknowledged_at = row.acknowledged_at or now
    if step == "done":
        row.done_at = row.done_at or now
    record_act(actor, f"withdrawal.{step}", f"withdrawal:{row.id}")
    db.session.commit()
    return _serialize(row, now)


def record_done(channel: str, now: datetime) -> None:
    """Add a withdrawal that is done at once, in the caller's transaction."""
    done = {"received_at": now, "acknowledged_at": now, "done_at": now}
    db.session.add(WithdrawalRequest(channel=channel, **done))


def _serialize(row: WithdrawalRequest, now: datetime) -> dict[str, Any]:
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
