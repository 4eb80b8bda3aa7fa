"""Verify a digest: find its approved report and check the seal."""

import re
from typing import Any

from sqlalchemy import or_, select

from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.references import serialize_units
from backend.reports.files.canonical import digest
from backend.reports.monthly.models import ReportFile, ReportRow, SealKey
from backend.reports.monthly.seals import verify_seal
from backend.reports.monthly.serializers import seal_of

SHA256 = re.compile(r"[0-9a-f]{64}")


def check_digest(text: str) -> dict[str, Any]:
    """Return the approved report that has a digest, with its seal; 404 if there is none."""
    sha256 = text.lower()
    row = _sealed_report(sha256) if SHA256.fullmatch(sha256) else None
    if row is None:
        raise Problem(404, "digest_unknown")
    seal, key = seal_of(row), db.session.get(SealKey, row.key_number)
    assert seal is not None and key is not None  # approved
    return {
        "digest": sha256,
        "of": _name(row, sha256),
        "valid": verify_seal(seal, sha256, key.public_key),
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
        "seal": {**seal.serialize(), "public_key": key.public_key.hex()},
    }


def check_file(content: bytes) -> dict[str, Any]:
    """Return the same for the bytes of a file."""
    return check_digest(digest(content))


def _sealed_report(sha256: str) -> ReportRow | None:
    of_file = select(ReportFile.report_id).where(ReportFile.digest == sha256)
    query = (
        select(ReportRow)
        .where(
            or_(ReportRow.digest == sha256, ReportRow.id.in_(of_file)),
            ReportRow.approved_at.is_not(None),
        )
        .order_by(ReportRow.id.desc())
        .limit(1)
    )
    row: ReportRow | None = db.session.scalar(query)
    return row


def _name(row: ReportRow, sha256: str) -> str:
    """Return the name of the file that has a digest; `figures` for the canonical figures."""
    names = select(ReportFile.name).where(
        ReportFile.report_id == row.id, ReportFile.digest == sha256
    )
    return db.session.scalar(names.order_by(ReportFile.name)) or "figures"
