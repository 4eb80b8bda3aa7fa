"""Personal tokens: with one, a person's program does what the person may."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from backend.accounts import users
from backend.accounts.access import Actor, require_person, require_session
from backend.accounts.audit import record_act
from backend.accounts.models import PersonalToken
from backend.accounts.secret import TOKEN_PREFIX, secret_hash
from backend.database.extensions import db
from backend.errors import Problem

SECRET_BYTES = 32
# One per program and computer; more are forgotten ones.
TOKENS_MOST = 50


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token, with what it opens with."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    token: str


def make_token(
    actor: Actor, name: str, scopes: Sequence[str], days: int, now: datetime
) -> MadeToken:
    """Give a person's program a token, which is shown this once.

    To a person alone: a program that could make tokens would outlive the end of its own.
    """
    user = users.find(require_session(actor))
    if users.described(user, users.roles_of(user.id, now)).totp_needed:
        raise Problem(403, "totp_needed")
    if len(_held(user.id, now)) >= TOKENS_MOST:
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
    made = MadeToken(token.id, name, token.scopes, now, token.expires_at, secret)
    db.session.commit()
    return made


def list_tokens(actor: Actor, now: datetime) -> list[PersonalToken]:
    """Tell a person which of their tokens are in force."""
    return _held(require_person(actor), now)


def revoke_token(actor: Actor, token_id: int, now: datetime) -> None:
    """End one of one's own tokens."""
    user_id = require_person(actor, write=True)
    own = (PersonalToken.id == token_id, PersonalToken.user_id == user_id)
    token = db.session.scalar(select(PersonalToken).where(*own))
    if token is None:
        raise Problem(404, "not_found")
    if token.revoked_at is None:
        token.revoked_at = now
        record_act(actor, "token.revoke", f"user:{user_id}", token=token_id)
    db.session.commit()


def _held(user_id: int, now: datetime) -> list[PersonalToken]:
    held = select(PersonalToken).where(
        PersonalToken.user_id == user_id,
        PersonalToken.revoked_at.is_(None),
        or_(PersonalToken.expires_at.is_(None), PersonalToken.expires_at > now),
    )
    return list(db.session.scalars(held.order_by(PersonalToken.id)))
