"""Sign in through the API."""

from datetime import timedelta
from typing import Any

import pyotp
from flask.testing import FlaskClient

from tests.support.people import PASSWORD

SESSIONS = "/api/v1/sessions"
ACCOUNT = "/api/v1/account"
TOKENS = "/api/v1/account/tokens"
PHONE = "+84912345678"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def attempt(client: FlaskClient, name: str = PHONE, address: str = "192.0.2.1", **body: Any) -> Any:
    sent = {"name": name, "password": PASSWORD, **body}
    return client.post(SESSIONS, json=sent, environ_base={"REMOTE_ADDR": address})


def status_and_code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def code(clock: Any, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(clock.now + steps * timedelta(seconds=30))
