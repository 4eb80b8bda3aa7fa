"""The person's own account: password, second factor, personal tokens, closing."""

import secrets
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError

from backend.accounts import passwords, rate_limits, recovery_codes, second_factor, users
from backend.accounts.access import Actor, require_person, require_recent, require_session
from backend.accounts.audit import record_act
from backend.accounts.links import delete_links, replace_password
from backend.accounts.models import OfficeIdentity, OneTimeLink, PersonalToken, User
from backend.accounts.second_factor import encrypt
from backend.accounts.sessions import (
    CHECKS_PER_ACCOUNT,
    CODES_PER_ACCOUNT,
    SECRET_BYTES,
    TOKEN_PREFIX,
    end_sessions,
    secret_hash,
)
from backend.database.extensions import db, setting
from backend.errors import Problem, invalid, or_404


def read_account(actor: Actor, now: datetime) -> users.Person:
    """Return the person with their roles."""
    user = users.find(require_person(actor), lock=False)
    return users.describe(user, users.roles_of(user.id, now))


def change_password(actor: Actor, old: str, new: str, now: datetime) -> None:
    """Change the password; other sessions, all tokens and unused links end."""
    user = require_password("old", actor, old, now)
    replace_password(user, new, "new", but=actor.session)
    record_act(actor, "account.password", f"user:{user.id}")
    db.session.commit()


def change_name(actor: Actor, name: str, password: str, now: datetime) -> None:
    """Change the e-mail address or telephone number; links sent to the former one end.

    Roles in effect stay. Those that wait were granted to the former name, and end; those granted
    later wait until an admin confirms the new name.
    """
    user = require_password("password", actor, password, now)
    user.name = users.parse_name(name)
    if passwords.weakness(password, user.name, user.display_name) == "password_is_name":
        raise invalid("name", "password_is_name")
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise Problem(409, "account_name_taken") from None
    user.confirmed_at = None
    delete_links(user.id)
    for role in users.roles_of(user.id, now):
        if role.waits:
            users.end_with_deputies(actor, role, now)
    record_act(actor, "account.name", f"user:{user.id}")
    db.session.commit()


def offer_totp(actor: Actor, password: str, now: datetime) -> dict[str, str]:
    """Return the secret of a new second factor, not active until a code confirms it."""
    user = require_password("password", actor, password, now)
    if user.totp_secret:
        raise Problem(409, "totp_on")
    secret = second_factor.new_secret()
    user.totp_pending = encrypt(secret, user.id, setting("SECRET_KEY"))
    answer = second_factor.enrolment(secret, user.name or "")
    db.session.commit()
    return answer


def confirm_totp(actor: Actor, code: str, now: datetime) -> list[str]:
    """Switch the second factor on by its first code; other sessions end.

    Return the recovery codes, which are shown only once.
    """
    user_id = require_session(actor)
    rate_limits.count_for_account("totp", str(user_id), CODES_PER_ACCOUNT, now)
    user = users.find(user_id)
    if not user.totp_pending:
        raise Problem(409, "totp_not_offered")
    if not second_factor.use_code(user_id, user.totp_pending, code, now):
        raise invalid("code", "totp_wrong")
    user.totp_secret, user.totp_pending = user.totp_pending, None
    end_sessions(user_id, but=actor.session)
    codes = recovery_codes.replace_codes(user_id, now)
    record_act(actor, "account.totp_on", f"user:{user_id}")
    db.session.commit()
    return codes


def replace_recovery_codes(actor: Actor, password: str, now: datetime) -> list[str]:
    """Replace the recovery codes; return the new ones, which are shown only once."""
    user = require_password("password", actor, password, now)
    if not user.totp_secret:
        raise Problem(409, "totp_off")
    codes = recovery_codes.replace_codes(user.id, now)
    record_act(actor, "account.recovery_codes", f"user:{user.id}", codes=len(codes))
    db.session.commit()
    return codes


def count_recovery_codes(user_id: int, totp: bool) -> int | None:
    """Count the recovery codes that are left; None without a second factor."""
    return recovery_codes.count_codes(user_id) if totp else None


def remove_totp(actor: Actor, password: str, now: datetime) -> None:
    """Switch the second factor off; an admin's role is then suspended."""
    user = require_password("password", actor, password, now)
    recovery_codes.remove_second_factor(user)
    record_act(actor, "account.totp_off", f"user:{user.id}")
    db.session.commit()


def close_account(actor: Actor, password: str, now: datetime) -> None:
    """Close the account and delete name and secrets; its number stays in records."""
    user = require_password("password", actor, password, now)
    roles = users.roles_of(user.id, now)
    if any(role.role == "admin" for role in roles):
        users.require_another_admin(user.id, now)
    for role in roles:
        role.valid_to = now
    user.name = user.display_name = user.password_hash = None
    recovery_codes.remove_second_factor(user)
    user.closed_at = now
    end_sessions(user.id)
    for model in (PersonalToken, OneTimeLink, OfficeIdentity):
        db.session.execute(delete(model).where(model.user_id == user.id))
    record_act(actor, "account.close", f"user:{user.id}")
    db.session.commit()


def require_password(field: str, actor: Actor, password: str, now: datetime) -> User:
    """Lock the person of the session; 422 for the field where the password is wrong."""
    user_id = require_session(actor)
    rate_limits.count_for_account("password", str(user_id), CHECKS_PER_ACCOUNT, now)
    user = users.find(user_id)
    if not passwords.verify(password, user.password_hash):
        raise invalid(field, "password_wrong")
    return user


def has_password(actor: Actor) -> bool:
    """Return whether the person has a password here, and not only at the operator's provider."""
    return users.find(require_person(actor), lock=False).password_hash is not None


# One for each program and computer; more are forgotten ones.
MAX_TOKENS = 50
# A token that nobody renews within a year is forgotten.
MAX_DAYS = 366
DAYS_DEFAULT = 90


class NewToken(TypedDict):
    """A request for a token, as `NewTokenSchema` reads it."""

    name: str
    scopes: list[str]  # read, write
    days: int  # until it ends


class PersonalTokenDetails(TypedDict):
    """A personal token; its secret is returned only when it is made."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None


class MadePersonalToken(PersonalTokenDetails):
    """A new token with its secret, which is returned only once."""

    token: str


def make_token(actor: Actor, data: NewToken, now: datetime) -> MadePersonalToken:
    """Make a token; its secret is returned only once.

    Needs a session: a program that makes tokens could extend its own access.
    """
    user = users.find(require_session(actor))
    require_recent(actor, now)
    if users.describe(user, users.roles_of(user.id, now))["totp_needed"]:
        raise Problem(403, "totp_needed")
    if len(_tokens_in_force(user.id, now)) >= MAX_TOKENS:
        raise Problem(409, "too_many_tokens")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = PersonalToken(
        user_id=user.id,
        name=data["name"],
        token_hash=secret_hash(secret),
        scopes=sorted(set(data["scopes"])),
        created_at=now,
        expires_at=now + timedelta(days=data["days"]),
    )
    db.session.add(token)
    db.session.flush()
    record_act(actor, "token.create", f"user:{user.id}", token=token.id, scopes=token.scopes)
    answer: MadePersonalToken = {
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "token": secret,
    }
    db.session.commit()
    return answer


def list_tokens(actor: Actor, now: datetime) -> list[PersonalToken]:
    """List a person's tokens in force."""
    return _tokens_in_force(require_person(actor), now)


def revoke_token(actor: Actor, token_id: int, now: datetime) -> None:
    """Revoke one of the person's own tokens."""
    user_id = require_person(actor, write=True)
    own = (PersonalToken.id == token_id, PersonalToken.user_id == user_id)
    token = or_404(db.session.scalar(select(PersonalToken).where(*own)))
    if token.revoked_at is None:
        token.revoked_at = now
        record_act(actor, "token.revoke", f"user:{user_id}", token=token_id)
    db.session.commit()


def _tokens_in_force(user_id: int, now: datetime) -> list[PersonalToken]:
    rows = select(PersonalToken).where(
        PersonalToken.user_id == user_id,
        PersonalToken.revoked_at.is_(None),
        or_(PersonalToken.expires_at.is_(None), PersonalToken.expires_at > now),
    )
    return list(db.session.scalars(rows.order_by(PersonalToken.id)))
