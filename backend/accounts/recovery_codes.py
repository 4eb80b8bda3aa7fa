"""Recovery codes: each replaces the second factor once, for a person who lost the phone."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import delete, func, select

from backend.accounts import users
from backend.accounts.models import RecoveryCode, User
from backend.database.extensions import db

# A sheet that a person prints once; a phone is lost less than ten times before the next sheet.
CODES = 10
# 79 random bits: a code cannot be found from its hash, which therefore needs no key and survives a
# change of SECRET_KEY.
LENGTH = 16
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no letter looks like another or like a digit
GROUP = 4


def replace_codes(user_id: int, now: datetime) -> list[str]:
    """Replace the codes of a locked person; return the new ones. The caller records and commits."""
    delete_codes(user_id)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(CODES)]
    db.session.add_all(
        RecoveryCode(user_id=user_id, code_hash=_hash(code), created_at=now) for code in codes
    )
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in codes]


def use_code(user_id: int, typed: str) -> bool:
    """Use up a code, also in parallel requests; return whether it was valid. The caller commits."""
    code = "".join(character for character in typed.casefold() if character.isalnum())
    if len(code) != LENGTH:
        return False
    users.find(user_id)  # locked first, as wherever codes are replaced
    valid = RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _hash(code)
    used = delete(RecoveryCode).where(*valid).returning(RecoveryCode.code_hash)
    return db.session.execute(used).first() is not None


def count_codes(user_id: int) -> int:
    """Count the codes that are left."""
    own = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return db.session.execute(own).scalar_one()


def delete_codes(user_id: int) -> None:
    """Delete a person's codes; the caller commits."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def remove_second_factor(user: User) -> None:
    """Forget the second factor of a locked person, with its recovery codes; the caller commits."""
    user.totp_secret = user.totp_pending = user.totp_used = None
    delete_codes(user.id)


def _hash(code: str) -> bytes:
    return hashlib.sha256(f"recovery code|{code}".encode()).digest()
