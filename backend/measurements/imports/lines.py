"""Numbered lines of a text stream that may be damaged in any way."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

# A whole ndt7 archive file is one line of a few hundred KB; more is not a line but another file.
MAX_LINE_CHARS = 16 * 1024 * 1024
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_UTF16 = ("\udcff\udcfe", "\udcfe\udcff")


class Broken(Exception):
    """The stream cannot be read any further."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def open_source(path: Path) -> TextIO:
    """Open a file for `read`: UTF-8, `.gz` too; bytes that are none are kept for the report."""
    if path.suffix == ".gz":
        packed = gzip.GzipFile(path)
        return io.TextIOWrapper(packed, "utf-8", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


def bad_bytes(text: str) -> bool:
    """Whether bytes that are no UTF-8 were met in it."""
    return _ESCAPED_BYTE.search(text) is not None


class Lines:
    """Iterate (number, text with its line end); what stops the stream is raised as Broken."""

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
            raise Broken(self.number, f"not UTF-8 near here: {error.reason}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise Broken(self.number, f"the file cannot be read on: {error}") from None
        if len(text) >= MAX_LINE_CHARS:
            raise Broken(self.number, f"a line of more than {MAX_LINE_CHARS} characters")
        if self.number == 1:
            if text.startswith(_UTF16):
                raise Broken(1, "the file is UTF-16: save it as UTF-8")
            text = text.removeprefix("\ufeff")
        return text
