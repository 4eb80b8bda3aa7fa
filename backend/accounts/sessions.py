"""Sign in and out: a session is a row, its cookie carries a random secret."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypedDict

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update

from backend.accounts import (
    known_browsers,
    passwords,
    rate_limits,
    recovery_codes,
    second_factor,
    users,
)
from backend.accounts.access import Actor, require_session
from backend.accounts.audit import record_act
from backend.accounts.known_browsers import KnownBrowser
from backend.accounts.login_names import normalize
from backend.accounts.models import Attempts, Session, User
from backend.accounts.rate_limits import account_digest
from backend.database.extensions import db
from backend.errors import Problem, invalid

# A working day: people sign in once in the morning, and a computer shared in a commune's office
# is signed out by the next day.
IDLE = timedelta(hours=12)
# An unnoticed copy of a cookie is valid for a week at most.
ABSOLUTE = timedelta(days=7)
# An office that closes an account at its provider ends its sessions here the same day.
ABSOLUTE_OF_IDENTITY = timedelta(hours=12)
# The resolution of `seen_at`: not every request writes.
SEEN_EVERY = timedelta(minutes=5)

SECRET_BYTES = 32
TOKEN_PREFIX = "dsp_"  # noqa: S105 # of personal tokens; those of devices have another

# An office of a hundred people behind one address who all sign in again and mistype twice.
SIGN_INS_PER_ADDRESS = 300
# A person who tries all their old passwords. Counted apart from the next limit, so that one
# address cannot lock out a person at another.
SIGN_INS_PER_ACCOUNT_AND_ADDRESS = 10
# Ten addresses that guess together; at this pace ten years allow nine million guesses.
SIGN_INS_PER_ACCOUNT = 100
# Of a browser where the person signed in, which has no other limit. A copy of its cookie allows
# 432,000 guesses until it expires, no more of the person's own than are typed by hand.
SIGN_INS_PER_KNOWN_BROWSER_AND_MINUTE = 10
# Limits guessing at a computer that was left signed in.
CHECKS_PER_ACCOUNT = 20
# Guessing a code needs the password; three of a million codes are valid at a time.
CODES_PER_ACCOUNT = 10


@dataclass(frozen=True, slots=True)
class SignInContext:
    """Where and when a person signs in, and the secret of the cookie of an earlier session.

    `cookies` are all of the request; those of known browsers are looked up by login name.
    """

    address: str
    now: datetime
    cookie: str | None = None
    program: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)


def secret_hash(secret: str) -> bytes:
    """Hash a random secret; a fast hash without salt is enough for these."""
    return hashlib.sha256(secret.encode()).digest()


class Credentials(TypedDict):
    """What a person signs in with, as `SignInSchema` reads it."""

    name: str
    password: str
    totp: str | None  # six digits or a recovery code; null: none given


class SignedIn(NamedTuple):
    """A session that has begun."""

    user: User
    secret: str  # of the session's cookie
    browser: KnownBrowser


def sign_in(data: Credentials, context: SignInContext) -> SignedIn:
    """Begin a session by name, password and code."""
    name = normalize(data["name"]) or data["name"]
    query = select(User.id, User.password_hash, User.totp_secret)
    row = db.session.execute(query.where(User.name == name, User.closed_at.is_(None))).first()
    password_hash = row.password_hash if row else None
    _count_attempt(name, password_hash, context)
    matches = passwords.verify(data["password"], password_hash)
    if row is None or not matches:
        raise Problem(401, "sign_in_failed")
    if row.totp_secret:
        check_code(row.id, row.totp_secret, data["totp"], context)
    user = _lock_unchanged(row)
    if users.is_idle(user.id, context.now):
        raise Problem(403, "account_idle")
    if user.password_hash and passwords.needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(data["password"])
    secret = begin_session(user.id, context)
    browser = known_browsers.remember(name, user.password_hash or "", context.now)
    db.session.commit()
    return SignedIn(user, secret, browser)


def sign_out(actor: Actor) -> None:
    """End the session of this request."""
    db.session.execute(delete(Session).where(Session.token_hash == actor.session))
    db.session.commit()


def prove(actor: Actor, given: str, now: datetime) -> None:
    """Note that the person of the session gave the password, or six digits of the second factor."""
    user_id = require_session(actor)
    rate_limits.count_for_account("password", str(user_id), CHECKS_PER_ACCOUNT, now)
    user = users.find(user_id)
    # No password is as short as a code.
    if user.totp_secret and len(given) < passwords.MIN_LENGTH:
        rate_limits.count_for_account("totp", str(user_id), CODES_PER_ACCOUNT, now)
        valid = second_factor.use_code(user_id, user.totp_secret, given, now)
    else:
        valid = passwords.verify(given, user.password_hash)
    if not valid:
        raise invalid("password", "password_wrong")
    own = update(Session).where(Session.token_hash == actor.session)
    db.session.execute(own.values(proved_at=now))
    record_act(actor, "session.password", actor.name)
    db.session.commit()


def end_sessions(user_id: int, but: bytes | None = None) -> None:
    """End a person's sessions except the one with the hash `but`; the caller commits."""
    ended = delete(Session).where(Session.user_id == user_id)
    if but is not None:
        ended = ended.where(Session.token_hash != but)
    db.session.execute(ended)


def _count_attempt(name: str, password_hash: str | None, context: SignInContext) -> None:
    """Count an attempt; 429 above a limit of name or address.

    A browser where the person signed in has a limit of its own: nobody is locked out there by what
    others try, whether behind the same address or elsewhere.
    """
    now = context.now
    cookie = context.cookies.get(known_browsers.cookie_name(name))
    if cookie and password_hash:
        browser = known_browsers.nonce_of(cookie, name, password_hash, now)
        if browser:
            most = SIGN_INS_PER_KNOWN_BROWSER_AND_MINUTE
            rate_limits.count_in_minute("sign_in_known", browser, most, now)
            return
    at_address = f"{name}|{rate_limits.network_of(context.address)}"
    most = SIGN_INS_PER_ACCOUNT_AND_ADDRESS
    rate_limits.count_attempt("sign_in", context.address, SIGN_INS_PER_ADDRESS, now)
    rate_limits.count_for_account("sign_in_from", at_address, most, now)
    rate_limits.count_for_account("sign_in_of", name, SIGN_INS_PER_ACCOUNT, now)


def locked_names(now: datetime) -> list[str]:
    """Return the names of people whose accounts wrong sign-ins locked within the last day."""
    locked = Attempts.what == "sign_in_of", Attempts.n > SIGN_INS_PER_ACCOUNT
    recent = Attempts.hour > now - rate_limits.KEPT
    rows = db.session.execute(select(Attempts.by, Attempts.hour).where(*locked, recent)).all()
    digests, names = {row.by for row in rows}, db.session.scalars(select(User.name)).all()
    hours = {row.hour.astimezone(UTC) for row in rows}
    found = [(name, account_digest(name, hour)) for hour in hours for name in names if name]
    return sorted(name for name, digest in found if digest in digests)


def _lock_unchanged(row: Row[int, str | None, str | None]) -> User:
    """Lock the person; 401 where password, second factor or account changed while checking."""
    user: User | None = db.session.scalar(
        select(User)
        .where(
            User.id == row.id,
            User.closed_at.is_(None),
            User.password_hash == row.password_hash,
            User.totp_secret.is_not_distinct_from(row.totp_secret),
        )
        .with_for_update()
    )
    if user is None:
        raise Problem(401, "sign_in_failed")
    return user


def check_code(user_id: int, encrypted: str, code: str | None, context: SignInContext) -> None:
    """Require a valid code of the second factor or a recovery code; each is accepted once."""
    if not code:
        raise Problem(401, "totp_required")
    rate_limits.count_for_account("totp", str(user_id), CODES_PER_ACCOUNT, context.now)
    if recovery_codes.use_code(user_id, code):
        left = recovery_codes.count_codes(user_id)
        actor = Actor(user_id=user_id, address=context.address)
        record_act(actor, "session.recovery_code", actor.name, left=left)
    elif not second_factor.use_code(user_id, encrypted, code, context.now):
        # The password is known to the caller: its owner or an admin should see this.
        record_act(Actor(address=context.address), "session.totp_failed", f"user:{user_id}")
        db.session.commit()
        raise Problem(401, "totp_wrong")


def begin_session(user_id: int, context: SignInContext, identity: int | None = None) -> str:
    """Begin a session with a new secret; end the browser's earlier one and expired ones.

    With the id of an identity it lasts as one begun at the provider. The caller commits.
    """
    now = context.now
    if context.cookie:
        earlier = Session.token_hash == secret_hash(context.cookie)
        db.session.execute(delete(Session).where(earlier))
    db.session.execute(delete(Session).where(Session.user_id == user_id, expired(now)))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    db.session.add(
        Session(
            token_hash=secret_hash(secret),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            proved_at=now,
            program=context.program,
            identity_id=identity,
        )
    )
    actor = Actor(user_id=user_id, address=context.address)
    details = {} if identity is None else {"identity": identity}
    record_act(actor, "session.begin", actor.name, **details)
    return secret


def expired(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a session has ended."""
    of_identity = Session.identity_id.is_not(None)
    return or_(
        Session.created_at <= now - ABSOLUTE,
        Session.seen_at <= now - IDLE,
        and_(of_identity, Session.created_at <= now - ABSOLUTE_OF_IDENTITY),
    )
