"""When a month's report is due, and who has not sent it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, month_start
from backend.database.extensions import db
from backend.errors import invalid
from backend.reports.monthly.models import ReportRow
from backend.reports.monthly.visibility import seen_by
from backend.units.service import UnitRow, units_on

# Letter 5691/BTTTT-CVT: before day 15 of the following month.
DEADLINE_DAY = 15


def deadline(month: str) -> date:
    """The day before which a month's report is to be with the recipient."""
    return (month_end(month) + timedelta(days=1)).replace(day=DEADLINE_DAY)


def list_deadlines(actor: Actor, asked: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Every unit of a level with how far its report is; those not sent stand first."""
    month = asked["month"]
    if month_start(month) > today:
        raise invalid("month", "month_in_future")
    units = units_on(month_end(month), asked["level"], asked["parent"])
    reports = _reports(actor, month)
    items = [_item(unit, reports.get(unit.id, []), deadline(month)) for unit in units]
    sent = sum(item["sent_at"] is not None for item in items)
    return {
        "month": month,
        "level": asked["level"],
        "deadline": deadline(month),
        "days_left": (deadline(month) - today).days,
        "units": len(items),
        "sent": sent,
        "items": sorted(items, key=lambda item: item["sent_at"] is not None),
    }


def _reports(actor: Actor, month: str) -> dict[int, list[ReportRow]]:
    query = select(ReportRow).where(ReportRow.month == month, seen_by(actor))
    found: dict[int, list[ReportRow]] = {}
    for row in db.session.scalars(query.order_by(ReportRow.edition)):
        found.setdefault(row.unit_id, []).append(row)
    return found


def _item(unit: UnitRow, editions: Sequence[ReportRow], due: date) -> dict[str, Any]:
    """A unit's latest edition; it was sent when its first one was approved."""
    last = editions[-1] if editions else None
    sent_at = next((row.approved_at for row in editions if row.approved_at), None)
    return {
        "code": unit.code,
        "name": unit.name,
        "parent": unit.parent_name,
        "report_id": last.id if last else None,
        "edition": last.edition if last else None,
        "state": last.state if last else None,
        "sent_at": sent_at,
        "late": sent_at is not None and local_day(sent_at) >= due,
    }
