"""Linking one's account with an account of the office, unlinking it, and closing the account."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.access import RECENT
from backend.accounts.models import AuditEntry, OfficeIdentity, Session, User
from backend.database.extensions import db
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.oidc import come_back, office, rule, sign_in
from tests.support.oidc_provider import FakeProvider
from tests.support.people import PASSWORD, account
from tests.support.problems import wrong_fields
from tests.support.sign_in import ACCOUNT, SECRET, TOKENS, code, status_and_code
from tests.support.sql_statements import execute

IDENTITIES = "/api/v1/account/identities"
NAME = "hoa@so.vn"


@pytest.fixture
def provider(app: Flask, clock: FakeClock, tmp_path: Path) -> Iterator[FakeProvider]:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        rule("officials", "thai-nguyen", "official", unit="19", level="province", system="2024")
    )
    with office(app, clock, rules) as running:
        yield running


@pytest.fixture
def csrf(app: Flask, client: FlaskClient, provider: FakeProvider) -> dict[str, str]:
    """The headers of a page of a person who signed in with a password."""
    account(app, NAME, display_name="Chị Hoa")
    return people.sign_in(client, NAME)


def begin_linking(client: FlaskClient, csrf: dict[str, str], password: str = PASSWORD) -> Any:
    return client.post(IDENTITIES, json={"password": password}, headers=csrf)


def link(client: FlaskClient, csrf: dict[str, str], provider: FakeProvider) -> Any:
    begun = begin_linking(client, csrf)
    assert begun.status_code == 201, begun.text
    return come_back(client, provider.allow(begun.json["url"]))


def unlink(client: FlaskClient, csrf: dict[str, str], password: str = PASSWORD) -> Any:
    [identity] = client.get(IDENTITIES).json["items"]
    address = f"{IDENTITIES}/{identity['id']}"
    return client.delete(address, json={"password": password}, headers=csrf)


def sign_out(client: FlaskClient) -> None:
    client.delete_cookie("dosong_session")


def test_a_person_links_the_account_and_signs_in_with_it(
    app: Flask, client: FlaskClient, provider: FakeProvider, csrf: dict[str, str]
) -> None:
    answer = link(client, csrf, provider)
    assert (answer.status_code, answer.location) == (303, "/account?linked=yes")
    assert "tài khoản của tỉnh" in client.get(answer.location).text
    mine = client.get(ACCOUNT).json["user"]
    sign_out(client)
    assert sign_in(client, provider).location == "/work"  # no rule gives a role
    person = client.get(ACCOUNT).json["user"]
    assert (person["id"], person["password"], person["roles"]) == (mine["id"], True, [])
    with app.app_context():
        acts = list(db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts == ["session.begin", "identity.link", "session.begin"]


def test_linking_gives_the_roles_of_rules_and_unlinking_ends_them(
    app: Flask, client: FlaskClient, provider: FakeProvider, csrf: dict[str, str]
) -> None:
    provider.claims["groups"] = ["thai-nguyen"]
    link(client, csrf, provider)
    assert [one["rule"] for one in client.get(ACCOUNT).json["user"]["roles"]] == ["officials"]
    other = app.test_client()
    sign_in(other, provider)
    assert other.get(ACCOUNT).status_code == 200
    assert unlink(client, csrf).status_code == 204
    assert client.get(ACCOUNT).json["user"]["roles"] == []
    assert other.get(ACCOUNT).status_code == 401  # its session was of the identity
    assert client.get(IDENTITIES).json["items"] == []
    sign_out(client)
    assert "oidc_name_taken" in sign_in(client, provider).location  # unlinked, not forgotten


def test_linking_and_unlinking_want_the_password(
    client: FlaskClient, provider: FakeProvider, csrf: dict[str, str]
) -> None:
    assert begin_linking(client, csrf, "another password").status_code == 422
    assert begin_linking(client, {}).status_code == 403  # no token of a page
    link(client, csrf, provider)
    assert unlink(client, csrf, "another password").status_code == 422
    assert status_and_code(begin_linking(client, csrf)) == (409, "oidc_linked")


def test_an_account_of_the_office_has_one_person(
    app: Flask, client: FlaskClient, provider: FakeProvider, csrf: dict[str, str]
) -> None:
    link(client, csrf, provider)
    account(app, "lan@so.vn")
    other = app.test_client()
    answer = link(other, people.sign_in(other, "lan@so.vn"), provider)
    assert answer.location == "/account?problem=oidc_taken"
    assert "already belongs" in other.get(answer.location + "&lang=en").text
    with app.app_context():
        assert len(db.session.scalars(select(OfficeIdentity)).all()) == 1


def test_only_the_session_that_began_links(
    app: Flask, client: FlaskClient, provider: FakeProvider, csrf: dict[str, str]
) -> None:
    begun = begin_linking(client, csrf)
    query = provider.allow(begun.json["url"])
    people.sign_in(client, NAME)  # a new session of the same person
    assert come_back(client, query).location == "/account?problem=oidc_expired"
    begun = begin_linking(client, people.sign_in(client, NAME))
    query = provider.allow(begun.json["url"])
    sign_out(client)
    assert come_back(client, query).location == "/sign-in?problem=oidc_expired"
    with app.app_context():
        assert db.session.scalars(select(OfficeIdentity)).all() == []


def test_a_failed_linking_leads_back_to_the_account(
    client: FlaskClient, provider: FakeProvider, csrf: dict[str, str]
) -> None:
    begun = begin_linking(client, csrf)
    denied = provider.allow(begun.json["url"]) | {"error": "access_denied"}
    answer = come_back(client, denied)
    assert answer.location == "/account?problem=oidc_cancelled"
    assert "cancelled" in client.get(answer.location + "&lang=en").text
    provider.token_changes = {"nonce": "another"}
    assert link(client, csrf, provider).location == "/account?problem=oidc_invalid"
    assert client.get(ACCOUNT).status_code == 200


def test_without_a_provider_nothing_is_linked(app: Flask, client: FlaskClient) -> None:
    account(app, NAME)
    csrf = people.sign_in(client, NAME)
    assert begin_linking(client, csrf).status_code == 404
    assert 'id="link-office"' not in client.get("/account").text


def test_an_admin_who_links_still_needs_the_code(
    app: Flask, client: FlaskClient, provider: FakeProvider, clock: FakeClock
) -> None:
    account(app, NAME, "admin", totp_secret=SECRET)
    csrf = people.sign_in(client, NAME, totp=code(clock))
    link(client, csrf, provider)
    sign_out(client)
    assert sign_in(client, provider).location == "/sign-in/office/code"
    assert client.get("/admin").status_code == 303
    clock.now += timedelta(minutes=1)
    assert client.post("/sign-in/office/code", data={"code": code(clock)}).location == "/work"
    assert client.get("/admin").status_code == 200


def test_closing_forgets_the_identity_and_a_closed_account_stays_closed(
    app: Flask, client: FlaskClient, provider: FakeProvider, csrf: dict[str, str]
) -> None:
    link(client, csrf, provider)
    closed = client.get(ACCOUNT).json["user"]["id"]
    answer = client.delete(ACCOUNT, json={"password": PASSWORD}, headers=csrf)
    assert answer.status_code == 204
    with app.app_context():
        assert db.session.scalars(select(OfficeIdentity)).all() == []
        assert db.session.scalars(select(Session)).all() == []
    assert "oidc_no_role" in sign_in(client, provider).location
    provider.claims["groups"] = ["thai-nguyen"]
    assert sign_in(client, provider).location == "/work"
    assert client.get(ACCOUNT).json["user"]["id"] != closed  # a new account, with new rights


# An account without a password


@pytest.fixture
def passwordless(client: FlaskClient, provider: FakeProvider) -> dict[str, str]:
    provider.claims["groups"] = ["thai-nguyen"]
    sign_in(client, provider)
    return {"X-CSRF-Token": client.get(ACCOUNT).json["csrf_token"]}


def test_no_password_serves_where_there_is_none(
    client: FlaskClient, passwordless: dict[str, str]
) -> None:
    for path in ("", "/totp", "/identities"):
        for password in ("", " ", "None", PASSWORD):
            send = client.delete if path == "" else client.post
            answer = send(ACCOUNT + path, json={"password": password}, headers=passwordless)
            assert answer.status_code == 422, path
    again = client.post(f"{ACCOUNT}/password", json={"password": PASSWORD}, headers=passwordless)
    assert wrong_fields(again) == [("password", "password_wrong")]
    attempt = {"name": NAME, "password": PASSWORD}
    assert client.post("/api/v1/sessions", json=attempt).status_code == 401


def test_signing_in_at_the_provider_again_renews_what_a_password_would(
    client: FlaskClient, provider: FakeProvider, passwordless: dict[str, str], clock: FakeClock
) -> None:
    clock.now += RECENT
    refused = client.post(TOKENS, json={"name": "x"}, headers=passwordless)
    assert (refused.status_code, refused.json["code"]) == (403, "password_needed")
    sign_in(client, provider)
    shown = {"X-CSRF-Token": client.get(ACCOUNT).json["csrf_token"]}
    assert client.post(TOKENS, json={"name": "x"}, headers=shown).status_code == 201


def test_nobody_invites_themselves_into_the_account(
    app: Flask, client: FlaskClient, passwordless: dict[str, str]
) -> None:
    """An invited account is its inviter's until a password is chosen; this one is taken."""
    admin = people.person(app, "admin")
    roles = [{"role": "admin"}]
    sent = {"name": NAME, "roles": roles}
    answer = client.post("/api/v1/invitations", json=sent, headers=admin)
    assert status_and_code(answer) == (409, "account_exists")


def test_an_admin_grants_it_a_role_and_a_password(
    app: Flask, client: FlaskClient, passwordless: dict[str, str], clock: FakeClock
) -> None:
    mine = client.get(ACCOUNT).json["user"]["id"]
    admin = people.person(app, "admin")
    youth = people.organisation(app)
    plain = app.test_client()
    sent = {"role": "organiser", "scope_id": youth}
    granted = plain.post(f"/api/v1/users/{mine}/roles", json=sent, headers=admin)
    assert granted.status_code == 201 and granted.json["rule"] is None
    made = plain.post(f"/api/v1/users/{mine}/password-link", headers=admin)
    secret = made.json["link"].partition("#")[2]
    accepted = {"secret": secret, "password": PASSWORD}
    assert plain.post("/api/v1/invitations/accept", json=accepted).status_code == 200
    people.sign_in(client, NAME)
    roles = client.get(ACCOUNT).json["user"]["roles"]
    assert {(one["role"], one["rule"]) for one in roles} == {
        ("official", "officials"), ("organiser", None)
    }  # fmt: skip


def test_a_role_by_a_rule_that_an_admin_grants_too_stays(
    app: Flask, client: FlaskClient, provider: FakeProvider, passwordless: dict[str, str]
) -> None:
    person = client.get(ACCOUNT).json["user"]
    admin, plain = people.person(app, "admin"), app.test_client()
    sent = {"role": "official", "scope_id": person["roles"][0]["scope_id"]}
    for status in (201, 200):
        answer = plain.post(f"/api/v1/users/{person['id']}/roles", json=sent, headers=admin)
        assert (answer.status_code, answer.json["rule"]) == (status, None)
    provider.claims["groups"] = []
    sign_in(client, provider)
    [role] = client.get(ACCOUNT).json["user"]["roles"]
    assert (role["rule"], role["valid_to"]) == (None, None)


def test_admins_see_which_rule_gave_a_role(
    app: Flask, client: FlaskClient, passwordless: dict[str, str], clock: FakeClock
) -> None:
    mine = client.get(ACCOUNT).json["user"]["id"]
    account(app, "admin@so.vn", "admin", totp_secret=SECRET)
    browser = app.test_client()
    people.sign_in(browser, "admin@so.vn", totp=code(clock))
    page = browser.get(f"/admin/people/{mine}?lang=en").text
    assert "by the rule officials" in page and "comes back" in page
    assert "by the rule officials" in browser.get("/admin/people?lang=en").text
    execute(app, User.__table__.update().values(name=None).where(User.id == mine))
    for path in ("/admin/people", f"/admin/people/{mine}", "/admin/audit"):
        shown = browser.get(f"{path}?lang=en")
        assert shown.status_code == 200 and ">None<" not in shown.text
