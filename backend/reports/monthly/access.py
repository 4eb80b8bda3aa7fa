"""Access to reports: officials of the area until a report is approved, then everybody."""

from sqlalchemy import ColumnElement, or_, select

from backend.accounts.access import Actor, can, require, require_person
from backend.database.extensions import db
from backend.errors import Problem
from backend.http import etags
from backend.organisations.scopes import unit_scope, unit_scopes
from backend.reports.monthly.models import ReportRow


def load_report(actor: Actor, report_id: int, *, lock: bool = False) -> ReportRow:
    """Return a report that the actor may read, else raise 404; `lock`: for update."""
    row = db.session.get(ReportRow, report_id, populate_existing=True, with_for_update=lock)
    if row is None:
        raise Problem(404, "not_found")
    if row.approved_at is None:
        require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    return row


def authorized_report(
    actor: Actor, act: str, report_id: int, expected: etags.Expected, *, lock: bool = False
) -> ReportRow:
    """Return a report on which the actor may act, if it still has the expected version."""
    require_person(actor)
    row = load_report(actor, report_id, lock=lock)
    require(actor, act, unit_scope(row.unit_id))
    etags.must_match(expected, row.version)
    return row


def require_draft(row: ReportRow) -> None:
    """Raise 409 if figures are frozen."""
    if row.state != "draft":
        raise Problem(409, "report_not_draft")


def require_latest(row: ReportRow) -> None:
    """Raise 409 if there is a later edition."""
    later = select(ReportRow.id).where(
        ReportRow.unit_id == row.unit_id,
        ReportRow.month == row.month,
        ReportRow.edition > row.edition,
    )
    if db.session.scalar(later.limit(1)) is not None:
        raise Problem(409, "report_superseded")


def readable_by(actor: Actor) -> ColumnElement[bool]:
    """Return the SQL condition of reports that the actor may read."""
    return or_(ReportRow.approved_at.is_not(None), ReportRow.unit_id.in_(_readable_units(actor)))


def _readable_units(actor: Actor) -> list[int]:
    """Return units whose unapproved reports the actor may read."""
    if not actor.grants:
        return []
    query = select(ReportRow.unit_id).where(ReportRow.approved_at.is_(None)).distinct()
    scopes = unit_scopes(db.session.scalars(query).all())
    return [unit for unit, scope in scopes.items() if can(actor, "report.read", scope)]
