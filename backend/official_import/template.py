"""The list of a province's officials as a workbook to fill in."""

from collections.abc import Iterable

from backend.accounts.login_names import format_phone
from backend.official_import.lines import MAX_LINES
from backend.official_import.service import KnownOfficial, UnitOfficials
from backend.tables.spreadsheets import blank_workbook

HEADER = (
    "Địa bàn / Area",
    "Họ và tên / Name",
    "E-mail hoặc điện thoại / Contact",
    "Đến hết ngày / Last day",
)
WIDTHS = (46, 30, 34, 24)
GUIDE = (
    ("Cột / Column", "Cách điền", "How to fill it in"),
    (
        HEADER[0],
        "Bắt buộc. Tên xã, phường hoặc tỉnh; giữ nguyên như trong danh sách này.",
        "Required. The commune or the province; leave it as it is in this list.",
    ),
    (HEADER[1], "Tên hiển thị; có thể để trống.", "Shown to others; may be empty."),
    (
        HEADER[2],
        "Dùng để đăng nhập. Để trống thì dòng đó được bỏ qua.",
        "Used to sign in. A row without it is left out.",
    ),
    (
        HEADER[3],
        "Ngày/tháng/năm; để trống: đến khi kết thúc.",
        "Day/month/year; empty: until further notice.",
    ),
    (
        "",
        f"Thêm dòng nếu một nơi có nhiều cán bộ. Tối đa {MAX_LINES} dòng. Gửi lại tệp không làm "
        "mất gì: ai đã có vai trò thì giữ nguyên.",
        f"Add rows where a place has several officials. At most {MAX_LINES} rows. The file can be "
        "sent again: people with the role stay as they are.",
    ),
)


NOBODY: KnownOfficial = {"name": "", "contact": "", "accepted": False}


def workbook(units: Iterable[UnitOfficials]) -> bytes:
    """Return the list with a row for each unit, and for each official that it has already."""
    header = zip(HEADER, WIDTHS, strict=True)
    rows = [
        (unit.label, official["name"] or "", format_phone(official["contact"]) or "")
        for unit, officials in units
        for official in officials or [NOBODY]
    ]
    return blank_workbook("Cán bộ", header, rows, GUIDE)
