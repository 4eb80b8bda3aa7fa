"""The second factor: time-based codes of six digits (TOTP)."""

from datetime import datetime
from hmac import compare_digest

import pyotp
import segno
from sqlalchemy import or_, update

from backend.accounts.encryption import decrypt
from backend.accounts.models import User
from backend.database.extensions import db

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


def use_code(user_id: int, encrypted: str, code: str, key: str, now: datetime) -> bool:
    """Accept a code once, also in parallel requests; return whether it is valid."""
    totp_secret = decrypt(encrypted, user_id, key)
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
