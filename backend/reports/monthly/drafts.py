"""Drafts: begin, annotate or discard a report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end, month_start
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.http import etags
from backend.measurements.recording.models import DemoMonth
from backend.organisations.scopes import unit_scope
from backend.reports.monthly.access import authorized_report, require_draft
from backend.reports.monthly.models import ReportRow
from backend.reports.monthly.serializers import serialize_report
from backend.units.service import find


def begin_report(actor: Actor, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Create the draft of a unit's report of a month."""
    require_person(actor)
    month = data["month"]
    if month_start(month) > local_day(now):
        raise invalid("month", "month_in_future")
    unit = find(month_end(month), data["unit"], data["level"])
    require(actor, "report.edit", unit_scope(unit.id))
    if _last_edition(unit.id, month):
        raise Problem(409, "report_exists")
    return _create(actor, unit.id, month, 1, now)


def supersede_report(
    actor: Actor, report_id: int, expected: etags.Expected, reason: str, now: datetime
) -> dict[str, Any]:
    """Create the next edition; the present one is valid until the new one is approved."""
    row = authorized_report(actor, "report.edit", report_id, expected, lock=True)
    if row.state == "draft":
        raise Problem(409, "report_not_frozen")
    if _last_edition(row.unit_id, row.month) != row.edition:
        raise Problem(409, "report_superseded")
    columns = {"reason": reason, "remarks": row.remarks}
    return _create(actor, row.unit_id, row.month, row.edition + 1, now, **columns)


def change_remarks(
    actor: Actor, report_id: int, expected: etags.Expected, remarks: Mapping[str, str | None]
) -> dict[str, Any]:
    """Change remarks of a draft; null removes the remark of a section."""
    row = authorized_report(actor, "report.edit", report_id, expected, lock=True)
    require_draft(row)
    merged = {name: text for name, text in {**row.remarks, **remarks}.items() if text}
    if merged != row.remarks:
        changed = sorted(n for n in remarks if merged.get(n) != row.remarks.get(n))
        row.remarks, row.version = merged, row.version + 1
        record_act(actor, "report.remark", f"report:{row.id}", sections=changed)
        db.session.flush()
    answer = serialize_report(row)
    db.session.commit()
    return answer


def remove_draft(actor: Actor, report_id: int, expected: etags.Expected) -> None:
    """Remove a draft; frozen reports cannot be removed."""
    row = authorized_report(actor, "report.edit", report_id, expected, lock=True)
    require_draft(row)
    about = {"unit": row.unit_id, "month": row.month, "edition": row.edition}
    record_act(actor, "report.remove", f"report:{row.id}", **about)
    db.session.delete(row)
    db.session.commit()


def _last_edition(unit_id: int, month: str) -> int:
    query = select(func.max(ReportRow.edition)).where(
        ReportRow.unit_id == unit_id, ReportRow.month == month
    )
    return db.session.scalar(query) or 0


def _create(
    actor: Actor, unit_id: int, month: str, edition: int, now: datetime, **columns: Any
) -> dict[str, Any]:
    """Add an edition; 409 if another request has just added it."""
    demo = db.session.get(DemoMonth, month) is not None
    about = {"unit_id": unit_id, "month": month, "edition": edition}
    row = ReportRow(**about, demo=demo, created_at=now, **{"remarks": {}, **columns})
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:
        raise Problem(409, "report_exists") from None
    record_act(actor, "report.begin", f"report:{row.id}", **about)
    db.session.refresh(row)
    answer = serialize_report(row)
    db.session.commit()
    return answer
