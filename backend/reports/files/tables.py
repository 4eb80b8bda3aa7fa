"""A report's figures as tables: the workbook and the CSV files show these rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.quantiles import REFERENCES
from backend.i18n import formats
from backend.reports.content import labels
from backend.reports.content.figures import (
    NETWORKS,
    Report,
    canonical_json,
    digest,
)

Kind = Literal["text", "whole", "share", "decimal", "moment"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: name in CSV and JSON, head on paper, meaning."""

    key: str
    head: str
    meaning: str
    kind: Kind = "text"
    summed: bool = False  # a sheet has its sum
    named: Mapping[Any, str] = field(default_factory=dict)  # labels of values
    empty: str = ""  # text for null


NETWORK = Column("network", "Mạng", "mobile: di động; fixed: cố định", named=labels.NETWORKS)
RECEIVED = Column("received", "Đã nhận", "Mọi phép đo đã lưu", "whole", summed=True)
VALID = Column("valid", "Hợp lệ", "Đã nhận, không có lý do loại", "whole", summed=True)
COUNTED = Column("counted", "Được tính", "Hợp lệ và không lặp", "whole", summed=True)
OF_TEAMS = Column(
    "of_teams",
    "Của các tổ, đội",
    "Số mẫu được tính ghi nhận cho tổ, đội, kể cả của khách",
    "whole",
    summed=True,
)
CODE = Column("code", "Mã", "Mã đơn vị hành chính của Cục Thống kê, dạng chữ")
NAME = Column("name", "Đơn vị", "Tên đơn vị hành chính")
LEVEL = Column("level", "Cấp", "Cấp đơn vị hành chính", named=labels.LEVELS)

REPORT = (
    CODE,
    NAME,
    LEVEL,
    Column("province", "Tỉnh, thành phố", "Đơn vị cấp tỉnh"),
    Column("month", "Tháng", "YYYY-MM, theo giờ Việt Nam"),
    Column("edition", "Lần", "1, thêm 1 mỗi lần thay thế", "whole"),
    Column("made_at", "Lập lúc", "Lúc lập hoặc chốt số liệu", "moment"),
    Column("set", "Bộ ranh giới", "Bộ ranh giới đã dùng"),
    Column("quality", "Ranh giới", "Giá trị của bộ ranh giới", named=labels.QUALITIES),
    Column("rules", "Quy tắc tính mẫu", "Phiên bản quy tắc xét mẫu", "whole"),
    Column("demo", "Số liệu minh họa", "Số liệu do máy tạo để dùng thử", named=labels.YES_NO),
    Column("digest", "SHA-256", "Mã băm của tệp report.json"),
)
RESULTS = (
    NETWORK,
    RECEIVED,
    VALID,
    COUNTED,
    OF_TEAMS,
    *(
        Column(part, head, f"Trong số mẫu được tính: {head.lower()}", "whole")
        for part, head in labels.PARTS.items()
    ),
    Column("units", "Số xã, phường", "Số đơn vị cấp xã trong địa bàn", "whole"),
    Column("reached", "Đạt", f"Số đơn vị cấp xã đạt mục tiêu {labels.BY_OUR_COUNT}", "whole"),
    Column("share", "Tỷ lệ đạt", "Đạt chia cho số đơn vị", "share"),
    Column("threshold", "Mục tiêu", "Số mẫu mỗi tháng cho mỗi đơn vị", "whole"),
    Column("source", "Nguồn", "Văn bản đặt mục tiêu"),
)
REASONS = (
    NETWORK,
    Column("reason", "Mã lý do", "Lý do chính của mẫu không được tính"),
    Column("words", "Lý do", "Lý do bằng lời"),
    Column("n", "Số mẫu", "Số mẫu có lý do chính này", "whole", summed=True),
)
COMMUNES = (
    NETWORK,
    CODE,
    NAME,
    Column("parent", "Thuộc", "Đơn vị cấp trên"),
    RECEIVED,
    VALID,
    COUNTED,
    OF_TEAMS,
    Column("target", "Mục tiêu", "Số mẫu cần có trong tháng", "whole", summed=True),
    Column("reached", "Đạt", f"Đạt mục tiêu {labels.BY_OUR_COUNT}", named=labels.YES_NO),
    Column("shortfall", "Còn thiếu", "Số mẫu còn thiếu để đạt", "whole", summed=True),
    Column("planned", "Kế hoạch tháng sau", "Chiến dịch đo tại đây trong tháng sau"),
    Column("vnnic", "VNNIC", "Số mẫu theo VNNIC; trống: không có số liệu", "whole"),
)
VALUES = {
    "download_mbps": ("Tải xuống", "Mbit/s"),
    "upload_mbps": ("Tải lên", "Mbit/s"),
    "ping_ms": ("Độ trễ", "ms"),
    "jitter_ms": ("Biến thiên trễ", "ms"),
}
MEDIANS = {
    f"{value}_median": Column(
        f"{value}_median", head, f"{labels.MEDIAN_IS.capitalize()}, {unit}", "decimal"
    )
    for value, (head, unit) in VALUES.items()
}
QUALITY = (
    NETWORK,
    Column("operator", "Nhà mạng", "Trống: tất cả", empty=labels.ALL, named=labels.UNKNOWN),
    Column("technology", "Công nghệ", "Trống: tất cả", empty=labels.ALL, named=labels.UNKNOWN),
    Column("n", "Số mẫu", "Số mẫu được tính làm căn cứ", "whole"),
    Column("devices", "Số máy", "Số máy đã đo", "whole"),
    Column(
        "effective_n",
        "Tương đương số máy",
        "Số mẫu độc lập cho cùng mức chắc chắn: mẫu của một máy giống nhau",
        "whole",
    ),
    MEDIANS["download_mbps_median"],
    Column(
        "download_mbps_interval",
        "Khoảng tin cậy",
        "Khoảng tin cậy 95 % của trung vị tải xuống, Mbit/s",
        empty="–",
    ),
    *list(MEDIANS.values())[1:],
    *(
        Column(
            f"share_{one.code}",
            f"{VALUES[one.metric][0]} {'≥' if one.least else '≤'} {one.bound:g}",
            f"Tỷ lệ mẫu {one.technology} đạt mức tham chiếu của {one.source}",
            "share",
        )
        for one in REFERENCES
    ),
)
NO_CONNECTION = (
    CODE,
    NAME,
    Column(
        "zones",
        "Vùng lõm sóng",
        "Số ô 0,7 km² được ghi nhận trong hai ngày trở lên",
        "whole",
        summed=True,
    ),
    Column(
        "places", "Điểm không kết nối được", "Số ô 0,7 km² khác được ghi nhận", "whole", summed=True
    ),
    Column(
        "areas",
        "Khu vực rộng hơn",
        "Số ô 5 hoặc 36 km² có ghi nhận, khi quá ít cho ô nhỏ",
        "whole",
        summed=True,
    ),
)
TEAMS = (
    NETWORK,
    Column("campaign", "Chiến dịch", "Tên chiến dịch"),
    Column("organisation", "Tổ chức", "Tổ chức của đội"),
    Column("organisation_type", "Loại tổ chức", "Loại tổ chức", named=labels.ORGANISATIONS),
    Column("team", "Đội", "Tên đội"),
    Column("type", "Loại đội", "Loại đội", named=labels.TEAMS),
    RECEIVED,
    COUNTED,
    Column(
        "needed",
        "Mẫu góp vào mục tiêu",
        "Được tính, tại nơi còn thiếu lúc đo",
        "whole",
        summed=True,
    ),
)
NOTES = (
    Column("code", "Mã", "Mã của ghi chú"),
    Column("words", "Ghi chú", "Điều cần biết khi đọc số liệu"),
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report: name in CSV, title on a sheet, columns, rows."""

    name: str
    title: str  # at most 31 characters, for Excel
    columns: tuple[Column, ...]
    rows: Sequence[Row]

    def rows_of(self, network: str) -> list[Row]:
        """Return the rows of a network."""
        return [row for row in self.rows if row["network"] == network]

    def select_columns(self, *keys: str) -> tuple[Column, ...]:
        """Return the named columns, in the order given."""
        by_key = {column.key: column for column in self.columns}
        return tuple(by_key[key] for key in keys)


def build_tables(report: Report) -> dict[str, Table]:
    """Return every table by name: the sheets of the workbook.

    Earlier reports lack some figures, whose cells stay empty.
    """
    sections = report["sections"]
    built = (
        Table("report", "Báo cáo", REPORT, [_report(report)]),
        Table("results", "Kết quả", RESULTS, _results(report)),
        Table("reasons", "Lý do không tính", REASONS, _reasons(report)),
        Table("communes", "Xã, phường", COMMUNES, _communes(report)),
        quality_table(report),
        Table("no_connection", "Vùng lõm sóng", NO_CONNECTION, sections["no_connection"]),
        Table("teams", "Tổ, đội", TEAMS, _teams(report)),
        Table("notes", "Ghi chú", NOTES, sections["notes"]),
    )
    return {table.name: table for table in built}


def quality_table(report: Report) -> Table:
    """Return the speeds by operator and technology."""
    rows = [_quality(row) for row in _by_network(report["sections"]["quality"])]
    return Table("quality", "Nhà mạng", QUALITY, rows)


def plain_value(value: Any) -> Any:
    """Return a value for programs: lists joined, everything else unchanged."""
    return "; ".join(value) if isinstance(value, list) else value


def format_cell(column: Column, value: Any) -> str:
    """Return a value as Vietnamese text."""
    if value is None:
        return column.empty or "–"
    if value in column.named:
        return column.named[value]
    if column.kind == "share":
        return formats.percent(value, "vi")
    if column.kind == "decimal":
        return formats.number(value, "vi", 1)
    if column.kind == "whole":
        return formats.number(value, "vi")
    return str(value)


def _report(report: Report) -> Row:
    names = ("month", "edition", "made_at", "rules", "demo")
    return {
        **report["unit"],
        **{name: report[name] for name in names},  # type: ignore[literal-required]
        **(report["boundaries"] or {"set": None, "quality": None}),
        "digest": digest(canonical_json(report)),
    }


def _by_network(section: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Return the rows of a section with their network."""
    return [{"network": network, **row} for network in NETWORKS for row in section.get(network, ())]


def _results(report: Report) -> list[Row]:
    """Return the three numbers of each network, their parts, and the communes at the target."""
    sections, rows = report["sections"], list[Row]()
    for network in NETWORKS:
        if network not in sections["samples"]:
            continue
        samples = sections["samples"][network]
        of_communes: Row = next(iter(sections["reached"].get(network, [])[-1:]), {})
        parts = samples["by_assurance"]
        values = {"network": network, **samples, **of_communes, **parts}
        rows.append({column.key: values.get(column.key) for column in RESULTS})
    return rows


def _reasons(report: Report) -> list[Row]:
    """Return the reasons of each network, the most frequent first: stored JSON sorts its keys."""
    samples = report["sections"]["samples"]
    return [
        {"network": network, "reason": code, "words": labels.reason(code), "n": n}
        for network in NETWORKS
        if network in samples
        for code, n in sorted(
            samples[network]["reasons"].items(), key=lambda pair: (-pair[1], pair[0])
        )
    ]


def _communes(report: Report) -> list[Row]:
    """Return every commune with its plan for the next month and VNNIC's count."""
    sections = report["sections"]
    planned = {
        (row["network"], row["code"]): row["planned"] for row in _by_network(sections["lacking"])
    }
    vnnic = {(row["network"], row["code"]): row["theirs"] for row in sections["vnnic"] or ()}
    return [
        {"of_teams": None, **row, "planned": planned.get(key), "vnnic": vnnic.get(key)}
        for row in _by_network(sections["communes"])
        for key in [(row["network"], row["code"])]
    ]


def _teams(report: Report) -> list[Row]:
    """Return the teams; in reports before there were rows by network, of both together."""
    return [{"network": None, **row} for row in report["sections"]["teams"]]


def _quality(row: Row) -> Row:
    """Flatten medians and shares into columns; null where there were too few samples."""
    named = {name: row[name] for name in ("network", "operator", "technology", "n", "devices")}
    medians = {f"{value}_median": row[value] and leading(row[value]).value for value in VALUES}
    shares = {f"share_{one.code}": row["references"].get(one.code) for one in REFERENCES}
    interval = None
    if row["download_mbps"]:
        median = leading(row["download_mbps"])
        interval = formats.span(median.low, median.high, "vi")
    more = {"effective_n": _whole(row["effective_n"]), "download_mbps_interval": interval}
    return named | medians | shares | more


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value + ROUNDING)


# An effective n of whole samples may be smaller by an error of rounding.
ROUNDING = 1e-6
