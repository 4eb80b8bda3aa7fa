"""Change reports: draft, freeze, approve and seal, supersede, attach the signed letter."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import undefer

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.accounts.models import User
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.unit_access import publish
from backend.database.extensions import db, unless_violated
from backend.database.locks import OUTREACH_LOCK, hold
from backend.errors import Problem, invalid, or_404
from backend.http import etags
from backend.measurements.recording.models import DemoMonth
from backend.organisations.scopes import unit_scope
from backend.outbox import service as outbox
from backend.outbox.service import NewEvent
from backend.reports.content.figures import canonical_json, digest
from backend.reports.content.sections import collect_settled, outreach
from backend.reports.files.letter import Signature, letterhead_of
from backend.reports.files.rendering import LETTER, render, render_signed
from backend.reports.monthly.models import Attachment, ReportFile, ReportRow
from backend.reports.monthly.remarks import carried_remarks, remark_versions
from backend.reports.monthly.seals import create_seal
from backend.reports.monthly.service import (
    authorized_report,
    commit_report,
    compose,
    frozen_report,
    letter_choices,
    load_report,
    require_draft,
    unit_of,
)
from backend.units.catalogue import APPROXIMATE
from backend.units.models import Unit
from backend.units.service import find
from geo.gazetteer import plain

# About ten pages, scanned in colour at 300 dpi.
MAX_SIZE = 15_000_000
# A PDF may have other bytes before its header; readers search this many.
HEADER_WITHIN = 1_024


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
    _require_latest(row)
    columns = {"reason": reason, "letter": letter_choices(row), **carried_remarks(row)}
    return _create(actor, row.unit_id, row.month, row.edition + 1, now, **columns)


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


def _require_latest(row: ReportRow) -> None:
    """Raise 409 if there is a later edition."""
    if _last_edition(row.unit_id, row.month) != row.edition:
        raise Problem(409, "report_superseded")


def _create(
    actor: Actor, unit_id: int, month: str, edition: int, now: datetime, **columns: Any
) -> dict[str, Any]:
    """Add an edition; 409 if another request has just added it."""
    demo = db.session.get(DemoMonth, month) is not None
    about = {"unit_id": unit_id, "month": month, "edition": edition}
    row = ReportRow(**about, demo=demo, created_at=now, **{"remarks": {}, **columns})
    db.session.add(row)
    with unless_violated("uq_reports_", Problem(409, "report_exists")):
        db.session.flush()
    record_act(actor, "report.begin", f"report:{row.id}", **about)
    db.session.refresh(row)
    return commit_report(row)


def freeze_report(
    actor: Actor, report_id: int, expected: etags.Expected, now: datetime
) -> dict[str, Any]:
    """Freeze a draft whose month is over and whose boundaries are good enough."""
    draft = authorized_report(actor, "report.edit", report_id, expected)
    require_draft(draft)
    if local_day(now) <= month_end(draft.month):
        raise Problem(409, "month_not_over")
    report = compose(draft, now, collect_settled)
    boundaries = report["boundaries"]
    approximate = boundaries is None or boundaries["quality"] == APPROXIMATE
    if approximate and not report["demo"]:
        raise Problem(409, "boundaries_approximate")
    content = canonical_json(report)
    files = render(report)
    # Reading and rendering take seconds, during which the draft is not locked: check it again.
    row = authorized_report(actor, "report.edit", report_id, expected, lock=True)
    require_draft(row)
    hold(OUTREACH_LOCK)  # what is entered from here on finds the report frozen
    if outreach(unit_of(row), row.month) != report["sections"].get("outreach"):
        raise Problem(409, "figures_moving")
    row.state, row.frozen_at, row.demo = "frozen", now, report["demo"]
    row.content, row.digest = content.decode(), digest(content)
    row.version += 1
    db.session.add_all(
        ReportFile(report_id=row.id, name=name, digest=digest(file), size=len(file), content=file)
        for name, file in files.items()
    )
    versions = remark_versions(row.id)
    record_act(actor, "report.freeze", f"report:{row.id}", digest=row.digest, remarks=versions)
    return commit_report(row)


def own_name(actor: Actor) -> str | None:
    """Return the name of a person's account: who approves if nobody else is named."""
    return db.session.get_one(User, actor.user_id).display_name


def approve_report(
    actor: Actor,
    report_id: int,
    expected: etags.Expected,
    signature: Mapping[str, Any],
    now: datetime,
    var_dir: Path,
) -> dict[str, Any]:
    """Approve a report under a name, seal it and supersede earlier editions.

    The letter is rendered again with the lines and the name of the person who approves it.
    """
    row = authorized_report(actor, "report.approve", report_id, expected, lock=True)
    if row.state != "frozen":
        raise Problem(409, "report_not_frozen" if row.state == "draft" else "report_approved")
    _require_latest(row)
    name = signature["name"] or own_name(actor)
    if not name:
        raise invalid("name", "name_required")
    _sign_letter(row, signature["titles"], name)
    approver = {"name": name, "title": (row.letter or {})["signature"]["titles"][-1]}
    seal = create_seal(_statement(row, approver, now), now, var_dir)
    row.approver_name, row.approver_title = approver["name"], approver["title"]
    row.state, row.approved_at, row.version = "approved", now, row.version + 1
    row.statement, row.signature = seal.statement, seal.signature
    row.key_number = seal.key_number
    _supersede_earlier(row, now)
    publish(row.unit_id, row.month)
    sealed = {"report": row.id, "edition": row.edition, "digest": row.digest, "demo": row.demo}
    outbox.add(NewEvent("report.sealed", row.unit_id, row.month, sealed))
    record_act(actor, "report.approve", f"report:{row.id}", digest=row.digest, key=row.key_number)
    return commit_report(row)


def _sign_letter(row: ReportRow, titles: list[str] | None, name: str) -> None:
    """Store the signature of a frozen report, and its letter with that signature."""
    report = frozen_report(row, frozenset())  # it has no seal yet
    signature = Signature(titles or letterhead_of(report)["titles"], name)
    row.letter = {**letter_choices(row), "signature": signature._asdict()}
    content = render_signed(report, signature)
    file = ReportFile(report_id=row.id, name=LETTER, content=content)
    file.digest, file.size = digest(content), len(content)
    db.session.merge(file)
    db.session.flush()  # files of an approved report no longer change


def _statement(row: ReportRow, approver: Mapping[str, str | None], now: datetime) -> dict[str, Any]:
    """Return the statement of the seal: report, approval, digests of the files of figures."""
    files = select(ReportFile.name, ReportFile.digest).where(
        ReportFile.report_id == row.id, ReportFile.name != LETTER
    )
    return {
        **_report(row),
        "demo": row.demo,
        "approved_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "approved_by": approver,
        "digest": row.digest,
        "files": {file.name: file.digest for file in db.session.execute(files)},
    }


def _report(row: ReportRow) -> dict[str, Any]:
    """Return what names a report in statements: the unit, the month and the edition."""
    unit = db.session.get_one(Unit, row.unit_id)
    named = {name: getattr(unit, name) for name in ("system", "level", "code", "name")}
    return {"unit": named, "month": row.month, "edition": row.edition}


def _supersede_earlier(row: ReportRow, now: datetime) -> None:
    earlier = (
        ReportRow.unit_id == row.unit_id,
        ReportRow.month == row.month,
        ReportRow.edition < row.edition,
        ReportRow.state.in_(("frozen", "approved")),
    )
    changes = {"state": "superseded", "superseded_at": now, "version": ReportRow.version + 1}
    db.session.execute(
        update(ReportRow).where(*earlier).values(changes),
        execution_options={"synchronize_session": False},
    )


def attach_letter(
    actor: Actor,
    report_id: int,
    details: Mapping[str, Any],
    read: Callable[[], bytes],
    now: datetime,
    var_dir: Path,
) -> dict[str, Any]:
    """Store number, date and signed PDF of the letter, and seal its digest.

    The seal of the figures does not change.
    """
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
    seal = create_seal(_statement_of_letter(row, letter), now, var_dir)
    letter.statement, letter.signature = seal.statement, seal.signature
    letter.key_number = seal.key_number
    db.session.add(letter)
    row.version += 1
    record_act(actor, "report.attach", f"report:{row.id}", digest=letter.digest)
    return commit_report(row)


def _statement_of_letter(row: ReportRow, letter: Attachment) -> dict[str, Any]:
    """Return the statement of a letter's seal: number, date, and the report that it belongs to."""
    return {
        **_report(row),
        "figures": row.digest,
        "letter": {"number": letter.number, "signed_on": letter.signed_on.isoformat()},
        "attached_at": letter.attached_at.astimezone(UTC).isoformat(timespec="seconds"),
        "digest": letter.digest,
        "files": {},
    }


def read_letter(actor: Actor, report_id: int, attachment_id: int) -> tuple[bytes, str]:
    """Return a signed letter and its file name to officials: signatures are not public."""
    row = load_report(actor, report_id)
    require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    query = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.report_id == report_id
    )
    letter = or_404(db.session.scalar(query.options(undefer(Attachment.content))))
    if digest(bytes(letter.content)) != letter.digest:
        raise Problem(500, "report_altered")
    number = re.sub(r"[^0-9A-Za-z]+", "-", plain(letter.number).upper()).strip("-")
    return bytes(letter.content), f"{number or 'van-ban'}-{letter.signed_on}.pdf"
