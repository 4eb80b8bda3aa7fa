"""Numbered lines of a text stream that may be damaged."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

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
