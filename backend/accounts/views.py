"""Endpoints of people: signing in and out, one-time links, the list of people."""

from typing import Any

from flask import current_app, request
from werkzeug.http import dump_cookie

from backend.accounts import links, sessions, users
from backend.accounts.access import require_session
from backend.accounts.asked import SignIn
from backend.accounts.audit_views import blp as audit
from backend.accounts.authentication import COOKIE, actor, csrf_token, keep_private
from backend.accounts.mailing import handed_over
from backend.accounts.own_account_views import blp as account
from backend.accounts.schemas import (
    AcceptedSchema,
    AcceptSchema,
    LinkSchema,
    PersonPageSchema,
    SignedInSchema,
    SignInSchema,
    UsersQuerySchema,
)
from backend.accounts.sessions import Circumstances
from backend.database.extensions import PERSON, SESSION
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now

blp = Blueprint("people", __name__, description="People who sign in")
blueprints = (blp, audit, account)
blp.after_request(keep_private)


@blp.post("/sessions")
@blp.arguments(SignInSchema)
@blp.response(200, SignedInSchema)
def sign_in(asked: SignIn) -> Any:
    """Sign in; the session is in a cookie that no script can read."""
    user, secret = sessions.sign_in(asked, _circumstances())
    told = users.described(user, users.roles_of(user.id, clock_now()))
    return {"user": told, "csrf_token": csrf_token(secret)}, 200, {"Set-Cookie": _cookie(secret)}


@blp.delete("/sessions/current")
@blp.doc(security=SESSION)
@blp.response(204)
def sign_out() -> Any:
    """Sign out."""
    known = actor()
    require_session(known)
    sessions.sign_out(known)
    return None, 204, {"Set-Cookie": _cookie("", max_age=0)}


@blp.post("/invitations/accept")
@blp.arguments(AcceptSchema)
@blp.response(200, AcceptedSchema)
def accept(asked: dict[str, str]) -> Any:
    """Choose a password by the secret of a one-time link, once."""
    at = _circumstances()
    return links.accept(
        asked["secret"], asked["password"], key=at.key, address=at.address, now=at.now
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
    link = links.offer_password(actor(), user_id, clock_now())
    return handed_over(link, request.host_url, current_app.config)


def _circumstances() -> Circumstances:
    return Circumstances(
        address=request.remote_addr or "",
        key=current_app.config["SECRET_KEY"],
        now=clock_now(),
        sent=request.cookies.get(COOKIE),
    )


def _cookie(secret: str, max_age: int | None = None) -> str:
    """The cookie of a session: it ends with the browser, and sooner in the database."""
    return dump_cookie(
        COOKIE,
        secret,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
