"""Read tables from uploaded files by their content: XLSX, or CSV as spreadsheets write it."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

from backend.errors import invalid
from backend.tables.table import Kind, Line, Table, count_columns, make_table
from backend.tables.xlsx import read_xlsx

ZIP = b"PK"  # the first bytes of a workbook


def read_table(raw: bytes, kind: Kind) -> Table:
    """Read a table; 422 for an invalid file."""
    return read_xlsx(raw, kind) if raw.startswith(ZIP) else read_csv(raw, kind)


# Spreadsheets with Vietnamese settings write semicolons; copied cells have tabs.
DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab"}
# The first bytes of workbooks of Excel before 2007, which are not supported.
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read_csv(raw: bytes, kind: Kind) -> Table:
    """Read a table; the delimiter is the one that gives most known columns in a header."""
    if raw.startswith(OLD_WORKBOOK):
        raise invalid("file", "old_workbook")
    text, encoding = decode(raw)
    delimiter = max(DELIMITERS, key=lambda one: count_columns(_lines(text, one), kind))
    how = {"format": "csv", "encoding": encoding, "delimiter": DELIMITERS[delimiter]}
    return make_table(_lines(text, delimiter), how, kind)


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    """Yield the records with their line numbers; malformed ones are marked."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # the reader continues after it
            yield Line(number, malformed="not_csv")
            continue
        yield Line(number, tuple(cells))


_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VOWELS = "aăâeêioôơuưy"
_SMALL = {unicodedata.normalize("NFC", v + tone) for v in _VOWELS for tone in _TONES} | {"đ"}
# Characters of Vietnamese lists beside ASCII; others show that an encoding is wrong.
PLAUSIBLE = frozenset(_SMALL | {letter.upper() for letter in _SMALL} | set("–—‘’“”…•·°₫\u00a0"))
# No Vietnamese syllable has two of these letters of Windows-1252 side by side.
_NO_SYLLABLE = re.compile("[àáâãèéêìíòóôõùúý]{2}", re.IGNORECASE)
# Spreadsheets and editors begin UTF-16 with a byte order mark.
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decode(raw: bytes) -> tuple[str, str]:
    """Return a file's text and encoding; 422 where two encodings give different plausible texts."""
    unicode = "utf-16" if raw.startswith(_UTF16) else "utf-8"
    with suppress(UnicodeDecodeError):
        return raw.decode(unicode).removeprefix("\ufeff"), unicode
    found = {code: text for code in ("windows-1258", "windows-1252") if (text := _ansi(raw, code))}
    if not found:
        raise invalid("file", "encoding_unknown")
    if len(set(found.values())) > 1:
        raise invalid("file", "encoding_unclear")
    encoding, text = next(iter(found.items()))
    return text, encoding


def _ansi(raw: bytes, encoding: str) -> str | None:
    """Decode by a Windows code page; None where the text is not Vietnamese."""
    try:
        # Windows-1258 has tones as combining marks.
        text = unicodedata.normalize("NFC", raw.decode(encoding))
    except UnicodeDecodeError:
        return None
    if any(not letter.isascii() and letter not in PLAUSIBLE for letter in text):
        return None
    if encoding == "windows-1252" and _NO_SYLLABLE.search(text):
        return None
    return text
