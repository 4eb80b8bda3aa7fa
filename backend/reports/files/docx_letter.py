"""Render a report as an official letter (Word) in the layout of Decree 30/2020/NĐ-CP."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from docx.document import Document as Letter
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from backend.clock import VIETNAM, month_end
from backend.reports.content import labels
from backend.reports.content.figures import NETWORKS, Report, sections_of
from backend.reports.content.labels import LetterheadContent, default_letterhead
from backend.reports.content.references import cite_all
from backend.reports.files.canonical import canonical_json, digest, remove_times
from backend.reports.files.docx_elements import (
    WIDTH_CM,
    add_columns,
    add_line,
    add_picture,
    add_rule,
    add_table,
    new_letter,
    number_pages,
)
from backend.reports.files.tables import Column, Row, Table

# Of a longer table the text has the first rows, and an appendix all of them.
ROWS_IN_TEXT, ROWS_SHOWN = 15, 10

# By network and kind: steps, map, speeds.
Pictures = Mapping[tuple[str, str], bytes]


@dataclass(slots=True)
class Body:
    """Writer of the text; numbers tables and pictures, collects appendices."""

    letter: Letter
    report: Report
    tables: Mapping[str, Table]
    pictures: Pictures
    numbers: dict[str, int] = field(default_factory=dict)
    # Title, columns and rows of the tables that are too long for the text.
    appendices: list[tuple[str, Sequence[Column], Sequence[Row]]] = field(default_factory=list)

    def write(self) -> None:
        """Write the opening, the sections and the closing sentence."""
        self._paragraph(self._opening())
        contents: dict[str, Callable[[], None]] = {
            "samples": self._samples,
            "reached": self._reached,
            "lacking": self._lacking,
            "quality": self._quality,
            "no_connection": self._no_connection,
            "teams": self._teams,
            "vnnic": self._vnnic,
            "notes": self._notes,
        }
        for number, section in enumerate(sections_of(self.report), 1):
            self.letter.add_paragraph(f"{number}. {labels.SECTIONS[section]}", "Mục")
            for paragraph in self._text(section).splitlines():
                self._paragraph(paragraph)
            contents[section]()
        closing = f"Trên đây là báo cáo kết quả đo {self._where()}, {labels.BY_OUR_COUNT}./."
        # Keep the signature on the page of this sentence.
        self._paragraph(closing).paragraph_format.keep_with_next = True

    def write_appendices(self) -> None:
        """Write the long tables after the signature, each on a new page."""
        for number, (title, columns, rows) in enumerate(self.appendices, 1):
            heading = f"Phụ lục {number}" if len(self.appendices) > 1 else "Phụ lục"
            first = self.letter.add_paragraph(heading, "Phụ lục")
            first.paragraph_format.page_break_before = True
            self.letter.add_paragraph(title.upper(), "Phụ lục")
            # Completed by hand when the letter has its number.
            reference = "(Kèm theo Công văn số          ngày       tháng       năm          )"
            self.letter.add_paragraph(reference, "Giữa nghiêng")
            add_table(self.letter, "", columns, rows, numbered=True)

    def _text(self, section: str) -> str:
        """Return the official's remark, else the proposed sentences."""
        return self.report["remarks"].get(section) or self.report["proposed"].get(section, "")

    def _where(self) -> str:
        unit = self.report["unit"]
        return f"{labels.month(self.report['month'])} trên địa bàn {labels.within(unit['name'])}"

    def _opening(self) -> str:
        sources = (row["source"] for row in self.tables["reached"].rows)
        cited = cite_all(sources, self.report["unit"])
        request = f"Thực hiện {cited}, " if cited else ""
        sentence = (
            f"{request}kết quả đo chất lượng dịch vụ truy nhập Internet {self._where()},"
            f" tính {labels.BY_OUR_COUNT}, như sau:"
        )
        return sentence[:1].upper() + sentence[1:]

    def _samples(self) -> None:
        self._table("samples", "Số mẫu theo loại mạng", "network", "received", "valid", "counted")
        self._assurance()
        if self.tables["reasons"].rows:
            self._table("reasons", "Mẫu không được tính, theo lý do chính", "network", "words", "n")

    def _assurance(self) -> None:
        table = self.tables.get("assurance")
        rows = [row for row in table.rows if row["n"]] if table else []
        if table and rows:
            columns = table.select_columns("network", "words", "n")
            self._numbered_table("Mẫu được tính, theo mức bảo đảm", columns, rows)

    def _reached(self) -> None:
        title = f"Số đơn vị đạt mục tiêu, {labels.BY_OUR_COUNT}"
        keys = ("network", "level", "units", "reached", "share", "best_share", "threshold")
        self._table("reached", title, *keys)
        for network in NETWORKS:
            label = labels.NETWORKS_LONG[network]
            self._picture(network, "steps", f"Số xã, phường theo mức so với mục tiêu, {label}")
            self._picture(network, "map", f"Xã, phường theo mức so với mục tiêu, {label}")

    def _lacking(self) -> None:
        keys = ("code", "name", "parent", "counted", "target", "shortfall", "planned")
        for network in NETWORKS:
            rows = self.tables["lacking"].rows_of(network)
            if rows:
                title = f"Xã, phường chưa đạt, {labels.NETWORKS_LONG[network]}"
                self._long_table(title, self.tables["lacking"].select_columns(*keys), rows)
            elif any(row["reached"] is not None for row in self.tables["reached"].rows_of(network)):
                self._paragraph(
                    f"Không còn xã, phường nào chưa đạt về {labels.NETWORKS_LONG[network]}."
                )

    def _quality(self) -> None:
        keys = (
            "operator", "technology", "n", "download_mbps_median", "download_mbps_interval",
            "download_mbps_mean", "upload_mbps_median", "ping_ms_median",
        )  # fmt: skip
        for network in NETWORKS:
            table = self.tables["quality"]
            rows = table.rows_of(network)
            if rows:
                title = f"Chất lượng {labels.NETWORKS_LONG[network]} (Mbit/s, ms)"
                known = {column.key for column in table.columns}
                columns = table.select_columns(*(key for key in keys if key in known))
                self._numbered_table(title, columns, rows)
                caption = f"Tốc độ tải xuống theo nhà mạng, {labels.NETWORKS_LONG[network]}"
                self._picture(network, "speeds", caption)

    def _no_connection(self) -> None:
        table = self.tables["no_connection"]
        if table.rows:
            columns = table.select_columns("code", "name", "zones", "places", "areas")
            self._long_table(labels.SECTIONS["no_connection"], columns, table.rows)

    def _teams(self) -> None:
        table = self.tables["teams"]
        keys = ("organisation", "organisation_type", "team", "received", "counted", "needed")
        if table.rows:
            self._long_table("Đóng góp theo đội", table.select_columns(*keys), table.rows)
        elif not self._text("teams"):
            self._paragraph("Trong tháng không có chiến dịch nào tại địa bàn.")

    def _vnnic(self) -> None:
        if self.report["sections"]["vnnic"] is None:
            if not self._text("vnnic"):
                self._paragraph("Chưa có số liệu của VNNIC cho tháng này.")
            return
        table, keys = self.tables["vnnic"], ("network", "code", "name", "ours", "theirs")
        self._long_table(
            "Số liệu Đo Sóng và VNNIC",
            table.select_columns(*keys, "difference", "reasons"),
            table.rows,
        )

    def _notes(self) -> None:
        for note in self.report["sections"]["notes"]:
            self._paragraph(f"- {note['words']}")
        mark = digest(canonical_json(self.report))
        self.letter.add_paragraph(f"Mã SHA-256 của tệp số liệu kèm theo: {mark}", "Ghi chú")

    def _paragraph(self, text: str) -> Paragraph:
        return self.letter.add_paragraph(text, "Thân")

    def _table(self, name: str, title: str, *keys: str) -> None:
        table = self.tables[name]
        self._numbered_table(title, table.select_columns(*keys), table.rows)

    def _long_table(self, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Write a table; of a long one the first rows, and add an appendix with all of them."""
        if len(rows) <= ROWS_IN_TEXT:
            self._numbered_table(title, columns, rows)
            return
        self.appendices.append((title, columns, rows))
        shortened = f"{title}: {ROWS_SHOWN} dòng đầu của {len(rows)} (đầy đủ tại Phụ lục)"
        self._numbered_table(shortened, columns, rows[:ROWS_SHOWN])

    def _numbered_table(self, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        add_table(self.letter, f"Bảng {self._next('Bảng')}. {title}", columns, rows, numbered=False)

    def _picture(self, network: str, kind: str, caption: str) -> None:
        if picture := self.pictures.get((network, kind)):
            add_picture(self.letter, picture, f"Hình {self._next('Hình')}. {caption}")

    def _next(self, kind: str) -> int:
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]


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
