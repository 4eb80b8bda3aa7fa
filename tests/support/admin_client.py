"""A client signed in as an admin with a second factor, which sends forms with their token."""

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
    """Client of an admin; adds the CSRF token to forms."""

    def __init__(self, app: Flask, client: FlaskClient, now: datetime) -> None:
        people.account(app, NAME, "admin", totp_secret=SECRET)
        code = pyotp.TOTP(SECRET).at(now)
        self.client = client
        self.token = people.sign_in(client, NAME, totp=code)["X-CSRF-Token"]

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers={"Accept-Language": "vi"})
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, **fields: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **fields})

    def done(self, path: str, **fields: Any) -> None:
        answer = self.send(path, **fields)
        assert answer.status_code == 303, answer.text

    def refused(self, path: str, **fields: Any) -> str:
        answer = self.send(path, **fields)
        assert answer.status_code == 422, answer.text
        return answer.text


def field_error(page: str, field: str) -> str:
    """Return the error message beside a field of a page."""
    found = re.search(rf'id="{field}-fault"[^>]*>([^<]*)<', page)
    return found[1] if found else ""
