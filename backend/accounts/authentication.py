"""Who sent this request: nobody, or a person known by a personal token or a session."""

import hashlib
import hmac
from datetime import datetime

from flask import Response, after_this_request, current_app, request

from backend.accounts.access import PUBLIC, Actor, Grant
from backend.accounts.secret import TOKEN_PREFIX, secret_hash
from backend.accounts.sessions import ABSOLUTE, IDLE, SEEN_EVERY
from backend.clock import local_day
from backend.database.extensions import Rows, fetch_autocommit
from backend.errors import Problem
from backend.http.requests import clock_now

__all__ = [
    "COOKIE",
    "TOKEN_PREFIX",
    "actor",
    "csrf_token",
    "form_token",
    "keep_private",
    "secret_hash",
]

COOKIE = "dosong_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
KNOWN = "dosong.actor"  # where a request keeps who sends it
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# A person's roles in force: within their time, over a unit or cluster that still is, as an admin
# only with a second factor, as a deputy only while the role that was lent is held.
ROLES = """
    join users u on u.id = known.user_id and u.closed_at is null
    left join roles r on r.user_id = u.id and r.valid_from <= %(now)s
        and (r.valid_to is null or r.valid_to > %(now)s)
        and (r.role <> 'admin' or u.totp_secret is not null)
        and not exists (select from units n
            where r.scope_kind = 'unit' and n.id = r.scope_id and n.valid_to < %(today)s)
        and not exists (select from clusters c
            where r.scope_kind = 'cluster' and c.id = r.scope_id
            and (c.valid_from > %(today)s or c.valid_to < %(today)s))
        and not exists (select from roles lent where lent.id = r.delegated_by
            and lent.valid_to <= %(now)s)
"""
BY_TOKEN = f"""
    select known.user_id, 'write' = any(known.scopes) as may_write,
        r.role, r.scope_kind, r.scope_id, r.delegated_by is not null as deputy
    from personal_tokens known {ROLES}
    where known.token_hash = %(hash)s and known.revoked_at is null
        and (known.expires_at is null or known.expires_at > %(now)s)
"""  # noqa: S608 # a part of the statement
BY_SESSION = f"""
    with seen as (
        update sessions set seen_at = %(now)s
        where token_hash = %(hash)s and created_at > %(begun_after)s
            and seen_at > %(seen_after)s and seen_at <= %(seen_before)s
    )
    select known.user_id, true as may_write, r.role, r.scope_kind, r.scope_id,
        r.delegated_by is not null as deputy
    from sessions known {ROLES}
    where known.token_hash = %(hash)s and known.created_at > %(begun_after)s
        and known.seen_at > %(seen_after)s
"""  # noqa: S608


def actor() -> Actor:
    """The person who sends this request, by a token or else by a session's cookie.

    A token that is not valid is answered with 401; a session that has ended is nobody's, as the
    browser sends its cookie everywhere. The database is asked once in a request.
    """
    known: Actor | None = request.environ.get(KNOWN)
    if known is None:
        known = _by_token() if request.headers.get("Authorization") else _by_session()
        request.environ[KNOWN] = known
        if known.signed_in:
            after_this_request(keep_private)
    return known


def csrf_token(session_secret: str) -> str:
    """What a page shows beside its cookie to change anything; no other site can read it."""
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, f"csrf|{session_secret}".encode(), hashlib.sha256).hexdigest()


def keep_private(response: Response) -> Response:
    """Let no cache keep what a person was shown, unless the view says otherwise."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _by_token() -> Actor:
    scheme, _, token = request.headers["Authorization"].partition(" ")
    token = token.strip()
    rows: Rows = []
    if scheme.lower() == "bearer" and token.startswith(TOKEN_PREFIX):
        rows = fetch_autocommit(BY_TOKEN, {"hash": secret_hash(token), **_times(clock_now())})
    if not rows:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    return _actor(rows)


def _by_session() -> Actor:
    secret = request.cookies.get(COOKIE)
    if not secret:
        return PUBLIC
    now, digest = clock_now(), secret_hash(secret)
    ends = {
        "begun_after": now - ABSOLUTE,
        "seen_after": now - IDLE,
        "seen_before": now - SEEN_EVERY,
    }
    rows = fetch_autocommit(BY_SESSION, {"hash": digest, **_times(now), **ends})
    if not rows:
        return PUBLIC
    if request.method not in SAFE:
        shown = request.headers.get(CSRF_HEADER) or _of_form()
        if not hmac.compare_digest(shown.encode(), csrf_token(secret).encode()):
            raise Problem(403, "csrf_failed")
    return _actor(rows, digest)


def _of_form() -> str:
    """What a page's form has sent along, where it is one; a page of files may have let in more."""
    if request.max_content_length is None:
        request.max_content_length = current_app.config["MAX_BODY_BYTES"]
    return request.form.get(CSRF_FIELD, "")


def form_token() -> str:
    """What a page puts into each of its forms; nothing for whoever has no session."""
    secret = request.cookies.get(COOKIE)
    return csrf_token(secret) if secret else ""


def _actor(rows: Rows, session: bytes | None = None) -> Actor:
    return Actor(
        user_id=rows[0]["user_id"],
        grants=tuple(
            Grant(row["role"], row["scope_kind"], row["scope_id"], row["deputy"])
            for row in rows
            if row["role"]
        ),
        may_write=rows[0]["may_write"],
        address=request.remote_addr,
        session=session,
    )


def _times(now: datetime) -> dict[str, object]:
    return {"now": now, "today": local_day(now)}
