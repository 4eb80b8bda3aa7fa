"""One's own account: see it, change the password, the second factor, close it."""

from datetime import datetime

from sqlalchemy import delete

from backend.accounts import passwords, rate_limits, second_factor, users
from backend.accounts.access import Actor, require_person, require_session
from backend.accounts.audit import record_act
from backend.accounts.encryption import seal
from backend.accounts.links import set_password
from backend.accounts.models import OneTimeLink, PersonalToken, User
from backend.accounts.sessions import CODES_PER_ACCOUNT, end_sessions
from backend.accounts.users import Described
from backend.database.extensions import db
from backend.errors import Problem, invalid

# Whoever finds a signed-in computer may not try passwords at leisure.
CHECKS_PER_ACCOUNT = 10


def read_account(actor: Actor, now: datetime) -> Described:
    """Tell a person who they are here."""
    user = users.find(require_person(actor), hold=False)
    return users.described(user, users.roles_of(user.id, now))


def change_password(actor: Actor, old: str, new: str, key: str, now: datetime) -> None:
    """Change a password; all other sessions end, and a link that waits serves no more."""
    user = _known_by("old", actor, old, key, now)
    set_password(user, new, "new", but=actor.session)
    record_act(actor, "account.password", f"user:{user.id}")
    db.session.commit()


def offer_totp(actor: Actor, key: str) -> dict[str, str]:
    """Show the secret of a second factor, which counts once a code confirms it."""
    user = users.find(require_session(actor))
    if user.totp_secret:
        raise Problem(409, "totp_on")
    secret = second_factor.new_secret()
    user.totp_pending = seal(secret, user.id, key)
    told = second_factor.enrolment(secret, user.name or "")
    db.session.commit()
    return told


def confirm_totp(actor: Actor, code: str, key: str, now: datetime) -> None:
    """Switch the second factor on by its first code; sessions begun without it end."""
    user_id = require_session(actor)
    rate_limits.count_for_account("totp", str(user_id), CODES_PER_ACCOUNT, key, now)
    user = users.find(user_id)
    if not user.totp_pending:
        raise Problem(409, "totp_not_offered")
    if not second_factor.redeem(user_id, user.totp_pending, code, key, now):
        raise invalid("code", "totp_wrong")
    user.totp_secret, user.totp_pending = user.totp_pending, None
    end_sessions(user_id, but=actor.session)
    record_act(actor, "account.totp_on", f"user:{user_id}")
    db.session.commit()


def remove_totp(actor: Actor, password: str, key: str, now: datetime) -> None:
    """Switch the second factor off; an admin's role then lies idle."""
    user = _known_by("password", actor, password, key, now)
    user.totp_secret = user.totp_pending = user.totp_used = None
    record_act(actor, "account.totp_off", f"user:{user.id}")
    db.session.commit()


def close_account(actor: Actor, password: str, key: str, now: datetime) -> None:
    """Close one's account: what was done stays done, by a number without a name."""
    user = _known_by("password", actor, password, key, now)
    roles = users.roles_of(user.id, now)
    if any(role.role == "admin" for role in roles):
        users.keep_an_admin(user.id, now)
    for role in roles:
        role.valid_to = now
    user.name = user.display_name = user.password_hash = None
    user.totp_secret = user.totp_pending = user.totp_used = None
    user.closed_at = now
    end_sessions(user.id)
    for model in (PersonalToken, OneTimeLink):
        db.session.execute(delete(model).where(model.user_id == user.id))
    record_act(actor, "account.close", f"user:{user.id}")
    db.session.commit()


def _known_by(field: str, actor: Actor, password: str, key: str, now: datetime) -> User:
    """The person of a session who also knows their password."""
    user_id = require_session(actor)
    rate_limits.count_for_account("password", str(user_id), CHECKS_PER_ACCOUNT, key, now)
    user = users.find(user_id)
    if not passwords.matches(password, user.password_hash):
        raise invalid(field, "password_wrong")
    return user
