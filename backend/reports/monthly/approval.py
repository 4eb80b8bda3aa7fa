"""Approve a frozen report and seal it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.accounts.models import User
from backend.coverage.figures.publication import publish
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.http import etags
from backend.reports.monthly.access import authorized_report, require_latest
from backend.reports.monthly.models import ReportFile, ReportRow
from backend.reports.monthly.seals import Seal, create_seal
from backend.reports.monthly.serializers import serialize_report
from backend.units.models import Unit


def approve_report(
    actor: Actor,
    report_id: int,
    expected: etags.Expected,
    signer: Mapping[str, str | None],
    now: datetime,
    var_dir: Path,
) -> dict[str, Any]:
    """Approve a report under a name, seal it and supersede earlier editions."""
    row = authorized_report(actor, "report.approve", report_id, expected, lock=True)
    if row.state != "frozen":
        raise Problem(409, "report_not_frozen" if row.state == "draft" else "report_approved")
    require_latest(row)
    name = signer["name"] or _own_name(actor)
    if not name:
        raise invalid("name", "name_required")
    approver = {"name": name, "title": signer["title"]}
    _approve(row, approver, create_seal(_statement(row, approver, now), now, var_dir), now)
    _supersede_earlier(row, now)
    publish(row.unit_id, row.month)
    record_act(actor, "report.approve", f"report:{row.id}", digest=row.digest, key=row.key_number)
    db.session.flush()
    answer = serialize_report(row)
    db.session.commit()
    return answer


def _statement(row: ReportRow, approver: Mapping[str, str | None], now: datetime) -> dict[str, Any]:
    """Return the statement of the seal: report, approval, digests of figures and files."""
    unit = db.session.get_one(Unit, row.unit_id)
    files = select(ReportFile.name, ReportFile.digest).where(ReportFile.report_id == row.id)
    return {
        "unit": {name: getattr(unit, name) for name in ("system", "level", "code", "name")},
        "month": row.month,
        "edition": row.edition,
        "demo": row.demo,
        "approved_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "approved_by": approver,
        "digest": row.digest,
        "files": {file.name: file.digest for file in db.session.execute(files)},
    }


def _approve(row: ReportRow, approver: Mapping[str, str | None], seal: Seal, now: datetime) -> None:
    row.approver_name, row.approver_title = approver["name"], approver["title"]
    row.state, row.approved_at, row.version = "approved", now, row.version + 1
    row.statement, row.signature = seal.statement, seal.signature
    row.key_number = seal.key_number


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


def _own_name(actor: Actor) -> str | None:
    user = db.session.get(User, actor.user_id)
    return user.display_name if user else None
