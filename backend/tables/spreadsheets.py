"""Files for spreadsheets, in which texts are never executed as formulas."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Spreadsheets execute texts that begin so as formulas; names are chosen by people.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would execute a text as a formula."""
    return text.startswith(FORMULA)


def escape_formula(text: str) -> str:
    """Return a text for a cell, which a spreadsheet shows and does not execute."""
    return f"'{text}" if is_formula(text) else text


def csv_file(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows as CSV with a byte order mark, by which Excel recognises UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([escape_formula(one) if isinstance(one, str) else one for one in row])
    return ("\ufeff" + out.getvalue()).encode()


def fill_sheet(
    sheet: Worksheet, heads: list[str], rows: Iterable[Iterable[Any]], bold: Format
) -> None:
    """Write a row of bold headings, and rows of typed cells below it."""
    sheet.write_row(0, 0, heads, bold)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)  # never a formula
            elif cell is not None:
                sheet.write(number, column, cell)
