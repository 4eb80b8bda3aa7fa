"""Hashes of random secrets, and encryption of secrets that the server must read again.

The key is kept outside the database: a dump alone does not reveal the secrets. Each ciphertext is
bound to its person and useless in another row.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select

from backend.accounts.audit import record_command
from backend.accounts.models import User
from backend.database.extensions import db

TOKEN_PREFIX = "dsp_"  # noqa: S105 # of personal tokens; those of devices have another
PURPOSE = b"dosong second factor"  # SECRET_KEY has other uses too
KEY_BYTES = 32
NONCE_BYTES = 12  # random: AES-GCM allows 2^32 of them under one key
WITH_TOTP = select(User).where(User.totp_secret.is_not(None)).order_by(User.id)


def secret_hash(secret: str) -> bytes:
    """Hash a random secret; a fast hash without salt is enough for these."""
    return hashlib.sha256(secret.encode()).digest()


def encrypt(secret: str, user_id: int, key: str) -> str:
    """Encrypt a person's secret under the key of the installation."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    ciphertext = _cipher(key).encrypt(nonce, secret.encode(), _owner(user_id))
    return base64.b64encode(nonce + ciphertext).decode()


def decrypt(encrypted: str, user_id: int, key: str) -> str | None:
    """Decrypt a person's secret; None with another key, for another person or other text."""
    try:
        raw = base64.b64decode(encrypted, validate=True)
        secret = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _owner(user_id))
    except (binascii.Error, ValueError, InvalidTag):
        return None
    return secret.decode()


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """How many second factors were encrypted again, and how many neither key decrypts."""

    done: int
    failed: int


def reencrypt(previous_key: str, key: str) -> Reencrypted:
    """Encrypt second factors under the present key where they are under the previous one."""
    done = failed = 0
    for user in db.session.scalars(WITH_TOTP.with_for_update()):
        if decrypt(user.totp_secret or "", user.id, key) is not None:
            continue
        secret = decrypt(user.totp_secret or "", user.id, previous_key)
        if secret is None:
            failed += 1
            continue
        user.totp_secret = encrypt(secret, user.id, key)
        done += 1
    record_command("accounts.reseal", "accounts", done=done, closed=failed)
    db.session.commit()
    return Reencrypted(done, failed)


def count_undecryptable(key: str) -> int:
    """Count the second factors that the present key does not decrypt; it locks people out."""
    users = db.session.scalars(WITH_TOTP)
    return sum(decrypt(user.totp_secret or "", user.id, key) is None for user in users)


def _cipher(key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return AESGCM(derived.derive(key.encode()))


def _owner(user_id: int) -> bytes:
    return f"user:{user_id}".encode()
