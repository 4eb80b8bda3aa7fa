"""Files for spreadsheets, in which texts are never executed as formulas."""

import csv
import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

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
