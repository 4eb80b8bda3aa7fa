"""Passwords: which are too weak, how they are hashed, whether one matches."""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.accounts.login_names import core

# Sign-ins are counted, so ten characters that are not on every list are out of reach of guessing.
LENGTH_LEAST = 10
# A passphrase fits; what is longer only makes hashing dear.
LENGTH_MOST = 200
# 1111111111, abababababab, 1231231231.
DISTINCT_LEAST = 4
# A shorter part of a name (an@…) is in many a good password by chance.
CORE_LEAST = 5
# The first that a guesser tries, of those that are long enough, in English and Vietnamese.
_LISTED = """
    1234567890 0123456789 0987654321 9876543210 12345678910 1234567891 1234512345 123456789a
    a123456789 123456789q 1q2w3e4r5t q1w2e3r4t5 1qaz2wsx3edc qwertyuiop qwerty1234 qwerty12345
    qwerty123456 asdfghjkl1 asdfghjkl123 password12 password123 password1234 passw0rd123
    p@ssword123 p@ssw0rd123 iloveyou123 abcd123456 abc1234567 abc123456789 abcdefghij admin12345
    admin123456 administrator welcome123 matkhau123 matkhau1234 matkhau12345 vietnam123
    vietnam1234 vietnam2024 vietnam2025 anhyeuem123 emyeuanh123 hochiminh1 hanoi123456 khongbiet1
    motconvit1 dosong1234 dosong12345
"""
COMMON = frozenset(_LISTED.split())


def fault(password: str, name: str | None) -> str | None:
    """Why a password cannot be taken, as a code; None for one that can. A pure rule."""
    if len(password) < LENGTH_LEAST:
        return "password_short"
    plain = unicodedata.normalize("NFKC", password).casefold()
    own = core(name) if name else ""
    if plain == name or (len(own) >= CORE_LEAST and own in plain):
        return "password_is_name"
    if plain in COMMON or len(set(plain)) < DISTINCT_LEAST:
        return "password_common"
    return None


def hashed(password: str) -> str:
    """The hash that is kept of a password."""
    return hasher().hash(_typed(password))


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the one that is kept; as slow where none is."""
    nobodys = _nobodys()  # asked first: it is made once, whoever is the first to sign in
    try:
        return hasher().verify(kept or nobodys, _typed(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return hasher().check_needs_rehash(kept)


def _typed(password: str) -> str:
    """One form of what people see: some keyboards send Vietnamese letters in parts."""
    return unicodedata.normalize("NFC", password)


@cache
def hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """What the password of an unknown person is compared with."""
    return hashed("the password of nobody")
