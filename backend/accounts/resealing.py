"""After a change of SECRET_KEY: what the previous one sealed is sealed under the present one."""

from dataclasses import dataclass

from sqlalchemy import select

from backend.accounts.audit import record_command
from backend.accounts.encryption import seal, unseal
from backend.accounts.models import User
from backend.database.extensions import db

HAVING_ONE = select(User).where(User.totp_secret.is_not(None)).order_by(User.id)


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many second factors were sealed again, and how many neither key opens."""

    done: int
    closed: int


def reseal(before: str, key: str) -> Resealed:
    """Seal again every second factor that the previous key opens."""
    done = closed = 0
    for user in db.session.scalars(HAVING_ONE.with_for_update()):
        if unseal(user.totp_secret or "", user.id, key) is not None:
            continue
        secret = unseal(user.totp_secret or "", user.id, before)
        if secret is None:
            closed += 1
            continue
        user.totp_secret = seal(secret, user.id, key)
        done += 1
    record_command("accounts.reseal", "accounts", done=done, closed=closed)
    db.session.commit()
    return Resealed(done, closed)


def count_closed(key: str) -> int:
    """How many second factors the present key does not open: these people cannot sign in."""
    users = db.session.scalars(HAVING_ONE)
    return sum(unseal(user.totp_secret or "", user.id, key) is None for user in users)
