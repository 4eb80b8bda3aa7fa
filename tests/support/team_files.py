"""Files with lists of teams, and results of importing them."""

import io
import unicodedata
import zipfile
from typing import Any

import openpyxl
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.models import AuditEntry
from backend.campaigns.models import Team
from backend.database.extensions import db

HEAD = "Tên đội,Loại đội,Xã,Số mẫu mỗi ngày\n"
GOOD = (
    HEAD + "Đội 1,Thanh niên,05692,40\n"
    '"Đội Huống Thượng",Tổ công nghệ số cộng đồng,"Xã Huống Thượng, Thành phố Thái Nguyên",\n'
)


def url(organisation_id: int, dry_run: bool | None = False) -> str:
    query = "" if dry_run is None else f"?dry_run={str(dry_run).lower()}"
    return f"/api/v1/organisations/{organisation_id}/teams/import{query}"


def send(
    client: FlaskClient,
    where: str,
    body: str | bytes,
    headers: dict[str, str],
    kind: str = "text/csv",
    **more: str,
) -> Any:
    sent = body.encode() if isinstance(body, str) else body
    return client.post(where, data=sent, headers={**headers, **more}, content_type=kind)


def workbook(*rows: list[Any], **options: Any) -> bytes:
    """Return a workbook with one sheet of rows; `merged` ranges are merged."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for area in options.get("merged", ()):
        sheet.merge_cells(area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def teams(app: Flask) -> list[tuple[Any, ...]]:
    with app.app_context():
        columns = (Team.name, Team.type, Team.home_unit_id, Team.capacity_per_day, Team.version)
        return [tuple(row) for row in db.session.execute(select(*columns).order_by(Team.id))]


def import_entries(app: Flask) -> list[AuditEntry]:
    with app.app_context():
        query = select(AuditEntry).where(AuditEntry.act == "team.import").order_by(AuditEntry.id)
        return list(db.session.scalars(query))


def errors(answer: Any) -> list[tuple[int, str, str]]:
    rows = answer.json["rows"]
    return [(row["line"], one["field"], one["code"]) for row in rows for one in row["errors"]]


def totals(**counts: int) -> dict[str, int]:
    unset = dict.fromkeys(("create", "update", "unchanged", "error"), 0)
    return {"rows": sum(counts.values()), **unset, **counts}


def cp1258(body: str) -> bytes:
    """Encode as Windows-1258: the tone follows its vowel."""
    out = b""
    for letter in body:
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            for tone in "\u0300\u0301\u0303\u0309\u0323":
                split = unicodedata.normalize("NFD", letter)
                if tone in split:
                    base = unicodedata.normalize("NFC", split.replace(tone, ""))
                    out += base.encode("cp1258") + tone.encode("cp1258")
    return out


def replace_parts(raw: bytes, **parts: bytes) -> bytes:
    """Return a workbook with parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name, old.read(name)))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()
