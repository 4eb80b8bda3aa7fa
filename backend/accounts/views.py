"""Endpoints of people, one's own account and the audit log."""

from typing import TypedDict

from flask import current_app, request
from werkzeug.datastructures import Headers

from backend.accounts import authentication, links, own_account, schemas, sessions, users
from backend.accounts.access import require_session
from backend.accounts.audit import AuditPage, AuditQuery, read_audit
from backend.accounts.authentication import (
    COOKIE,
    PersonBlueprint,
    SignedInParser,
    actor,
    browser_cookie,
    csrf_token,
    keep_private,
    session_cookie,
    sign_in_context,
)
from backend.accounts.links import deliver
from backend.accounts.models import PersonalToken
from backend.database.extensions import PERSON, SESSION
from backend.http.links import link_root
from backend.http.paging import PageQuery
from backend.http.requests import Blueprint, clock_now

blp = Blueprint("people", __name__, description="People who sign in")
audit = PersonBlueprint("audit", __name__, description="Privileged acts")
account = Blueprint(
    "account",
    __name__,
    url_prefix="/api/v1/account",
    description="One's own account",
    parser=SignedInParser(),
    security=SESSION,
)
account.after_request(keep_private)
blueprints = (blp, audit, account)
blp.after_request(keep_private)


class AccountAnswer(TypedDict):
    """One's own account."""

    user: users.Person
    csrf_token: str | None  # for changing requests of pages; null for a program
    recovery_codes_left: int | None  # null without a second factor


class RecoveryCodes(TypedDict):
    """Recovery codes, returned only once; each replaces the six digits at one sign-in."""

    recovery_codes: list[str]


class OwnTokens(TypedDict):
    """One's tokens in force; their secrets were shown once."""

    items: list[PersonalToken]


@blp.post("/sessions")
@blp.arguments(schemas.SignInSchema)
@blp.response(200, schemas.SignedInSchema)
def sign_in(data: sessions.Credentials) -> tuple[AccountAnswer, int, Headers]:
    """Sign in; the session is in a cookie that no script can read."""
    user, secret, browser = sessions.sign_in(data, sign_in_context())
    person = users.describe(user, users.roles_of(user.id, clock_now()))
    cookies = [session_cookie(secret), browser_cookie(browser)]
    headers = Headers([("Set-Cookie", cookie) for cookie in cookies])
    return _account(person, csrf_token(secret)), 200, headers


@blp.delete("/sessions/current")
@blp.doc(security=SESSION)
@blp.response(204)
def sign_out() -> tuple[None, int, dict[str, str]]:
    """Sign out."""
    caller = actor()
    require_session(caller)
    sessions.sign_out(caller)
    return None, 204, {"Set-Cookie": session_cookie("", max_age=0)}


@blp.post("/invitations/accept")
@blp.arguments(schemas.AcceptSchema)
@blp.response(200, schemas.AcceptedSchema)
def accept(data: dict[str, str]) -> links.Accepted:
    """Choose a password by the secret of a one-time link, once."""
    context = sign_in_context()
    address, now = context.address, context.now
    return links.accept(data["secret"], data["password"], address=address, now=now)


class UsersQuery(PageQuery):
    """Filter and page of the list of people; null: all."""

    name: str | None  # the login name
    q: str | None  # a part of a name
    role: str | None


@blp.get("/users")
@blp.doc(security=PERSON)
@blp.arguments(schemas.UsersQuerySchema, location="query")
@blp.response(200, schemas.PersonPageSchema)
def list_users(query: UsersQuery) -> users.PersonPage:
    """List people and their roles; for admins."""
    page = query["cursor"], query["limit"], clock_now()
    name, text, role = query["name"], query["q"], query["role"]
    return users.list_users(actor(), *page, name=name, text=text, role=role)


@blp.post("/users/<int:user_id>/password-link")
@blp.doc(security=PERSON)
@blp.response(201, schemas.LinkSchema)
def offer_password(user_id: int) -> links.LinkHandedOut:
    """Make a link by which a person chooses a new password; for admins."""
    link = links.make_password_link(actor(), user_id, clock_now())
    return deliver(link, link_root(), current_app.config)


@blp.post("/users/<int:user_id>/confirmation")
@blp.doc(security=PERSON)
@blp.response(204)
def confirm(user_id: int) -> None:
    """Confirm that an account is the named person's: roles that waited take effect; for admins."""
    users.confirm(actor(), user_id, clock_now())


@audit.get("/audit")
@audit.arguments(schemas.AuditQuerySchema, location="query")
@audit.response(200, schemas.AuditPageSchema)
def list_audit(query: AuditQuery) -> tuple[AuditPage, int, dict[str, str]]:
    """List privileged acts, newest first; for admins."""
    return read_audit(actor(), query), 200, {"Cache-Control": "no-store"}


@account.get("")
@account.doc(security=PERSON)
@account.response(200, schemas.AccountSchema)
def read_account() -> AccountAnswer:
    """Return the person and their roles."""
    caller = actor()
    token = csrf_token(request.cookies[COOKIE]) if caller.session else None
    return _account(own_account.read_account(caller, clock_now()), token)


@account.patch("/password")
@account.arguments(schemas.NewPasswordSchema)
@account.response(204)
def change_password(data: dict[str, str]) -> None:
    """Change one's password; other sessions, all tokens and pending links end."""
    own_account.change_password(actor(), data["old"], data["new"], clock_now())


@account.post("/password")
@account.arguments(schemas.PasswordSchema)
@account.response(204)
def renew_password(data: dict[str, str]) -> None:
    """Give the password or a code again, for acts that need one of the last 15 minutes."""
    authentication.renew_password(data["password"])


@account.patch("/name")
@account.arguments(schemas.NewNameSchema)
@account.response(204)
def change_name(data: dict[str, str]) -> None:
    """Change the e-mail address or telephone number with which one signs in."""
    own_account.change_name(actor(), data["name"], data["password"], clock_now())


@account.post("/totp")
@account.arguments(schemas.PasswordSchema)
@account.response(200, schemas.EnrolmentSchema)
def offer_totp(data: dict[str, str]) -> dict[str, str]:
    """Show the secret of a second factor, also as a QR picture."""
    return own_account.offer_totp(actor(), data["password"], clock_now())


@account.post("/totp/confirm")
@account.arguments(schemas.CodeSchema)
@account.response(200, schemas.RecoveryCodesSchema)
def confirm_totp(data: dict[str, str]) -> RecoveryCodes:
    """Switch the second factor on by its first code, and show recovery codes this once."""
    codes = own_account.confirm_totp(actor(), data["code"], clock_now())
    return {"recovery_codes": codes}


@account.post("/recovery-codes")
@account.arguments(schemas.PasswordSchema)
@account.response(201, schemas.RecoveryCodesSchema)
def replace_recovery_codes(data: dict[str, str]) -> RecoveryCodes:
    """Replace one's recovery codes; the new ones are shown this once."""
    codes = own_account.replace_recovery_codes(actor(), data["password"], clock_now())
    return {"recovery_codes": codes}


@account.delete("/totp")
@account.arguments(schemas.PasswordSchema)
@account.response(204)
def remove_totp(data: dict[str, str]) -> None:
    """Switch the second factor off; recovery codes end."""
    own_account.remove_totp(actor(), data["password"], clock_now())


@account.delete("")
@account.arguments(schemas.PasswordSchema)
@account.response(204)
def close_account(data: dict[str, str]) -> None:
    """Close one's account, with its name, roles, sessions and tokens."""
    own_account.close_account(actor(), data["password"], clock_now())


@account.get("/tokens")
@account.doc(security=PERSON)
@account.response(200, schemas.PersonalTokensSchema)
def list_tokens() -> OwnTokens:
    """List one's tokens in force."""
    return {"items": own_account.list_tokens(actor(), clock_now())}


@account.post("/tokens")
@account.arguments(schemas.NewTokenSchema)
@account.response(201, schemas.MadePersonalTokenSchema)
def make_token(data: own_account.NewToken) -> own_account.MadePersonalToken:
    """Make a token for a program; it is shown this once."""
    return own_account.make_token(actor(), data, clock_now())


@account.delete("/tokens/<int:token_id>")
@account.doc(security=PERSON)
@account.response(204)
def revoke_token(token_id: int) -> None:
    """End one of one's tokens."""
    own_account.revoke_token(actor(), token_id, clock_now())


def _account(person: users.Person, token: str | None) -> AccountAnswer:
    left = own_account.count_recovery_codes(person["id"], person["totp"])
    return {"user": person, "csrf_token": token, "recovery_codes_left": left}
