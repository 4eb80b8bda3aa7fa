"""Letting people in: POST /api/v1/invitations and …/accept, and links to a new password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backend.accounts.models import AuditEntry, OneTimeLink, User
from backend.database.extensions import db
from tests.support.people import (
    account,
    audit_entries,
    organisation,
    person,
    sign_in,
    team,
    unit_id,
)
from tests.support.problems import wrong_fields
from tests.support.sign_in import status_and_code

URL = "/api/v1/invitations"
ACCEPT = f"{URL}/accept"
NAME = "0912 345 678"
STORED = "+84912345678"
CHOSEN = "đường quê có hoa"
LEADER = "team_leader"


def invite(client: FlaskClient, headers: dict[str, str], *roles: Any, **changes: Any) -> Any:
    body = {"name": NAME, "roles": roles or [{"role": "admin"}], **changes}
    return client.post(URL, json=body, headers=headers)


def secret_of(answer: Any) -> str:
    assert answer.status_code == 201, answer.text
    address, _, secret = answer.json["link"].partition("#")
    assert address == "http://localhost/invitation"
    return str(secret)


def accept(client: FlaskClient, secret: str, password: str = CHOSEN) -> Any:
    return client.post(ACCEPT, json={"secret": secret, "password": password})


# An invitation


def test_who_is_invited_chooses_a_password_and_is_in(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: Any
) -> None:
    org = organisation(app)
    role = {"role": "organiser", "scope_id": org}
    answer = invite(client, admin, role, display_name="Anh Sơn")
    secret = secret_of(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["expires_at"] == (clock.now + timedelta(days=7)).isoformat()
    taken = accept(client, secret)
    assert (taken.status_code, taken.json) == (200, {"name": STORED, "renewed": False})
    sign_in(client, NAME, password=CHOSEN)
    me = client.get("/api/v1/account").json["user"]
    assert (me["id"], me["display_name"]) == (answer.json["user_id"], "Anh Sơn")
    assert [(one["role"], one["scope_id"]) for one in me["roles"]] == [("organiser", org)]
    with app.app_context():
        assert secret.encode() not in db.session.scalars(select(OneTimeLink.secret_hash)).one()


def test_what_is_noted_holds_no_name(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    own = team(app, organisation(app))
    answer = invite(client, admin, {"role": LEADER, "scope_id": own}, display_name="Anh Sơn")
    accept(client, secret_of(answer))
    role = {"role": LEADER, "scope": "team", "scope_id": own, "valid_to": None}
    assert audit_entries(app, f"user:{answer.json['user_id']}") == [
        ("user.invite", {"roles": [role]}),
        ("account.password_by_link", {"purpose": "invitation"}),
    ]
    with app.app_context():
        rows = [
            str((e.actor, e.subject, e.details)) for e in db.session.scalars(select(AuditEntry))
        ]
    assert not [row for row in rows if "345" in row or "Sơn" in row]


def test_a_link_serves_once(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    secret = secret_of(invite(client, admin))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: accept(app.test_client(), secret), range(4)))
    assert sorted(one.status_code for one in answers) == [200, 404, 404, 404]
    assert status_and_code(accept(client, secret)) == (404, "link_not_valid")


def test_a_weak_password_leaves_the_link(client: FlaskClient, admin: dict[str, str]) -> None:
    secret = secret_of(invite(client, admin))
    for password, code in [("short", "password_short"), ("Matkhau123", "password_common"),
                           ("tôi 912345678", "password_is_name")]:  # fmt: skip
        assert wrong_fields(accept(client, secret, password)) == [("password", code)]
    assert accept(client, secret).status_code == 200


def test_a_link_ends(client: FlaskClient, admin: dict[str, str], clock: Any) -> None:
    secret = secret_of(invite(client, admin))
    clock.now += timedelta(days=7)
    assert status_and_code(accept(client, secret)) == (404, "link_not_valid")
    again = secret_of(invite(client, admin))  # for the same person
    assert accept(client, again).status_code == 200


@pytest.mark.parametrize("secret", ["", "x", "é" * 50, "A" * 43])
def test_an_unknown_link(client: FlaskClient, secret: str) -> None:
    assert status_and_code(accept(client, secret)) == (404, "link_not_valid")


def test_strangers_at_an_address_keep_nobody_from_accepting(
    app: Flask, client: FlaskClient
) -> None:
    for _ in range(301):
        assert status_and_code(accept(client, "x")) == (404, "link_not_valid")


# Who may invite whom


def test_an_organiser_invites_leaders_of_own_teams(app: Flask, client: FlaskClient) -> None:
    parent = organisation(app)
    own = organisation(app, "Đoàn xã", parent_id=parent)
    foreign = organisation(app, "Sở KH&CN")
    headers = person(app, "organiser", parent)
    for place, one in enumerate((parent, own)):
        role = {"role": LEADER, "scope_id": team(app, one)}
        assert invite(client, headers, role, name=f"091200000{place}").status_code == 201
    below = person(app, "organiser", own)
    for who, role in [
        (headers, {"role": LEADER, "scope_id": team(app, foreign)}),
        (headers, {"role": LEADER, "scope_id": 999}),
        (headers, {"role": LEADER}),
        (headers, {"role": "organiser", "scope_id": own}),
        (headers, {"role": "official", "scope_id": 1}),
        (headers, {"role": "admin"}),
        (below, {"role": LEADER, "scope_id": team(app, parent, "Đội 2")}),
    ]:
        assert status_and_code(invite(client, who, role)) == (403, "forbidden"), role
    with app.app_context():
        named = select(func.count()).select_from(User).where(User.name == STORED)
        assert db.session.scalar(named) == 0


def test_one_role_too_many_lets_nobody_in(app: Flask, client: FlaskClient) -> None:
    org = organisation(app)
    headers = person(app, "organiser", org)
    role = {"role": LEADER, "scope_id": team(app, org)}
    assert status_and_code(invite(client, headers, role, {"role": "admin"})) == (403, "forbidden")


def test_who_has_an_account_gets_no_link(app: Flask, client: FlaskClient) -> None:
    there = account(app, STORED)
    org = organisation(app)
    role = {"role": LEADER, "scope_id": team(app, org)}
    for headers in (person(app, "organiser", org), person(app, "admin")):
        answer = invite(client, headers, role)
        assert status_and_code(answer) == (409, "account_exists")
        assert answer.json["user_id"] == there


def test_a_waiting_admin_is_not_taken_over_by_an_organiser(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    first = secret_of(invite(client, admin))
    org = organisation(app)
    role = {"role": LEADER, "scope_id": team(app, org)}
    assert status_and_code(invite(client, person(app, "organiser", org), role)) == (
        409,
        "account_exists",
    )
    assert accept(client, first).status_code == 200


def test_inviting_again_replaces_the_link(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    org = organisation(app)
    role = {"role": LEADER, "scope_id": team(app, org)}
    first = invite(client, person(app, "organiser", org), role)
    second = invite(client, admin, role, {"role": "organiser", "scope_id": org})
    assert first.json["user_id"] == second.json["user_id"]
    assert status_and_code(accept(client, secret_of(first))) == (404, "link_not_valid")
    assert accept(client, secret_of(second)).status_code == 200
    sign_in(client, NAME, password=CHOSEN)
    roles = [one["role"] for one in client.get("/api/v1/account").json["user"]["roles"]]
    assert roles == [LEADER, "organiser"]


# What is asked for


def test_an_official_is_named_by_the_units_code(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    role = {"role": "official", "unit": {"system": "2024", "code": "19", "level": "province"}}
    answer = invite(client, admin, role)
    assert answer.status_code == 201
    [(_, details), *_] = audit_entries(app, f"user:{answer.json['user_id']}")
    assert details["roles"][0]["scope_id"] == unit_id(app, "19", "2024", "province")


@pytest.mark.parametrize(("roles", "errors"), [
    ([{"role": "admin", "scope_id": 1}], [("roles.0.scope_id", "scope_not_taken")]),
    ([{"role": LEADER}], [("roles.0.scope_id", "required")]),
    ([{"role": "admin"}, {"role": LEADER, "scope_id": 9}], [("roles.1.scope_id", "scope_unknown")]),
    ([{"role": "organiser", "scope_id": 9}], [("roles.0.scope_id", "scope_unknown")]),
    ([{"role": "official", "scope_id": 999999}], [("roles.0.scope_id", "scope_unknown")]),
    ([{"role": "official", "unit": {"system": "2024", "code": "x"}}],
     [("roles.0.unit", "scope_unknown")]),
    ([{"role": LEADER, "unit": {"system": "2024", "code": "19"}}],
     [("roles.0.unit", "scope_not_taken")]),
    ([{"role": "admin", "valid_to": "2024-11-01T00:00:00Z"}],
     [("roles.0.valid_to", "in_the_past")]),
])  # fmt: skip
def test_a_role_that_cannot_be_granted(
    client: FlaskClient, admin: dict[str, str], roles: Any, errors: list[tuple[str, str]]
) -> None:
    body = {"name": NAME, "roles": roles}
    assert wrong_fields(client.post(URL, json=body, headers=admin)) == errors


def test_a_unit_that_has_ended_takes_no_official(
    client: FlaskClient, admin: dict[str, str], clock: Any
) -> None:
    role = {"role": "official", "unit": {"system": "2024", "code": "19", "level": "province"}}
    clock.now = clock.now.replace(year=2025, month=7)
    assert wrong_fields(invite(client, admin, role)) == [("roles.0.unit", "unit_ended")]


@pytest.mark.parametrize(
    "name", ["", "hoa", "12345", "a@b", "a,b@example.vn", '"hoa@example.vn', "hoa@/../example.vn"]
)
def test_a_name_is_an_address_or_a_number(
    client: FlaskClient, admin: dict[str, str], name: str
) -> None:
    assert wrong_fields(invite(client, admin, name=name)) == [("name", "not_a_name")]


# A new password


def test_a_new_password_ends_what_the_old_one_began(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: Any
) -> None:
    mine = account(app, STORED)
    lost = app.test_client()
    shown = sign_in(lost, NAME)
    asked = {"name": "x"}
    token = lost.post("/api/v1/account/tokens", json=asked, headers=shown).json["token"]
    answer = client.post(f"/api/v1/users/{mine}/password-link", headers=admin)
    assert answer.json["expires_at"] == (clock.now + timedelta(days=1)).isoformat()
    assert lost.get("/api/v1/account").status_code == 200  # not before it is used
    assert accept(client, secret_of(answer)).status_code == 200
    assert lost.get("/api/v1/account").status_code == 401
    program = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/account", headers=program).status_code == 401
    sign_in(client, NAME, password=CHOSEN)
    acts = [act for act, _ in audit_entries(app, f"user:{mine}")]
    assert "user.password_link" in acts and "account.password_by_link" in acts
