"""The columns of a report's tables: key, head, meaning; the source of the data dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.coverage.statistics.quantiles import REFERENCES
from backend.reports.content import labels

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
COUNTED = Column("counted", "Được tính", "Hợp lệ và đại diện", "whole", summed=True)
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
REASONS = (NETWORK, *REASON)
REACHED = (
    NETWORK,
    LEVEL,
    Column("units", "Số đơn vị", "Số đơn vị của cấp này trong địa bàn", "whole"),
    Column("reached", "Đạt", f"Số đơn vị đạt mục tiêu {labels.BY_OUR_COUNT}", "whole"),
    Column("share", "Tỷ lệ đạt", "Đạt chia cho số đơn vị", "share"),
    Column(
        "best_share", "Tốt nhất có thể", "Tỷ lệ đạt nếu cùng số mẫu được phân bổ đều nhất", "share"
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
TEAMS = (
    Column("campaign", "Chiến dịch", "Tên chiến dịch"),
    Column("organisation", "Tổ chức", "Tổ chức của đội"),
    Column("organisation_type", "Loại tổ chức", "Loại tổ chức", named=labels.ORGANISATIONS),
    Column("team", "Đội", "Tên đội"),
    Column("type", "Loại đội", "Loại đội", named=labels.TEAMS),
    RECEIVED,
    COUNTED,
    Column("needed", "Mẫu còn cần", "Được tính, tại nơi còn thiếu lúc đo", "whole", summed=True),
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
