"""The words of a report's files, which are Vietnamese as the letter is."""

from collections.abc import Mapping

DEMO = "SỐ LIỆU MINH HỌA – do máy tạo ra để dùng thử, không phải kết quả đo thật"
DRAFT = "DỰ THẢO – số liệu chưa khóa"
BY_OUR_COUNT = "theo số liệu Đo Sóng"

NETWORKS: Mapping[str, str] = {"mobile": "Di động", "fixed": "Cố định"}
NETWORKS_LONG: Mapping[str, str] = {
    "mobile": "băng rộng di động",
    "fixed": "băng rộng cố định",
}
LEVELS: Mapping[str, str] = {"province": "Tỉnh", "district": "Huyện", "commune": "Xã, phường"}
BASES: Mapping[str, str] = {"received": "đã nhận", "valid": "hợp lệ", "counted": "được tính"}
QUALITIES: Mapping[str, str] = {
    "approximate": "gần đúng",
    "derived": "dựng lại",
    "published": "đã công bố",
}
ORGANISATIONS: Mapping[str, str] = {
    "youth_union": "Đoàn Thanh niên",
    "community_digital_team": "Tổ công nghệ số cộng đồng",
    "department": "Cơ quan nhà nước",
    "operator": "Doanh nghiệp viễn thông",
    "other": "Khác",
}
TEAMS: Mapping[str, str] = {
    "youth": "Đội thanh niên",
    "community_digital": "Tổ công nghệ số",
    "staff": "Cán bộ",
    "other": "Khác",
}
YES_NO: Mapping[bool, str] = {True: "Có", False: "Không"}

# The headings of the letter, in its order.
SECTIONS: Mapping[str, str] = {
    "samples": "Số mẫu đo",
    "reached": f"Mức độ đạt mục tiêu, {BY_OUR_COUNT}",
    "lacking": "Địa bàn chưa đạt và kế hoạch",
    "quality": "Chất lượng theo nhà mạng",
    "teams": "Đóng góp của các tổ, đội",
    "vnnic": "Đối chiếu với số liệu của VNNIC",
    "notes": "Ghi chú về số liệu",
}
ALL = "Tất cả"
# What a phone or a line did not tell.
UNKNOWN: Mapping[str, str] = {"unknown": "Không rõ"}


def mark(*, demo: bool, draft: bool) -> str | None:
    """What stands on every page of a file that is not to be taken for a report."""
    return " · ".join([DRAFT] * draft + [DEMO] * demo) or None


def month(value: str) -> str:
    """YYYY-MM within a sentence: tháng 11 năm 2024; ten and fewer without a zero but 1 and 2."""
    year, _, number = value.partition("-")
    written = number if int(number) <= 2 else str(int(number))
    return f"tháng {written} năm {year}"


def within(name: str) -> str:
    """A unit's name within a sentence: its type without a capital."""
    return name[:1].lower() + name[1:]
