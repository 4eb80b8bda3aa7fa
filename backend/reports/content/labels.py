"""Vietnamese texts of a report's files; the letterhead of a unit until an official sets one."""

from collections.abc import Mapping
from datetime import date
from typing import TypedDict

from backend.measurements.recording.reasons import BY_CODE
from backend.reports.content.figures import SECTIONS as SECTION_NAMES

DEMO = "SỐ LIỆU MINH HỌA – do máy tạo ra để dùng thử, không phải kết quả đo thật"
DRAFT = "DỰ THẢO – số liệu chưa chốt"
BY_OUR_COUNT = "theo số liệu Đo Sóng"
# What the shown speed is, as the pages say it.
MEDIAN_IS = "trung vị, mỗi máy tính như nhau"

NETWORKS: Mapping[str, str] = {"mobile": "Di động", "fixed": "Cố định"}
NETWORKS_LONG: Mapping[str, str] = {"mobile": "băng rộng di động", "fixed": "băng rộng cố định"}
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

# The usual headings of the sections; an office may change them in its letterhead.
HEADINGS = (
    "Công tác chỉ đạo, tuyên truyền",
    "Kết quả",
    "Tồn tại, nguyên nhân",
    "Nhiệm vụ tháng tới",
    "Kiến nghị",
)
# The usual headings of sections.
SECTIONS: Mapping[str, str] = dict(zip(SECTION_NAMES, HEADINGS, strict=True))
# Parts of the counted samples by assurance.
PARTS: Mapping[str, str] = {
    "witnessed": "Được máy chủ đo xác nhận",
    "ticketed": "Đo với máy chủ đã đăng ký, không ký xác nhận",
    "claimed": "Chỉ do điện thoại báo",
    "imported": "Nhập từ tệp theo quyết định của quản trị viên",
    "withdrawn": "Của máy nay đã rút lại sự đồng ý",
}
# Notes about the data of a report; {names} are filled in.
NOTES: Mapping[str, str] = {
    "note_demo": "SỐ LIỆU MINH HỌA: do máy tạo ra để dùng thử, không phải kết quả đo thật.",
    "note_own_count": (
        "Số liệu là của Đo Sóng. VNNIC đếm các phép đo bằng ứng dụng i-Speed; hai con số khác nhau "
        "và không thay thế nhau."
    ),
    "note_ispeed": (
        "So với i-Speed ({network}; cùng máy, cùng nhà mạng, cách nhau không quá {minutes} phút và "
        "{metres} m; {pairs} cặp kết quả của {phones} máy trong 12 tháng), Đo Sóng cho tốc độ tải "
        "xuống bằng {download}, tải lên bằng {upload}, độ trễ bằng {ping}. Trong ngoặc là khoảng "
        "tin cậy 95 %."
    ),
    "note_boundaries_none": "Không có bộ ranh giới nào cho tháng này.",
    "note_boundaries_approximate": (
        "Ranh giới cấp xã là gần đúng (bộ {set}): được vẽ quanh điểm trung tâm đã biết."
    ),
    "note_boundaries_derived": (
        "Ranh giới cấp xã được dựng lại từ nguồn khác (bộ {set}), không phải ranh giới chính thức."
    ),
    "note_boundaries_published": "Ranh giới cấp xã theo bộ {set}.",
    "note_rules": (
        "Mẫu được xét theo bộ quy tắc số {rules}: mẫu hợp lệ là mẫu đo xong, có vị trí đủ chính "
        "xác tại Việt Nam; mẫu được tính là mẫu hợp lệ và không lặp (mỗi máy, mỗi chỗ một mẫu "
        "trong 4 giờ)."
    ),
    "note_claims": ("Tháng này tính cả mẫu do điện thoại tự báo, không cần máy chủ đo xác nhận."),
    "note_capped": (
        "{n} mẫu được tính có giới hạn dữ liệu quá nhỏ để đo tốc độ của mạng: các mẫu này vẫn nằm "
        "trong số mẫu, nhưng tốc độ của chúng không nằm trong các số liệu về tốc độ."
    ),
    "note_basis": (
        "Không văn bản nào nêu rõ mục tiêu được so với số mẫu thô hay mẫu không lặp; báo cáo so "
        "với số {basis} và nêu cả ba con số."
    ),
    "note_assurance": (
        "Mẫu được máy chủ đo xác nhận là mẫu mà máy chủ đo tự ghi nhận dữ liệu đã truyền và ký xác "
        "nhận; mẫu chỉ do điện thoại báo không có xác nhận đó."
    ),
    "note_intervals": (
        "Nếu những người khác cùng kiểu đo theo cùng cách, trung vị nhiều khả năng (95 %) nằm "
        "trong khoảng tin cậy. Người đo là tình nguyện viên, không phải mẫu ngẫu nhiên của mọi "
        "thuê bao; khoảng này không tính sai lệch đó. Các mẫu của cùng một máy, cùng một buổi đo "
        "giống nhau, nên số mẫu hiệu dụng nhỏ hơn số mẫu; hai nhà mạng chỉ được xếp trên dưới "
        "khi chênh lệch vượt quá mức ngẫu nhiên."
    ),
    "note_month": (
        "Mẫu thuộc về tháng mà nó được đo (giờ Việt Nam) và được xếp theo danh sách đơn vị hành "
        "chính của ngày cuối tháng."
    ),
    "note_no_boundary": (
        "{n} đơn vị cấp xã không có ranh giới trong bộ đang dùng nên không nhận được mẫu nào."
    ),
    "note_elsewhere": (
        "{n} mẫu của cả nước nằm ở đơn vị không có trong danh sách cuối tháng, ngoài các con số "
        "trên."
    ),
    "note_frozen": (
        "Khi một người rút lại sự đồng ý, số liệu đã chốt không đổi: đó chỉ là các số đếm vô danh."
    ),
}
# Reasons in the words of an office, where the first text speaks to a volunteer.
REASONS: Mapping[str, str] = {
    "position_coarse": "sai số vị trí trên 2.000 m",
    "in_future": "giờ đo ở tương lai do đồng hồ của thiết bị sai",
    "unproven": "mẫu chưa được máy chủ đo xác nhận",
    "witness_late": "mẫu gửi về sau 72 giờ kể từ lúc đo",
    "too_many_tests": "số phép đo trong ngày của một thiết bị vượt mức xét được",
    "before_registration": "mẫu đo trước khi thiết bị đăng ký",
    "mock_position": "vị trí do ứng dụng khác cung cấp",
    "overlap": "mẫu đo trùng lúc với phép đo khác của cùng thiết bị",
    "impossible_travel": "khoảng cách từ lần đo trước không thể đi kịp",
    "repeat": "mẫu lặp lại của cùng thiết bị, cùng vị trí trong 4 giờ",
    "third_operator": "thiết bị đã có mẫu được tính của hai nhà mạng khác trong ngày",
    "daily_cap": "vượt số mẫu tối đa được tính của một thiết bị trong ngày",
    "commune_cap": ("vượt số mẫu tối đa được tính của một thiết bị trong tháng tại một xã, phường"),
}
ALL = "Tất cả"
# Operator or technology of samples that have none.
UNKNOWN: Mapping[str, str] = {"unknown": "Không rõ"}


def counted_by(vnnic_day: date | None) -> str:
    """Return whose count a letter tells: ours, or VNNIC's up to the day of its table."""
    if vnnic_day is None:
        return BY_OUR_COUNT
    return f"theo bảng số liệu của VNNIC đến ngày {vnnic_day:%d/%m/%Y}"


def mark(*, demo: bool, draft: bool) -> str | None:
    """Return the mark on every page of a draft or a demo report."""
    return " · ".join([DRAFT] * draft + [DEMO] * demo) or None


def month(value: str) -> str:
    """Return YYYY-MM as in a sentence: tháng 11 năm 2024; a leading zero for 01 and 02 alone."""
    year, _, number = value.partition("-")
    month = number if int(number) <= 2 else str(int(number))
    return f"tháng {month} năm {year}"


def reason(code: str) -> str:
    """Return why samples are not counted, as in a sentence of a letter."""
    if code in REASONS or code not in BY_CODE:
        return REASONS.get(code, code)
    text = BY_CODE[code].finding("vi").rstrip(".")
    return text[0].lower() + text[1:]


def within(name: str) -> str:
    """Return a unit's name as in a sentence: its type in lower case, but for people and numbers."""
    bare = bare_name(name)
    return name if bare == name or bare in PEOPLE_AND_EVENTS else name[:1].lower() + name[1:]


OUTREACH_KINDS: Mapping[str, str] = {
    "conference": "Hội nghị, tập huấn",
    "launch": "Ra quân",
    "visits": "Đến từng nhà",
    "media": "Loa, mạng xã hội",
    "document": "Văn bản chỉ đạo",
}

# Of places that operators have been told of.
PLACE_STATES: Mapping[str, str] = {
    "sent": "Chờ nhà mạng trả lời",
    "answered": "Nhà mạng đã hẹn xử lý",
    "refused": "Nhà mạng chưa có kế hoạch",
    "remeasure": "Chờ đo lại",
    "covered": "Đã có sóng",
    "uncovered": "Đo lại chưa đạt",
}

LETTER_KINDS: Mapping[str, str] = {"official_letter": "Công văn", "report": "Báo cáo"}
# What an annex is attached to.
ATTACHED_TO: Mapping[str, str] = {**LETTER_KINDS, "plan": "Kế hoạch"}

# The day on which the ministry and its departments were merged into those of science.
MERGED = date(2025, 3, 1)
BEFORE, SINCE = "Thông tin và Truyền thông", "Khoa học và Công nghệ"


class LetterheadContent(TypedDict):
    """The lines of a letterhead, as shown, changed and copied into a report."""

    superior: str | None
    agency: str
    symbol: str
    place: str
    recipients: list[str]
    titles: list[str]
    signer: str | None
    copies: list[str]
    headings: list[str]  # of the sections of a report, in their order
    references: list[str]  # documents that letters answer, as they cite them


def default_letterhead(level: str, name: str, province: str, day: date) -> LetterheadContent:
    """Return the usual letterhead of a province's department, else of a People's Committee."""
    department = SINCE if day >= MERGED else BEFORE
    if level == "province":
        return {
            "superior": f"UBND {name}".upper(),
            "agency": f"Sở {department}".upper(),
            "symbol": "SKHCN-BCVT" if day >= MERGED else "STTTT-BCVT",
            "place": place_name(name),
            "recipients": [f"Cục Viễn thông, Bộ {department}"],
            "titles": ["GIÁM ĐỐC"],
            "signer": None,
            "copies": ["Như trên", f"Ủy ban nhân dân {within(name)} (để báo cáo)", "Lưu: VT, BCVT"],
            "headings": list(HEADINGS),
            "references": [],
        }
    return {
        "superior": None,
        "agency": f"Ủy ban nhân dân {within(name)}".upper(),
        "symbol": "UBND-VHXH",
        "place": place_name(name),
        "recipients": [f"Sở {department} {within(province)}"],
        "titles": ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"],
        "signer": None,
        "copies": ["Như trên", "Lưu: VT, VHXH"],
        "headings": list(HEADINGS),
        "references": [],
    }


# Types of units, longest first.
TYPES = ("Thành phố", "Thị trấn", "Đặc khu", "Thị xã", "Phường", "Huyện", "Quận", "Tỉnh", "Xã")


def bare_name(name: str) -> str:
    """Return a unit's name without its type; a numbered one, "Phường 1", unchanged."""
    for kind in TYPES:
        rest = name.removeprefix(f"{kind} ")
        if rest != name and not rest.isdigit():
            return rest
    return name


# Names of people and events: a letter names these units in full (Decree 30/2020/NĐ-CP).
PEOPLE_AND_EVENTS = frozenset(
    {
        "Hồ Chí Minh", "Phan Đình Phùng", "Trưng Vương", "Quang Trung", "Lê Lợi", "Lê Thánh Tông",
        "Nguyễn Huệ", "Nguyễn Trãi", "Nguyễn Du", "Nguyễn Bỉnh Khiêm", "Trần Phú", "Trần Hưng Đạo",
        "Trần Nhật Duật", "Trần Nhân Tông", "Trần Quang Khải", "Lê Hồng Phong", "Lê Thanh Nghị",
        "Lê Đại Hành", "Lê Quý Đôn", "Lê Ích Mộc", "Lý Thường Kiệt", "Lý Văn Lâm", "Hồng Bàng",
        "Ngô Quyền", "Hai Bà Trưng", "Đinh Tiên Hoàng", "Nguyễn Lương Bằng", "Nguyễn Phích",
        "Nguyễn Việt Khái", "Phan Bội Châu", "Phan Châu Trinh", "Đoàn Thị Điểm", "Hoàng Văn Thụ",
        "Lương Văn Tri", "Hồ Thị Kỷ", "Mạc Đĩnh Chi", "Chu Văn An", "Hoàng Hoa Thám",
        "Đội Cấn", "Cách Mạng Tháng Tám", "Điện Biên Phủ",
    }
)  # fmt: skip


def place_name(name: str) -> str:
    """Return the place of a letter: the bare name, in full for units named after people."""
    bare = bare_name(name)
    return name if bare in PEOPLE_AND_EVENTS else bare


def agency_name(agency: str) -> str:
    """Return the name of an agency as in a sentence; unchanged if it is not a usual one."""
    for department in (SINCE, BEFORE):
        if agency == f"Sở {department}".upper():
            return f"Sở {department}"
    committee = "ỦY BAN NHÂN DÂN "
    if not agency.startswith(committee):
        return agency
    unit = agency.removeprefix(committee)
    kind = next((one for one in TYPES if unit.startswith(f"{one.upper()} ")), "")
    rest = unit[len(kind) :].strip().title()
    return f"Ủy ban nhân dân {kind.lower()} {rest}".replace("  ", " ")
