"""Tokens and withdrawal codes: random secrets, stored as hashes."""

import hashlib
import hmac
import secrets

# Without 0 O, 1 I L, 2 Z, 5 S, 8 B: codes are copied by hand and read out on the telephone.
ALPHABET = "ACDEFGHJKMNPQRTUVWXY34679"
# 25 ** 12 is 55 bits: too many to guess with limited attempts per address.
CODE_LENGTH, GROUP = 12, 4

TOKEN_BYTES = 32


def new_token() -> str:
    """Make a bearer token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """Hash a token; it is random, so a fast hash without salt is enough."""
    return hashlib.sha256(token.encode()).digest()


def new_code() -> str:
    """Make a withdrawal code such as ACDE-FGHJ-KMNP."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(code[start : start + GROUP] for start in range(0, CODE_LENGTH, GROUP))


def code_hash(code: str, secret: str) -> bytes:
    """Hash a withdrawal code without regard to case, blanks and dashes.

    The hash is keyed: 55 bits could be searched with a copy of the database alone.
    """
    return hmac.digest(secret.encode(), b"withdrawal|" + letters(code).encode(), hashlib.sha256)


def letters(code: str) -> str:
    """Return the letters and digits of a code in upper case."""
    return "".join(letter for letter in code.upper() if letter.isalnum())
