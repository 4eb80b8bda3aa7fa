"""Who may see which report: its area's officials until it is approved, then everybody."""

from sqlalchemy import ColumnElement, or_, select

from backend.accounts.access import Actor, can, require, require_person
from backend.database.extensions import db
from backend.errors import Problem
from backend.http import etags
from backend.organisations.scopes import unit_scope, unit_scopes
from backend.reports.monthly.models import ReportRow


def visible_report(actor: Actor, report_id: int, *, held: bool = False) -> ReportRow:
    """A report that the actor may know of; 404 for others' as for none. `held`: until commit."""
    row = db.session.get(ReportRow, report_id, populate_existing=True, with_for_update=held)
    if row is None:
        raise Problem(404, "not_found")
    if row.approved_at is None:
        require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    return row


def report_for(
    actor: Actor, act: str, report_id: int, expected: etags.Expected, *, held: bool = False
) -> ReportRow:
    """A report on which the actor may act, as they saw it."""
    require_person(actor)
    row = visible_report(actor, report_id, held=held)
    require(actor, act, unit_scope(row.unit_id))
    etags.must_match(expected, row.version)
    return row


def require_draft(row: ReportRow) -> None:
    """409 where figures are frozen."""
    if row.state != "draft":
        raise Problem(409, "report_not_draft")


def require_latest(row: ReportRow) -> None:
    """409 where a later edition is there."""
    later = select(ReportRow.id).where(
        ReportRow.unit_id == row.unit_id,
        ReportRow.month == row.month,
        ReportRow.edition > row.edition,
    )
    if db.session.scalar(later.limit(1)) is not None:
        raise Problem(409, "report_superseded")


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The reports that an actor may know of, as a condition."""
    return or_(ReportRow.approved_at.is_not(None), ReportRow.unit_id.in_(_own_units(actor)))


def _own_units(actor: Actor) -> list[int]:
    """Units with a report that is not everybody's yet, and is this actor's to read."""
    if not actor.grants:
        return []
    query = select(ReportRow.unit_id).where(ReportRow.approved_at.is_(None)).distinct()
    scopes = unit_scopes(db.session.scalars(query).all())
    return [unit for unit, scope in scopes.items() if can(actor, "report.read", scope)]
