"""Read a table from CSV, as spreadsheets under any settings write it."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from backend.errors import invalid
from backend.tables.table import HEADER_WITHIN, TEAMS, Kind, Line, Table, header_of, table
from backend.tables.text import decode

# A spreadsheet under Vietnamese settings writes semicolons; text copied out of one, tabs.
DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab"}
# How a workbook of Excel before 2007 begins; nothing here reads one.
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read_csv(raw: bytes, kind: Kind = TEAMS) -> Table:
    """Read a table; the delimiter is the one under which most columns of a header are known."""
    if raw.startswith(OLD_WORKBOOK):
        raise invalid("file", "old_workbook")
    decoded = decode(raw)
    delimiter = max(DELIMITERS, key=lambda one: _known(decoded.text, one, kind))
    how = {
        "format": "csv",
        "encoding": decoded.encoding,
        "delimiter": DELIMITERS[delimiter],
    }
    return table(_lines(decoded.text, delimiter), how, kind)


def _known(text: str, delimiter: str, kind: Kind) -> int:
    begin = islice(_lines(text, delimiter), HEADER_WITHIN)
    return max((len(header_of(line, kind).at) for line in begin), default=0)


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    """The records with the line on which each begins; one that cannot be read says so."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # the reader begins again behind it
            yield Line(number, broken="not_csv")
            continue
        yield Line(number, tuple(cells))
