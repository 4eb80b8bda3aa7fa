"""The annexes of a report's letter: communes, speeds, places without coverage, outreach. Pure.

Seven pages at most for a province of today; the workbook has every figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from textwrap import shorten

from backend.i18n import formats
from backend.reports.content import labels
from backend.reports.content.figures import (
    NETWORKS,
    CommuneRow,
    OutreachActivity,
    RepairRow,
    Report,
)
from backend.reports.files.tables import Column, Row, quality_table

ROMAN = ("I", "II", "III", "IV", "V")
# Four pages hold the 168 communes of the largest province.
MAX_COMMUNES = 170
# What fits a page where each activity takes two lines; a province may enter 1,500.
MAX_ACTIVITIES, MAX_TOLD = 24, 60
# What fits a page where names take two lines; a province may follow hundreds.
MAX_PLACES = 24


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table of a letter."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    numbered: bool = False  # whether its rows have numbers


@dataclass(frozen=True, slots=True)
class TextPart:
    """A paragraph of an annex."""

    text: str


Part = TablePart | TextPart


@dataclass(frozen=True, slots=True)
class Annex:
    """An annex with its own page numbers."""

    title: str
    sections: frozenset[str]  # of the text, which name this annex
    parts: Sequence[Part]
    number: str = ""  # Roman; empty for the only annex

    @property
    def heading(self) -> str:
        """Return the annex's name with its number."""
        return f"Phụ lục {self.number}".strip()


def list_annexes(report: Report) -> list[Annex]:
    """Return the annexes that have any content, numbered."""
    made = _communes(report), _speeds(report), _places(report), _outreach(report)
    found = [one for one in made if one.parts]
    if len(found) < 2:
        return found
    return [replace(one, number=ROMAN[place]) for place, one in enumerate(found)]


def _communes(report: Report) -> Annex:
    """Return one row for each commune, with the networks side by side."""
    by_network = report["sections"]["communes"]
    networks = [n for n in NETWORKS if any(map(_has_figures, by_network.get(n, [])))]
    rows: dict[str, dict[str, object]] = {}
    for network in networks:
        for commune in by_network[network]:
            row = rows.setdefault(commune["code"], {"name": commune["name"]})
            row |= {f"{network}_{name}": commune[name] for name in OF_NETWORK}  # type: ignore[literal-required]
    columns = [column for column in COMMUNES if column.key.partition("_")[0] in ("name", *networks)]
    parts = _table(columns, list(rows.values())) if len(rows) > 1 else []
    notes = {one["code"]: one["words"] for one in report["sections"]["notes"]}
    if parts and "note_boundaries_approximate" in notes:
        parts.append(TextPart(notes["note_boundaries_approximate"]))
    title = f"Kết quả từng xã, phường, {labels.BY_OUR_COUNT}"
    return Annex(title, frozenset({"results", "reached", "lacking"}), parts)


def _has_figures(commune: CommuneRow) -> bool:
    return bool(commune["received"]) or commune["target"] is not None


OF_NETWORK = {"counted": "được tính", "shortfall": "còn thiếu"}
COMMUNES = (
    Column("name", "Xã, phường", "Tên đơn vị"),
    *(
        Column(
            f"{network}_{name}",
            f"{labels.NETWORKS[network]}: {head}",
            head,
            "whole",
            named={0: "Đạt"} if name == "shortfall" else {},
        )
        for network in NETWORKS
        for name, head in OF_NETWORK.items()
    ),
)


def _speeds(report: Report) -> Annex:
    """Return the speeds of each operator over all technologies."""
    table, parts = quality_table(report), list[Part]()
    for network in NETWORKS:
        rows = [row for row in table.rows_of(network) if row["technology"] is None]
        if rows:
            title = f"Băng rộng {labels.NETWORKS[network].lower()}"
            parts.append(TablePart(title, table.select_columns(*SPEEDS), rows))
    if parts:
        parts.append(TextPart(SPEEDS_NOTE))
    return Annex("Tốc độ theo nhà mạng", frozenset({"results", "quality"}), parts)


SPEEDS = (
    *("operator", "n", "devices"),
    *("download_mbps_median", "upload_mbps_median", "ping_ms_median"),
)
SPEEDS_NOTE = (
    f"Tốc độ: Mbit/s; độ trễ: ms; {labels.MEDIAN_IS}. Người đo là tình nguyện viên, không phải mẫu"
    " ngẫu nhiên. Không nêu nhà mạng có dưới 5 người đo. Dấu “–”: chưa đủ mẫu từ các máy khác nhau."
)


def _places(report: Report) -> Annex:
    """Return a line for each published place, as many as fit a page."""
    rows: list[Row] = [_place(one) for one in report["sections"].get("places", [])]
    parts = _first(rows, PLACES, MAX_PLACES, "điểm")
    return Annex("Điểm chưa có sóng đã gửi nhà mạng", frozenset({"results"}), parts)


PLACES = (
    Column("hamlet", "Thôn, bản", "Thôn, bản"),
    Column("commune", "Xã, phường", "Xã, phường"),
    Column("operator", "Nhà mạng", "Nhà mạng"),
    Column("state", "Tình trạng", "Tình trạng"),
    Column("month", "Từ tháng", "Từ tháng"),
)


def _place(one: RepairRow) -> Row:
    year, month = one["month"].split("-")
    words = {
        "operator": one["operator"] or "Mọi nhà mạng",
        "state": labels.PLACE_STATES[one["state"]],
    }
    hamlet = one["hamlet"] or "Điểm ngoài danh sách thôn"
    return {**one, **words, "hamlet": hamlet, "month": f"{month}/{year}"}


def _first(rows: list[Row], columns: Sequence[Column], most: int, what: str) -> list[Part]:
    """Return a numbered table of the first rows, and how many more report.json has."""
    parts: list[Part] = [TablePart("", columns, rows[:most], numbered=True)] if rows else []
    if len(rows) > most:
        left = formats.number(len(rows) - most, "vi")
        parts.append(TextPart(f"Còn {left} {what} trong tệp report.json kèm theo."))
    return parts


def _outreach(report: Report) -> Annex:
    """Return a line for each outreach activity, as many as fit a page."""
    entered = report["sections"].get("outreach")
    rows: list[Row] = [_activity(one) for one in entered["activities"]] if entered else []
    parts = _first(rows, OUTREACH, MAX_ACTIVITIES, "hoạt động")
    return Annex("Hoạt động tuyên truyền, hướng dẫn", frozenset({"direction"}), parts)


OUTREACH = (
    Column("day", "Ngày", "Ngày thực hiện"),
    Column("place", "Nơi thực hiện", "Xã, phường hoặc tỉnh"),
    Column("name", "Nơi ghi", "Cơ quan hoặc tổ, đội"),
    Column("told", "Hoạt động", "Loại, văn bản, ghi chú"),
    Column("people", "Lượt người", "Số lượt người", "whole"),
)


def _activity(one: OutreachActivity) -> Row:
    written = one["document_number"] and f"số {one['document_number']}"
    told = filter(None, (labels.OUTREACH_KINDS[one["kind"]], written, one["note"]))
    day = formats.day(date.fromisoformat(one["day"]), "vi")
    return {**one, "day": day, "told": shorten("; ".join(told), MAX_TOLD, placeholder=" …")}


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> list[Part]:
    """Return a numbered table, and what it leaves out to the workbook."""
    parts: list[Part] = [TablePart("", columns, rows[:MAX_COMMUNES], numbered=True)]
    if len(rows) > MAX_COMMUNES:
        left = formats.number(len(rows) - MAX_COMMUNES, "vi")
        parts.append(TextPart(f"Còn {left} xã, phường trong bảng tính kèm theo (report.xlsx)."))
    return parts
