"""Files for spreadsheets, in which texts are never executed as formulas."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backend.tables.table import MAX_ROWS

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Spreadsheets execute texts that begin so as formulas; names are chosen by people. Some execute the
# full-width forms too.
SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
FORMULA = re.compile(rf"[\s\x00]*[{SIGNS}]|[\t\r\n]")
# A spreadsheet with other settings splits a text at its own separator, and the rest becomes a cell.
# Quotation marks do not prevent that: they count only at the beginning of a cell.
# Texts without any of these are neither.
SUSPICIOUS = re.compile(rf"[{SIGNS}\t\r\n]")
BEHIND_SEPARATOR = re.compile(rf"([;,|\t\r\n\"][\s\x00]*)(?=[{SIGNS}])")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would execute a text as a formula."""
    return FORMULA.match(text) is not None


def escape_formula(text: str) -> str:
    """Return a text for a cell of CSV, which a spreadsheet shows and does not execute.

    An apostrophe before a sign that begins a formula marks a text, also behind every separator by
    which a spreadsheet may split the line. Other texts stay as they are.
    """
    if not SUSPICIOUS.search(text):
        return text
    escaped = BEHIND_SEPARATOR.sub(r"\1'", text)
    return f"'{escaped}" if is_formula(text) else escaped


def csv_text(rows: Iterable[Iterable[Any]], line_end: str = "\r\n") -> str:
    """Return rows as CSV, in which no text is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end)
    for row in rows:
        writer.writerow([escape_formula(one) if isinstance(one, str) else one for one in row])
    return out.getvalue()


def csv_file(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows as CSV with a byte order mark, by which Excel recognises UTF-8."""
    return ("\ufeff" + csv_text(rows)).encode()


def new_workbook(out: io.BytesIO, **options: Any) -> "Workbook":
    """Return an empty workbook, written to `out` when it is closed."""
    from xlsxwriter import Workbook  # a start need not wait for it

    return Workbook(out, options)


def fill_sheet(
    sheet: "Worksheet", heads: list[str], rows: Iterable[Iterable[Any]], bold: "Format"
) -> None:
    """Write a row of bold headings, and rows of typed cells below it."""
    sheet.write_row(0, 0, heads, bold)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)  # never a formula
            elif cell is not None:
                sheet.write(number, column, cell)


def blank_workbook(
    title: str,
    header: Iterable[tuple[str, float]],
    rows: Iterable[Sequence[str]],
    guide: Iterable[Sequence[str]],
    listed: Mapping[int, Sequence[str]] | None = None,
) -> bytes:
    """Return a workbook for people to fill in: a sheet with its first rows, and instructions.

    `header` has titles and widths; `listed` has the values to choose from, by column. Cells are
    text, so that codes keep their zeros.
    """
    out = io.BytesIO()
    with new_workbook(out, in_memory=True) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DCE9F5", "text_wrap": True})
        text = book.add_format({"num_format": "@"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet, instructions = book.add_worksheet(title), book.add_worksheet("Hướng dẫn")
        for column, (name, width) in enumerate(header):
            sheet.set_column(column, column, width, text)
            sheet.write_string(0, column, name, bold)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell, text)
        for column, values in (listed or {}).items():
            options = {"validate": "list", "source": list(values)}
            sheet.data_validation(1, column, MAX_ROWS, column, options)
        sheet.freeze_panes(1, 1)
        instructions.set_column(0, 2, 44, wrapped)
        for number, line in enumerate(guide):
            for column, cell in enumerate(line):
                instructions.write_string(number, column, cell, None if number else bold)
    return out.getvalue()
