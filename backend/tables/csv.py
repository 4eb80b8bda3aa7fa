"""Read tables from CSV, with the delimiters and encodings of spreadsheets."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from backend.errors import invalid
from backend.tables.table import HEADER_WITHIN, TEAMS, Kind, Line, Table, header_of, make_table
from backend.tables.text import decode

# Spreadsheets with Vietnamese settings write semicolons; copied cells have tabs.
DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab"}
# The first bytes of workbooks of Excel before 2007, which are not supported.
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read_csv(raw: bytes, kind: Kind = TEAMS) -> Table:
    """Read a table; the delimiter is the one that gives most known columns in a header."""
    if raw.startswith(OLD_WORKBOOK):
        raise invalid("file", "old_workbook")
    decoded = decode(raw)
    delimiter = max(DELIMITERS, key=lambda one: _count_columns(decoded.text, one, kind))
    how = {
        "format": "csv",
        "encoding": decoded.encoding,
        "delimiter": DELIMITERS[delimiter],
    }
    return make_table(_lines(decoded.text, delimiter), how, kind)


def _count_columns(text: str, delimiter: str, kind: Kind) -> int:
    begin = islice(_lines(text, delimiter), HEADER_WITHIN)
    return max((len(header_of(line, kind).at) for line in begin), default=0)


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    """Yield the records with their line numbers; malformed ones are marked as broken."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # the reader continues after it
            yield Line(number, broken="not_csv")
            continue
        yield Line(number, tuple(cells))
