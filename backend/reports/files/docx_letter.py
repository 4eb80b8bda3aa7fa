"""Render a report as an official letter (Word) in the layout of Decree 30/2020/NĐ-CP."""

import io
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from docx.document import Document as Letter
from docx.shared import Cm, Pt

from backend.clock import VIETNAM, month_end
from backend.reports.content import labels
from backend.reports.content.default_letterhead import LetterheadContent, default_letterhead
from backend.reports.content.figures import Report
from backend.reports.files.canonical import remove_times
from backend.reports.files.docx_body import Body, Pictures
from backend.reports.files.docx_elements import (
    WIDTH_CM,
    add_columns,
    add_line,
    add_rule,
    new_letter,
    number_pages,
)
from backend.reports.files.tables import Table


def render_letter(
    report: Report, tables: Mapping[str, Table], pictures: Pictures, mark: str | None
) -> bytes:
    """Return the letter; the same report gives the same bytes."""
    document, head = new_letter(), _head(report)
    properties = document.core_properties
    properties.title = f"Báo cáo {labels.month(report['month'])}, {report['unit']['name']}"
    properties.author = properties.last_modified_by = head["agency"]
    properties.created = properties.modified = datetime.fromisoformat(report["made_at"])
    properties.language, properties.comments = "vi-VN", mark or ""
    number_pages(document, mark)
    add_head(document, report, head)
    body = Body(document, report, tables, pictures)
    body.write()
    add_end(document, head)
    body.write_appendices()
    out = io.BytesIO()
    document.save(out)
    return remove_times(out.getvalue())


def _head(report: Report) -> LetterheadContent:
    """Return the report's letterhead, the default one where it has none."""
    unit, letterhead = report["unit"], report["letterhead"]
    if letterhead is not None:
        return cast(LetterheadContent, letterhead)
    return default_letterhead(
        unit["level"], unit["name"], unit["province"], month_end(report["month"])
    )


NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
LEFT_CM, RIGHT_CM = 6.7, 9.8
# Indents: the line below the agency is a third of its cell, that below the motto as long as it.
AGENCY_RULE_CM, MOTTO_RULE_CM = 2.3, 2.15
# Space for a signature and a stamp.
SIGNATURE_PT = 72


def add_head(letter: Letter, report: Report, head: LetterheadContent) -> None:
    """Add the agency on the left, the nation on the right; number, date, subject, addressees."""
    left, right = add_columns(letter, (LEFT_CM, RIGHT_CM))
    if head["superior"]:
        add_line(left, "Đầu thư", head["superior"])
    add_line(left, "Đầu thư đậm", head["agency"])
    add_rule(add_line(left, "Đầu thư", ""), AGENCY_RULE_CM)
    add_line(left, "Giữa", f"Số:          /{head['symbol']}").paragraph_format.space_before = Pt(6)
    subject = f"V/v báo cáo kết quả đo chất lượng mạng {labels.month(report['month'])}"
    add_line(left, "Đầu thư", subject).paragraph_format.space_before = Pt(6)
    add_line(right, "Đầu thư đậm", NATION)
    add_line(right, "Giữa đậm", MOTTO)
    add_rule(add_line(right, "Đầu thư", ""), MOTTO_RULE_CM)
    made = datetime.fromisoformat(report["made_at"]).astimezone(VIETNAM)
    # Day of signing and number are written by hand.
    dated = f"{head['place']}, ngày       tháng       năm {made.year}"
    add_line(right, "Giữa nghiêng", dated).paragraph_format.space_before = Pt(6)
    _address(letter, head["recipients"])


def _address(letter: Letter, recipients: list[str]) -> None:
    if len(recipients) == 1:
        line = letter.add_paragraph(f"Kính gửi: {recipients[0]}.", "Kính gửi")
        line.paragraph_format.left_indent = Cm(2.5)
        line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(14)
        return
    first = letter.add_paragraph("Kính gửi:", "Kính gửi")
    first.paragraph_format.left_indent, first.paragraph_format.space_before = Cm(2.5), Pt(14)
    for place, recipient in enumerate(recipients, 1):
        last = place == len(recipients)
        line = letter.add_paragraph(f"- {recipient}{'.' if last else ';'}", "Kính gửi")
        line.paragraph_format.left_indent = Cm(4.5)
        line.paragraph_format.space_after = Pt(14 if last else 3)


def add_end(letter: Letter, head: LetterheadContent) -> None:
    """Add recipients of copies on the left and the signature on the right, on one page."""
    letter.add_paragraph("", "Ghi chú").paragraph_format.keep_with_next = True
    left, right = add_columns(letter, (LEFT_CM + 0.8, WIDTH_CM - LEFT_CM - 0.8))
    add_line(left, "Nơi nhận", "Nơi nhận:").paragraph_format.keep_with_next = True
    for place, copy in enumerate(head["copies"], 1):
        end = "." if place == len(head["copies"]) else ";"
        add_line(left, "Nơi nhận dòng", f"- {copy}{end}")
    for title in head["titles"]:
        add_line(right, "Giữa đậm", title).paragraph_format.keep_with_next = True
    name = add_line(right, "Giữa đậm", head["signer"] or "")
    name.paragraph_format.space_before = Pt(SIGNATURE_PT)
