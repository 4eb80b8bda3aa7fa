"""Endpoints of people and the audit log: sign in and out, one-time links, lists."""

from typing import Any

from flask import current_app, request
from werkzeug.http import dump_cookie

from backend.accounts import links, sessions, users
from backend.accounts.access import require_session
from backend.accounts.audit import read_audit
from backend.accounts.authentication import COOKIE, actor, csrf_token, keep_private
from backend.accounts.links import deliver
from backend.accounts.own_account_views import blp as account
from backend.accounts.schemas import (
    AcceptedSchema,
    AcceptSchema,
    AuditPageSchema,
    AuditQuerySchema,
    LinkSchema,
    PersonPageSchema,
    SignedInSchema,
    SignInSchema,
    UsersQuerySchema,
)
from backend.accounts.sessions import Credentials, SignInContext
from backend.database.extensions import PERSON, SESSION
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now

blp = Blueprint("people", __name__, description="People who sign in")
audit = Blueprint("audit", __name__, description="Privileged acts")
blueprints = (blp, audit, account)
blp.after_request(keep_private)


@blp.post("/sessions")
@blp.arguments(SignInSchema)
@blp.response(200, SignedInSchema)
def sign_in(credentials: Credentials) -> Any:
    """Sign in; the session is in a cookie that no script can read."""
    user, secret = sessions.sign_in(credentials, _context())
    person = users.describe(user, users.roles_of(user.id, clock_now()))
    return {"user": person, "csrf_token": csrf_token(secret)}, 200, {"Set-Cookie": _cookie(secret)}


@blp.delete("/sessions/current")
@blp.doc(security=SESSION)
@blp.response(204)
def sign_out() -> Any:
    """Sign out."""
    caller = actor()
    require_session(caller)
    sessions.sign_out(caller)
    return None, 204, {"Set-Cookie": _cookie("", max_age=0)}


@blp.post("/invitations/accept")
@blp.arguments(AcceptSchema)
@blp.response(200, AcceptedSchema)
def accept(data: dict[str, str]) -> Any:
    """Choose a password by the secret of a one-time link, once."""
    context = _context()
    return links.accept(
        data["secret"],
        data["password"],
        key=context.key,
        address=context.address,
        now=context.now,
    )


@blp.get("/users")
@blp.doc(security=PERSON)
@blp.arguments(UsersQuerySchema, location="query")
@blp.response(200, PersonPageSchema)
def list_users(query: dict[str, Any]) -> Any:
    """List people and their roles; for admins."""
    return users.list_users(actor(), query["name"], query["cursor"], query["limit"], clock_now())


@blp.post("/users/<int:user_id>/password-link")
@blp.doc(security=PERSON)
@blp.response(201, LinkSchema)
def offer_password(user_id: int) -> Any:
    """Make a link by which a person chooses a new password; for admins."""
    link = links.make_password_link(actor(), user_id, clock_now())
    return deliver(link, request.host_url, current_app.config)


@audit.get("/audit")
@audit.doc(security=PERSON)
@audit.arguments(AuditQuerySchema, location="query")
@audit.response(200, AuditPageSchema)
def list_audit(query: dict[str, Any]) -> Any:
    """List privileged acts, newest first; for admins."""
    return read_audit(actor(), query), 200, {"Cache-Control": "no-store"}


def _context() -> SignInContext:
    return SignInContext(
        address=request.remote_addr or "",
        key=current_app.config["SECRET_KEY"],
        now=clock_now(),
        cookie=request.cookies.get(COOKIE),
    )


def _cookie(secret: str, max_age: int | None = None) -> str:
    """Return the header of the session's cookie; it ends with the browser, or by the database."""
    return dump_cookie(
        COOKIE,
        secret,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
