"""What is known of a digest: whose approved report it is of, and whether its seal holds."""

import re
from typing import Any

from sqlalchemy import or_, select

from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.unit_names import serialize_units
from backend.reports.files.canonical import digest
from backend.reports.monthly.models import ReportFile, ReportRow, SealKey
from backend.reports.monthly.seals import vouches
from backend.reports.monthly.serializers import seal_of

SHA256 = re.compile(r"[0-9a-f]{64}")


def check_digest(asked: str) -> dict[str, Any]:
    """What of an approved report has a digest; 404 for what no such report has."""
    wanted = asked.lower()
    row = _sealed(wanted) if SHA256.fullmatch(wanted) else None
    if row is None:
        raise Problem(404, "digest_unknown")
    seal, key = seal_of(row), db.session.get(SealKey, row.key_number)
    assert seal is not None and key is not None  # approved
    return {
        "digest": wanted,
        "of": _name(row, wanted),
        "valid": vouches(seal, wanted, key.public_key),
        "report": {
            "id": row.id,
            "unit": serialize_units({row.unit_id})[row.unit_id],
            "month": row.month,
            "edition": row.edition,
            "state": row.state,
            "demo": row.demo,
            "approved": {
                "at": row.approved_at,
                "name": row.approver_name,
                "title": row.approver_title,
            },
            "superseded_at": row.superseded_at,
        },
        "seal": {**seal.told(), "public_key": key.public_key.hex()},
    }


def check_file(content: bytes) -> dict[str, Any]:
    """The same of a file's bytes."""
    return check_digest(digest(content))


def _sealed(wanted: str) -> ReportRow | None:
    of_file = select(ReportFile.report_id).where(ReportFile.digest == wanted)
    query = (
        select(ReportRow)
        .where(
            or_(ReportRow.digest == wanted, ReportRow.id.in_(of_file)),
            ReportRow.approved_at.is_not(None),
        )
        .order_by(ReportRow.id.desc())
        .limit(1)
    )
    row: ReportRow | None = db.session.scalar(query)
    return row


def _name(row: ReportRow, wanted: str) -> str:
    """The name of the file that has a digest; `figures` for the canonical figures themselves."""
    names = select(ReportFile.name).where(
        ReportFile.report_id == row.id, ReportFile.digest == wanted
    )
    return db.session.scalar(names.order_by(ReportFile.name)) or "figures"
