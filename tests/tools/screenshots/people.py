"""Sign in for pages that are not public, with accounts of the demo."""

import pyotp
from playwright.sync_api import BrowserContext

ACCOUNT, SESSIONS = "/api/v1/account", "/api/v1/sessions"


def sign_in(
    context: BrowserContext, name: str, password: str, secret: str | None = None
) -> str | None:
    """Sign a browser in; return the secret of an admin's second factor if it set one up."""
    data = {"name": name, "password": password}
    if secret:
        data["totp"] = pyotp.TOTP(secret).now()
    answer = context.request.post(SESSIONS, data=data)
    if not answer.ok:
        raise SystemExit(f"{name} cannot sign in: {answer.text()}")
    session = answer.json()
    if not session["user"]["totp_needed"]:
        return None
    headers = {"X-CSRF-Token": session["csrf_token"]}
    again = {"password": password}
    offered = context.request.post(f"{ACCOUNT}/totp", data=again, headers=headers)
    made: str = offered.json()["secret"]
    code = {"code": pyotp.TOTP(made).now()}
    context.request.post(f"{ACCOUNT}/totp/confirm", data=code, headers=headers)
    return made
