"""Comparison of names without accents in the database, which has no collation for it."""

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, func

_COMPOSED = (
    unicodedata.normalize("NFC", vowel + mark + tone)
    for vowel in "aeiouyAEIOUY"
    for mark in ("", "\u0302", "\u0306", "\u031b")
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
)
# Vietnamese letters with accents, in both cases; the database lowers only ASCII letters.
_LETTERS = "".join(dict.fromkeys(one for one in _COMPOSED if len(one) == 1 and not one.isascii()))
_PLAIN = "".join(unicodedata.normalize("NFD", letter)[0].lower() for letter in _LETTERS)


def without_accents(column: Any) -> ColumnElement[str]:
    """Return a column in lower case without accents, as `geo.gazetteer.plain` returns a text."""
    return func.lower(func.translate(column, f"{_LETTERS}đĐ", f"{_PLAIN}dd"))
