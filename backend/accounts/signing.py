"""Who sends this request: nobody, or a person known by a personal token or a session."""

import hashlib
from datetime import datetime

from flask import current_app, request

from backend.accounts.access import PUBLIC, Actor, Grant
from backend.errors import Problem
from backend.extensions import at_once

TOKEN_PREFIX = "dsp_"  # noqa: S105 # tells a person's token from a device's

PERSON = """
    select t.user_id, 'write' = any(t.scopes) as may_write, r.role, r.scope_kind, r.scope_id
    from personal_tokens t
    join users u on u.id = t.user_id and u.closed_at is null
    left join roles r on r.user_id = u.id and r.valid_from <= %(now)s
        and (r.valid_to is null or r.valid_to > %(now)s)
    where t.token_hash = %(hash)s and t.revoked_at is null
        and (t.expires_at is null or t.expires_at > %(now)s)
"""


def actor() -> Actor:
    """The person who sends this request; 401 where a credential is sent that is not valid."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return PUBLIC
    known = _by_token(token.strip(), current_app.extensions["clock"]())
    if scheme.lower() != "bearer" or known is None:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    return known


def secret_hash(secret: str) -> bytes:
    """Hash a secret of this kind; it is random, so a plain fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def _by_token(token: str, now: datetime) -> Actor | None:
    if not token.startswith(TOKEN_PREFIX):
        return None
    rows = at_once(PERSON, {"hash": secret_hash(token), "now": now})
    if not rows:
        return None
    grants = tuple(
        Grant(row["role"], row["scope_kind"], row["scope_id"]) for row in rows if row["role"]
    )
    return Actor(
        user_id=rows[0]["user_id"],
        grants=grants,
        may_write=rows[0]["may_write"],
        address=request.remote_addr,
    )
