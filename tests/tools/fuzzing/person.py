"""Accounts for requests: an admin with a second factor, and a device."""

import json
import secrets
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any

import pyotp

from backend.devices.consent import CURRENT
from tests.tools.phone_simulator.own_server import OwnServer

NAME = "fuzz@dosong.example"


def sign_in(server: OwnServer) -> "Session":
    """Create an admin with a second factor, and sign in."""
    password = secrets.token_urlsafe(16)
    server.flask("accounts", "create-admin", NAME, "--password-stdin", stdin=f"{password}\n")
    session = Session(server.url, password)
    code = pyotp.TOTP(session.post("/account/totp", {"password": password})["secret"]).now()
    session.post("/account/totp/confirm", {"code": code})
    return session


def register(url: str) -> str:
    """Register a device and return its token."""
    consent = {"accepted": True, "version": CURRENT, "accepted_at": datetime.now(UTC).isoformat()}
    body = {"id": str(uuid.uuid4()), "consent": consent}
    request = urllib.request.Request(
        f"{url}/api/v1/devices", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["token"])


class Session:
    """A signed-in person's cookie and CSRF token."""

    def __init__(self, url: str, password: str) -> None:
        """Sign in, and set the headers of later requests."""
        self.url = f"{url}/api/v1"
        self.headers = {"Content-Type": "application/json"}
        answer, headers = self._send("/sessions", {"name": NAME, "password": password})
        self.headers["Cookie"] = headers["Set-Cookie"].split(";")[0]
        self.headers["X-CSRF-Token"] = answer["csrf_token"]

    def token(self) -> str:
        """Return a new personal token."""
        data = {"name": "fuzz", "scopes": ["read", "write"], "days": 1}
        return str(self.post("/account/tokens", data)["token"])

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a POST request and return the answer."""
        return self._send(path, body)[0]

    def _send(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), self.headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}"), answer.headers
