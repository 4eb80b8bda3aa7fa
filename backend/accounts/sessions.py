"""Sign in and out: sessions are rows, their cookies carry a random secret."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, delete, or_, select

from backend.accounts import passwords, rate_limits, second_factor
from backend.accounts.access import Actor
from backend.accounts.asked import SignIn
from backend.accounts.audit import record_act
from backend.accounts.login_names import normalised
from backend.accounts.models import Session, User
from backend.accounts.rate_limits import Caller
from backend.accounts.secret import secret_hash
from backend.database.extensions import db
from backend.errors import Problem

# Whoever signed in this morning is not asked again the same working day; a computer that several
# people share in a commune's office is nobody's the day after.
IDLE = timedelta(hours=12)
# A cookie that was copied unnoticed ends with the week.
ABSOLUTE = timedelta(days=7)
# How exactly the idle time is kept: not every request writes.
SEEN_EVERY = timedelta(minutes=5)

SECRET_BYTES = 32

# An office of a hundred people behind one address that all sign in again and mistype twice.
SIGN_INS_PER_ADDRESS = 300
# A person who tries all passwords that they ever had. Counted apart from the next figure, so that
# one address cannot lock a person out who sits at another.
SIGN_INS_PER_ACCOUNT_AND_ADDRESS = 10
# Ten addresses that guess together; at this pace ten years bring nine million guesses.
SIGN_INS_PER_ACCOUNT = 100
# Codes are guessed only by whoever has the password: three of a million are right at a time.
CODES_PER_ACCOUNT = 10


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when a person signs in; the secret of the cookie that came along."""

    address: str
    key: str
    now: datetime
    sent: str | None = None


def sign_in(asked: SignIn, at: Circumstances) -> tuple[User, str]:
    """Begin a session on name, password and code; return the person and the cookie's secret."""
    name = normalised(asked.name) or asked.name
    _count(name, at)
    known = select(User.id, User.password_hash, User.totp_secret)
    seen = db.session.execute(known.where(User.name == name, User.closed_at.is_(None))).first()
    right = passwords.matches(asked.password, seen.password_hash if seen else None)
    if seen is None or not right:
        raise Problem(401, "sign_in_failed")
    if seen.totp_secret:
        _check_code(seen.id, seen.totp_secret, asked.totp, at)
    user = _held(seen)
    _renew_hash(user, asked.password)
    token = _begin(user.id, at)
    db.session.commit()
    return user, token


def sign_out(actor: Actor) -> None:
    """End the session by which a person came."""
    db.session.execute(delete(Session).where(Session.token_hash == actor.session))
    db.session.commit()


def end_sessions(user_id: int, but: bytes | None = None) -> None:
    """End a person's sessions, but for the one by which they came; the caller commits."""
    ended = delete(Session).where(Session.user_id == user_id)
    if but is not None:
        ended = ended.where(Session.token_hash != but)
    db.session.execute(ended)


def _count(name: str, at: Circumstances) -> None:
    caller = Caller(at.address, SIGN_INS_PER_ADDRESS)
    rate_limits.count_attempt("sign_in", caller, at.key, at.now)
    for what, account, most in (
        ("sign_in_from", f"{name}|{rate_limits.network_of(at.address)}",
         SIGN_INS_PER_ACCOUNT_AND_ADDRESS),
        ("sign_in_of", name, SIGN_INS_PER_ACCOUNT),
    ):  # fmt: skip
        rate_limits.count_for_account(what, account, most, at.key, at.now)


def _held(seen: Row[int, str | None, str | None]) -> User:
    """The person, held: checking takes a while, and a new password, a second factor or a closed
    account ends only what has begun by then.
    """
    user: User | None = db.session.scalar(
        select(User)
        .where(
            User.id == seen.id,
            User.closed_at.is_(None),
            User.password_hash == seen.password_hash,
            User.totp_secret.is_not_distinct_from(seen.totp_secret),
        )
        .with_for_update()
    )
    if user is None:
        raise Problem(401, "sign_in_failed")
    return user


def _check_code(user_id: int, sealed: str, code: str | None, at: Circumstances) -> None:
    """Ask who has the password for the code of this half minute, which serves once."""
    if not code:
        raise Problem(401, "totp_required")
    rate_limits.count_for_account("totp", str(user_id), CODES_PER_ACCOUNT, at.key, at.now)
    if not second_factor.redeem(user_id, sealed, code, at.key, at.now):
        # Somebody has the password: their owner or an admin should see it.
        record_act(Actor(address=at.address), "session.totp_failed", f"user:{user_id}")
        db.session.commit()
        raise Problem(401, "totp_wrong")


def _renew_hash(user: User, password: str) -> None:
    if user.password_hash and passwords.outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)


def _begin(user_id: int, at: Circumstances) -> str:
    """Begin a session under a new secret; the one that the browser had is ended."""
    if at.sent:
        db.session.execute(delete(Session).where(Session.token_hash == secret_hash(at.sent)))
    db.session.execute(delete(Session).where(Session.user_id == user_id, _over(at.now)))
    token = secrets.token_urlsafe(SECRET_BYTES)
    db.session.add(
        Session(token_hash=secret_hash(token), user_id=user_id, created_at=at.now, seen_at=at.now)
    )
    actor = Actor(user_id=user_id, address=at.address)
    record_act(actor, "session.begin", actor.name)
    return token


def _over(now: datetime) -> ColumnElement[bool]:
    return or_(Session.created_at <= now - ABSOLUTE, Session.seen_at <= now - IDLE)
