"""Tokens and withdrawal codes: random, and kept as hashes only."""

import hashlib
import hmac
import secrets

# Without 0 O, 1 I L, 2 Z, 5 S, 8 B: a code is copied by hand and read out on the telephone.
ALPHABET = "ACDEFGHJKMNPQRTUVWXY34679"
# 25 ** 12 is 55 bits: out of reach of guesses that are counted per address.
CODE_LENGTH, GROUP = 12, 4

TOKEN_BYTES = 32


def new_token() -> str:
    """Make a bearer token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """Hash a token; it is random, so a plain fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def new_code() -> str:
    """Make a withdrawal code such as ACDE-FGHJ-KMNP."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(code[start : start + GROUP] for start in range(0, CODE_LENGTH, GROUP))


def code_hash(code: str, secret: str) -> bytes:
    """Hash a withdrawal code as a person may write it: case, blanks and dashes do not matter.

    Keyed, because 55 bits could be searched by whoever holds a copy of the database alone.
    """
    return hmac.digest(secret.encode(), b"withdrawal|" + letters(code).encode(), hashlib.sha256)


def letters(code: str) -> str:
    """A code as a person may write it: case, blanks and dashes do not matter."""
    return "".join(letter for letter in code.upper() if letter.isalnum())
