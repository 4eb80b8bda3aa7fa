"""Render a report as an official letter (Word) in the layout of Decree 30/2020/NĐ-CP."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docx.document import Document as Letter
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from backend.reports.content import labels
from backend.reports.content.figures import Report
from backend.reports.files.annexes import Part, TablePart
from backend.reports.files.docx_elements import (
    WIDTH_CM,
    add_annex,
    add_columns,
    add_line,
    add_rule,
    add_table,
    new_letter,
    number_pages,
)
from backend.reports.files.letter import (
    ADDRESSED,
    COPIES,
    MOTTO,
    NATION,
    Head,
    LetterContent,
    Section,
    Signature,
    compose_letter,
    letterhead_of,
)


@dataclass(slots=True)
class Body:
    """Writer of the text and the annexes; numbers the tables."""

    letter: Letter
    content: LetterContent
    tables: int = 0

    def write(self) -> None:
        """Write the opening, the sections and the closing sentence."""
        self._paragraph(self.content.opening)
        for section in self.content.sections:
            if section.paragraphs:
                self._write_section(section)
        # Keep the signature on the page of this sentence.
        self._paragraph(self.content.closing).paragraph_format.keep_with_next = True

    def _write_section(self, section: Section) -> None:
        if section.heading:
            self.letter.add_paragraph(f"{section.number}. {section.heading}", "Mục")
        texts = [*section.paragraphs[:-1], " ".join([*section.paragraphs[-1:], section.detail])]
        for text in texts:
            if text.strip():
                self._paragraph(text.strip())
        if section.table:
            self._table(section.table)

    def write_annexes(self) -> None:
        """Write the annexes after the signature, each on new pages."""
        for annex in self.content.annexes:
            add_annex(self.letter)
            self.tables = 0
            self.letter.add_paragraph(annex.heading, "Phụ lục")
            self.letter.add_paragraph(annex.title.upper(), "Phụ lục")
            self.letter.add_paragraph(self.content.attached_to, "Giữa nghiêng")
            for part in annex.parts:
                self._write_part(part)

    def _write_part(self, part: Part) -> None:
        if isinstance(part, TablePart):
            self._table(part)
        else:
            self.letter.add_paragraph(part.text, "Ghi chú")

    def _paragraph(self, text: str) -> Paragraph:
        return self.letter.add_paragraph(text, "Thân")

    def _table(self, part: TablePart) -> None:
        self.tables += bool(part.title)
        title = f"Bảng {self.tables}. {part.title}" if part.title else ""
        add_table(self.letter, title, part.columns, part.rows, numbered=part.numbered)


def render_letter(report: Report, mark: str | None, signature: Signature | None = None) -> bytes:
    """Return the letter as a Word file."""
    about = DocumentProperties(
        title=f"Báo cáo {labels.month(report['month'])}, {report['unit']['name']}",
        author=letterhead_of(report)["agency"],
        made_at=datetime.fromisoformat(report["made_at"]),
        mark=mark,
    )
    return write_letter(compose_letter(report, signature), about)


@dataclass(frozen=True, slots=True)
class DocumentProperties:
    """The properties of a Word file, and the mark on each of its pages."""

    title: str
    author: str
    made_at: datetime
    mark: str | None = None


def write_letter(content: LetterContent, about: DocumentProperties) -> bytes:
    """Return a letter as a Word file."""
    document = new_letter()
    properties = document.core_properties
    properties.title = about.title
    properties.author = properties.last_modified_by = about.author
    properties.created = properties.modified = about.made_at
    properties.language, properties.comments = "vi-VN", about.mark or ""
    number_pages(document, about.mark)
    body = Body(document, content)
    add_opening(document, content.head)
    body.write()
    add_end(document, content)
    body.write_annexes()
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


LEFT_CM, RIGHT_CM = 6.7, 9.8
# The line below the agency takes 0.4 of its last line, whose capitals are about 0.27 cm wide.
RULE_OF_CAPITAL_CM, CELL_CM = 0.4 * 0.27, LEFT_CM - 0.38
# Indents: the line below the motto is as long as it, that below a subject a third of the text.
MOTTO_RULE_CM, TITLE_RULE_CM = 1.92, 5.5
TITLE_AFTER_PT = 12
# Space for a signature and a stamp.
SIGNATURE_PT = 72


def add_opening(letter: Letter, head: Head) -> None:
    """Add the agency on the left, the nation on the right; number, date, subject, addressees."""
    left, right = add_columns(letter, (LEFT_CM, RIGHT_CM))
    if head.superior:
        add_line(left, "Đầu thư", head.superior)
    for line in head.agency:
        add_line(left, "Đầu thư đậm", line)
    rule_cm = RULE_OF_CAPITAL_CM * len(head.agency[-1])
    add_rule(add_line(left, "Đầu thư", ""), (CELL_CM - rule_cm) / 2)
    add_line(left, "Giữa", head.number).paragraph_format.space_before = Pt(6)
    if head.subject:
        add_line(left, "Đầu thư", head.subject).paragraph_format.space_before = Pt(6)
    add_line(right, "Đầu thư đậm", NATION)
    add_line(right, "Giữa đậm", MOTTO)
    add_rule(add_line(right, "Đầu thư", ""), MOTTO_RULE_CM)
    add_line(right, "Giữa nghiêng", head.place_and_day).paragraph_format.space_before = Pt(6)
    for place, line in enumerate(head.title):  # such as BÁO CÁO and its subject
        paragraph = letter.add_paragraph(line, "Phụ lục")
        paragraph.paragraph_format.space_before = Pt(0 if place else 14)
    if head.title:
        rule = letter.add_paragraph("", "Phụ lục")
        add_rule(rule, TITLE_RULE_CM)
        rule.paragraph_format.space_after = Pt(TITLE_AFTER_PT)
    if head.recipients:
        _address(letter, head.recipients)


def _address(letter: Letter, recipients: Sequence[str]) -> None:
    if len(recipients) == 1:
        line = letter.add_paragraph(f"{ADDRESSED} {recipients[0]}.", "Kính gửi")
        line.paragraph_format.left_indent = Cm(2.5)
        line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(14)
        return
    first = letter.add_paragraph(ADDRESSED, "Kính gửi")
    first.paragraph_format.left_indent, first.paragraph_format.space_before = Cm(2.5), Pt(14)
    for place, recipient in enumerate(recipients, 1):
        last = place == len(recipients)
        line = letter.add_paragraph(f"- {recipient}{'.' if last else ';'}", "Kính gửi")
        line.paragraph_format.left_indent = Cm(4.5)
        line.paragraph_format.space_after = Pt(14 if last else 3)


def add_end(letter: Letter, content: LetterContent) -> None:
    """Add recipients of copies on the left and the signature on the right, on one page."""
    letter.add_paragraph("", "Ghi chú").paragraph_format.keep_with_next = True
    left, right = add_columns(letter, (LEFT_CM + 0.8, WIDTH_CM - LEFT_CM - 0.8))
    add_line(left, "Nơi nhận", COPIES).paragraph_format.keep_with_next = True
    for place, copy in enumerate(content.copies, 1):
        end = "." if place == len(content.copies) else ";"
        add_line(left, "Nơi nhận dòng", f"- {copy}{end}")
    for title in content.signature.titles:
        add_line(right, "Giữa đậm", title).paragraph_format.keep_with_next = True
    name = add_line(right, "Giữa đậm", content.signature.name or "")
    name.paragraph_format.space_before = Pt(SIGNATURE_PT)
