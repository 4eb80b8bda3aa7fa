"""The configured provider, and what a browser keeps of a sign-in that has begun there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import current_app, request, url_for

from backend.accounts.authentication import private_cookie
from backend.http.requests import clock_now
from backend.oidc.transactions import LIFETIME, PendingSignIn, pack, unpack

if TYPE_CHECKING:
    from backend.oidc.provider import Provider

COOKIE = "dosong_sign_in"
COOKIE_PATH = "/sign-in/office"


def new_provider(config: Mapping[str, Any]) -> "Provider | None":
    """Return the provider of the settings, if there is one.

    Its libraries are loaded only then: they take 60 ms of each start and 7 MB.
    """
    if not config["OIDC_ISSUER"]:
        return None
    from backend.oidc.provider import Provider

    return Provider(
        config["OIDC_ISSUER"],
        config["OIDC_CLIENT_ID"],
        config["OIDC_CLIENT_SECRET"],
        config["OIDC_SCOPES"],
    )


def current_provider() -> "Provider | None":
    """Return the operator's provider, if there is one."""
    provider: Provider | None = current_app.extensions["oidc_provider"]
    return provider


def callback_url() -> str:
    """Return the address to which the provider sends browsers back."""
    return url_for("office_sign_in.finish", _external=True)


def pending_cookie(pending: PendingSignIn | None) -> str:
    """Return the header of the cookie of a sign-in that has begun; None deletes the cookie."""
    if pending is None:
        return private_cookie(COOKIE, "", 0, COOKIE_PATH)
    text = pack(pending, current_app.config["SECRET_KEY"])
    return private_cookie(COOKIE, text, int(LIFETIME.total_seconds()), COOKIE_PATH)


def read_pending(step: str) -> PendingSignIn | None:
    """Return the sign-in that this browser has begun, if it is at this step."""
    key = current_app.config["SECRET_KEY"]
    return unpack(request.cookies.get(COOKIE), step, key, clock_now())
