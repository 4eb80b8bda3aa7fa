"""Signing in for the pages that are not everybody's: as the people whom the demo told once."""

import pyotp
from playwright.sync_api import BrowserContext

ACCOUNT, SESSIONS = "/api/v1/account", "/api/v1/sessions"


def sign_in(context: BrowserContext, name: str, password: str) -> None:
    """Let a browser be this person; an admin's second factor is set up where there is none."""
    asked = {"name": name, "password": password}
    answer = context.request.post(SESSIONS, data=asked)
    if not answer.ok:
        raise SystemExit(f"{name} cannot sign in: {answer.text()}")
    told = answer.json()
    if told["user"]["totp_needed"]:
        as_page = {"X-CSRF-Token": told["csrf_token"]}
        secret = context.request.post(f"{ACCOUNT}/totp", headers=as_page).json()["secret"]
        code = {"code": pyotp.TOTP(secret).now()}
        context.request.post(f"{ACCOUNT}/totp/confirm", data=code, headers=as_page)
