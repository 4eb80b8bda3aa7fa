"""What people sign in with: an e-mail address or a telephone number, in one written form."""

import re
import unicodedata

# The longest address that mail knows (RFC 5321).
NAME_MOST = 254

# Words with dots between them; the signs that mean something in a mail's head are no part of one:
# a link for `a,b@example.vn` would go to b.
_WORD = r"""[^@\s.,:;<>()\[\]\\"\x00-\x1f]+"""
_MAIL = re.compile(rf"{_WORD}(?:\.{_WORD})*@[\w-]+(?:\.[\w-]+)+")
_GAPS = re.compile(r"[\s.\-()\u2010-\u2015]")
_NATIONAL = re.compile(r"0(\d{9,10})")  # 0912 345 678, 024 3825 1234
_FOREIGN = re.compile(r"(?:\+|00)(\d{8,15})")  # E.164 has at most 15 digits
_WITHOUT_PLUS = re.compile(r"(84\d{9,10})")


def normalised(written: str) -> str | None:
    """A name as it is stored: letters small, a telephone number as +84…; None for neither."""
    name = unicodedata.normalize("NFKC", written).strip().casefold()
    if "@" in name:
        return name if len(name) <= NAME_MOST and _MAIL.fullmatch(name) else None
    return _telephone(_GAPS.sub("", name))


def core(name: str) -> str:
    """The part of a stored name that stands for the person: before the @, or the local digits."""
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
