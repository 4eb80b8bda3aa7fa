"""Second factors lie in the database sealed under the installation's key."""

from typing import Any

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from backend.accounts.second_factor import decrypt, encrypt
from tests.support.people import account, audit_entries, sign_in

NAME = "hoa@example.vn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
BEFORE = "the previous key"
TOTP = "/api/v1/account/totp"
IN = {"name": NAME, "password": "nắng sớm bên sông"}


def stored(owner: Engine) -> list[str]:
    """All that the database holds of second factors."""
    with owner.connect() as connection:
        rows = connection.execute(text("select totp_secret, totp_pending from users order by id"))
        return [value for row in rows for value in row if value is not None]


@given(st.text(max_size=40), st.integers(1, 9), st.text(max_size=80))
@settings(max_examples=30)
def test_what_is_no_seal_of_this_person_opens_nothing(secret: str, user: int, noise: str) -> None:
    sealed = encrypt(secret, user, "key")
    assert decrypt(sealed, user, "key") == secret
    assert decrypt(sealed, user + 1, "key") is None
    assert decrypt(sealed, user, "another key") is None
    assert decrypt(sealed[:-8], user, "key") is None
    assert decrypt(noise, user, "key") is None


def test_neither_the_offered_nor_the_confirmed_secret_is_stored_as_it_is(
    client: FlaskClient, app: Flask, owner: Engine, clock: Any
) -> None:
    account(app, NAME)
    shown = sign_in(client, NAME)
    secret = client.post(TOTP, json={"password": IN["password"]}, headers=shown).json["secret"]
    [pending] = stored(owner)
    body = {"code": pyotp.TOTP(secret).at(clock.now)}
    assert client.post(f"{TOTP}/confirm", json=body, headers=shown).status_code == 200
    [confirmed] = stored(owner)
    assert secret not in pending + confirmed


def test_after_a_change_of_key_they_are_sealed_again(
    app: Flask, client: FlaskClient, owner: Engine, clock: Any
) -> None:
    present, app.config["SECRET_KEY"] = app.config["SECRET_KEY"], BEFORE
    mine = account(app, NAME, "admin", totp_secret=SECRET)
    app.config["SECRET_KEY"] = present
    account(app, "binh@example.vn", totp_secret=SECRET)
    code = pyotp.TOTP(SECRET).at(clock.now)
    refused = client.post("/api/v1/sessions", json={**IN, "totp": code})
    assert (refused.status_code, refused.json["code"]) == (401, "totp_wrong")
    doctor = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "SECRET_KEY cannot decrypt 1 second factor" in doctor
    for key, words in (
        ("not it", "0 encrypted again, 1 that"),
        (BEFORE, "1 encrypted again, 0 that"),
    ):
        done = app.test_cli_runner().invoke(args=["accounts", "reseal"], input=f"{key}\n")
        assert words in done.output
    sign_in(client, NAME, totp=code)
    assert ("accounts.reseal", {"done": 1, "closed": 0}) in audit_entries(app, "accounts")
    assert decrypt(stored(owner)[0], mine, present) == SECRET
