"""The second factor: codes of six digits (TOTP), and their secrets, which are stored encrypted.

The key is kept outside the database: a dump alone does not reveal the secrets. Each ciphertext is
bound to its person and useless in another row.
"""

import base64
import binascii
import secrets
from datetime import datetime
from hmac import compare_digest

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import or_, select, update

from backend.accounts.audit import record_command
from backend.accounts.models import User
from backend.database.extensions import db, setting

PURPOSE = b"dosong second factor"  # SECRET_KEY has other uses too
KEY_BYTES = 32
NONCE_BYTES = 12  # random: AES-GCM allows 2^32 of them under one key
WITH_TOTP = select(User).where(User.totp_secret.is_not(None)).order_by(User.id)


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


def reencrypt(previous_key: str) -> tuple[int, int]:
    """Encrypt second factors under the present key where they are under the previous one.

    Return how many were encrypted again, and how many neither key decrypts.
    """
    done, failed, key = 0, 0, setting("SECRET_KEY")
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
    return done, failed


def count_undecryptable() -> int:
    """Count the second factors that the present key does not decrypt; it locks people out."""
    users, key = db.session.scalars(WITH_TOTP), setting("SECRET_KEY")
    return sum(decrypt(user.totp_secret or "", user.id, key) is None for user in users)


def _cipher(key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return AESGCM(derived.derive(key.encode()))


def _owner(user_id: int) -> bytes:
    return f"user:{user_id}".encode()


STEP_S = 30
# A phone's clock may differ by a step, or the person types slowly.
DRIFT_STEPS = (0, -1, 1)
ISSUER = "Do Song"  # in ASCII: some apps show other letters as escapes


def matching_step(totp_secret: str, code: str, now: datetime) -> int | None:
    """Return the time step of a code; None for no step near the present one. Pure."""
    totp = pyotp.TOTP(totp_secret, interval=STEP_S)
    digits = "".join(code.split())
    present = int(now.timestamp()) // STEP_S
    for drift in DRIFT_STEPS:
        if digits.isascii() and compare_digest(totp.generate_otp(present + drift), digits):
            return present + drift
    return None


def use_code(user_id: int, encrypted: str, code: str, now: datetime) -> bool:
    """Accept a code once, also in parallel requests; return whether it is valid."""
    totp_secret = decrypt(encrypted, user_id, setting("SECRET_KEY"))
    step = matching_step(totp_secret, code, now) if totp_secret else None
    if step is None:
        return False
    fresh = or_(User.totp_used.is_(None), User.totp_used < step)
    row = update(User).where(User.id == user_id, fresh).values(totp_used=step).returning(User.id)
    return db.session.execute(row).first() is not None


def new_secret() -> str:
    """Return a new secret for the server and a person's phone."""
    return pyotp.random_base32()


def enrolment(totp_secret: str, name: str) -> dict[str, str]:
    """Return what an authenticator app reads: secret, URI, and the URI as a QR code."""
    uri = pyotp.TOTP(totp_secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=ISSUER)
    picture = segno.make(uri, error="m", micro=False).svg_inline(scale=4, border=4)
    return {"secret": totp_secret, "uri": uri, "qr_svg": picture}
