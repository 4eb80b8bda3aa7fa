"""Login names: an e-mail address or a telephone number, in one normalized form."""

import re
import unicodedata

# The longest e-mail address (RFC 5321).
MAX_NAME = 254

# Words with dots between them, without the signs that have a meaning in a mail header: a link for
# `a,b@example.vn` would go to b.
_WORD = r"""[^@\s.,:;<>()\[\]\\"\x00-\x1f]+"""
_MAIL = re.compile(rf"{_WORD}(?:\.{_WORD})*@[\w-]+(?:\.[\w-]+)+")
_GAPS = re.compile(r"[\s.\-()\u2010-\u2015]")
_NATIONAL = re.compile(r"0(\d{9,10})")  # 0912 345 678, 024 3825 1234
_FOREIGN = re.compile(r"(?:\+|00)(\d{8,15})")  # E.164 has at most 15 digits
_WITHOUT_PLUS = re.compile(r"(84\d{9,10})")
_WITHOUT_ZERO = re.compile(r"[1-9][0-9]{8}")


def normalize(written: str) -> str | None:
    """Return the stored form of a name, lower-case or +84…; None where it is neither."""
    name = unicodedata.normalize("NFKC", written).strip().casefold()
    if "@" in name:
        return name if len(name) <= MAX_NAME and _MAIL.fullmatch(name) else None
    return _telephone(_GAPS.sub("", name))


def read_contact(cell: str) -> str | None:
    """Return the stored form of a name in a spreadsheet, which drops the zero of a number."""
    digits = _GAPS.sub("", cell)
    return normalize(f"0{digits}" if _WITHOUT_ZERO.fullmatch(digits) else cell)


def format_phone(number: str | None) -> str | None:
    """Return a stored telephone number as it is read aloud: 0912 345 678."""
    if number is None or not number.startswith("+84"):
        return number
    digits = f"0{number.removeprefix('+84')}"
    first = len(digits) - 6
    return f"{digits[:first]} {digits[first : first + 3]} {digits[first + 3 :]}"


def local_part(name: str) -> str:
    """Return the part of a stored name before the @, or the local digits."""
    return name.partition("@")[0] if "@" in name else name.removeprefix("+84").removeprefix("+")


def _telephone(digits: str) -> str | None:
    if not digits.isascii():
        return None
    if found := _NATIONAL.fullmatch(digits):
        return f"+84{found[1]}"
    if found := _FOREIGN.fullmatch(digits) or _WITHOUT_PLUS.fullmatch(digits):
        number = found[1]
        # +84 (0)912…: the zero is of the national form.
        return f"+84{number[3:]}" if number.startswith("840") else f"+{number}"
    return None
