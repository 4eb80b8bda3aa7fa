"""The text of the letter: sections with their sentences, tables and pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from docx.document import Document as Letter
from docx.text.paragraph import Paragraph

from backend.reports.content import labels
from backend.reports.content.figures import NETWORKS, SECTIONS, Report
from backend.reports.files.canonical import canonical_json, digest
from backend.reports.files.docx_elements import add_picture, add_table
from backend.reports.files.table_columns import Column
from backend.reports.files.tables import Row, Table

# Of a longer table the text has the first rows, and an appendix all of them.
ROWS_IN_TEXT, ROWS_SHOWN = 15, 10

# By network and kind: steps, map, speeds.
Pictures = Mapping[tuple[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Appendix:
    """A table that is too long for the text."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]


@dataclass(slots=True)
class Body:
    """Writer of the text; numbers tables and pictures, collects appendices."""

    letter: Letter
    report: Report
    tables: Mapping[str, Table]
    pictures: Pictures
    numbers: dict[str, int] = field(default_factory=dict)
    appendices: list[Appendix] = field(default_factory=list)

    def write(self) -> None:
        """Write the opening, the sections and the closing sentence."""
        self._paragraph(self._opening())
        contents: dict[str, Callable[[], None]] = {
            "samples": self._samples,
            "reached": self._reached,
            "lacking": self._lacking,
            "quality": self._quality,
            "teams": self._teams,
            "vnnic": self._vnnic,
            "notes": self._notes,
        }
        for number, section in enumerate(SECTIONS, 1):
            self.letter.add_paragraph(f"{number}. {labels.SECTIONS[section]}", "Mục")
            for paragraph in self._text(section).splitlines():
                self._paragraph(paragraph)
            contents[section]()
        closing = f"Trên đây là báo cáo kết quả đo {self._where()}, {labels.BY_OUR_COUNT}./."
        # Keep the signature on the page of this sentence.
        self._paragraph(closing).paragraph_format.keep_with_next = True

    def write_appendices(self) -> None:
        """Write the long tables after the signature, each on a new page."""
        for number, one in enumerate(self.appendices, 1):
            heading = f"Phụ lục {number}" if len(self.appendices) > 1 else "Phụ lục"
            first = self.letter.add_paragraph(heading, "Phụ lục")
            first.paragraph_format.page_break_before = True
            self.letter.add_paragraph(one.title.upper(), "Phụ lục")
            # Completed by hand when the letter has its number.
            reference = "(Kèm theo Công văn số          ngày       tháng       năm          )"
            self.letter.add_paragraph(reference, "Giữa nghiêng")
            add_table(self.letter, "", one.columns, one.rows, numbered=True)

    def _text(self, section: str) -> str:
        """Return the official's remark, else the proposed sentences."""
        return self.report["remarks"].get(section) or self.report["proposed"].get(section, "")

    def _where(self) -> str:
        unit = self.report["unit"]
        return f"{labels.month(self.report['month'])} trên địa bàn {labels.within(unit['name'])}"

    def _opening(self) -> str:
        sources = {row["source"] for row in self.tables["reached"].rows if row["source"]}
        request = f"Thực hiện yêu cầu tại {', '.join(sorted(sources))}, " if sources else ""
        sentence = (
            f"{request}kết quả đo chất lượng dịch vụ truy nhập Internet {self._where()},"
            f" tính {labels.BY_OUR_COUNT}, như sau:"
        )
        return sentence[:1].upper() + sentence[1:]

    def _samples(self) -> None:
        self._table("samples", "Số mẫu theo loại mạng", "network", "received", "valid", "counted")
        if self.tables["reasons"].rows:
            self._table("reasons", "Mẫu không được tính, theo lý do chính", "network", "words", "n")

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
            "operator", "technology", "n", "download_mbps_median", "download_mbps_mean",
            "upload_mbps_median", "ping_ms_median",
        )  # fmt: skip
        for network in NETWORKS:
            rows = self.tables["quality"].rows_of(network)
            if rows:
                title = f"Chất lượng {labels.NETWORKS_LONG[network]} (Mbit/s, ms)"
                self._numbered_table(title, self.tables["quality"].select_columns(*keys), rows)
                caption = f"Tốc độ tải xuống theo nhà mạng, {labels.NETWORKS_LONG[network]}"
                self._picture(network, "speeds", caption)

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
        self.appendices.append(Appendix(title, columns, rows))
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
