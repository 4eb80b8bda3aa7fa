"""Records of a CSV file with their lines, tolerant of quoted newlines and damage."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.measurements.imports.lines import Lines


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, or the error of reading it."""

    line: int
    raw: str
    cells: list[str] = field(default_factory=list)
    error: str | None = None


class _Feed:
    """Iterator of lines for the csv module that keeps those of the current record."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self.pending: list[str] = []
        self.start = 1

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        number, text = next(self._lines)
        if not self.pending:
            self.start = number
        self.pending.append(text)
        return text

    def pop_record(self) -> tuple[int, str]:
        raw, self.pending = "".join(self.pending).rstrip("\r\n"), []
        return self.start, raw


def records(lines: Lines, delimiter: str | None = None) -> Iterator[Record]:
    """Read records and skip blank lines; the default delimiter is detected in the first line."""
    feed = _Feed(lines)
    first = next(feed, None)
    if first is None:
        return
    # Spreadsheets with Vietnamese settings write semicolons.
    separator = delimiter or (";" if ";" in first and "," not in first else ",")
    pushed: list[str] = [first]
    while True:
        reader = csv.reader(_chain(pushed, feed), delimiter=separator, strict=True)
        try:
            for cells in reader:
                line, raw = feed.pop_record()
                if any(cell.strip() for cell in cells):
                    yield Record(line, raw, cells)
            return
        except csv.Error as error:
            # An unclosed quote includes the lines that follow; reading continues after them.
            line, raw = feed.pop_record()
            yield Record(line, raw, error=f"not CSV: {error}")


def _chain(pushed: list[str], feed: _Feed) -> Iterator[str]:
    while pushed:
        yield pushed.pop()
    yield from feed
