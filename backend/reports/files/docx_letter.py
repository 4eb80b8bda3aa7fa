"""The report as an official letter that Word and LibreOffice open."""

import io
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from backend.clock import month_end
from backend.reports.content import labels
from backend.reports.content.figures import Report
from backend.reports.content.letterhead_proposal import Words, proposed
from backend.reports.files.archives import timeless
from backend.reports.files.docx_body import Body, Pictures
from backend.reports.files.docx_frame import put_end, put_head
from backend.reports.files.docx_parts import new_letter, number_pages
from backend.reports.files.tables import Table


def letter(
    report: Report, tables: Mapping[str, Table], pictures: Pictures, mark: str | None
) -> bytes:
    """The letter; the same report gives the same bytes."""
    made, head = new_letter(), _head(report)
    about = made.core_properties
    about.title = f"Báo cáo {labels.month(report['month'])}, {report['unit']['name']}"
    about.author = about.last_modified_by = head["agency"]
    about.created = about.modified = datetime.fromisoformat(report["made_at"])
    about.language, about.comments = "vi-VN", mark or ""
    number_pages(made, mark)
    put_head(made, report, head)
    body = Body(made, report, tables, pictures)
    body.put()
    put_end(made, head)
    body.put_appendices()
    out = io.BytesIO()
    made.save(out)
    return timeless(out.getvalue())


def _head(report: Report) -> Words:
    """The letterhead as it was copied; the usual one where none was."""
    unit, kept = report["unit"], report["letterhead"]
    if kept is not None:
        return cast(Words, kept)
    return proposed(unit["level"], unit["name"], unit["province"], month_end(report["month"]))
