"""One-time links for setting a password: make, mail and use them."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import ColumnElement, delete, select, update

from backend.accounts import passwords, users
from backend.accounts.access import Actor, require, require_recent
from backend.accounts.audit import record_act
from backend.accounts.models import OfficeIdentity, OneTimeLink, PersonalToken, User
from backend.accounts.recovery_codes import remove_second_factor
from backend.accounts.sessions import SECRET_BYTES, end_sessions, secret_hash
from backend.clock import VIETNAM
from backend.database.extensions import db, setting
from backend.errors import Problem, invalid
from backend.mail import compose, send_all

# People may read an invitation days later; a new password is needed the same day.
LIFETIME = {
    "invitation": timedelta(days=7),
    "leader": timedelta(days=7),
    "password": timedelta(days=1),
}

SUBJECT = "Đo Sóng: chọn mật khẩu / choose a password"
TEXT = """\
Đường dẫn dưới đây dùng một lần, đến {until} (giờ Việt Nam). Mở nó để chọn mật khẩu:

{link}

Nếu bạn không chờ thư này, hãy bỏ qua: không có gì xảy ra khi đường dẫn không được mở.

The link above serves once, until {until} (Vietnam time). Open it to choose a password. If you did
not expect this mail, do nothing: an unopened link changes nothing.
"""


class LinkAnswer(TypedDict):
    """A one-time link, returned only once."""

    user_id: int
    link: str  # the address, with the secret
    expires_at: datetime


class LinkHandedOut(LinkAnswer):
    """A one-time link, and whether it was mailed."""

    mailed: bool


class Accepted(TypedDict):
    """The account whose password a link set."""

    name: str | None  # with which the person signs in
    renewed: bool  # whether somebody used the account before


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its secret; without one it cannot be shown again."""

    user_id: int
    secret: str | None
    expires_at: datetime
    copied: bool = False
    made_by: int | None = None

    def serialize(self, base: str) -> LinkAnswer:
        """Return the link under a base address, the secret in the fragment: no server logs it."""
        link = f"{base.rstrip('/')}/invitation#{self.secret}"
        return {"user_id": self.user_id, "link": link, "expires_at": self.expires_at}

    def text(self, base: str) -> str:
        """Return the text of a mail with the link."""
        until = f"{self.expires_at.astimezone(VIETNAM):%H:%M, %d/%m/%Y}"
        return TEXT.format(link=self.serialize(base)["link"], until=until)


def make_link(user_id: int, purpose: str, now: datetime, maker: Actor | None = None) -> Link:
    """Make a link that replaces those of this person; the caller records and commits.

    That of a leader can be shown again: an organiser sends twenty, one after the other.
    """
    db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user_id))
    nonce, expires_at = secrets.token_bytes(SECRET_BYTES), now + LIFETIME[purpose]
    secret = _secret_of(nonce)
    db.session.add(
        OneTimeLink(
            secret_hash=secret_hash(secret),
            purpose=purpose,
            user_id=user_id,
            created_at=now,
            expires_at=expires_at,
            nonce=nonce if purpose == "leader" else None,
            made_by=maker and maker.user_id,
        )
    )
    return Link(user_id, secret, expires_at)


def waiting_links(user_ids: Sequence[int], now: datetime) -> dict[int, Link]:
    """Return the unused links of people by their id, with the secrets that can be shown again."""
    query = select(OneTimeLink).where(OneTimeLink.user_id.in_(user_ids), *_waiting(now))
    found = {}
    for row in db.session.scalars(query):
        secret = _secret_of(row.nonce) if row.nonce else None
        # After a change of SECRET_KEY the link is another one.
        same = secret is not None and secret_hash(secret) == row.secret_hash
        copied, secret = row.copied_at is not None, secret if same else None
        found[row.user_id] = Link(row.user_id, secret, row.expires_at, copied, row.made_by)
    return found


def note_copied(user_id: int, now: datetime) -> None:
    """Note that a person's link was copied to be sent; the caller commits."""
    link = update(OneTimeLink).where(OneTimeLink.user_id == user_id, *_waiting(now))
    db.session.execute(link.values(copied_at=now))


def _secret_of(nonce: bytes) -> str:
    """Return the secret of a link: nobody makes it again from the database without the key."""
    digest = hmac.digest(setting("SECRET_KEY").encode(), b"link|" + nonce, hashlib.sha256)
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now


def make_password_link(actor: Actor, user_id: int, now: datetime) -> Link:
    """Make a link by which a person sets a new password; for admins."""
    require(actor, "users.manage")
    require_recent(actor, now)
    user = users.find(user_id)
    link = make_link(user.id, "password" if user.password_hash else "invitation", now, actor)
    record_act(actor, "user.password_link", f"user:{user_id}")
    db.session.commit()
    return link


def deliver(link: Link, base: str, settings: Mapping[str, Any]) -> LinkHandedOut:
    """Mail a link where mail is set up and the name is an address; return it and `mailed`."""
    mailed = bool(mail_links([link], base, settings))
    return {**link.serialize(base), "mailed": mailed}


def mail_links(links: Sequence[Link], base: str, settings: Mapping[str, Any]) -> frozenset[int]:
    """Mail links to the people whose names are addresses; return the ids of those reached."""
    if not settings["SMTP_HOST"]:
        return frozenset()
    rows = select(User.id, User.name).where(User.id.in_([link.user_id for link in links]))
    names = {user_id: name or "" for user_id, name in db.session.execute(rows)}
    mails = {
        link.user_id: compose([names[link.user_id]], SUBJECT, link.text(base), settings)
        for link in links
        if "@" in names[link.user_id]
    }
    return frozenset(send_all(mails, settings))


def accept(secret: str, password: str, *, address: str, now: datetime) -> Accepted:
    """Set a password by a link; sessions and tokens of the person end.

    By a link of an admin the account is confirmed. There is no limit of attempts: nobody guesses a
    secret, and a password is hashed only with a valid one.
    """
    user, purpose = _use(secret, now)
    answer: Accepted = {"name": user.name, "renewed": user.accepted}
    if purpose != "leader":
        confirm_holder(user, now)
    replace_password(user, password)
    actor = Actor(user_id=user.id, address=address)
    record_act(actor, "account.password_by_link", actor.name, purpose=purpose)
    db.session.commit()
    return answer


def confirm_holder(user: User, now: datetime) -> None:
    """Confirm a locked person who got the account anew from an admin; the caller commits.

    Whoever held it unconfirmed keeps neither a second factor nor an identity.
    """
    if user.confirmed_at is None:
        remove_second_factor(user)
        db.session.execute(delete(OfficeIdentity).where(OfficeIdentity.user_id == user.id))
        users.set_confirmed(user, now)


def replace_password(
    user: User, password: str, field: str = "password", but: bytes | None = None
) -> None:
    """Set the password of a locked person; end tokens, unused links, and sessions except one.

    A copied session may have made any of them. A second factor that was offered and not confirmed
    is forgotten too. Raises 422 for the field where the password is too weak; the caller commits.
    """
    if weakness := passwords.weakness(password, user.name, user.display_name):
        raise invalid(field, weakness)
    user.password_hash, user.totp_pending = passwords.hash_password(password), None
    end_sessions(user.id, but=but)
    db.session.execute(delete(PersonalToken).where(PersonalToken.user_id == user.id))
    delete_links(user.id)


def delete_links(user_id: int) -> None:
    """Delete the unused links of a person; the caller commits."""
    unused = OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None)
    db.session.execute(delete(OneTimeLink).where(*unused))


class GivenLink(NamedTuple):
    """An unused link that a person made for another."""

    id: int  # of the other person
    name: str | None  # with which that person signs in
    expires_at: datetime


def links_given(actor: Actor, now: datetime) -> list[GivenLink]:
    """Return the unused links that a person made for others: id, name and end."""
    own = select(User.id, User.name, OneTimeLink.expires_at).join(
        OneTimeLink, OneTimeLink.user_id == User.id
    )
    made = own.where(OneTimeLink.made_by == actor.user_id, *_waiting(now))
    return [GivenLink(*row) for row in db.session.execute(made)]


def end_links_given(actor: Actor, now: datetime) -> None:
    """End the unused links that a person made for others."""
    for link in links_given(actor, now):
        delete_links(link.id)
        record_act(actor, "user.link_end", f"user:{link.id}")
    db.session.commit()


def _use(secret: str, now: datetime) -> tuple[User, str]:
    """Mark a link as used and lock its person; 404 where it is used or expired.

    The person is locked first, as wherever links are made or deleted: so there is no deadlock.
    """
    valid = OneTimeLink.secret_hash == secret_hash(secret), *_waiting(now)
    user_id = db.session.scalar(select(OneTimeLink.user_id).where(*valid))
    user = users.find(user_id) if user_id is not None else None
    used = (
        update(OneTimeLink)
        .where(*valid)
        .values(used_at=now, nonce=None)
        .returning(OneTimeLink.purpose)
    )
    purpose = db.session.scalar(used)
    if user is None or purpose is None:
        raise Problem(404, "link_not_valid")
    return user, purpose
