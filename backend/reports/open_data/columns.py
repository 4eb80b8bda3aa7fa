"""The columns of the open data, in both languages: its data dictionary is made of them."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type in the Data Package's words, its meaning."""

    name: str
    type: Type
    vietnamese: str
    english: str
    key: bool = False  # rows are told apart by it

    def described(self) -> dict[str, str]:
        """The field as a Data Package describes it."""
        meaning = f"{self.vietnamese} / {self.english}"
        return {"name": self.name, "type": self.type, "description": meaning}


MONTH = Column("month", "string", "Tháng, YYYY-MM", "Month, YYYY-MM", key=True)
NETWORK = Column(
    "network", "string", "mobile: di động; fixed: cố định", "mobile or fixed lines", key=True
)
PLACE = (
    Column("level", "string", "Cấp đơn vị hành chính", "Level of the unit", key=True),
    Column("code", "string", "Mã đơn vị hành chính", "Official code of the unit", key=True),
)
DEVICES = Column("devices", "integer", "Số thiết bị đã đo", "Devices that measured")
SPEEDS = tuple(
    Column(
        f"{metric}_{figure}", "number",
        f"{vietnamese}, {of_figure}; trống: chưa đủ mẫu",
        f"{english}, {figure}; empty: too few samples",
    )
    for metric, vietnamese, english in (
        ("download_mbps", "Tải xuống, Mbit/s", "Download, Mbit/s"),
        ("upload_mbps", "Tải lên, Mbit/s", "Upload, Mbit/s"),
        ("ping_ms", "Độ trễ, ms", "Latency, ms"),
        ("jitter_ms", "Biến thiên trễ, ms", "Jitter, ms"),
    )
    for figure, of_figure in (
        ("median", "trung vị"),
        ("mean", "trung bình cộng"),
        ("p10", "bách phân vị 10"),
        ("p90", "bách phân vị 90"),
    )
)  # fmt: skip

UNITS = (
    MONTH,
    NETWORK,
    *PLACE,
    Column("name", "string", "Tên đơn vị", "Name of the unit"),
    Column("type", "string", "Loại đơn vị", "Type of the unit"),
    Column("province_code", "string", "Mã tỉnh, thành phố", "Code of its province"),
    Column("province", "string", "Tỉnh, thành phố", "Its province"),
    Column("longitude", "number", "Kinh độ một điểm trong đơn vị", "Of a point inside, degrees"),
    Column("latitude", "number", "Vĩ độ một điểm trong đơn vị", "Of a point inside, degrees"),
    Column("received", "integer", "Mẫu đã nhận", "Samples received"),
    Column("valid", "integer", "Mẫu hợp lệ", "Valid samples"),
    Column("counted", "integer", "Mẫu được tính", "Valid and representative samples"),
    Column("target", "integer", "Mục tiêu; trống: không có", "Target; empty: none"),
    Column("reached", "boolean", "Đạt theo số liệu Đo Sóng", "Reached, by Đo Sóng's count"),
    DEVICES,
    *SPEEDS,
)
SPEED_ROWS = (
    MONTH,
    NETWORK,
    *PLACE,
    Column("operator", "string", "Nhà mạng; all: tất cả", "Operator, or all", key=True),
    Column("technology", "string", "Công nghệ; all: tất cả", "Technology, or all", key=True),
    Column("n", "integer", "Số mẫu được tính", "Counted samples"),
    DEVICES,
    *SPEEDS,
)
CELLS = (
    MONTH,
    NETWORK,
    Column("cell", "string", "Mã ô H3", "H3 index of the cell", key=True),
    Column("longitude", "number", "Kinh độ tâm ô", "Of its centre, degrees"),
    Column("latitude", "number", "Vĩ độ tâm ô", "Of its centre, degrees"),
    Column("n", "integer", "Số mẫu được tính", "Counted samples"),
    DEVICES,
    *SPEEDS,
)
