"""The list of teams to fill in, with instructions."""

from backend.campaign_setup.team_rows import EXAMPLE
from backend.campaigns.schemas import MAX_CAPACITY
from backend.tables.spreadsheets import blank_workbook, csv_file
from backend.tables.table import MAX_ROWS

HEADER = (
    "Tên đội / Team name",
    "Loại đội / Team type",
    "Xã, phường / Home commune",
    "Số mẫu mỗi ngày / Capacity per day",
    "Liên hệ trưởng đội / Leader contact",
)
TYPE_NAMES = ("Thanh niên", "Tổ công nghệ số cộng đồng", "Cán bộ", "Khác")
EXAMPLE_ROW = (EXAMPLE, TYPE_NAMES[0], "Xã Vô Tranh, Tỉnh Thái Nguyên", "40", "0912 345 678")
WIDTHS = (44, 30, 44, 22, 30)

GUIDE = (
    ("Cột / Column", "Cách điền", "How to fill it in"),
    (
        HEADER[0],
        "Bắt buộc. Trùng tên với đội đã có (không kể chữ hoa, khoảng trắng) thì cập nhật đội đó.",
        "Required. The name of a team that is there, whatever its capitals and spaces, updates it.",
    ),
    (
        HEADER[1],
        f"{', '.join(TYPE_NAMES)}; để trống: theo loại đơn vị của bạn.",
        "youth, community_digital, staff, other; empty: as your organisation.",
    ),
    (
        HEADER[2],
        "Tên xã, phường và tỉnh: Xã Vô Tranh, Tỉnh Thái Nguyên; tên cũ hoặc mã 5 số cũng được.",
        "The name with the province, a name of before July 2025, or the code of 5 digits.",
    ),
    (
        HEADER[3],
        f"Số nguyên từ 0 đến {MAX_CAPACITY}; để trống nếu chưa biết.",
        f"A whole number from 0 to {MAX_CAPACITY}; empty where it is not known.",
    ),
    (
        HEADER[4],
        "E-mail hoặc số điện thoại; bạn gửi cho từng người đường dẫn mời.",
        "E-mail or telephone; you send each of them a link.",
    ),
    (
        "",
        f"Ô để trống giữ nguyên giá trị đang có. Tối đa {MAX_ROWS} dòng. Xóa dòng ví dụ.",
        f"An empty cell leaves what stands. At most {MAX_ROWS} rows. Delete the example row.",
    ),
)


def template(form: str) -> bytes:
    """Return the template as CSV or XLSX.

    The CSV is UTF-8 with a byte order mark, which spreadsheets need for Vietnamese letters.
    """
    if form == "csv":
        return csv_file([HEADER, EXAMPLE_ROW])
    header = zip(HEADER, WIDTHS, strict=True)
    return blank_workbook("Đội", header, [EXAMPLE_ROW], GUIDE, {1: TYPE_NAMES})
