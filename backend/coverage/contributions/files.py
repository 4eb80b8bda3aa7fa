"""Contributions as tables that a spreadsheet opens, with the figures of the page."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from xlsxwriter import Workbook

from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.measurements.recording.reasons import BY_CODE
from backend.tables.spreadsheets import harmless

# name: (Vietnamese, English)
COLUMNS = {
    "id": ("Mã", "Id"),
    "name": ("Tên", "Name"),
    "team": ("Đội", "Team"),
    "received": ("Nhận được", "Received"),
    "valid": ("Hợp lệ", "Valid"),
    "counted": ("Được tính", "Counted"),
    "guests": ("Trong đó của người dân", "Of these by guests"),
    "unlocated": ("Không rõ xã, phường", "Unlocated"),
    "needed": ("Mẫu còn cần", "Needed"),
    "helped": ("Xã, phường góp phần đạt", "Communes helped over the line"),
    "devices": ("Thiết bị", "Devices"),
    "active_days": ("Số ngày hoạt động", "Active days"),
    "last_day": ("Ngày gần nhất", "Last active day"),
    "reasons": ("Lý do mất mẫu", "Reasons of loss"),
}
TOTAL = {"vi": "Tổng cộng", "en": "Total"}


def as_csv(answer: dict[str, Any], words: Language) -> bytes:
    """A table with the codes as its head, for programs and spreadsheets alike."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows(answer, words):
        writer.writerow([harmless(c) if isinstance(c, str) else c for c in row])
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(answer: dict[str, Any], words: Language) -> bytes:
    """A workbook with a head in words."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, [pair[words != "vi"] for pair in COLUMNS.values()], bold)
        sheet.freeze_panes(1, 2)
        for number, row in enumerate(_rows(answer, words), 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)  # never a formula
                else:
                    sheet.write(number, column, cell)
        sheet.set_column(0, len(COLUMNS) - 1, 14)
    return out.getvalue()


def _rows(answer: dict[str, Any], words: Language) -> Iterator[list[Any]]:
    whole = {"id": None, "name": TOTAL[words], "team": None, **answer["total"]}
    for item in [*answer["items"], whole]:
        reasons = "; ".join(f"{_reason(c, words)} {n}" for c, n in item["reasons"].items())
        yield [reasons if name == "reasons" else item[name] for name in COLUMNS]


def _reason(code: str, words: Language) -> str:
    return BY_CODE[code].words(words) if code in BY_CODE else message(code, words)
