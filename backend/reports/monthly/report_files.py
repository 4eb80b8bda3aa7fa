"""The files of a report: as they were rendered at freezing, or of a draft as it is now."""

from datetime import datetime

from backend.accounts.access import Actor
from backend.database.extensions import db
from backend.errors import Problem
from backend.reports.files.rendering import RENDERERS, render_file
from backend.reports.monthly.composition import compose
from backend.reports.monthly.models import ReportFile
from backend.reports.monthly.visibility import visible_report


def read_file(actor: Actor, report_id: int, name: str, now: datetime) -> bytes:
    """A file of a report; of a draft it is a preview and kept nowhere."""
    row = visible_report(actor, report_id)
    if row.state == "draft":
        known = name in RENDERERS
        content = render_file(name, compose(row, now), draft=True) if known else None
    else:
        file = db.session.get(ReportFile, (row.id, name)) if "\x00" not in name else None
        content = bytes(file.content) if file else None
    if content is None:
        raise Problem(404, "not_found")
    return content
