"""A report's figures as tables: the workbook, the CSV files and the letter show these rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from backend.coverage.statistics.quantiles import REFERENCES
from backend.i18n import formats
from backend.measurements.recording.reasons import BY_CODE, PARTS
from backend.reports.content import labels
from backend.reports.content.figures import (
    NETWORKS,
    SECTIONS,
    Report,
    canonical_json,
    digest,
    leading,
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
    named: Mapping[Any, str] = field(default_factory=dict)  # labels of codes
    empty: str = ""  # text for null


NETWORK = Column("network", "Mạng", "mobile: di động; fixed: cố định", named=labels.NETWORKS)
RECEIVED = Column("received", "Đã nhận", "Mọi phép đo đã lưu", "whole", summed=True)
VALID = Column("valid", "Hợp lệ", "Đã nhận, không có lý do loại", "whole", summed=True)
COUNTED = Column("counted", "Được tính", "Hợp lệ và không lặp", "whole", summed=True)
# Reports of version 1.0 lack it.
OF_TEAMS = Column(
    "of_teams",
    "Của các tổ, đội",
    "Số mẫu được tính ghi nhận cho tổ, đội, kể cả của khách",
    "whole",
    summed=True,
)
LEVEL = Column("level", "Cấp", "Cấp đơn vị hành chính", named=labels.LEVELS)
CODE = Column("code", "Mã", "Mã đơn vị hành chính của Cục Thống kê, dạng chữ")
NAME = Column("name", "Đơn vị", "Tên đơn vị hành chính")
PARENT = Column("parent", "Thuộc", "Đơn vị cấp trên")
TARGET = Column("target", "Mục tiêu", "Số mẫu cần có trong tháng", "whole", summed=True)
SHORTFALL = Column("shortfall", "Còn thiếu", "Số mẫu còn thiếu để đạt", "whole", summed=True)
REASON = (
    Column("reason", "Mã lý do", "Lý do chính của mẫu không được tính"),
    Column("words", "Lý do", "Lý do bằng lời"),
    Column("n", "Số mẫu", "Số mẫu có lý do chính này", "whole", summed=True),
)

REPORT = (
    CODE,
    NAME,
    LEVEL,
    Column("province", "Tỉnh, thành phố", "Đơn vị cấp tỉnh"),
    Column("month", "Tháng", "YYYY-MM, theo giờ Việt Nam"),
    Column("edition", "Lần", "1, thêm 1 mỗi lần thay thế", "whole"),
    Column("made_at", "Lập lúc", "Lúc lập hoặc khóa số liệu", "moment"),
    Column("set", "Bộ ranh giới", "Bộ ranh giới đã dùng"),
    Column("quality", "Ranh giới", "Giá trị của bộ ranh giới", named=labels.QUALITIES),
    Column("rules", "Bộ quy tắc", "Phiên bản quy tắc xét mẫu", "whole"),
    Column("demo", "Số liệu minh họa", "Số liệu do máy tạo để dùng thử", named=labels.YES_NO),
    Column("digest", "SHA-256", "Mã băm của tệp report.json"),
)
SAMPLES = (NETWORK, RECEIVED, VALID, COUNTED)
ASSURANCE = (
    NETWORK,
    Column("assurance", "Mã mức bảo đảm", "Phần của số mẫu được tính"),
    Column("words", "Mức bảo đảm", "Mức bảo đảm bằng lời"),
    Column("n", "Số mẫu", "Số mẫu được tính ở mức này", "whole", summed=True),
)
REASONS = (NETWORK, *REASON)
REACHED = (
    NETWORK,
    LEVEL,
    Column("units", "Số đơn vị", "Số đơn vị của cấp này trong địa bàn", "whole"),
    Column("reached", "Đạt", f"Số đơn vị đạt mục tiêu {labels.BY_OUR_COUNT}", "whole"),
    Column("share", "Tỷ lệ đạt", "Đạt chia cho số đơn vị", "share"),
    Column(
        "best_share",
        "Có thể đạt nếu phân bổ hợp lý",
        "Tỷ lệ đạt nếu cùng số mẫu được phân bổ đều nhất",
        "share",
    ),
    Column("threshold", "Mục tiêu", "Số mẫu mỗi tháng cho mỗi đơn vị", "whole"),
    Column("basis", "So với", "Số được so với mục tiêu", named=labels.BASES),
    Column("source", "Nguồn", "Văn bản đặt mục tiêu"),
)
COMMUNES = (
    NETWORK,
    CODE,
    NAME,
    PARENT,
    RECEIVED,
    VALID,
    COUNTED,
    TARGET,
    Column("reached", "Đạt", f"Đạt mục tiêu {labels.BY_OUR_COUNT}", named=labels.YES_NO),
    SHORTFALL,
)
LACKING = (
    NETWORK,
    CODE,
    NAME,
    PARENT,
    COUNTED,
    TARGET,
    SHORTFALL,
    Column("planned", "Kế hoạch", "Chiến dịch đo tại đây trong tháng sau"),
)
VALUES = {
    "download_mbps": ("Tải xuống", "Mbit/s"),
    "upload_mbps": ("Tải lên", "Mbit/s"),
    "ping_ms": ("Độ trễ", "ms"),
    "jitter_ms": ("Biến thiên trễ", "ms"),
}
# Metrics that reports of version 1.0 lack; they have a column for the median alone.
LOADED_VALUES = {
    "ping_download_ms": ("Độ trễ khi đang tải xuống", "ms"),
    "ping_upload_ms": ("Độ trễ khi đang tải lên", "ms"),
}
MEASURED = VALUES | LOADED_VALUES
QUALITY = (
    NETWORK,
    Column("operator", "Nhà mạng", "Trống: tất cả", empty=labels.ALL, named=labels.UNKNOWN),
    Column("technology", "Công nghệ", "Trống: tất cả", empty=labels.ALL, named=labels.UNKNOWN),
    Column("n", "Số mẫu", "Số mẫu được tính làm căn cứ", "whole"),
    Column("devices", "Thiết bị", "Số thiết bị đã đo", "whole"),
    *(
        Column(f"{value}_{figure}", f"{head} {short}", f"{long}, {unit}", "decimal")
        for value, (head, unit) in VALUES.items()
        for figure, short, long in (
            ("median", "trung vị", "Trung vị"),
            ("mean", "trung bình", "Trung bình cộng"),
            ("p10", "p10", "Bách phân vị 10"),
            ("p90", "p90", "Bách phân vị 90"),
        )
    ),
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
# Columns that reports of version 1.0 lack.
EFFECTIVE_N = Column(
    "effective_n",
    "Mẫu hiệu dụng",
    "Số mẫu độc lập cho cùng mức chắc chắn: mẫu của một máy giống nhau",
    "whole",
)
INTERVAL = Column(
    "download_mbps_interval",
    "Khoảng tin cậy",
    "Khoảng tin cậy 95 % của trung vị tải xuống, Mbit/s",
    empty="chưa đủ mẫu",
)
LOADED = tuple(
    Column(f"{value}_median", f"{head} trung vị", f"Trung vị, {unit}", "decimal")
    for value, (head, unit) in LOADED_VALUES.items()
)
RANK = Column("rank", "Hạng", "Hạng theo trung vị tải xuống, chỉ tách khi vượt mức ngẫu nhiên")
FIGURE_NAMES = {
    "device_median": "trung vị, mỗi máy như nhau",
    "median": "trung vị của mọi lần đo",
    "p10": "p10",
    "p90": "p90",
}
INTERVALS = (
    NETWORK,
    *QUALITY[1:3],
    Column("metric", "Chỉ số", "Chỉ số đo", named={k: ", ".join(v) for k, v in MEASURED.items()}),
    Column("figure", "Đại lượng", "Đại lượng thống kê", named=FIGURE_NAMES),
    Column("value", "Giá trị", "Giá trị ước lượng từ mẫu", "decimal"),
    Column("low", "Từ", "Giới hạn dưới của khoảng tin cậy 95 %", "decimal"),
    Column("high", "Đến", "Giới hạn trên của khoảng tin cậy 95 %", "decimal"),
    Column("n", "Số mẫu", "Số mẫu có chỉ số này", "whole"),
    EFFECTIVE_N,
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
VNNIC = (
    NETWORK,
    CODE,
    NAME,
    Column("ours", "Đo Sóng", "Số mẫu được tính của Đo Sóng", "whole"),
    Column("theirs", "VNNIC", "Số mẫu VNNIC công bố; trống: chưa đủ mẫu", "whole"),
    Column("difference", "Chênh lệch", "Đo Sóng trừ VNNIC", "whole"),
    Column("reasons", "Lý do có thể", "Lý do có thể có, trong danh sách đóng"),
)
TEXTS = (
    Column("section", "Mục", "Mục của báo cáo", named=labels.SECTIONS),
    Column("source", "Nguồn", "Ai viết", named={"remark": "cán bộ", "proposed": "đề xuất"}),
    Column("text", "Nội dung", "Lời trong báo cáo"),
)
NOTES = (
    Column("code", "Mã", "Mã của ghi chú"),
    Column("words", "Ghi chú", "Điều cần biết khi đọc số liệu"),
)
DICTIONARY = (
    Column("table", "Bảng", "Tên bảng và tên tệp CSV"),
    Column("key", "Cột", "Tên cột trong CSV"),
    Column("head", "Tiêu đề", "Tiêu đề trong bảng tính"),
    Column("kind", "Kiểu", "text, whole, share (0 đến 1), decimal, moment (ISO 8601)"),
    Column("meaning", "Nghĩa", "Nghĩa của cột"),
)


Row = Mapping[str, Any]
FIGURES = ("median", "mean", "p10", "p90")


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
    """Return every table by name, the data dictionary last."""
    sections = report["sections"]
    no_connection = []
    if "no_connection" in sections:  # reports of version 1.0 lack it
        rows = [dict(row) for row in sections["no_connection"]]
        no_connection = [Table("no_connection", "Điểm không kết nối", NO_CONNECTION, rows)]
    built = [
        Table("report", "Báo cáo", REPORT, [_report(report)]),
        _with_teams(Table("samples", "Số mẫu", SAMPLES, _by_network(sections["samples"]))),
        *_assurance(report),
        Table("reasons", "Lý do không tính", REASONS, _reasons(report, "reasons")),
        Table("unlocated", "Không rõ địa bàn", REASONS, _reasons(report, "unlocated")),
        Table("reached", "Mức đạt", REACHED, _by_network(sections["reached"])),
        _with_teams(
            Table("communes", "Từng xã, phường", COMMUNES, _by_network(sections["communes"]))
        ),
        Table("lacking", "Chưa đạt", LACKING, _by_network(sections["lacking"])),
        *_quality(report),
        *no_connection,
        Table("teams", "Tổ, đội", TEAMS, [dict(row) for row in sections["teams"]]),
        Table("vnnic", "VNNIC", VNNIC, [dict(row) for row in sections["vnnic"] or []]),
        Table("texts", "Lời", TEXTS, list(_texts(report))),
        Table("notes", "Ghi chú", NOTES, [dict(note) for note in sections["notes"]]),
    ]
    dictionary = [
        {"table": table.name, **{name: getattr(column, name) for name in DESCRIBED}}
        for table in built
        for column in table.columns
    ]
    built.append(Table("dictionary", "Từ điển dữ liệu", DICTIONARY, dictionary))
    return {table.name: table for table in built}


def _with_teams(table: Table) -> Table:
    """Return a table with the samples of teams after the counted ones, if its report has them."""
    if not any("of_teams" in row for row in table.rows):
        return table
    after = table.columns.index(COUNTED) + 1
    return replace(table, columns=(*table.columns[:after], OF_TEAMS, *table.columns[after:]))


DESCRIBED = ("key", "head", "kind", "meaning")


def plain_value(value: Any) -> Any:
    """Return a value for programs: lists joined, everything else unchanged."""
    return "; ".join(value) if isinstance(value, list) else value


def format_cell(column: Column, value: Any) -> str:
    """Return a value as Vietnamese text."""
    if value is None:
        return column.empty or "–"
    if column.kind == "share":
        return formats.percent(value, "vi")
    if column.kind == "decimal":
        return formats.number(value, "vi", 1)
    if column.kind == "whole":
        return formats.number(value, "vi")
    if column.kind == "moment":
        return formats.moment(datetime.fromisoformat(value))
    if isinstance(value, list):
        return str(plain_value(value))
    return column.named.get(value, str(value))


def _report(report: Report) -> Row:
    names = ("month", "edition", "made_at", "rules", "demo")
    return {
        **report["unit"],
        **{name: report[name] for name in names},  # type: ignore[literal-required]
        **(report["boundaries"] or {"set": None, "quality": None}),
        "digest": digest(canonical_json(report)),
    }


def _by_network(section: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a section with their network; a section may have one row or a list."""
    return [
        {"network": network, **row}
        for network in NETWORKS
        if network in section
        for row in (section[network] if isinstance(section[network], list) else [section[network]])
    ]


def _reasons(report: Report, kind: str) -> list[Row]:
    """Return the reasons of each network, the most frequent first: stored JSON sorts its keys."""
    samples = report["sections"]["samples"]
    words = {code: reason.message("vi") for code, reason in BY_CODE.items()}
    counts = {network: samples[network][kind] for network in NETWORKS if network in samples}  # type: ignore[literal-required]
    return [
        {"network": network, "reason": code, "words": words.get(code, code), "n": n}
        for network, reasons in counts.items()
        for code, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _assurance(report: Report) -> list[Table]:
    """Return the table of counted samples by assurance, which reports of version 1.0 lack."""
    samples = report["sections"]["samples"]
    rows = [
        {"network": network, "assurance": part, "words": labels.PARTS[part], "n": parts[part]}
        for network in NETWORKS
        if network in samples and (parts := samples[network].get("by_assurance"))
        for part in PARTS
    ]
    return [Table("assurance", "Mức bảo đảm", ASSURANCE, rows)] if rows else []


def _quality(report: Report) -> list[Table]:
    """Return quality and its intervals; reports of version 1.0 have no intervals."""
    sections = _by_network(report["sections"]["quality"])
    rows = [_flat(row) for row in sections]
    if not any("effective_n" in row for row in rows):
        return [Table("quality", "Chất lượng", QUALITY, rows)]
    columns = (*QUALITY[:5], EFFECTIVE_N, *QUALITY[5:], INTERVAL, RANK, *LOADED)
    return [
        Table("quality", "Chất lượng", columns, rows),
        Table("intervals", "Khoảng tin cậy", INTERVALS, list(_intervals(sections))),
    ]


def _flat(row: Row) -> Row:
    """Flatten spreads and shares into columns; null where there were too few samples."""
    spreads = {
        f"{value}_{figure}": _figure(row[value], figure) for value in VALUES for figure in FIGURES
    }
    shares = {f"share_{one.code}": row["references"].get(one.code) for one in REFERENCES}
    hidden = (*MEASURED, "reference_limits", "more_devices")
    kept = {name: cell for name, cell in row.items() if name not in hidden}
    if "effective_n" not in row:
        return kept | spreads | shares
    rank, loaded = row["rank"], {value: row.get(value) for value in LOADED_VALUES}
    return (
        kept
        | spreads
        | shares
        | {f"{value}_median": _figure(spread, "median") for value, spread in loaded.items()}
        | {
            "effective_n": _whole(row["effective_n"]),
            "download_mbps_interval": _interval(row["download_mbps"]),
            "rank": rank and _rank(rank),
        }
    )


def _figure(spread: Any, figure: str) -> float | None:
    """Return a figure of a spread; the median is the one that the report shows."""
    if spread is None:
        return None
    value: float | None = spread[leading(spread)[0] if figure == "median" else figure]
    return value


def _rank(rank: Row) -> str:
    ranks = "–".join(dict.fromkeys(str(rank[end]) for end in ("best", "worst")))
    return f"{ranks} / {rank['of']}"


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value + ROUNDING)


# An effective n of whole samples may be smaller by an error of rounding.
ROUNDING = 1e-6


def _interval(spread: Any) -> str | None:
    _, low, high = leading(spread) if spread else (None, None, None)
    return None if low is None or high is None else formats.span(low, high, "vi")


def _intervals(rows: Sequence[Row]) -> Iterable[Row]:
    """Return one row for each figure with an interval."""
    for row in rows:
        for metric in MEASURED:
            spread = row.get(metric) or {}
            for figure in FIGURE_NAMES:
                if spread.get(f"{figure}_low") is None:
                    continue
                worth = "device_effective_n" if figure == "device_median" else "effective_n"
                yield {
                    **{name: row[name] for name in ("network", "operator", "technology")},
                    "metric": metric,
                    "figure": figure,
                    "value": spread[figure],
                    "low": spread[f"{figure}_low"],
                    "high": spread[f"{figure}_high"],
                    "n": spread.get("n", row["n"]),
                    "effective_n": _whole(spread[worth]),
                }


def _texts(report: Report) -> Iterable[Row]:
    for section in SECTIONS:
        for source, texts in (("remark", report["remarks"]), ("proposed", report["proposed"])):
            if texts.get(section):
                yield {"section": section, "source": source, "text": texts[section]}
                break
