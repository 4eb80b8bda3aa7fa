"""Accounts over persons' samples that were idle for 90 days wait for a new link."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.users import IDLE
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.people import LONG_AGO, account, person, sign_in
from tests.support.sign_in import ACCOUNT, PHONE, TOKENS, attempt, status_and_code

CHOSEN = "đường quê có hoa"


@pytest.fixture
def today(clock: FakeClock) -> FakeClock:
    """The present time, with which the database stores entries of the log."""
    clock.now = datetime.now(UTC)
    return clock


def link(app: Flask, client: FlaskClient, name: str) -> None:
    """Set a password by the link that the operator's command prints."""
    done = app.test_cli_runner().invoke(args=["accounts", "password-link", name])
    body = {"secret": done.output.partition("#")[2].split()[0], "password": CHOSEN}
    assert client.post("/api/v1/invitations/accept", json=body).status_code == 200


@pytest.mark.parametrize("role", ["official", "organiser", "admin"])
def test_an_idle_account_is_brought_back_by_a_link(
    app: Flask, client: FlaskClient, today: FakeClock, role: str
) -> None:
    """Also that of the last admin, by the command."""
    scope = {"organiser": lambda: people.organisation(app),
             "official": lambda: people.unit_id(app, "05443", "2025")}  # fmt: skip
    account(app, PHONE, role, scope.get(role, lambda: None)())
    shown = sign_in(client, PHONE)
    headers: dict[str, Any] = {}
    if role != "admin":
        made = client.post(TOKENS, json={"name": "x", "days": 366}, headers=shown).json
        headers = {"Authorization": f"Bearer {made['token']}"}
    today.now += IDLE - timedelta(minutes=1)
    assert not headers or app.test_client().get(ACCOUNT, headers=headers).status_code == 200
    today.now += timedelta(minutes=2)
    assert app.test_client().get(ACCOUNT, headers=headers).status_code == 401
    assert status_and_code(attempt(client)) == (403, "account_idle")
    wrong = attempt(client, password="not this one")
    assert status_and_code(wrong) == (401, "sign_in_failed")
    today.now = datetime.now(UTC)  # the log's entries have the time of the database
    link(app, client, PHONE)
    today.now += IDLE - timedelta(minutes=1)
    sign_in(client, PHONE, password=CHOSEN)


@pytest.mark.parametrize(("role", "changes"), [("team_leader", {}), ("official", {"demo": True})])
def test_leaders_of_teams_and_the_demo_stay(
    app: Flask, client: FlaskClient, today: FakeClock, role: str, changes: dict[str, Any]
) -> None:
    leader = role == "team_leader"
    scope = people.team(app, people.organisation(app)) if leader else people.unit_id(app, "05443")
    account(app, PHONE, role, scope, **changes)
    today.now += IDLE + timedelta(days=1)
    sign_in(client, PHONE)


def test_what_a_token_reads_keeps_no_account(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    token = person(app, "official", people.unit_id(app, "05443"), created_at=LONG_AGO)
    clock.now = LONG_AGO + timedelta(days=1)
    assert client.get("/api/v1/units/05443/measurements", headers=token).status_code == 200
    clock.now = datetime.now(UTC) + IDLE - timedelta(minutes=1)  # after the entry in the log
    assert client.get(ACCOUNT, headers=token).status_code == 401


def test_signing_in_within_the_time_keeps_the_account(
    app: Flask, client: FlaskClient, today: FakeClock
) -> None:
    account(app, PHONE, "official", people.unit_id(app, "05443", "2025"),
            created_at=today.now - timedelta(days=300))  # fmt: skip
    assert status_and_code(attempt(client)) == (403, "account_idle")
    link(app, client, PHONE)
    sign_in(client, PHONE, password=CHOSEN)
