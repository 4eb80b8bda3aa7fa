"""One-time links: an invitation, or the way to a new password."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from backend.accounts import passwords, users
from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.accounts.models import OneTimeLink, PersonalToken, User
from backend.accounts.rate_limits import Caller, count_attempt
from backend.accounts.secret import secret_hash
from backend.accounts.sessions import end_sessions
from backend.database.extensions import db
from backend.errors import Problem, invalid

# How long a link waits: an invitation is read when its person next looks, a new password is
# wanted the same day.
LASTING = {"invitation": timedelta(days=7), "password": timedelta(days=1)}
SECRET_BYTES = 32
# The secret cannot be guessed; what is limited is the work of hashing. A hall of people who are
# invited to a training fits.
ACCEPTS_PER_ADDRESS = 300


@dataclass(frozen=True, slots=True)
class Link:
    """What is handed to a person, shown once."""

    user_id: int
    secret: str
    expires_at: datetime

    def under(self, base: str) -> dict[str, object]:
        """The link as it is sent; its secret stands where no server sees or logs it."""
        link = f"{base.rstrip('/')}/invitation#{self.secret}"
        return {"user_id": self.user_id, "link": link, "expires_at": self.expires_at}


def make_link(user_id: int, purpose: str, now: datetime) -> Link:
    """Make a link in place of any that this person has; the caller notes and commits."""
    db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user_id))
    secret, expires_at = secrets.token_urlsafe(SECRET_BYTES), now + LASTING[purpose]
    db.session.add(
        OneTimeLink(
            secret_hash=secret_hash(secret),
            purpose=purpose,
            user_id=user_id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return Link(user_id, secret, expires_at)


def offer_password(actor: Actor, user_id: int, now: datetime) -> Link:
    """Let an admin give a person the way to a new password."""
    require(actor, "users.manage")
    user = users.find(user_id)
    link = make_link(user.id, "password" if user.password_hash else "invitation", now)
    record_act(actor, "user.password_link", f"user:{user_id}")
    db.session.commit()
    return link


def accept(secret: str, password: str, *, key: str, address: str, now: datetime) -> User:
    """Set a password by a link, once; a new one ends sessions and tokens of the one before."""
    count_attempt("accept", Caller(address, ACCEPTS_PER_ADDRESS), key, now)
    user, purpose = _use(secret, now)
    replace_password(user, password)
    actor = Actor(user_id=user.id, address=address)
    record_act(actor, "account.password_by_link", actor.name, purpose=purpose)
    db.session.commit()
    return user


def replace_password(user: User, password: str) -> None:
    """Give a held person a password; nothing that came before it lets in. The caller commits."""
    set_password(user, password, "password")
    db.session.execute(delete(PersonalToken).where(PersonalToken.user_id == user.id))


def set_password(user: User, password: str, field: str, but: bytes | None = None) -> None:
    """Give a held person a password; links that wait and sessions end, but for one.

    Raises 422 of the field where the password is too weak; the caller commits.
    """
    if fault := passwords.fault(password, user.name, user.display_name):
        raise invalid(field, fault)
    user.password_hash = passwords.hashed(password)
    end_sessions(user.id, but=but)
    waiting = OneTimeLink.user_id == user.id, OneTimeLink.used_at.is_(None)
    db.session.execute(delete(OneTimeLink).where(*waiting))


def _use(secret: str, now: datetime) -> tuple[User, str]:
    """Take a link that waits, and hold its person; whoever comes second, or late, finds none.

    The person is held first, as by whoever makes or voids a link: two wait and never block.
    """
    waiting = (
        OneTimeLink.secret_hash == secret_hash(secret),
        OneTimeLink.used_at.is_(None),
        OneTimeLink.expires_at > now,
    )
    user_id = db.session.scalar(select(OneTimeLink.user_id).where(*waiting))
    user = users.find(user_id) if user_id is not None else None
    used = update(OneTimeLink).where(*waiting).values(used_at=now).returning(OneTimeLink.purpose)
    purpose = db.session.scalar(used)
    if user is None or purpose is None:
        raise Problem(404, "link_not_valid")
    return user, purpose
