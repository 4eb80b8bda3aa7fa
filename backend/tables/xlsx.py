"""Read tables from XLSX workbooks; damaged and malicious ones are rejected."""

import contextlib
import io
import re
import warnings
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import islice
from typing import Any
from xml.parsers import expat

from backend.errors import Problem, invalid
from backend.tables.table import (
    HEADER_WITHIN,
    MAX_ROWS,
    Kind,
    Line,
    Table,
    count_columns,
    make_table,
)

# 5,000 rows of twenty columns unpack to some 5 MB.
MAX_UNPACKED = 20_000_000
MAX_PARTS = 500  # a workbook of a few sheets has twenty
MAX_SHEETS = 10  # searched for a header
MAX_COLUMNS = 30  # further columns are ignored
LAST_ROW = 1_048_576  # of the format; forged row numbers up to it cost seconds of empty rows
# Each cell is in one merged range at most: more merged cells than cells are an attack.
MAX_MERGED = MAX_ROWS * MAX_COLUMNS

ERROR_CODES = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))

# No attribute has "<": without it, a comment full of beginnings would be read to its end from each.
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")


def read_xlsx(raw: bytes, kind: Kind) -> Table:
    """Read the sheet with most known columns; 422 for an invalid file."""
    name, lines = read_lines(raw, kind)
    return make_table(lines, {"format": "xlsx", "sheet": name}, kind)


def read_lines(raw: bytes, kind: Kind) -> tuple[str, list[Line]]:
    """Return the name and the lines of the sheet with most known columns."""
    try:
        _check_parts(raw)
        with warnings.catch_warnings():  # openpyxl warns of formatting that it ignores
            warnings.simplefilter("ignore")
            return _sheet(raw, kind)
    except Problem:
        raise
    except Exception:  # openpyxl raises many types for damaged files
        raise invalid("file", "not_workbook") from None


def _check_parts(raw: bytes) -> None:
    """Reject files that unpack to too much, and XML with a DTD."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise invalid("file", "unpacks_too_large")
        # `file_size` bounds what is read, even if it is forged: then the checksum fails.
        for part in parts:
            _refuse_dtd(archive.read(part))


class _RootElement(Exception):
    """The root element has begun: no DTD follows."""


def _refuse_dtd(part: bytes) -> None:
    """Reject XML with a DTD, whose entities unpack to any size; in every encoding that is read."""

    def refuse(*declaration: object) -> None:
        raise invalid("file", "not_workbook")

    def stop(*element: object) -> None:
        raise _RootElement

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    with contextlib.suppress(_RootElement, expat.ExpatError):  # a picture is no XML
        parser.Parse(part, True)


def _sheet(raw: bytes, kind: Kind) -> tuple[str, list[Line]]:
    """Return name and lines of the sheet with most known columns."""
    book = _book(raw, data_only=True)
    read = [(sheet, list(_lines(sheet))) for sheet in book.worksheets[:MAX_SHEETS]]
    number = max(range(len(read)), key=lambda one: count_columns(read[one][1], kind))
    sheet, lines = read[number]
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        part = archive.read(str(sheet._worksheet_path).lstrip("/"))
    if _FORMULA.search(part):
        lines = _uncomputed(_book(raw, data_only=False).worksheets[number], lines)
    return sheet.title, _unmerged(lines, part)


def _book(raw: bytes, *, data_only: bool) -> Any:
    from openpyxl import load_workbook  # 5 MB that few workers need

    return load_workbook(io.BytesIO(raw), read_only=True, data_only=data_only, keep_links=False)


def _lines(sheet: Any) -> Iterator[Line]:
    """Yield rows with content, some more than are allowed, so that the excess is detected."""
    most = MAX_ROWS + HEADER_WITHIN + 1
    return islice((line for line in _all(sheet) if not line.blank), most)


def _all(sheet: Any) -> Iterator[Line]:
    sheet.reset_dimensions()  # some programs write wrong dimensions
    rows = sheet.iter_rows(max_row=LAST_ROW, max_col=MAX_COLUMNS, values_only=True)
    for number, values in enumerate(rows, 1):
        if values.count(None) < len(values):
            cells, errors = zip(*map(_cell, values), strict=True)
            yield Line(number, cells, {at: code for at, code in enumerate(errors) if code})


def _cell(value: Any) -> tuple[str, str | None]:
    """Return the text of a cell, or an error code where its type has lost the input."""
    if value is None:
        return "", None
    if isinstance(value, bool):
        return "", "cell_is_logical"
    if isinstance(value, date | time | timedelta):  # a team named 26/3
        return str(value), "cell_is_date"
    if isinstance(value, float) and value.is_integer():
        return str(int(value)), None
    text = str(value)
    return ("", "cell_is_error") if text in ERROR_CODES else (text, None)


def _uncomputed(sheet: Any, lines: list[Line]) -> list[Line]:
    """Mark formulas without a stored result."""
    by_number = {line.number: line for line in lines}
    sheet.reset_dimensions()
    for row, cells in enumerate(sheet.iter_rows(max_row=LAST_ROW, max_col=MAX_COLUMNS), 1):
        for at in (at for at, cell in enumerate(cells) if cell.data_type == "f"):
            line = by_number.get(row, Line(row, ("",) * MAX_COLUMNS))
            if not line.cells[at] and at not in line.errors:
                line.errors[at] = "cell_is_formula"
                by_number[row] = line
    return [by_number[row] for row in sorted(by_number)]


def _unmerged(lines: list[Line], part: bytes) -> list[Line]:
    """Copy the values of merged cells to all their rows."""
    from openpyxl.utils.cell import range_boundaries

    numbers = [line.number for line in lines]
    cells = {line.number: list(line.cells) for line in lines}
    filled = 0
    for match in _MERGED.finditer(part):
        left, top, _, bottom = range_boundaries(match[1].decode())
        if left > MAX_COLUMNS or top not in cells:
            continue
        below = numbers[bisect_right(numbers, top) : bisect_right(numbers, bottom)]
        filled += len(below) + 1
        if filled > MAX_MERGED:
            raise invalid("file", "not_workbook")
        for row in below:
            cells[row][left - 1] = cells[row][left - 1] or cells[top][left - 1]
    return [replace(line, cells=cells[line.number]) for line in lines]
