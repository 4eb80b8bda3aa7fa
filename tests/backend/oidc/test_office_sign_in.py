"""Signing in at the operator's provider: who gets in, and what a correct provider never sends."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update
from structlog.testing import CapturingLogger

from backend.accounts.models import AuditEntry, OfficeIdentity, Role, Session, User
from backend.accounts.second_factor import encrypt
from backend.accounts.sessions import SIGN_INS_PER_ADDRESS
from backend.database.extensions import db
from backend.oidc import provider as provider_module
from backend.oidc import service as oidc_service
from backend.oidc.browser import new_provider
from backend.oidc.roles import ROLE_DURATION
from tests.support.clock import FakeClock
from tests.support.oidc import (
    BEGIN,
    CALLBACK,
    CODE,
    PERSON,
    begin,
    come_back,
    configure,
    office,
    rule,
    sign_in,
)
from tests.support.oidc_provider import FakeProvider, serving
from tests.support.people import PASSWORD, account, grant, unit_id
from tests.support.sign_in import ACCOUNT, SECRET, code
from tests.support.sql_statements import execute

OFFICIALS = rule("officials", "thai-nguyen", "official", unit="19", level="province", system="2024")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(OFFICIALS, "utf-8")
    return path


@pytest.fixture
def provider(app: Flask, clock: FakeClock, rules: Path) -> Iterator[FakeProvider]:
    with office(app, clock, rules) as running:
        running.claims["groups"] = ["thai-nguyen"]
        yield running


def whoami(client: FlaskClient) -> Any:
    return client.get(ACCOUNT)


def problem(answer: Any) -> str:
    """Return the problem that the sign-in page is to show."""
    found = re.fullmatch(r"/sign-in\?problem=(\w+)(&next=.*)?", answer.location or "")
    assert answer.status_code == 303 and found, (answer.status_code, answer.location)
    return found[1]


def count(app: Flask, model: Any) -> int:
    with app.app_context():
        return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


# Who gets in


def test_a_person_with_a_role_gets_an_account(
    app: Flask, client: FlaskClient, provider: FakeProvider, clock: FakeClock
) -> None:
    answer = sign_in(client, provider)
    assert (answer.status_code, answer.location) == (303, "/work")
    person = whoami(client).json["user"]
    assert (person["name"], person["display_name"]) == ("hoa@so.vn", "Nguyễn Thị Hoa")
    assert (person["accepted"], person["password"]) == (True, False)
    [role] = person["roles"]
    assert (role["role"], role["rule"]) == ("official", "officials")
    assert role["scope_id"] == unit_id(app, "19", level="province")
    assert role["valid_to"] == (clock.now + ROLE_DURATION).isoformat()
    assert client.get("/work").location.startswith("/desk")


def test_signing_in_again_is_the_same_person(
    app: Flask, client: FlaskClient, provider: FakeProvider, clock: FakeClock
) -> None:
    sign_in(client, provider)
    first = whoami(client).json["user"]["id"]
    client.delete_cookie("dosong_session")
    assert whoami(client).status_code == 401
    clock.now += timedelta(days=1)
    provider.claims |= {"email": "other@so.vn", "name": "Another"}
    sign_in(client, provider)
    assert whoami(client).json["user"]["id"] == first
    assert (count(app, User), count(app, OfficeIdentity), count(app, Role)) == (1, 1, 1)


def test_the_requested_page_is_opened_and_no_other_server(
    client: FlaskClient, provider: FakeProvider
) -> None:
    assert sign_in(client, provider, next="/desk/reports/2").location == "/desk/reports/2"
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"):
        client.delete_cookie("dosong_session")
        assert sign_in(client, provider, next=path).location == "/work"
    client.delete_cookie("dosong_session")
    assert sign_in(client, provider, next="/" + 2_000 * "x").location == "/work"


def test_cookies_are_private_and_short(
    app: Flask, client: FlaskClient, provider: FakeProvider
) -> None:
    answer = client.get(BEGIN, base_url="https://localhost")
    [begun] = answer.headers.getlist("Set-Cookie")
    assert begun.startswith("dosong_sign_in=")
    for part in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/sign-in/office", "Max-Age=600"):
        assert part in begun
    assert answer.headers["Cache-Control"] == "no-store"
    ended = come_back(client, provider.allow(answer.location), base_url="https://localhost")
    session, gone = ended.headers.getlist("Set-Cookie")
    assert session.startswith("dosong_session=") and "HttpOnly" in session and "Secure" in session
    assert "Max-Age=0" in gone


def test_a_session_lasts_twelve_hours(
    client: FlaskClient, provider: FakeProvider, clock: FakeClock
) -> None:
    sign_in(client, provider)
    for _ in range(11):
        clock.now += timedelta(hours=1)
        assert whoami(client).status_code == 200
    clock.now += timedelta(minutes=59)
    assert len(re.findall("<tr", client.get("/account/sessions").text)) > 1
    clock.now += timedelta(minutes=2)
    assert whoami(client).status_code == 401


def test_the_sign_in_is_in_the_audit_log(
    app: Flask, client: FlaskClient, provider: FakeProvider
) -> None:
    sign_in(client, provider)
    with app.app_context():
        entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        acts = [(one.act, one.details.get("rule")) for one in entries]
        assert {one.actor for one in entries} == {entries[0].subject}
    assert acts == [("identity.create", None), ("role.grant", "officials"), ("session.begin", None)]


@pytest.mark.parametrize(
    ("claims", "absent"),
    [({"groups": ["elsewhere"]}, []), ({"groups": []}, []), ({"groups": None}, ["groups"]),
     ({}, ["groups"])],
)  # fmt: skip
def test_without_a_role_there_is_no_account(
    app: Flask,
    client: FlaskClient,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    claims: dict[str, Any],
    absent: list[str],
) -> None:
    written = CapturingLogger()
    monkeypatch.setattr(oidc_service, "log", structlog.wrap_logger(written, processors=[]))
    provider.claims = PERSON | claims
    answer = sign_in(client, provider)
    assert problem(answer) == "oidc_no_role"
    assert count(app, User) == count(app, Session) == 0
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.details) == (
        "identity.refuse", {"reason": "oidc_no_role", "account": "a-17"}
    )  # fmt: skip
    page = client.get(answer.location, headers={"Accept-Language": "en"}).text
    assert "has no role here yet" in page
    [call] = written.calls
    assert call.kwargs["absent_claims"] == absent


@pytest.mark.parametrize(
    ("offered", "configured", "asked"),
    [
        (None, (), "openid profile email"),
        (["openid", "groups"], (), "openid profile email groups"),
        (["openid", "groups"], ("openid", "roles"), "openid roles"),
    ],
)
def test_groups_are_asked_for_where_they_are_offered(
    app: Flask,
    client: FlaskClient,
    provider: FakeProvider,
    offered: list[str] | None,
    configured: tuple[str, ...],
    asked: str,
) -> None:
    provider.metadata_changes["scopes_supported"] = offered
    app.config["OIDC_SCOPES"] = configured
    app.extensions["oidc_provider"] = new_provider(app.config)
    assert parse_qs(urlsplit(begin(client)).query)["scope"] == [asked]


@pytest.mark.parametrize("verified", [True, False, None])
def test_an_address_alone_never_opens_an_account(
    app: Flask, client: FlaskClient, provider: FakeProvider, verified: bool | None
) -> None:
    account(app, "hoa@so.vn", "admin", totp_secret=SECRET)
    provider.claims |= {"email": "Hoa@So.VN", "email_verified": verified}
    assert problem(sign_in(client, provider)) == "oidc_name_taken"
    assert count(app, OfficeIdentity) == count(app, Session) == 0


@pytest.mark.parametrize(("mail", "verified", "name"), [
    ("hoa@so.vn", False, None), ("hoa@so.vn", None, None), ("hoa@so.vn", "true", None),
    (None, True, None), (17, True, None), ("no address", True, None), ("a\ud800@so.vn", True, None),
    ("Hoa@So.VN", True, "hoa@so.vn"),
])  # fmt: skip
def test_only_a_verified_address_becomes_the_name(
    client: FlaskClient, provider: FakeProvider, mail: Any, verified: Any, name: str | None
) -> None:
    provider.claims |= {"email": mail, "email_verified": verified}
    assert sign_in(client, provider).location == "/work"
    assert whoami(client).json["user"]["name"] == name
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(("claims", "shown"), [
    ({"name": "  Chị \u202eHoa\n "}, "Chị Hoa"), ({"name": "x" * 300}, "x" * 100),
    ({"name": None, "preferred_username": "hoa"}, "hoa"), ({"name": "\ud800"}, "a-17"),
    ({"name": ["a"]}, "a-17"), ({"name": "<script>"}, "<script>"),
])  # fmt: skip
def test_the_shown_name_is_cleaned(
    client: FlaskClient, provider: FakeProvider, claims: dict[str, Any], shown: str
) -> None:
    provider.claims |= claims
    sign_in(client, provider)
    assert whoami(client).json["user"]["display_name"] == shown
    assert "<script>" not in client.get("/desk").text


def test_two_first_sign_ins_at_once_make_one_person(app: Flask, provider: FakeProvider) -> None:
    clients = [app.test_client() for _ in range(2)]
    queries = [provider.allow(begin(client)) for client in clients]
    locations = []

    def finish(client: FlaskClient, query: dict[str, str]) -> None:
        locations.append(come_back(client, query).location)

    threads = [
        threading.Thread(target=finish, args=pair) for pair in zip(clients, queries, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert locations == ["/work", "/work"]
    assert (count(app, User), count(app, OfficeIdentity), count(app, Session)) == (1, 1, 2)


# Claims that only the answer about the user has


def test_claims_may_come_with_the_answer_about_the_user(
    client: FlaskClient, provider: FakeProvider
) -> None:
    provider.claims = {"sub": "a-17"}
    provider.about_user = PERSON | {"groups": ["thai-nguyen"]}
    assert sign_in(client, provider).location == "/work"
    assert whoami(client).json["user"]["roles"][0]["rule"] == "officials"


def test_an_answer_about_another_user_is_refused(
    client: FlaskClient, provider: FakeProvider
) -> None:
    provider.claims = {"sub": "a-17"}
    provider.about_user = {"sub": "b-1", "groups": ["thai-nguyen"]}
    assert problem(sign_in(client, provider)) == "oidc_invalid"


# Roles follow the claims


def test_roles_of_rules_follow_the_claims_and_others_stay(
    app: Flask, client: FlaskClient, provider: FakeProvider, rules: Path, clock: FakeClock
) -> None:
    other = rule("phu-luong", "phu-luong", "official", unit="05443", level="commune", system="2024")
    rules.write_text(OFFICIALS + other)
    provider.claims["groups"] = ["thai-nguyen", "phu-luong"]
    sign_in(client, provider)
    person = whoami(client).json["user"]
    assert [one["rule"] for one in person["roles"]] == ["officials", "phu-luong"]
    grant(app, person["id"], "official", unit_id(app, "05446"))
    clock.now += timedelta(hours=1)
    provider.claims["groups"] = ["phu-luong"]
    sign_in(client, provider)
    assert {one["rule"] for one in whoami(client).json["user"]["roles"]} == {"phu-luong", None}
    provider.claims["groups"] = []
    sign_in(client, provider)
    assert {one["rule"] for one in whoami(client).json["user"]["roles"]} == {None}
    with app.app_context():
        ended = select(AuditEntry.details["rule"].astext).where(AuditEntry.act == "role.end")
        assert set(db.session.scalars(ended)) == {"officials", "phu-luong"}


def test_a_role_that_an_admin_gave_is_not_given_twice_nor_ended(
    app: Flask, client: FlaskClient, provider: FakeProvider
) -> None:
    provider.claims["groups"] = ["thai-nguyen"]
    sign_in(client, provider)
    execute(app, update(Role).values(rule=None, valid_to=None))
    for groups in (["thai-nguyen"], []):
        provider.claims["groups"] = groups
        sign_in(client, provider)
        [role] = whoami(client).json["user"]["roles"]
        assert (role["rule"], role["valid_to"]) == (None, None)


def test_roles_of_a_person_who_signs_in_no_more_end(
    app: Flask, client: FlaskClient, provider: FakeProvider, clock: FakeClock
) -> None:
    sign_in(client, provider)
    clock.now += ROLE_DURATION - timedelta(days=1)
    sign_in(client, provider)
    [role] = whoami(client).json["user"]["roles"]
    assert role["valid_to"] == (clock.now + ROLE_DURATION).isoformat()


def test_rules_that_cannot_be_read_end_no_role(
    app: Flask, client: FlaskClient, provider: FakeProvider, rules: Path
) -> None:
    sign_in(client, provider)
    rules.write_text("[[rule]")
    assert problem_after(client, provider) == "oidc_away"
    with app.app_context():
        assert db.session.scalars(select(Role.valid_to)).one() is not None


def problem_after(client: FlaskClient, provider: FakeProvider) -> str:
    return problem(sign_in(client, provider))


def test_a_rule_over_a_unit_that_is_no_more_gives_no_role(
    client: FlaskClient, provider: FakeProvider, rules: Path
) -> None:
    gone = rule("gone", "thai-nguyen", "official", unit="99999", system="2024")
    gone += rule("no team", "thai-nguyen", "team_leader", team=99)
    rules.write_text(gone + OFFICIALS)
    sign_in(client, provider)
    assert [one["rule"] for one in whoami(client).json["user"]["roles"]] == ["officials"]
    client.delete_cookie("dosong_session")
    provider.claims["sub"] = "b-1"
    provider.claims["email"] = "b@so.vn"
    rules.write_text(gone)
    assert problem_after(client, provider) == "oidc_no_role"


def test_an_admin_by_a_rule_needs_the_second_factor_too(
    app: Flask, client: FlaskClient, provider: FakeProvider, rules: Path
) -> None:
    rules.write_text(rule("admins", "it", "admin"))
    provider.claims["groups"] = ["it"]
    sign_in(client, provider)
    assert whoami(client).json["user"]["totp_needed"]
    assert client.get("/admin").location == "/account"
    assert client.get("/api/v1/users").status_code == 403


# The second factor


@pytest.fixture
def careful(app: Flask, client: FlaskClient, provider: FakeProvider) -> FlaskClient:
    """A browser of a person with a second factor, before its code."""
    sign_in(client, provider)
    client.delete_cookie("dosong_session")
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        user.totp_secret = encrypt(SECRET, user.id, app.config["SECRET_KEY"])
        db.session.commit()
    assert sign_in(client, provider, next="/account").location == CODE
    assert whoami(client).status_code == 401
    return client


def test_a_second_factor_is_wanted_after_the_provider(
    careful: FlaskClient, clock: FakeClock
) -> None:
    assert "form" in careful.get(CODE).text
    wrong = careful.post(CODE, data={"code": "000000"})
    assert wrong.status_code == 422 and whoami(careful).status_code == 401
    assert careful.post(CODE, data={}).status_code == 422
    right = careful.post(CODE, data={"code": code(clock)})
    assert (right.status_code, right.location) == (303, "/account")
    assert whoami(careful).status_code == 200
    assert careful.get(CODE).location == "/sign-in?problem=oidc_expired"  # it served once
    assert careful.post(CODE, data={"code": code(clock, 1)}).status_code == 403  # no token


def test_a_code_is_not_guessed(careful: FlaskClient, clock: FakeClock) -> None:
    for _ in range(10):
        assert careful.post(CODE, data={"code": "000000"}).status_code == 422
    answer = careful.post(CODE, data={"code": code(clock)})
    assert answer.status_code == 422 and whoami(careful).status_code == 401


def test_the_wait_for_a_code_ends(careful: FlaskClient, clock: FakeClock) -> None:
    clock.now += timedelta(minutes=11)
    assert problem(careful.post(CODE, data={"code": code(clock)})) == "oidc_expired"


@pytest.mark.parametrize("change", [
    lambda: delete(OfficeIdentity),
    lambda: update(User).values(closed_at=func.now()),
])  # fmt: skip
def test_what_changes_before_the_code_lets_nobody_in(
    app: Flask, careful: FlaskClient, clock: FakeClock, change: Callable[[], Any]
) -> None:
    execute(app, change())
    assert problem(careful.post(CODE, data={"code": code(clock)})) == "oidc_expired"
    assert whoami(careful).status_code == 401


def test_the_cookie_of_one_step_does_not_serve_the_other(
    client: FlaskClient, provider: FakeProvider, careful: FlaskClient
) -> None:
    assert problem(come_back(careful, {"code": "x", "state": "y"})) == "oidc_expired"
    begin(client)
    assert problem(client.post(CODE, data={"code": "123456"})) == "oidc_expired"


# What a correct provider never sends


@pytest.mark.parametrize(("changes", "wanted"), [
    ({"token_changes": {"nonce": "another"}}, "oidc_invalid"),
    ({"token_changes": {"nonce": None}}, "oidc_invalid"),
    ({"token_changes": {"aud": "another client"}}, "oidc_invalid"),
    ({"token_changes": {"aud": ["do-song", "another client"]}}, "oidc_invalid"),  # without azp
    ({"token_changes": {"azp": "another client"}}, "oidc_invalid"),
    ({"token_changes": {"aud": None}}, "oidc_invalid"),
    ({"token_changes": {"iss": "https://evil.example"}}, "oidc_invalid"),
    ({"token_changes": {"exp": 1_500_000_000}}, "oidc_invalid"),
    ({"token_changes": {"exp": None}}, "oidc_invalid"),
    ({"token_changes": {"exp": "soon"}}, "oidc_invalid"),
    ({"token_changes": {"iat": 4_000_000_000, "exp": 4_000_000_300}}, "oidc_invalid"),
    ({"token_changes": {"sub": None}}, "oidc_invalid"),
    ({"token_changes": {"sub": ""}}, "oidc_invalid"),
    ({"token_changes": {"sub": "x" * 256}}, "oidc_invalid"),
    ({"token_changes": {"sub": "a\0b"}}, "oidc_invalid"),
    ({"token_changes": {"sub": "á"}}, "oidc_invalid"),
    ({"token_changes": {"at_hash": "AAAA"}}, "oidc_invalid"),
    ({"algorithm": "none"}, "oidc_invalid"),
    ({"algorithm": "HS256"}, "oidc_invalid"),
    ({"algorithm": "HS256", "header": {"kid": None}}, "oidc_invalid"),
    ({"signing": 2, "header": {"kid": "key-1"}}, "oidc_invalid"),
    ({"says": {"/token": {"access_token": "a", "token_type": "Bearer"}}}, "oidc_invalid"),
    ({"says": {"/token": {"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}}},
     "oidc_invalid"),
    ({"says": {"/token": {"access_token": "a", "token_type": "Bearer", "id_token": 7}}},
     "oidc_invalid"),
    ({"says": {"/token": ["a"]}}, "oidc_invalid"),
    ({"says": {"/jwks": {"keys": []}}}, "oidc_invalid"),
    ({"says": {"/jwks": {"keys": "none"}}}, "oidc_invalid"),
    ({"says": {"/jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "key-1"}]}}},
     "oidc_invalid"),
    ({"fails": frozenset({"/token"})}, "oidc_away"),
    ({"fails": frozenset({"/jwks"})}, "oidc_away"),
])  # fmt: skip
def test_a_wrong_answer_of_the_provider_lets_nobody_in(
    app: Flask, client: FlaskClient, provider: FakeProvider, changes: dict[str, Any], wanted: str
) -> None:
    for name, value in changes.items():
        setattr(provider, name, value)
    answer = sign_in(client, provider, next="/desk")
    assert problem(answer) == wanted and answer.location.endswith("&next=/desk")
    assert count(app, User) == count(app, Session) == 0
    assert whoami(client).status_code == 401


@pytest.mark.parametrize("changes", [
    {"issuer": "https://evil.example"}, {"issuer": None}, {"token_endpoint": None},
    {"userinfo_endpoint": "ftp://x"},
    {"jwks_uri": "file:///etc/passwd"}, {"authorization_endpoint": "javascript:alert(1)"},
])  # fmt: skip
def test_wrong_addresses_of_the_provider_are_refused(
    client: FlaskClient, provider: FakeProvider, changes: dict[str, Any]
) -> None:
    provider.metadata_changes = changes
    assert problem(client.get(BEGIN)) == "oidc_invalid"


@pytest.mark.parametrize(("query", "wanted"), [
    ({"error": "access_denied"}, "oidc_cancelled"),
    ({"error": "temporarily_unavailable"}, "oidc_away"),
    ({"error": "<script>", "error_description": "<script>"}, "oidc_refused"),
    ({"code": ""}, "oidc_refused"),
    ({"state": "another"}, "oidc_expired"), ({"state": ""}, "oidc_expired"),
    ({"iss": "https://evil.example"}, "oidc_invalid"),
    ({"code": "made up"}, "oidc_refused"), ({"code": "x" * 3_000}, "oidc_refused"),
])  # fmt: skip
def test_a_wrong_answer_of_the_browser_lets_nobody_in(
    client: FlaskClient, provider: FakeProvider, query: dict[str, str], wanted: str
) -> None:
    answer = come_back(client, provider.allow(begin(client)) | query)
    assert problem(answer) == wanted
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert "<script>" not in client.get(answer.location).text.replace("<script ", "")
    assert whoami(client).status_code == 401


def test_a_code_serves_once(app: Flask, client: FlaskClient, provider: FakeProvider) -> None:
    query = provider.allow(begin(client))
    cookie = client.get_cookie("dosong_sign_in", path="/sign-in/office")
    assert cookie and come_back(client, query).location == "/work"
    client.delete_cookie("dosong_session")
    assert problem(come_back(client, query)) == "oidc_expired"  # its cookie is gone
    client.set_cookie("dosong_sign_in", cookie.value, path="/sign-in/office")
    assert problem(come_back(client, query)) == "oidc_refused"  # by the provider
    assert whoami(client).status_code == 401


def test_an_answer_is_for_the_browser_that_began(
    app: Flask, client: FlaskClient, provider: FakeProvider
) -> None:
    of_attacker = provider.allow(begin(app.test_client()))
    assert problem(come_back(client, of_attacker)) == "oidc_expired"  # no cookie
    begin(client)
    assert problem(come_back(client, of_attacker)) == "oidc_expired"  # of another sign-in


@pytest.mark.parametrize("forge", [
    lambda value: value[:-2], lambda value: "x" + value, lambda value: "", lambda value: "a.b",
    lambda value: "é", lambda value: value.replace(".", ""),
])  # fmt: skip
def test_a_forged_cookie_lets_nobody_in(
    client: FlaskClient, provider: FakeProvider, forge: Callable[[str], str]
) -> None:
    query = provider.allow(begin(client))
    cookie = client.get_cookie("dosong_sign_in", path="/sign-in/office")
    assert cookie
    client.set_cookie("dosong_sign_in", forge(cookie.value), path="/sign-in/office")
    assert problem(come_back(client, query)) == "oidc_expired"


def test_a_sign_in_takes_ten_minutes(
    client: FlaskClient, provider: FakeProvider, clock: FakeClock
) -> None:
    query = provider.allow(begin(client))
    clock.now += timedelta(minutes=10, seconds=1)
    assert problem(come_back(client, query)) == "oidc_expired"


# Keys


def test_a_new_key_is_looked_for_once(client: FlaskClient, provider: FakeProvider) -> None:
    sign_in(client, provider)
    assert provider.requests.count("/jwks") == 1
    provider.signing, provider.published = 2, (2,)
    assert sign_in(client, provider).location == "/work"
    assert provider.requests.count("/jwks") == 2
    provider.signing = 3  # and is not published
    assert problem(sign_in(client, provider)) == "oidc_invalid"
    assert provider.requests.count("/jwks") == 3


def test_a_removed_key_is_forgotten(
    client: FlaskClient, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, provider)
    provider.published = (2,)
    monkeypatch.setattr(provider_module, "METADATA_S", 0.0)
    assert problem(sign_in(client, provider)) == "oidc_invalid"


# The provider is away


def test_a_local_admin_works_while_the_provider_is_away(app: Flask, clock: FakeClock) -> None:
    away = FakeProvider(clock, port=9)  # nothing listens there
    configure(app, away)
    account(app, "admin@so.vn", "admin", totp_secret=SECRET)
    client = app.test_client()
    try:
        page = client.get("/sign-in?lang=en").text
        assert "Sign in with tài khoản của tỉnh" in page
        answer = client.get(BEGIN)
        assert problem(answer) == "oidc_away"
        assert "with your password" in client.get(answer.location + "&lang=en").text
        body = {"name": "admin@so.vn", "password": PASSWORD, "totp": code(clock)}
        assert client.post("/api/v1/sessions", json=body).status_code == 200
        assert client.get("/admin").status_code == 200
    finally:
        app.extensions["oidc_provider"] = None


def test_the_provider_goes_and_comes_back(
    app: Flask, client: FlaskClient, clock: FakeClock, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "AWAY_S", 0.0)
    with office(app, clock, rules) as first:
        first.claims["groups"] = ["thai-nguyen"]
        query = first.allow(begin(client))
        kept = app.extensions["oidc_provider"]
    app.extensions["oidc_provider"] = kept
    try:
        assert problem(come_back(client, query)) == "oidc_away"
        again = FakeProvider(clock, first.claims, port=first.port)
        with serving(again):
            assert sign_in(client, again).location == "/work"
    finally:
        app.extensions["oidc_provider"] = None


def test_one_browser_does_not_lock_out_the_others(
    app: Flask, client: FlaskClient, provider: FakeProvider
) -> None:
    """A code that the provider stumbles over says nothing about the next one."""
    query = provider.allow(begin(client))
    provider.fails = frozenset({"/token"})
    assert problem(come_back(client, query)) == "oidc_away"
    provider.fails = frozenset()
    assert sign_in(app.test_client(), provider).location == "/work"


def test_a_slow_provider_is_waited_for_so_long(
    client: FlaskClient, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "TIMEOUT_S", 0.2)
    provider.delay_s = 1.0
    begun = time.monotonic()
    assert problem(client.get(BEGIN)) == "oidc_away"
    assert problem(client.get(BEGIN)) == "oidc_away"  # at once: it was away a moment ago
    assert time.monotonic() - begun < 0.9
    assert provider.requests == ["/.well-known/openid-configuration"]


def test_a_slow_provider_takes_two_threads_at_most(
    app: Flask, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "QUEUE_S", 0.05)
    provider.delay_s = 0.5
    waits = []

    def click() -> None:
        begun = time.monotonic()
        app.test_client().get(BEGIN)
        waits.append(time.monotonic() - begun)

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in waits if one >= 0.5]) <= 2
    assert len(provider.requests) <= 2


def test_no_request_follows_a_redirect(
    app: Flask, client: FlaskClient, provider: FakeProvider
) -> None:
    real = provider.answer
    provider.answer = lambda path, form, headers: (
        (302, {}) if path == "/token" else real(path, form, headers)
    )  # type: ignore[method-assign]
    assert problem(sign_in(client, provider)) in ("oidc_away", "oidc_invalid")


# Limits


def test_attempts_are_limited(client: FlaskClient, provider: FakeProvider) -> None:
    for _ in range(SIGN_INS_PER_ADDRESS):
        client.get(BEGIN)
    answer = client.get(BEGIN)
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def test_without_a_provider_there_is_no_door(client: FlaskClient) -> None:
    for path in (BEGIN, CALLBACK, CODE):
        assert client.get(path).location.startswith("/sign-in")
    assert "sign-in/office" not in client.get("/sign-in").text


@pytest.mark.parametrize("text", ["oidc_made_up", "<script>", ""])
def test_the_page_shows_its_own_texts_alone(client: FlaskClient, text: str) -> None:
    page = client.get("/sign-in", query_string={"problem": text}).text
    assert 'class="notice danger"' not in page
