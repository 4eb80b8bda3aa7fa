"""A browser of an admin: signed in with a second factor, it sends forms with their token."""

import re
from datetime import datetime
from typing import Any

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import people

NAME = "quantri@example.vn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class AdminBrowser:
    """An admin's: it sends each form with its token."""

    def __init__(self, app: Flask, client: FlaskClient, now: datetime) -> None:
        people.account(app, NAME, "admin", totp_secret=SECRET)
        code = pyotp.TOTP(SECRET).at(now)
        self.client = client
        self.token = people.sign_in(client, NAME, totp=code)["X-CSRF-Token"]

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers={"Accept-Language": "vi"})
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, **typed: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **typed})

    def done(self, path: str, **typed: Any) -> None:
        answer = self.send(path, **typed)
        assert answer.status_code == 303, answer.text

    def refused(self, path: str, **typed: Any) -> str:
        answer = self.send(path, **typed)
        assert answer.status_code == 422, answer.text
        return answer.text


def fault(page: str, field: str) -> str:
    """What a page says beside a field."""
    found = re.search(rf'id="{field}-fault"[^>]*>([^<]*)<', page)
    return found[1] if found else ""
