"""Split a text stream that may be damaged into numbered lines, JSON objects and CSV records."""

import csv
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from backend.fields import Json
from backend.measurements.imports.row import ImportOptions, Row, UnreadableRow

# An ndt7 archive file is one line of a few hundred KB; longer lines belong to other formats.
MAX_LINE_CHARS = 16 * 1024 * 1024
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_UTF16 = ("\udcff\udcfe", "\udcfe\udcff")


class BrokenStream(Exception):
    """The stream cannot be read any further."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def open_source(path: Path) -> TextIO:
    """Open a file for `read`: UTF-8, also `.gz`; invalid bytes are kept for the error message."""
    if path.suffix == ".gz":
        packed = gzip.GzipFile(path)
        return io.TextIOWrapper(packed, "utf-8", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


def bad_bytes(text: str) -> bool:
    """Return whether a text contains bytes that are not UTF-8."""
    return _ESCAPED_BYTE.search(text) is not None


class Lines:
    """Iterator of (number, text with its line end); BrokenStream if reading fails."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.number = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        while text := self._next():
            yield self.number, text

    def _next(self) -> str:
        self.number += 1
        try:
            text = self._stream.readline(MAX_LINE_CHARS)
        except UnicodeDecodeError as error:
            raise BrokenStream(self.number, f"not UTF-8 near here: {error.reason}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise BrokenStream(self.number, f"the file cannot be read further: {error}") from None
        if len(text) >= MAX_LINE_CHARS:
            raise BrokenStream(self.number, f"a line has more than {MAX_LINE_CHARS} characters")
        if self.number == 1:
            if text.startswith(_UTF16):
                raise BrokenStream(1, "the file is UTF-16: save it as UTF-8")
            text = text.removeprefix("\ufeff")
        return text


# An ndt7 archive with all snapshots is under 1 MB; a longer object lacks a closing brace.
MAX_OBJECT_CHARS = 16 * 1024 * 1024
_BETWEEN = " \t\r\n,[]"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]')
_HUGE_EXPONENT = re.compile(r"[eE]\+?\d{3}")

Translate = Callable[[Any, ImportOptions], dict[str, Json] | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A JSON object or the cells of a CSV record with its first line and text, or its error."""

    line: int
    raw: str
    value: Any = None
    error: str | None = None

    def rows(self, translate: Translate, options: ImportOptions) -> Iterator[Row]:
        """Yield the row with the translated value; none if `translate` returns None."""
        try:
            if self.value is None:
                raise UnreadableRow(self.error)
            if bad_bytes(self.raw):
                raise UnreadableRow("bytes that are not UTF-8")
            payload = translate(self.value, options)
        except UnreadableRow as error:
            yield Row(self.line, None, str(error), self.raw)
            return
        if payload is not None:
            yield Row(self.line, payload, None, self.raw)


def translate_objects(lines: Lines, options: ImportOptions, translate: Translate) -> Iterator[Row]:
    """Yield the rows of a format with one result per object."""
    for entry in parse_objects(lines):
        yield from entry.rows(translate, options)


def parse_objects(lines: Lines) -> Iterator[Entry]:
    """Split a stream into its JSON objects.

    A brace in the first column begins a new object: no tool writes one inside an object, and so an
    incomplete object does not affect those that follow.
    """
    parts: list[str] = []
    start = depth = size = 0
    for number, text in lines:
        if parts and text.startswith("{"):
            error = f"incomplete: another object begins on line {number}"
            yield Entry(start, "".join(parts), error=error)
            parts, depth = [], 0
        for piece, after in _split(text, depth):
            depth = after
            if not parts:
                piece = piece.lstrip(_BETWEEN)
                start, size = number, 0
                if not piece:
                    continue
            parts.append(piece)
            size += len(piece)
            if depth == 0:
                yield _parsed(start, "".join(parts))
                parts = []
            elif size > MAX_OBJECT_CHARS:
                raise BrokenStream(start, f"an object has more than {MAX_OBJECT_CHARS} characters")
    if parts:
        yield Entry(start, "".join(parts), error="incomplete: the file ends inside it")


def _split(text: str, depth: int) -> Iterator[tuple[str, int]]:
    """Split a line after each brace that closes an outermost object."""
    begin = 0
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if depth <= 0:
                depth = 0
                yield text[begin : token.end()], depth
                begin = token.end()
    if begin < len(text):
        yield text[begin:], depth


def _parsed(line: int, raw: str) -> Entry:
    raw = raw.rstrip()
    try:
        return Entry(line, raw, parse(raw))
    except UnreadableRow as error:
        return Entry(line, raw, error=str(error))


def parse(raw: str) -> dict[str, Json]:
    """Parse one JSON object, without NaN, infinite numbers and lone surrogates."""
    if bad_bytes(raw):
        raise UnreadableRow("bytes that are not UTF-8")
    huge = _finite if _HUGE_EXPONENT.search(raw) else None
    try:
        value = json.loads(raw, parse_constant=_reject_constant, parse_float=huge)
        if "\\ud" in raw.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        is_csv = raw.count(",") > 4 and "{" not in raw
        hint = ": is it CSV? choose a --format …csv" if is_csv else ""
        raise UnreadableRow(f"not JSON: {error.msg} (character {error.pos + 1}){hint}") from None
    except UnicodeEncodeError:
        raise UnreadableRow("half a character (a lone surrogate)") from None
    except ValueError as error:
        raise UnreadableRow(f"not JSON: {error}") from None
    except RecursionError:
        raise UnreadableRow("nested too deeply") from None
    if not isinstance(value, dict):
        raise UnreadableRow("not a JSON object")
    return value


def _reject_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:40]} is too large")
    return value


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


def parse_records(lines: Lines) -> Iterator[Entry]:
    """Read records and skip blank lines; the delimiter is detected in the first line."""
    feed = _Feed(lines)
    first = next(feed, None)
    if first is None:
        return
    # Spreadsheets with Vietnamese settings write semicolons, Ookla's client also tabs.
    separator = max(",;\t", key=first.count)
    source = chain([first], feed)
    while True:
        reader = csv.reader(source, delimiter=separator, strict=True)
        try:
            for cells in reader:
                line, raw = feed.pop_record()
                if any(cell.strip() for cell in cells):
                    yield Entry(line, raw, cells)
            return
        except csv.Error as error:
            # An unclosed quote includes the lines that follow; reading continues after them.
            line, raw = feed.pop_record()
            yield Entry(line, raw, error=f"not CSV: {error}")
