"""Secrets that the server must read again lie in the database sealed, under a key kept outside it.

So whoever takes a dump reads none of them. A seal names its person: moved to another, it is void.
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PURPOSE = b"dosong second factor"  # the same SECRET_KEY serves others too
KEY_BYTES = 32
NONCE_BYTES = 12  # random: AES-GCM bears four thousand million of them under one key


def seal(secret: str, user_id: int, key: str) -> str:
    """Seal a secret of a person's under the installation's key."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    closed = _cipher(key).encrypt(nonce, secret.encode(), _whose(user_id))
    return base64.b64encode(nonce + closed).decode()


def unseal(sealed: str, user_id: int, key: str) -> str | None:
    """The secret; None where it was sealed under another key, for another person, or is none."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        opened = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _whose(user_id))
    except (binascii.Error, ValueError, InvalidTag):
        return None
    return opened.decode()


def _cipher(key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return AESGCM(derived.derive(key.encode()))


def _whose(user_id: int) -> bytes:
    return f"user:{user_id}".encode()
