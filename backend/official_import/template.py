"""The list of a province's officials as a workbook to fill in."""

import io
from collections.abc import Iterable, Iterator, Sequence

from backend.accounts.login_names import spoken
from backend.official_import.lines import LINES_MOST
from backend.official_import.service import OfficialOfUnit
from backend.tables.spreadsheets import new_workbook

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
        f"Thêm dòng nếu một nơi có nhiều cán bộ. Tối đa {LINES_MOST} dòng. Gửi lại tệp không làm "
        "mất gì: ai đã có vai trò thì giữ nguyên.",
        f"Add rows where a place has several officials. At most {LINES_MOST} rows. The file can be "
        "sent again: people with the role stay as they are.",
    ),
)


def workbook(units: Iterable[OfficialOfUnit]) -> bytes:
    """Return the list with a row for each unit, and for each official that it has already."""
    out = io.BytesIO()
    book = new_workbook(out, in_memory=True, strings_to_formulas=False, strings_to_urls=False)
    bold = book.add_format({"bold": True, "bg_color": "#DCE9F5", "text_wrap": True})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("Cán bộ")
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width, text)
    for column, title in enumerate(HEADER):
        sheet.write_string(0, column, title, bold)
    for number, row in enumerate(_rows(units), 1):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell, text)
    sheet.freeze_panes(1, 1)
    guide = book.add_worksheet("Hướng dẫn")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    guide.set_column(0, 2, 44, wrapped)
    for number, line in enumerate(GUIDE):
        guide.write_row(number, 0, line, None if number else bold)
    book.close()
    return out.getvalue()


def _rows(units: Iterable[OfficialOfUnit]) -> Iterator[Sequence[str]]:
    for one in units:
        for official in one.officials or ({"name": "", "contact": ""},):
            contact = spoken(official["contact"]) or ""
            yield one.unit.label, official["name"] or "", contact
