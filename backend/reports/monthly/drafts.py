"""Drafts: begin, find, annotate or discard a report."""

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
from backend.http.paging import decode_cursor, row_id, take_page
from backend.measurements.recording.models import DemoMonth
from backend.organisations.scopes import unit_scope
from backend.reports.content.figures import Report
from backend.reports.monthly.composition import compose, kept
from backend.reports.monthly.models import ReportRow
from backend.reports.monthly.serializers import told, told_all
from backend.reports.monthly.visibility import report_for, require_draft, seen_by, visible_report
from backend.units.models import Unit
from backend.units.service import find


def list_reports(actor: Actor, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the reports that the actor may know of, the latest begun first."""
    query = select(ReportRow).where(seen_by(actor)).order_by(ReportRow.id.desc())
    if asked["month"]:
        query = query.where(ReportRow.month == asked["month"])
    if asked["state"]:
        query = query.where(ReportRow.state == asked["state"])
    if asked["unit"]:
        named = select(Unit.id).where(Unit.code == asked["unit"])
        query = query.where(ReportRow.unit_id.in_(named))
    if after := decode_cursor(asked["cursor"], row_id):
        query = query.where(ReportRow.id < after[0])
    rows = db.session.scalars(query.limit(asked["limit"] + 1)).all()
    page, next_cursor = take_page(rows, asked["limit"], lambda row: (row.id,))
    return {"items": told_all(page), "next": next_cursor}


def show_report(actor: Actor, report_id: int) -> dict[str, Any]:
    """One report: where it is in its life, who approved it, what belongs to it."""
    return told(visible_report(actor, report_id))


def show_figures(actor: Actor, report_id: int, now: datetime) -> Report:
    """The figures of a report: of a draft as they are now, else as they were frozen."""
    row = visible_report(actor, report_id)
    return compose(row, now) if row.state == "draft" else kept(row)


def begin_report(actor: Actor, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Begin the report of a unit's month, as a draft."""
    require_person(actor)
    month = asked["month"]
    if month_start(month) > local_day(now):
        raise invalid("month", "month_in_future")
    unit = find(month_end(month), asked["unit"], asked["level"])
    require(actor, "report.edit", unit_scope(unit.id))
    if _last_edition(unit.id, month):
        raise Problem(409, "report_exists")
    return _begun(actor, unit.id, month, 1, now)


def supersede_report(
    actor: Actor, report_id: int, expected: etags.Expected, reason: str, now: datetime
) -> dict[str, Any]:
    """Begin the next edition of a report; the one before stands until the new one is approved."""
    row = report_for(actor, "report.edit", report_id, expected, held=True)
    if row.state == "draft":
        raise Problem(409, "report_not_frozen")
    if _last_edition(row.unit_id, row.month) != row.edition:
        raise Problem(409, "report_superseded")
    more = {"reason": reason, "remarks": row.remarks}
    return _begun(actor, row.unit_id, row.month, row.edition + 1, now, **more)


def change_remarks(
    actor: Actor, report_id: int, expected: etags.Expected, remarks: Mapping[str, str | None]
) -> dict[str, Any]:
    """Write remarks of a draft; null takes a section's remark away."""
    row = report_for(actor, "report.edit", report_id, expected, held=True)
    require_draft(row)
    wanted = {name: words for name, words in {**row.remarks, **remarks}.items() if words}
    if wanted != row.remarks:
        changed = sorted(n for n in remarks if wanted.get(n) != row.remarks.get(n))
        row.remarks, row.version = wanted, row.version + 1
        record_act(actor, "report.remark", f"report:{row.id}", sections=changed)
        db.session.flush()
    answer = told(row)
    db.session.commit()
    return answer


def remove_draft(actor: Actor, report_id: int, expected: etags.Expected) -> None:
    """Give up a draft; what was frozen stays."""
    row = report_for(actor, "report.edit", report_id, expected, held=True)
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


def _begun(
    actor: Actor, unit_id: int, month: str, edition: int, now: datetime, **more: Any
) -> dict[str, Any]:
    """Add an edition; of two people who begin the same one, the second is told."""
    demo = db.session.get(DemoMonth, month) is not None
    about = {"unit_id": unit_id, "month": month, "edition": edition}
    row = ReportRow(**about, demo=demo, created_at=now, **{"remarks": {}, **more})
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:
        raise Problem(409, "report_exists") from None
    record_act(actor, "report.begin", f"report:{row.id}", **about)
    db.session.refresh(row)
    answer = told(row)
    db.session.commit()
    return answer
