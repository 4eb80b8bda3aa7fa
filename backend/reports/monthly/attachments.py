"""The letter as the office sent it, attached to the report that it carries."""

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
from backend.reports.monthly.models import Attachment
from backend.reports.monthly.serializers import told
from backend.reports.monthly.visibility import visible_report

# A letter of some ten pages, scanned in colour at 300 dpi.
SIZE_MOST = 15_000_000
# A PDF may have other bytes before its head; readers look no further than this.
HEAD_WITHIN = 1_024


def attach_letter(
    actor: Actor,
    report_id: int,
    asked: Mapping[str, Any],
    read: Callable[[], bytes],
    now: datetime,
) -> dict[str, Any]:
    """Keep number, date and legally signed PDF of an approved report; its seal stays as it is."""
    require_person(actor)
    row = visible_report(actor, report_id, held=True)
    require(actor, "report.approve", unit_scope(row.unit_id))
    if row.approved_at is None:
        raise Problem(409, "report_not_approved")
    if asked["signed_on"] > local_day(now):
        raise invalid("signed_on", "day_in_future")
    content = read()
    if b"%PDF-" not in content[:HEAD_WITHIN]:
        raise Problem(415, "not_pdf")
    letter = Attachment(
        report_id=row.id,
        number=asked["number"],
        signed_on=asked["signed_on"],
        digest=digest(content),
        size=len(content),
        content=content,
        attached_at=now,
    )
    db.session.add(letter)
    row.version += 1
    record_act(actor, "report.attach", f"report:{row.id}", digest=letter.digest)
    db.session.flush()
    answer = told(row)
    db.session.commit()
    return answer


def read_letter(actor: Actor, report_id: int, attachment_id: int) -> bytes:
    """A signed letter, for whoever writes the unit's reports: signatures are not for everybody."""
    row = visible_report(actor, report_id)
    require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    found = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.report_id == report_id
    )
    letter = db.session.scalar(found.options(undefer(Attachment.content)))
    if letter is None:
        raise Problem(404, "not_found")
    return bytes(letter.content)


def letters_of(report_id: int) -> list[Attachment]:
    """The letters that carried a report, without their PDFs."""
    query = select(Attachment).where(Attachment.report_id == report_id).order_by(Attachment.id)
    return list(db.session.scalars(query))
