"""The second factor: six digits that a person's phone shows for half a minute (TOTP)."""

from datetime import datetime
from hmac import compare_digest

import pyotp
import segno
from sqlalchemy import or_, update

from backend.accounts.encryption import unseal
from backend.accounts.models import User
from backend.database.extensions import db

STEP_S = 30
# A phone's clock may be off by a step, or a code be typed slowly.
DRIFT_STEPS = (0, -1, 1)
ISSUER = "Do Song"  # in ASCII: some apps show the escapes of other letters


def step_of(totp_secret: str, code: str, now: datetime) -> int | None:
    """The step of time whose code this is; None where it is of none that is near. Pure."""
    made = pyotp.TOTP(totp_secret, interval=STEP_S)
    digits = "".join(code.split())
    present = int(now.timestamp()) // STEP_S
    for drift in DRIFT_STEPS:
        if digits.isascii() and compare_digest(made.generate_otp(present + drift), digits):
            return present + drift
    return None


def redeem(user_id: int, sealed: str, code: str, key: str, now: datetime) -> bool:
    """Take a code once: of two requests that bring the same, one is let in."""
    totp_secret = unseal(sealed, user_id, key)
    step = step_of(totp_secret, code, now) if totp_secret else None
    if step is None:
        return False
    fresh = or_(User.totp_used.is_(None), User.totp_used < step)
    row = update(User).where(User.id == user_id, fresh).values(totp_used=step).returning(User.id)
    return db.session.execute(row).first() is not None


def new_secret() -> str:
    """A secret that the server and a person's phone will share."""
    return pyotp.random_base32()


def enrolment(totp_secret: str, name: str) -> dict[str, str]:
    """What a person's app reads: the secret, its address, and that as a QR picture."""
    uri = pyotp.TOTP(totp_secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=ISSUER)
    picture = segno.make(uri, error="m", micro=False).svg_inline(scale=4, border=4)
    return {"secret": totp_secret, "uri": uri, "qr_svg": picture}
