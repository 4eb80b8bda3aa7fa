"""Signed letters attached to approved reports."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.scopes import unit_scope
from backend.reports.files.canonical import digest
from backend.reports.monthly.access import load_report
from backend.reports.monthly.models import Attachment
from backend.reports.monthly.serializers import serialize_report

# About ten pages, scanned in colour at 300 dpi.
SIZE_MOST = 15_000_000
# A PDF may have other bytes before its header; readers search this many.
HEADER_WITHIN = 1_024


def attach_letter(
    actor: Actor,
    report_id: int,
    details: Mapping[str, Any],
    read: Callable[[], bytes],
    now: datetime,
) -> dict[str, Any]:
    """Store number, date and signed PDF of the letter; the report's seal does not change."""
    require_person(actor)
    row = load_report(actor, report_id, lock=True)
    require(actor, "report.approve", unit_scope(row.unit_id))
    if row.approved_at is None:
        raise Problem(409, "report_not_approved")
    if details["signed_on"] > local_day(now):
        raise invalid("signed_on", "day_in_future")
    content = read()
    if b"%PDF-" not in content[:HEADER_WITHIN]:
        raise Problem(415, "not_pdf")
    letter = Attachment(
        report_id=row.id,
        number=details["number"],
        signed_on=details["signed_on"],
        digest=digest(content),
        size=len(content),
        content=content,
        attached_at=now,
    )
    db.session.add(letter)
    row.version += 1
    record_act(actor, "report.attach", f"report:{row.id}", digest=letter.digest)
    db.session.flush()
    answer = serialize_report(row)
    db.session.commit()
    return answer


def read_letter(actor: Actor, report_id: int, attachment_id: int) -> bytes:
    """Return a signed letter to officials of the unit: signatures are not public."""
    row = load_report(actor, report_id)
    require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    query = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.report_id == report_id
    )
    letter = db.session.scalar(query.options(undefer(Attachment.content)))
    if letter is None:
        raise Problem(404, "not_found")
    return bytes(letter.content)


def letters_of(report_id: int) -> list[Attachment]:
    """Return the letters of a report, without their PDFs."""
    query = select(Attachment).where(Attachment.report_id == report_id).order_by(Attachment.id)
    return list(db.session.scalars(query))
