"""A session: its cookie, its ends, what it may, and another site's page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from backend.accounts.authentication import COOKIE, actor
from backend.accounts.models import AuditEntry, Session, User
from backend.accounts.sessions import ABSOLUTE, IDLE
from backend.database.extensions import db
from tests.support.factories import register
from tests.support.people import PASSWORD, account, person, sign_in, unit_id
from tests.support.sign_in import (
    ACCOUNT,
    PHONE,
    SECRET,
    SESSIONS,
    TOKENS,
    attempt,
    code,
    status_and_code,
)
from tests.support.sql_statements import execute

# The cookie


def test_the_cookie_is_for_this_site_and_no_script(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    answer = attempt(client)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert parts == {"HttpOnly", "SameSite=Lax", "Path=/"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    secret = client.get_cookie(COOKIE).value
    with app.app_context():
        kept = db.session.scalars(select(Session.token_hash)).one()
        assert secret.encode() not in kept
        assert len(secret) >= 43
    secure = client.post(SESSIONS, json={"name": PHONE, "password": PASSWORD},
                         base_url="https://localhost")  # fmt: skip
    assert "Secure" in secure.headers["Set-Cookie"]


def test_every_sign_in_is_a_new_session_and_ends_the_one_sent(
    app: Flask, client: FlaskClient
) -> None:
    account(app, PHONE)
    sign_in(client, PHONE)
    first = client.get_cookie(COOKIE).value
    sign_in(client, PHONE)
    assert client.get_cookie(COOKIE).value != first
    other = app.test_client()
    other.set_cookie(COOKIE, first)
    assert other.get(ACCOUNT).status_code == 401
    assert client.get(ACCOUNT).status_code == 200


def test_a_session_that_nobody_began_is_not_taken_over(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    client.set_cookie(COOKIE, "planted")
    sign_in(client, PHONE)
    assert client.get_cookie(COOKIE).value != "planted"


def test_signing_out_ends_the_session(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    shown = sign_in(client, PHONE)
    secret = client.get_cookie(COOKIE).value
    answer = client.delete(f"{SESSIONS}/current", headers=shown)
    assert answer.status_code == 204
    assert client.get_cookie(COOKIE) is None
    client.set_cookie(COOKIE, secret)
    assert client.get(ACCOUNT).status_code == 401
    assert status_and_code(client.delete(f"{SESSIONS}/current")) == (401, "unauthorized")


def test_an_idle_session_ends(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE)
    sign_in(client, PHONE)
    clock.now += IDLE - timedelta(minutes=1)
    assert client.get(ACCOUNT).status_code == 200
    clock.now += IDLE - timedelta(minutes=1)
    assert client.get(ACCOUNT).status_code == 200
    clock.now += IDLE
    assert client.get(ACCOUNT).status_code == 401


def test_a_session_in_use_ends_with_its_week(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE)
    sign_in(client, PHONE)
    began = clock.now
    while clock.now + timedelta(hours=8) < began + ABSOLUTE:
        clock.now += timedelta(hours=8)
        assert client.get(ACCOUNT).status_code == 200
    clock.now = began + ABSOLUTE
    assert client.get(ACCOUNT).status_code == 401


def test_a_session_in_use_is_not_written_at_every_request(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    sign_in(client, PHONE)
    began = clock.now
    seen = []
    for minutes in (1, 4, 6, 7):
        clock.now = began + timedelta(minutes=minutes)
        client.get(ACCOUNT)
        with app.app_context():
            seen.append((db.session.scalars(select(Session.seen_at)).one() - began).seconds // 60)
    assert seen == [0, 0, 6, 6]


@pytest.mark.parametrize("value", ["x", "é", "a" * 5000, '"\\377\\377"', "%00"])
def test_a_cookie_that_is_no_session_is_nobodys(client: FlaskClient, value: str) -> None:
    answer = client.get(ACCOUNT, headers={"Cookie": f"{COOKIE}={value}"})
    assert status_and_code(answer) == (401, "unauthorized")


# Another site's page


def test_a_change_by_cookie_wants_the_pages_token(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    shown = sign_in(client, PHONE)
    body = {"name": "scripts", "password": PASSWORD}
    assert status_and_code(client.post(TOKENS, json=body)) == (403, "csrf_failed")
    for wrong in ("", "x", "é", shown["X-CSRF-Token"][:-1]):
        answer = client.post(TOKENS, json=body, headers={"X-CSRF-Token": wrong})
        assert status_and_code(answer) == (403, "csrf_failed")
    assert status_and_code(client.delete(f"{SESSIONS}/current")) == (403, "csrf_failed")
    assert client.post(TOKENS, json=body, headers=shown).status_code == 201
    assert client.get(ACCOUNT).json["csrf_token"] == shown["X-CSRF-Token"]


def test_the_token_of_another_session_does_not_fit(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    first = sign_in(client, PHONE)
    sign_in(client, PHONE)
    assert status_and_code(client.post(TOKENS, json={"name": "x"}, headers=first)) == (
        403,
        "csrf_failed",
    )


def test_a_token_goes_before_the_cookie_and_needs_no_other(app: Flask, client: FlaskClient) -> None:
    mine = account(app, PHONE)
    other = person(app)
    sign_in(client, PHONE)
    assert client.get(ACCOUNT).json["user"]["id"] == mine
    seen = client.get(ACCOUNT, headers=other).json
    assert seen["user"]["id"] != mine
    assert seen["csrf_token"] is None
    assert status_and_code(client.delete(f"{TOKENS}/99", headers=other)) == (404, "not_found")


def test_a_devices_token_is_nobodys_here(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    sign_in(client, PHONE)
    assert status_and_code(client.get(ACCOUNT, headers=register(client))) == (401, "unauthorized")
    for header in ("Basic eDp5", "Bearer", "Bearer ", "Bearer dsp_x", "x"):
        answer = client.get(ACCOUNT, headers={"Authorization": header})
        assert status_and_code(answer) == (401, "unauthorized"), header


# What a session may


def test_roles_are_read_at_every_request(app: Flask, client: FlaskClient, clock: Any) -> None:
    mine = account(app, PHONE, "admin", totp_secret=SECRET)
    sign_in(client, PHONE, totp=code(clock))
    assert client.get("/api/v1/users").status_code == 200
    execute(app, text("update roles set valid_to = :now"), {"now": clock.now})
    assert client.get("/api/v1/users").status_code == 403
    execute(app, update(User).where(User.id == mine).values(closed_at=clock.now))
    assert client.get(ACCOUNT).status_code == 401


def test_a_role_on_a_unit_ends_with_the_unit(app: Flask, clock: Any) -> None:
    headers = person(app, "official", unit_id(app, "19", "2024", "province"))

    def roles() -> list[str]:
        with app.test_request_context(headers=headers):
            return [grant.role for grant in actor().grants]

    clock.now = datetime(2025, 6, 30, 16, 59, tzinfo=UTC)  # the last minute of June in Vietnam
    assert roles() == ["official"]
    clock.now += timedelta(minutes=1)
    assert roles() == []


def test_a_request_asks_once_who_sends_it(app: Flask) -> None:
    with app.test_request_context(headers=person(app)):
        assert actor() is actor()


def test_beginning_a_session_is_noted_without_the_name(app: Flask, client: FlaskClient) -> None:
    mine = account(app, PHONE)
    attempt(client)
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
        row = (entry.act, entry.actor, entry.subject, entry.address, entry.details)
    assert row == ("session.begin", f"user:{mine}", f"user:{mine}", "192.0.2.1", {})
