"""Serialize reports for answers of the API."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from backend.database.extensions import db
from backend.organisations.references import serialize_units
from backend.reports.monthly.deadlines import deadline
from backend.reports.monthly.models import Attachment, ReportFile, ReportRow
from backend.reports.monthly.seals import Seal

NAMES = (
    "id", "month", "edition", "reason", "state", "demo", "version", "remarks",
    "created_at", "frozen_at", "digest", "superseded_at",
)  # fmt: skip
FILE = ("name", "size", "digest")
ATTACHMENT = ("id", "number", "signed_on", "size", "digest", "attached_at")


def serialize_report(row: ReportRow) -> dict[str, Any]:
    """Return a report."""
    return serialize_reports([row])[0]


def serialize_reports(rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    """Return reports, in the order given."""
    ids = [row.id for row in rows]
    units = serialize_units({row.unit_id for row in rows})
    files = _by_report(FILE, ReportFile, ids, ReportFile.name)
    attachments = _by_report(ATTACHMENT, Attachment, ids, Attachment.id)
    return [
        {name: getattr(row, name) for name in NAMES}
        | {
            "unit": units[row.unit_id],
            "deadline": deadline(row.month),
            "approved": _approved(row),
            "seal": seal.serialize() if (seal := seal_of(row)) else None,
            "files": files[row.id],
            "attachments": attachments[row.id],
        }
        for row in rows
    ]


def seal_of(row: ReportRow) -> Seal | None:
    """Return the seal of an approved report."""
    if row.statement is None or row.signature is None or row.key_number is None:
        return None
    return Seal(row.statement, row.signature, row.key_number)


def _approved(row: ReportRow) -> dict[str, Any] | None:
    if row.approved_at is None:
        return None
    return {"at": row.approved_at, "name": row.approver_name, "title": row.approver_title}


def _by_report(
    names: Iterable[str], model: Any, ids: Sequence[int], order: Any
) -> dict[int, list[dict[str, Any]]]:
    columns = [getattr(model, name) for name in names]
    query = select(model.report_id, *columns).where(model.report_id.in_(ids)).order_by(order)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in db.session.execute(query).mappings():
        found[row["report_id"]].append({name: row[name] for name in names})
    return found
