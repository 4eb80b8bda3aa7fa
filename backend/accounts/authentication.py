"""The person of a request, by a personal token or a session; and the check against CSRF."""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Request, Response, after_this_request, current_app, request
from marshmallow import Schema
from webargs.multidictproxy import MultiDictProxy
from werkzeug.http import dump_cookie

from backend.accounts import users
from backend.accounts.access import PUBLIC, Actor, Grant, proved_lately, require_person
from backend.accounts.audit import record_at_once
from backend.accounts.known_browsers import KNOWN_FOR, KnownBrowser
from backend.accounts.session_list import program_of
from backend.accounts.sessions import (
    ABSOLUTE,
    ABSOLUTE_OF_IDENTITY,
    IDLE,
    SEEN_EVERY,
    TOKEN_PREFIX,
    SignInContext,
    prove,
    secret_hash,
)
from backend.accounts.users import IDLE_ACCOUNT, WITHOUT_FACTOR
from backend.clock import local_day
from backend.database.extensions import PERSON, Rows, fetch_autocommit
from backend.errors import Problem
from backend.fields import Json
from backend.http.links import confirm_host
from backend.http.requests import MAX_BODY_BYTES, Blueprint, Parser, clock_now

COOKIE = "dosong_session"
SIGN_IN_PATH = "/api/v1/sessions"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
ACTOR_KEY = "dosong.actor"  # in the environment of a request
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# A person's roles in force: within their dates, of a confirmed account, over an existing unit or
# cluster, a deputy's only while the delegated role is in force. One that needs a second factor is
# suspended without it.
SUSPENDED = WITHOUT_FACTOR.format(factor="%(factor)s")
ROLES = """
    join users u on u.id = credential.user_id and u.closed_at is null
    left join roles r on r.user_id = u.id and r.valid_from <= %(now)s
        and (r.valid_to is null or r.valid_to > %(now)s) and not r.waits
        and not exists (select from units n
            where r.scope_kind = 'unit' and n.id = r.scope_id and n.valid_to < %(today)s)
        and not exists (select from clusters c
            where r.scope_kind = 'cluster' and c.id = r.scope_id
            and (c.valid_from > %(today)s or c.valid_to < %(today)s))
        and not exists (select from roles lent where lent.id = r.delegated_by
            and lent.valid_to <= %(now)s)
"""
BY_TOKEN = f"""
    select credential.user_id, 'write' = any(credential.scopes) as may_write,
        r.role, r.scope_kind, r.scope_id, r.delegated_by is not null as deputy,
        {SUSPENDED} as suspended
    from personal_tokens credential {ROLES}
    where credential.token_hash = %(hash)s and credential.revoked_at is null
        and (credential.expires_at is null or credential.expires_at > %(now)s)
        and not ({IDLE_ACCOUNT.format(since="%(idle_since)s")})
"""  # noqa: S608 # a part of the statement
BY_SESSION = f"""
    with seen as (
        update sessions set seen_at = %(now)s
        where token_hash = %(hash)s and created_at > %(begun_after)s
            and seen_at > %(seen_after)s and seen_at <= %(seen_before)s
    )
    select credential.user_id, true as may_write, credential.proved_at, r.role, r.scope_kind,
        r.scope_id, r.delegated_by is not null as deputy, {SUSPENDED} as suspended
    from sessions credential {ROLES}
    where credential.token_hash = %(hash)s and credential.created_at > %(begun_after)s
        and credential.seen_at > %(seen_after)s
        and (credential.identity_id is null or credential.created_at > %(by_identity_after)s)
"""  # noqa: S608


def actor() -> Actor:
    """Return the person of this request, by a token or else by the cookie of a session.

    An invalid token is answered with 401, an ended session is anonymous: browsers send the cookie
    everywhere. The database is queried once in a request.
    """
    found: Actor | None = request.environ.get(ACTOR_KEY)
    if found is None:
        if header := request.headers.get("Authorization"):
            scheme, _, token = header.partition(" ")
            found = _of_token(token.strip() if scheme.lower() == "bearer" else "")
        else:
            found = _by_session()
        request.environ[ACTOR_KEY] = found
        if found.signed_in:
            after_this_request(keep_private)
    return found


class SignedInParser(Parser):
    """A parser of arguments that answers 401 to anonymous callers before it reads a body.

    Of a request that changes something it reads no other argument before, either.
    """

    def load_json(self, req: Request, schema: Schema) -> Json:
        require_person(actor())
        return super().load_json(req, schema)

    def load_querystring(self, req: Request, schema: Schema) -> MultiDictProxy:
        if req.method not in SAFE:
            require_person(actor())
        query: MultiDictProxy = super().load_querystring(req, schema)
        return query


class PersonBlueprint(Blueprint):
    """A blueprint of endpoints for people who sign in, by a token or a session."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, parser=SignedInParser(), security=PERSON, **options)


def csrf_token(session_secret: str) -> str:
    """Return the token that a page sends with changes; other sites cannot read it."""
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, f"csrf|{session_secret}".encode(), hashlib.sha256).hexdigest()


def sign_in_context() -> SignInContext:
    """Return where and when the person of this request signs in."""
    return SignInContext(
        address=request.remote_addr or "",
        now=clock_now(),
        cookie=request.cookies.get(COOKIE),
        program=program_of(request.user_agent.string),
        cookies=request.cookies,
    )


def session_cookie(secret: str, max_age: int | None = None) -> str:
    """Return the header of the session's cookie; it ends with the browser, or by the database."""
    return private_cookie(COOKIE, secret, max_age, "/")


def browser_cookie(browser: KnownBrowser) -> str:
    """Return the header of the cookie of a known browser, which only sign-ins send back."""
    lasts = int(KNOWN_FOR.total_seconds())
    return private_cookie(browser.cookie, browser.value, lasts, SIGN_IN_PATH)


def private_cookie(name: str, value: str, max_age: int | None, path: str) -> str:
    """Return the header of a cookie that no script reads and no other site's request sends.

    Links of other sites do send it: a person comes back from a provider by one.
    """
    return dump_cookie(
        name,
        value,
        max_age=max_age,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def keep_private(response: Response) -> Response:
    """Forbid caching of answers for one person, unless the view sets a header."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def basic_actor() -> Actor:
    """Return the person whose token is the password of HTTP Basic; the token only reads.

    Office programs have no other way to send a token. Any user name is accepted. `actor` then
    returns this person.
    """
    credentials = request.authorization
    found = _of_token((credentials.password if credentials else None) or "")
    found = request.environ[ACTOR_KEY] = replace(found, may_write=False)
    after_this_request(keep_private)
    return found


def _of_token(token: str) -> Actor:
    """Return the owner of a personal token in force; 401 for any other text."""
    rows: Rows = []
    if token.startswith(TOKEN_PREFIX):
        now = clock_now()
        values = {"hash": secret_hash(token), "idle_since": now - users.IDLE, **_times(now)}
        rows = fetch_autocommit(BY_TOKEN, values)
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
        "by_identity_after": now - ABSOLUTE_OF_IDENTITY,
        "seen_after": now - IDLE,
        "seen_before": now - SEEN_EVERY,
    }
    rows = fetch_autocommit(BY_SESSION, {"hash": digest, **_times(now), **ends})
    if not rows:
        return PUBLIC
    if request.method not in SAFE:
        sent = request.headers.get(CSRF_HEADER) or _form_field()
        if not hmac.compare_digest(sent.encode(), csrf_token(secret).encode()):
            raise Problem(403, "csrf_failed")
    found = _actor(rows, digest)
    _confirm_host(found, now)
    return found


def _confirm_host(person: Actor, now: datetime) -> None:
    """Let links begin with the address of this request where an admin just gave the password."""
    admin = any(grant.role == "admin" for grant in person.grants)
    if admin and proved_lately(person, now) and (root := confirm_host()):
        record_at_once(person, "host.confirm", root)


def renew_password(given: str) -> None:
    """Note that the person of this request gave the password or a code again; 422 if wrong."""
    now = clock_now()
    prove(actor(), given, now)
    request.environ[ACTOR_KEY] = found = replace(actor(), proved_at=now)
    _confirm_host(found, now)


def _form_field() -> str:
    """Return the token in the form; pages that take files have set a larger limit before."""
    if request.max_content_length is None:
        request.max_content_length = MAX_BODY_BYTES
    return request.form.get(CSRF_FIELD, "")


def form_token() -> str:
    """Return the token for the forms of a page; empty without a session."""
    secret = request.cookies.get(COOKIE)
    return csrf_token(secret) if secret else ""


def _actor(rows: Rows, session: bytes | None = None) -> Actor:
    return Actor(
        user_id=rows[0]["user_id"],
        grants=tuple(
            Grant(row["role"], row["scope_kind"], row["scope_id"], row["deputy"])
            for row in rows
            if row["role"] and not row["suspended"]
        ),
        totp_needed=any(row["suspended"] for row in rows),
        may_write=rows[0]["may_write"],
        address=request.remote_addr,
        session=session,
        proved_at=rows[0]["proved_at"] if session else None,
    )


def _times(now: datetime) -> dict[str, object]:
    return {"now": now, "today": local_day(now), "factor": current_app.config["SECOND_FACTOR"]}
