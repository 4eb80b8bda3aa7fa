"""Acts whose result outlasts a session need a password or code of the last 15 minutes."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from backend.accounts.access import RECENT
from backend.accounts.models import Session, User
from backend.accounts.sessions import CHECKS_PER_ACCOUNT, CODES_PER_ACCOUNT
from tests.support import people
from tests.support.access.requests import prepare_request
from tests.support.access.table import CODE
from tests.support.access.table_pages import BOARD
from tests.support.access.world import PASSWORD, World
from tests.support.clock import FakeClock
from tests.support.problems import wrong_fields
from tests.support.sign_in import status_and_code
from tests.support.sql_statements import execute

AGAIN = "/api/v1/account/password"
NAME = "lan@example.vn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
USER = "/api/v1/users/<int:user_id>"
ACTS = {
    "POST /api/v1/deputies": "official",
    "POST /api/v1/invitations": "organiser",
    f"POST {USER}/roles": "organiser",
    f"POST {USER}/password-link": "admin",
    f"POST {USER}/confirmation": "admin",
    "POST /api/v1/webhooks": "admin",
    "POST /api/v1/webhooks/<int:webhook_id>/secret": "admin",
    f"POST {CODE}": "organiser",
    "POST /api/v1/account/tokens": "team leader",
    # pages
    "POST /account/deputies": "official",
    "POST /account/tokens": "team leader",
    "POST /admin/people": "admin",
    "POST /admin/people/<int:user_id>": "admin",
    "POST /admin/people/<int:user_id>/link": "admin",
    "POST /admin/succession/<int:role_id>": "admin",
    "POST /admin/clusters": "admin",
    "POST /admin/clusters/<int:cluster_id>/end": "admin",
    "POST /admin/webhooks": "admin",
    f"POST {BOARD}/teams/<int:team_id>/code": "organiser",
}


@pytest.mark.parametrize("row", ACTS)
def test_an_old_session_alone_is_refused(app: Flask, row: str) -> None:
    world = World(app, app.test_client(use_cookies=False), ACTS[row])
    request = prepare_request(world, row)
    request["headers"] |= world.page_headers()
    request["headers"].pop("Authorization", None)
    long_ago = app.extensions["clock"]() - RECENT
    execute(app, update(Session).values(proved_at=long_ago))
    refused = world.client.open(**request)
    assert refused.status_code == 403
    if "/api/" in row:
        assert refused.json["code"] == "password_needed"
        again = {"json": {"password": PASSWORD}, "headers": request["headers"]}
        assert world.client.post(AGAIN, **again).status_code == 204
    else:
        request["data"] = request.get("data", {}) | {"password_again": PASSWORD}
    assert world.client.open(**request).status_code in (200, 201, 204, 303)


def old_session(app: Flask, clock: FakeClock, **changes: Any) -> tuple[FlaskClient, dict[str, str]]:
    """Sign in as an official, and let the time pass."""
    people.account(app, NAME, "official", people.unit_id(app, "05443"), **changes)
    client = app.test_client()
    code = {"totp": pyotp.TOTP(SECRET).at(clock.now)} if "totp_secret" in changes else {}
    shown = people.sign_in(client, NAME, **code)
    clock.now += RECENT
    return client, shown


def test_right_after_signing_in_nothing_is_asked(app: Flask, clock: FakeClock) -> None:
    client, shown = old_session(app, clock)
    body = {"name": "Excel"}
    refused = client.post("/api/v1/account/tokens", json=body, headers=shown)
    assert status_and_code(refused) == (403, "password_needed")
    clock.now -= timedelta(seconds=1)
    assert client.post("/api/v1/account/tokens", json=body, headers=shown).status_code == 201


def test_a_page_asks_and_then_sends_the_form_again(app: Flask, clock: FakeClock) -> None:
    client, shown = old_session(app, clock)
    people.account(app, "deputy@example.vn")
    form = {"name": "deputy@example.vn", "area": "2024/commune/05443", "last_day": "2024-12-01",
            "reason": "nghỉ phép\nhai tuần", "csrf_token": shown["X-CSRF-Token"]}  # fmt: skip
    page = client.post("/account/deputies", data=form, headers={"Accept-Language": "vi"})
    assert page.status_code == 403 and "Nhập lại mật khẩu" in page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    fields = {name: unescape(value) for name, value in hidden}
    assert fields == form
    wrong = client.post("/account/deputies", data=fields | {"password_again": "not this one"})
    assert wrong.status_code == 422 and 'name="reason"' in wrong.text
    done = client.post("/account/deputies", data=fields | {"password_again": people.PASSWORD})
    assert done.status_code == 303
    assert "deputy@example.vn" in client.get("/account/deputies").text


def test_six_digits_serve_as_well_and_are_not_guessed(app: Flask, clock: FakeClock) -> None:
    client, shown = old_session(app, clock, totp_secret=SECRET)
    code = {"password": pyotp.TOTP(SECRET).at(clock.now)}
    for _ in range(2):  # a code serves once
        answer = client.post(AGAIN, json=code, headers=shown)
        assert answer.status_code in (204, 422)
    assert wrong_fields(answer) == [("password", "password_wrong")]
    for _ in range(CODES_PER_ACCOUNT):
        answer = client.post(AGAIN, json={"password": "000000"}, headers=shown)
    assert status_and_code(answer) == (429, "too_many_requests")


def test_passwords_are_not_guessed(app: Flask, clock: FakeClock) -> None:
    client, shown = old_session(app, clock)
    for _ in range(CHECKS_PER_ACCOUNT):
        guess = client.post(AGAIN, json={"password": "not this one"}, headers=shown)
        assert wrong_fields(guess) == [("password", "password_wrong")]
    right = client.post(AGAIN, json={"password": people.PASSWORD}, headers=shown)
    assert status_and_code(right) == (429, "too_many_requests")


def test_an_account_of_the_office_signs_in_there_again(app: Flask, clock: FakeClock) -> None:
    client, shown = old_session(app, clock)
    execute(app, update(User).values(password_hash=None))
    app.config["OIDC_NAME"] = "VNeID"
    app.extensions["oidc_provider"] = object()
    form = {"name": "Excel", "days": "90", "csrf_token": shown["X-CSRF-Token"]}
    page = client.post("/account/tokens", data=form, headers={"Accept-Language": "vi"}).text
    assert "/sign-in/office?next=/account/tokens" in page and "password_again" not in page


def test_a_program_with_a_token_that_may_write_goes_on(app: Flask, client: FlaskClient) -> None:
    official = people.person(app, "official", people.unit_id(app, "05443"))
    people.account(app, "deputy@example.vn")
    body = {"name": "deputy@example.vn", "unit": {"system": "2024", "code": "05443"},
            "valid_to": "2024-12-01T00:00:00+07:00", "reason": "nghỉ phép"}  # fmt: skip
    assert client.post("/api/v1/deputies", json=body, headers=official).status_code == 201
