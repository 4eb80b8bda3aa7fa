"""The template of a list of teams, with instructions."""

import io
from typing import Any

from backend.accounts.access import Actor, require, require_person
from backend.campaigns.schemas import CAPACITY_MOST
from backend.organisations.scopes import organisation_scope
from backend.tables.spreadsheets import csv_file, new_workbook
from backend.tables.table import ROWS_MOST
from backend.team_import.rows import EXAMPLE

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
        f"Bắt buộc với đội mới: {', '.join(TYPE_NAMES)}.",
        "Required for a new team: youth, community_digital, staff, other.",
    ),
    (
        HEADER[2],
        "Tên xã, phường và tỉnh: Xã Vô Tranh, Tỉnh Thái Nguyên; tên cũ hoặc mã 5 số cũng được.",
        "The name with the province, a name of before July 2025, or the code of 5 digits.",
    ),
    (
        HEADER[3],
        f"Số nguyên từ 0 đến {CAPACITY_MOST}; để trống nếu chưa biết.",
        f"A whole number from 0 to {CAPACITY_MOST}; empty where it is not known.",
    ),
    (
        HEADER[4],
        "E-mail hoặc số điện thoại; chỉ hiện trong bản xem trước, không lưu, không mời tự động.",
        "E-mail or telephone; shown in the dry run only, neither kept nor invited.",
    ),
    (
        "",
        f"Ô để trống giữ nguyên giá trị đang có. Tối đa {ROWS_MOST} dòng. Xóa dòng ví dụ.",
        f"An empty cell leaves what stands. At most {ROWS_MOST} rows. Delete the example row.",
    ),
)


def template(actor: Actor, organisation_id: int, form: str) -> bytes:
    """Return the template of an organisation's list of teams as CSV or XLSX."""
    require_person(actor)
    require(actor, "team.edit", organisation_scope(organisation_id))
    return _csv() if form == "csv" else _xlsx()


def _csv() -> bytes:
    """Return UTF-8 with a byte order mark, which spreadsheets need for Vietnamese letters."""
    return csv_file([HEADER, EXAMPLE_ROW])


def _xlsx() -> bytes:
    out = io.BytesIO()
    book = new_workbook(out, in_memory=True, strings_to_formulas=False, strings_to_urls=False)
    bold = book.add_format({"bold": True, "bg_color": "#DCE9F5", "text_wrap": True})
    _list(book, bold)
    guide = book.add_worksheet("Hướng dẫn")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    guide.set_column(0, 2, 44, wrapped)
    for number, row in enumerate(GUIDE):
        guide.write_row(number, 0, row, None if number else bold)
    book.close()
    return out.getvalue()


def _list(book: Any, bold: Any) -> None:
    """Write the sheet to fill in; its cells are text, so that codes keep their zeros."""
    sheet = book.add_worksheet("Đội")
    text = book.add_format({"num_format": "@"})
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width, text)
    for column, title in enumerate(HEADER):
        sheet.write_string(0, column, title, bold)
        sheet.write_string(1, column, EXAMPLE_ROW[column], text)
    sheet.freeze_panes(1, 1)
    sheet.data_validation(1, 1, ROWS_MOST, 1, {"validate": "list", "source": list(TYPE_NAMES)})
