"""Personal tokens, by which a program acts with the rights of its person."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from backend.accounts import users
from backend.accounts.access import Actor, require_person, require_session
from backend.accounts.audit import record_act
from backend.accounts.encryption import TOKEN_PREFIX, secret_hash
from backend.accounts.models import PersonalToken
from backend.database.extensions import db
from backend.errors import Problem

SECRET_BYTES = 32
# One for each program and computer; more are forgotten ones.
TOKENS_MOST = 50
# A token that nobody renews within a year is forgotten.
DAYS_MOST = 366
DAYS_DEFAULT = 90


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token with its secret."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    token: str


def make_token(
    actor: Actor, name: str, scopes: Sequence[str], days: int, now: datetime
) -> MadeToken:
    """Make a token; its secret is returned only once.

    Needs a session: a program that makes tokens could extend its own access.
    """
    user = users.find(require_session(actor))
    if users.describe(user, users.roles_of(user.id, now)).totp_needed:
        raise Problem(403, "totp_needed")
    if len(_in_force(user.id, now)) >= TOKENS_MOST:
        raise Problem(409, "too_many_tokens")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = PersonalToken(
        user_id=user.id,
        name=name,
        token_hash=secret_hash(secret),
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(token)
    db.session.flush()
    record_act(actor, "token.create", f"user:{user.id}", token=token.id, scopes=token.scopes)
    answer = MadeToken(token.id, name, token.scopes, now, token.expires_at, secret)
    db.session.commit()
    return answer


def list_tokens(actor: Actor, now: datetime) -> list[PersonalToken]:
    """List a person's tokens in force."""
    return _in_force(require_person(actor), now)


def revoke_token(actor: Actor, token_id: int, now: datetime) -> None:
    """Revoke one of the person's own tokens."""
    user_id = require_person(actor, write=True)
    own = (PersonalToken.id == token_id, PersonalToken.user_id == user_id)
    token = db.session.scalar(select(PersonalToken).where(*own))
    if token is None:
        raise Problem(404, "not_found")
    if token.revoked_at is None:
        token.revoked_at = now
        record_act(actor, "token.revoke", f"user:{user_id}", token=token_id)
    db.session.commit()


def _in_force(user_id: int, now: datetime) -> list[PersonalToken]:
    rows = select(PersonalToken).where(
        PersonalToken.user_id == user_id,
        PersonalToken.revoked_at.is_(None),
        or_(PersonalToken.expires_at.is_(None), PersonalToken.expires_at > now),
    )
    return list(db.session.scalars(rows.order_by(PersonalToken.id)))
