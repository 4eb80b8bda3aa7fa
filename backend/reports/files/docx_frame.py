"""What stands around a letter's text, as Decree 30/2020/NĐ-CP lays it out."""

from datetime import datetime

from docx.document import Document as Letter
from docx.shared import Cm, Pt

from backend.clock import VIETNAM
from backend.reports.content import labels
from backend.reports.content.figures import Report
from backend.reports.content.letterhead_proposal import Words
from backend.reports.files.docx_parts import WIDTH_CM, rule, side_by_side, write

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
LEFT_CM, RIGHT_CM = 6.7, 9.8
# The line below the agency is a third of its cell, the one below the motto as long as the motto.
AGENCY_RULE_CM, MOTTO_RULE_CM = 2.3, 2.15
# Room for a signature and a stamp.
SIGNATURE_PT = 72


def put_head(letter: Letter, report: Report, head: Words) -> None:
    """The agency on the left, the nation on the right; number, date, subject, addressees."""
    left, right = side_by_side(letter, (LEFT_CM, RIGHT_CM))
    if head["superior"]:
        write(left, "Đầu thư", head["superior"])
    write(left, "Đầu thư đậm", head["agency"])
    rule(write(left, "Đầu thư", ""), AGENCY_RULE_CM)
    write(left, "Giữa", f"Số:          /{head['symbol']}").paragraph_format.space_before = Pt(6)
    subject = f"V/v báo cáo kết quả đo chất lượng mạng {labels.month(report['month'])}"
    write(left, "Đầu thư", subject).paragraph_format.space_before = Pt(6)
    write(right, "Đầu thư đậm", NATION)
    write(right, "Giữa đậm", MOTTO)
    rule(write(right, "Đầu thư", ""), MOTTO_RULE_CM)
    made = datetime.fromisoformat(report["made_at"]).astimezone(VIETNAM)
    # The day of signing is written by hand, as is the number.
    dated = f"{head['place']}, ngày       tháng       năm {made.year}"
    write(right, "Giữa nghiêng", dated).paragraph_format.space_before = Pt(6)
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


def put_end(letter: Letter, head: Words) -> None:
    """To whom copies go on the left, who signs on the right; never parted by a page."""
    letter.add_paragraph("", "Ghi chú").paragraph_format.keep_with_next = True
    left, right = side_by_side(letter, (LEFT_CM + 0.8, WIDTH_CM - LEFT_CM - 0.8))
    write(left, "Nơi nhận", "Nơi nhận:").paragraph_format.keep_with_next = True
    for place, copy in enumerate(head["copies"], 1):
        end = "." if place == len(head["copies"]) else ";"
        write(left, "Nơi nhận dòng", f"- {copy}{end}")
    for title in head["titles"]:
        write(right, "Giữa đậm", title).paragraph_format.keep_with_next = True
    name = write(right, "Giữa đậm", head["signer"] or "")
    name.paragraph_format.space_before = Pt(SIGNATURE_PT)
