"""Sign in for pages that are not public, with accounts of the demo."""

import pyotp
from playwright.sync_api import BrowserContext

ACCOUNT, SESSIONS = "/api/v1/account", "/api/v1/sessions"


def sign_in(context: BrowserContext, name: str, password: str) -> None:
    """Sign a browser in; set up an admin's second factor if there is none."""
    data = {"name": name, "password": password}
    answer = context.request.post(SESSIONS, data=data)
    if not answer.ok:
        raise SystemExit(f"{name} cannot sign in: {answer.text()}")
    session = answer.json()
    if session["user"]["totp_needed"]:
        headers = {"X-CSRF-Token": session["csrf_token"]}
        again = {"password": password}
        offered = context.request.post(f"{ACCOUNT}/totp", data=again, headers=headers)
        secret = offered.json()["secret"]
        code = {"code": pyotp.TOTP(secret).now()}
        context.request.post(f"{ACCOUNT}/totp/confirm", data=code, headers=headers)
