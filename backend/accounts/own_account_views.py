"""Endpoints of one's own account."""

from typing import Any

from flask import current_app, request

from backend.accounts import own_account, tokens
from backend.accounts.authentication import (
    COOKIE,
    SignedInParser,
    actor,
    csrf_token,
    keep_private,
)
from backend.accounts.schemas import (
    AccountSchema,
    CodeSchema,
    EnrolmentSchema,
    MadePersonalTokenSchema,
    NewPasswordSchema,
    NewTokenSchema,
    PasswordSchema,
    PersonalTokensSchema,
)
from backend.database.extensions import PERSON, SESSION
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now

blp = Blueprint(
    "account",
    __name__,
    url_prefix="/api/v1/account",
    description="One's own account",
    parser=SignedInParser(),
)
blp.after_request(keep_private)


@blp.get("")
@blp.doc(security=PERSON)
@blp.response(200, AccountSchema)
def read_account() -> Any:
    """Return the person and their roles."""
    caller = actor()
    token = csrf_token(request.cookies[COOKIE]) if caller.session else None
    return {"user": own_account.read_account(caller, clock_now()), "csrf_token": token}


@blp.patch("/password")
@blp.doc(security=SESSION)
@blp.arguments(NewPasswordSchema)
@blp.response(204)
def change_password(data: dict[str, str]) -> None:
    """Change one's password; other sessions end."""
    own_account.change_password(actor(), data["old"], data["new"], _key(), clock_now())


@blp.post("/totp")
@blp.doc(security=SESSION)
@blp.response(200, EnrolmentSchema)
def offer_totp() -> Any:
    """Show the secret of a second factor, also as a QR picture."""
    return own_account.offer_totp(actor(), _key())


@blp.post("/totp/confirm")
@blp.doc(security=SESSION)
@blp.arguments(CodeSchema)
@blp.response(204)
def confirm_totp(data: dict[str, str]) -> None:
    """Switch the second factor on by its first code; other sessions end."""
    own_account.confirm_totp(actor(), data["code"], _key(), clock_now())


@blp.delete("/totp")
@blp.doc(security=SESSION)
@blp.arguments(PasswordSchema)
@blp.response(204)
def remove_totp(data: dict[str, str]) -> None:
    """Switch the second factor off."""
    own_account.remove_totp(actor(), data["password"], _key(), clock_now())


@blp.delete("")
@blp.doc(security=SESSION)
@blp.arguments(PasswordSchema)
@blp.response(204)
def close_account(data: dict[str, str]) -> None:
    """Close one's account, with its name, roles, sessions and tokens."""
    own_account.close_account(actor(), data["password"], _key(), clock_now())


@blp.get("/tokens")
@blp.doc(security=PERSON)
@blp.response(200, PersonalTokensSchema)
def list_tokens() -> Any:
    """List one's tokens in force."""
    return {"items": tokens.list_tokens(actor(), clock_now())}


@blp.post("/tokens")
@blp.doc(security=SESSION)
@blp.arguments(NewTokenSchema)
@blp.response(201, MadePersonalTokenSchema)
def make_token(data: dict[str, Any]) -> Any:
    """Make a token for a program; it is shown this once."""
    return tokens.make_token(actor(), data["name"], data["scopes"], data["days"], clock_now())


@blp.delete("/tokens/<int:token_id>")
@blp.doc(security=PERSON)
@blp.response(204)
def revoke_token(token_id: int) -> None:
    """End one of one's tokens."""
    tokens.revoke_token(actor(), token_id, clock_now())


def _key() -> str:
    key: str = current_app.config["SECRET_KEY"]
    return key
