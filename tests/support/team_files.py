"""Files with lists of teams, and results of importing them."""

import io
import unicodedata
import zipfile
from datetime import UTC, datetime
from typing import Any

import openpyxl
from flask import Flask
from sqlalchemy import select

from backend.accounts.access import Actor, Grant
from backend.accounts.models import AuditEntry
from backend.campaign_setup.team_import import import_teams
from backend.campaign_setup.team_lines import as_text, read_file
from backend.campaigns.models import Team
from backend.database.extensions import db
from backend.i18n.catalogues import Language

NOW = datetime(2024, 11, 20, 5, tzinfo=UTC)

HEAD = "Tên đội,Loại đội,Xã,Số mẫu mỗi ngày\n"
GOOD = (
    HEAD + "Đội 1,Thanh niên,05692,40\n"
    '"Đội Huống Thượng",Tổ công nghệ số cộng đồng,"Xã Huống Thượng, Thành phố Thái Nguyên",\n'
)


def import_list(
    app: Flask,
    organisation_id: int,
    listed: str | bytes,
    *,
    dry_run: bool = False,
    now: datetime = NOW,
    language: Language = "vi",
) -> dict[str, Any]:
    """Import a typed list of teams, or a file of one, as an organiser; return what was done."""
    organiser = Actor(user_id=1, grants=(Grant("organiser", "organisation", organisation_id),))
    with app.app_context():
        text = listed if isinstance(listed, str) else as_text(read_file(listed))
        done = import_teams(
            organiser, organisation_id, text, dry_run=dry_run, now=now, language=language
        )
    assert done is not None
    return done


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


def errors(done: dict[str, Any]) -> list[tuple[int, str, str]]:
    rows = done["rows"]
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
