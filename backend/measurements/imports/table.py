"""Records of a CSV file with their place in it, through quoted newlines and damage."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.measurements.imports.lines import Lines


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, or why it could not be read."""

    line: int
    raw: str
    cells: list[str] = field(default_factory=list)
    error: str | None = None


class _Feed:
    """Hands lines to the csv module and keeps those of the record under way."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self.taken: list[str] = []
        self.start = 1

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        number, text = next(self._lines)
        if not self.taken:
            self.start = number
        self.taken.append(text)
        return text

    def take(self) -> tuple[int, str]:
        raw, self.taken = "".join(self.taken).rstrip("\r\n"), []
        return self.start, raw


def records(lines: Lines, delimiter: str | None = None) -> Iterator[Record]:
    """Read records; blank lines are passed over. Without a delimiter the first line tells it."""
    feed = _Feed(lines)
    first = next(feed, None)
    if first is None:
        return
    # A spreadsheet under Vietnamese settings writes semicolons.
    separator = delimiter or (";" if ";" in first and "," not in first else ",")
    pushed: list[str] = [first]
    while True:
        reader = csv.reader(_chain(pushed, feed), delimiter=separator, strict=True)
        try:
            for cells in reader:
                line, raw = feed.take()
                if any(cell.strip() for cell in cells):
                    yield Record(line, raw, cells)
            return
        except csv.Error as error:
            # A quote never closed swallows lines; the reader is begun again behind them.
            line, raw = feed.take()
            yield Record(line, raw, error=f"not CSV: {error}")


def _chain(pushed: list[str], feed: _Feed) -> Iterator[str]:
    while pushed:
        yield pushed.pop()
    yield from feed
