"""Overview of sessions: one's own for everybody, all for admins; ending them."""

import hashlib
from datetime import datetime
from typing import TypedDict

from sqlalchemy import delete, not_, select

from backend.accounts import users
from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act, record_read
from backend.accounts.models import Session, User
from backend.accounts.sessions import end_sessions, expired
from backend.database.extensions import db
from backend.errors import or_404

# Letters of the number by which a session is named: no part of its secret or of the stored hash.
NUMBER_LETTERS = 16
# The order matters: browsers made of Chromium name it too, and all name Safari.
_BROWSERS = (
    ("Zalo", "Zalo"), ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("coc_coc_browser", "Cốc Cốc"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


class ShownSession(TypedDict):
    """A session of a person."""

    number: str  # names it; no part of its secret
    user_id: int
    person: str  # the name
    program: str | None  # browser and system
    created_at: datetime
    seen_at: datetime
    current: bool  # that of the request


def program_of(user_agent: str) -> str | None:
    """Return browser and system of a header, without versions or models; None if unknown."""
    found = [
        next((name for sign, name in names if sign in user_agent), None)
        for names in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, found)) or None


def own_sessions(actor: Actor, now: datetime) -> list[ShownSession]:
    """Return the person's own sessions, the latest used first."""
    return _read(actor, require_person(actor), now)


def all_sessions(actor: Actor, now: datetime) -> list[ShownSession]:
    """Return the sessions of all people, the latest used first; for admins."""
    require(actor, "users.manage")
    record_read(actor, "people", "system")
    return _read(actor, None, now)


def end_session(actor: Actor, user_id: int | None, number: str | None) -> None:
    """End a session of a person by its number, or all of them except the one of this request.

    None is the person of the request; sessions of others are ended by admins.
    """
    own_id = require_person(actor, write=True)
    if user_id is None:
        user_id = own_id
    elif user_id != own_id:
        require(actor, "users.manage")
    users.find(user_id)
    if number is None:
        end_sessions(user_id, but=actor.session)
    else:
        hashes = db.session.scalars(select(Session.token_hash).where(Session.user_id == user_id))
        ended = or_404(
            next((one for one in hashes if _number(one) == number), None), "session_ended"
        )
        db.session.execute(delete(Session).where(Session.token_hash == ended))
    record_act(actor, "session.end", f"user:{user_id}", all=number is None)
    db.session.commit()


def _read(actor: Actor, user_id: int | None, now: datetime) -> list[ShownSession]:
    rows = (
        select(Session, User.name, User.display_name)
        .join(User, User.id == Session.user_id)
        .where(not_(expired(now)))
        .order_by(Session.seen_at.desc(), Session.token_hash)
    )
    if user_id is not None:
        rows = rows.where(Session.user_id == user_id)
    return [
        {
            "number": _number(one.token_hash),
            "user_id": one.user_id,
            "person": display_name or name or "",
            "program": one.program,
            "created_at": one.created_at,
            "seen_at": one.seen_at,
            "current": one.token_hash == actor.session,
        }
        for one, name, display_name in db.session.execute(rows)
    ]


def _number(token_hash: bytes) -> str:
    return hashlib.sha256(b"session|" + token_hash).hexdigest()[:NUMBER_LETTERS]
