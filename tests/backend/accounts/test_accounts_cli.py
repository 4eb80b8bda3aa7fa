"""flask accounts: the first admin, and the way back in."""

from typing import Any

import pyotp
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.models import User
from backend.database.extensions import db
from tests.support.people import (
    account,
    audit_entries,
    organisation,
    person,
    sign_in,
    team,
)

CHOSEN = "đường quê có hoa"
NAME = "hoa@example.vn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def run(app: Flask, *words: str, **options: Any) -> Any:
    return app.test_cli_runner().invoke(args=["accounts", *words], **options)


def accept(client: FlaskClient, output: str, base: str) -> Any:
    [link] = [line for line in output.splitlines() if "#" in line]
    address, _, secret = link.partition("#")
    assert address == f"{base}/invitation"
    return client.post("/api/v1/invitations/accept", json={"secret": secret, "password": CHOSEN})


def test_the_first_admin_comes_in_by_a_link(app: Flask, client: FlaskClient, clock: Any) -> None:
    done = run(app, "create-admin", " Hoa@Example.vn ", "--base", "https://do.example/")
    assert done.exit_code == 0, done.output
    taken = accept(client, done.output, "https://do.example")
    assert taken.json == {"name": NAME, "renewed": False}
    shown = sign_in(client, NAME, password=CHOSEN)
    assert client.get("/api/v1/users").status_code == 403
    secret = client.post("/api/v1/account/totp", json={"password": CHOSEN}, headers=shown).json[
        "secret"
    ]
    body = {"code": pyotp.TOTP(secret).at(clock.now)}
    client.post("/api/v1/account/totp/confirm", json=body, headers=shown)
    assert [one["name"] for one in client.get("/api/v1/users").json["items"]] == [NAME]
    [(act, details), *_] = audit_entries(app, "user:1")
    assert (act, details["role"]) == ("role.grant", "admin")


def test_a_password_may_be_given(app: Flask, client: FlaskClient) -> None:
    done = run(app, "create-admin", NAME, "--password-stdin", input=f"{CHOSEN}\n")
    assert done.exit_code == 0
    assert "#" not in done.output and CHOSEN not in done.output
    sign_in(client, NAME, password=CHOSEN)


def test_who_has_an_account_becomes_an_admin_and_keeps_the_password(
    app: Flask, client: FlaskClient
) -> None:
    account(app, NAME)
    done = run(app, "create-admin", NAME)
    assert done.exit_code == 0
    assert "#" not in done.output
    sign_in(client, NAME)
    roles = client.get("/api/v1/account").json["user"]["roles"]
    assert [one["role"] for one in roles] == ["admin"]


def test_a_password_that_is_given_voids_the_link_that_waits(
    app: Flask, client: FlaskClient
) -> None:
    group = organisation(app)
    organiser = person(app, "organiser", group)
    asked = {"name": NAME, "roles": [{"role": "team_leader", "scope_id": team(app, group)}]}
    link = client.post("/api/v1/invitations", json=asked, headers=organiser).json["link"]
    run(app, "create-admin", NAME, "--password-stdin", input=f"{CHOSEN}\n")
    body = {"secret": link.partition("#")[2], "password": "chiều vắng bến sông"}
    answer = client.post("/api/v1/invitations/accept", json=body)
    assert (answer.status_code, answer.json["code"]) == (404, "link_not_valid")
    sign_in(client, NAME, password=CHOSEN)


def test_a_password_that_is_given_ends_what_the_old_one_began(
    app: Flask, client: FlaskClient
) -> None:
    account(app, NAME)
    shown = sign_in(client, NAME)
    asked = {"name": "x"}
    made = client.post("/api/v1/account/tokens", json=asked, headers=shown).json
    run(app, "create-admin", NAME, "--password-stdin", input=f"{CHOSEN}\n")
    assert client.get("/api/v1/account").status_code == 401
    program = {"Authorization": f"Bearer {made['token']}"}
    assert app.test_client().get("/api/v1/account", headers=program).status_code == 401


def test_what_cannot_be_used_is_told(app: Flask) -> None:
    for words, typed, expected in [
        (("create-admin", "hoa"), None, "telephone number"),
        (("create-admin", NAME, "--password-stdin"), "short\n", "at least 10"),
        (("password-link", NAME), None, "Not found"),
    ]:
        done = run(app, *words, input=typed)
        assert done.exit_code == 1
        assert expected in done.output
    with app.app_context():
        assert db.session.query(User).count() == 0


def test_who_lost_the_phone_comes_back(app: Flask, client: FlaskClient) -> None:
    mine = account(app, NAME, totp_secret=SECRET)
    done = run(app, "password-link", NAME, "--remove-totp", "--base", "https://do.example")
    assert accept(client, done.output, "https://do.example").status_code == 200
    sign_in(client, NAME, password=CHOSEN)
    assert ("user.password_link", {"totp_removed": True}) in audit_entries(app, f"user:{mine}")


def test_a_link_alone_leaves_the_second_factor(app: Flask, client: FlaskClient) -> None:
    account(app, NAME, totp_secret=SECRET)
    done = run(app, "password-link", NAME)
    base = f"http://{app.config['BIND']}:{app.config['PORT']}"
    accept(client, done.output, base)
    body = {"name": NAME, "password": CHOSEN}
    assert client.post("/api/v1/sessions", json=body).json["code"] == "totp_required"
