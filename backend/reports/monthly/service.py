"""Read reports: a page of them, one, its figures, its files; remove those of a demo."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from backend.accounts.access import Actor
from backend.database.extensions import db
from backend.errors import Problem
from backend.http.paging import decode_cursor, row_id, take_page
from backend.reports.content.figures import Report
from backend.reports.files.rendering import RENDERERS, render_file
from backend.reports.monthly.access import load_report, readable_by
from backend.reports.monthly.composition import compose, frozen_report
from backend.reports.monthly.models import ReportFile, ReportRow
from backend.reports.monthly.serializers import serialize_report, serialize_reports
from backend.units.models import Unit

REMOVE_DEMO = text("delete from reports where demo and (state <> 'draft' or edition > 1)")
KEEP_DRAFTS = text("update reports set demo = false where demo")


def list_reports(actor: Actor, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of the reports that the actor may read, the latest first."""
    select_rows = select(ReportRow).where(readable_by(actor)).order_by(ReportRow.id.desc())
    if query["month"]:
        select_rows = select_rows.where(ReportRow.month == query["month"])
    if query["state"]:
        select_rows = select_rows.where(ReportRow.state == query["state"])
    if query["unit"]:
        units = select(Unit.id).where(Unit.code == query["unit"])
        select_rows = select_rows.where(ReportRow.unit_id.in_(units))
    if after := decode_cursor(query["cursor"], row_id):
        select_rows = select_rows.where(ReportRow.id < after[0])
    rows = db.session.scalars(select_rows.limit(query["limit"] + 1)).all()
    page, next_cursor = take_page(rows, query["limit"], lambda row: (row.id,))
    return {"items": serialize_reports(page), "next": next_cursor}


def show_report(actor: Actor, report_id: int) -> dict[str, Any]:
    """Return a report with its state, approval, files and attachments."""
    return serialize_report(load_report(actor, report_id))


def show_figures(actor: Actor, report_id: int, now: datetime) -> Report:
    """Return the figures of a report: present ones of a draft, else the frozen ones."""
    row = load_report(actor, report_id)
    return compose(row, now) if row.state == "draft" else frozen_report(row)


def read_file(actor: Actor, report_id: int, name: str, now: datetime) -> bytes:
    """Return a file of a report; that of a draft is rendered as a preview and not stored."""
    row = load_report(actor, report_id)
    if row.state == "draft":
        known = name in RENDERERS
        content = render_file(name, compose(row, now), draft=True) if known else None
    else:
        file = db.session.get(ReportFile, (row.id, name)) if "\x00" not in name else None
        content = bytes(file.content) if file else None
    if content is None:
        raise Problem(404, "not_found")
    return content


def remove_demo_reports() -> None:
    """Remove what was frozen of a demo; first drafts stay and show the remaining figures."""
    db.session.execute(REMOVE_DEMO)
    db.session.execute(KEEP_DRAFTS)
    db.session.commit()
