"""The text of a file of unknown encoding: Unicode, or Windows in Vietnamese."""

import re
import unicodedata
from dataclasses import dataclass

from backend.errors import invalid

_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VOWELS = "aăâeêioôơuưy"
_SMALL = {unicodedata.normalize("NFC", v + tone) for v in _VOWELS for tone in _TONES} | {"đ"}
# What a Vietnamese list may hold beside ASCII; anything else tells that the guess was wrong.
PLAUSIBLE = frozenset(_SMALL | {letter.upper() for letter in _SMALL} | set("–—‘’“”…•·°₫\u00a0"))
# No Vietnamese syllable has two marked letters side by side out of those that Windows-1252 knows.
_NO_SYLLABLE = re.compile("[àáâãèéêìíòóôõùúý]{2}", re.IGNORECASE)
# UTF-16 without its mark: of Vietnamese text, well over half of the letters are ASCII.
_HALVES = (("utf-16-le", 1), ("utf-16-be", 0))
_LOOKED_AT = 4_000
_NULS_AT_LEAST = 0.3


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text and how it was read."""

    text: str
    encoding: str


def decode(raw: bytes) -> Decoded:
    """Read a file's bytes; 422 rather than a guess where two readings are equally good."""
    for encoding in _unicode(raw):
        try:
            return Decoded(raw.decode(encoding).removeprefix("\ufeff"), encoding)
        except UnicodeDecodeError:
            continue
    found = {code: text for code in ("windows-1258", "windows-1252") if (text := _ansi(raw, code))}
    if not found:
        raise invalid("file", "encoding_unknown")
    if len(set(found.values())) > 1:
        raise invalid("file", "encoding_unclear")
    encoding, text = next(iter(found.items()))
    return Decoded(text, encoding)


def _unicode(raw: bytes) -> list[str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    begin = raw[:_LOOKED_AT]
    for encoding, at in _HALVES:
        half, other = begin[at::2], begin[1 - at :: 2]
        if half.count(0) > len(half) * _NULS_AT_LEAST and not other.count(0):
            return [encoding]
    return ["utf-8"]


def _ansi(raw: bytes, encoding: str) -> str | None:
    """The text under an encoding of Windows; None where it is no Vietnamese."""
    try:
        # Windows-1258 writes a tone as a mark behind its vowel.
        text = unicodedata.normalize("NFC", raw.decode(encoding))
    except UnicodeDecodeError:
        return None
    if any(not letter.isascii() and letter not in PLAUSIBLE for letter in text):
        return None
    if encoding == "windows-1252" and _NO_SYLLABLE.search(text):
        return None
    return text
