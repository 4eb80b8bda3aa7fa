"""One's own account: GET/DELETE /api/v1/account, its password, second factor and tokens."""

import time
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backend.accounts.models import PersonalToken, Role, Session, User
from backend.accounts.own_account import CHECKS_PER_ACCOUNT, MAX_TOKENS
from backend.accounts.passwords import weakness
from backend.database.extensions import db
from tests.support.devices import bearer
from tests.support.people import (
    PASSWORD,
    account,
    audit_entries,
    organisation,
    person,
    sign_in,
    team,
)
from tests.support.problems import wrong_fields
from tests.support.sign_in import status_and_code

ACCOUNT = "/api/v1/account"
TOKENS = f"{ACCOUNT}/tokens"
NAME = "hoa.nguyen@example.vn"
NEW = "mưa chiều trên phố"
# The first that a guesser tries, in English and Vietnamese, of those that are long enough.
_GUESSED = """
    1234567890 0123456789 0987654321 9876543210 12345678910 1234567891 1234512345 123456789a
    a123456789 123456789q 1q2w3e4r5t q1w2e3r4t5 1qaz2wsx3edc qwertyuiop qwerty1234 qwerty12345
    qwerty123456 asdfghjkl1 asdfghjkl123 password12 password123 password1234 passw0rd123
    p@ssword123 p@ssw0rd123 iloveyou123 abcd123456 abc1234567 abc123456789 abcdefghij admin12345
    admin123456 administrator welcome123 matkhau123 matkhau1234 matkhau12345 vietnam123
    vietnam1234 vietnam2024 vietnam2025 anhyeuem123 emyeuanh123 hochiminh1 hanoi123456 khongbiet1
    motconvit1 dosong1234 dosong12345
"""
OWN = {"password": PASSWORD}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


# Who am I


def test_one_reads_who_one_is_and_what_one_may(app: Flask, client: FlaskClient) -> None:
    own = team(app, organisation(app))
    mine = account(app, NAME, "team_leader", own, display_name="Nguyễn Hoa")
    sign_in(client, NAME)
    answer = client.get(ACCOUNT)
    me = answer.json["user"]
    assert (me["id"], me["name"], me["display_name"]) == (mine, NAME, "Nguyễn Hoa")
    assert (me["totp"], me["totp_needed"], me["accepted"]) == (False, False, True)
    roles = [(one["role"], one["scope_kind"], one["scope_id"]) for one in me["roles"]]
    assert roles == [("team_leader", "team", own)]
    assert answer.headers["Cache-Control"] == "no-store"


# The password


def test_a_new_password_ends_other_sessions(app: Flask, client: FlaskClient) -> None:
    mine = account(app, NAME)
    other = app.test_client()
    sign_in(other, NAME)
    shown = sign_in(client, NAME)
    body = {"old": PASSWORD, "new": NEW}
    assert client.patch(f"{ACCOUNT}/password", json=body, headers=shown).status_code == 204
    assert client.get(ACCOUNT).status_code == 200
    assert other.get(ACCOUNT).status_code == 401
    again = {"name": NAME, "password": PASSWORD}
    assert client.post("/api/v1/sessions", json=again).status_code == 401
    sign_in(client, NAME, password=NEW)
    assert ("account.password", {}) in audit_entries(app, f"user:{mine}")


@pytest.mark.parametrize(("body", "errors"), [
    ({"old": "not this one", "new": NEW}, [("old", "password_wrong")]),
    ({"old": PASSWORD, "new": "ngắn thôi"}, [("new", "password_short")]),
    ({"old": PASSWORD, "new": "Hoa.Nguyen2024"}, [("new", "password_is_name")]),
    ({"old": PASSWORD, "new": "MatKhau123"}, [("new", "password_common")]),
    ({"old": PASSWORD}, [("new", "required")]),
])  # fmt: skip
def test_a_password_that_cannot_be_taken(
    app: Flask, client: FlaskClient, body: dict[str, str], errors: list[tuple[str, str]]
) -> None:
    account(app, NAME)
    shown = sign_in(client, NAME)
    assert wrong_fields(client.patch(f"{ACCOUNT}/password", json=body, headers=shown)) == errors


@pytest.mark.parametrize(("password", "name", "code"), [
    ("123456789", None, "password_short"), ("1234567890", None, "password_common"),
    ("aaaaaaaaaaaa", None, "password_common"), ("121212121212", None, "password_common"),
    ("0912345678", "+84912345678", "password_is_name"),
    ("+84912345678", "+84912345678", "password_is_name"),
    ("MyHoa.Nguyen!", "hoa.nguyen@example.vn", "password_is_name"),
    ("an@vd.vn", "an@vd.vn", "password_short"), ("an.quả.mít.xanh", "an@vd.vn", None),
    ("１２３４５６７８９０", None, "password_common"), (PASSWORD, NAME, None),
    ("Mật khẩu 123", None, "password_common"), ("Thái Nguyên 2025", None, "password_common"),
    ("Vietnam@2025", None, "password_common"), ("DoSong@123", None, "password_common"),
    ("anhyeuem1999", None, "password_common"), ("p@ssw0rd2024", None, "password_common"),
    ("Sông Cầu 0912", None, None), ("tre xanh bên sông", None, None),
])  # fmt: skip
def test_which_passwords_are_too_weak(password: str, name: str | None, code: str | None) -> None:
    assert weakness(password, name) == code


def test_a_password_of_the_own_names_is_too_weak() -> None:
    name, display_name = "lan@soldt.example.vn", "Trần Thị Ngọc Lan"
    assert weakness("ngoclan12345", None) is None
    for weak in ("NgọcLan12345", "tranthingoclan", "soldt-2024"):
        assert weakness(weak, name, display_name) == "password_common"


@pytest.mark.parametrize("password", _GUESSED.split())
def test_the_first_guesses_are_no_passwords(password: str) -> None:
    assert weakness(password, None) == "password_common"


def test_a_long_password_is_judged_in_time() -> None:
    began = time.process_time()
    assert weakness("a@4b8c({<[e3g69i1!|7l0o$5t+x%z2" * 6, None) is None
    assert time.process_time() - began < 5


def test_a_new_password_voids_the_link_to_another(app: Flask, client: FlaskClient) -> None:
    mine = account(app, NAME)
    shown = sign_in(client, NAME)
    path = f"/api/v1/users/{mine}/password-link"
    link = app.test_client().post(path, headers=person(app, "admin")).json["link"]
    body = {"old": PASSWORD, "new": NEW}
    assert client.patch(f"{ACCOUNT}/password", json=body, headers=shown).status_code == 204
    late = {"secret": link.partition("#")[2], "password": "chiều vắng bến sông"}
    answer = client.post("/api/v1/invitations/accept", json=late)
    assert status_and_code(answer) == (404, "link_not_valid")


def test_a_found_session_does_not_try_passwords(app: Flask, client: FlaskClient) -> None:
    account(app, NAME)
    shown = sign_in(client, NAME)
    for _ in range(CHECKS_PER_ACCOUNT):
        answer = client.delete(ACCOUNT, json={"password": "not this one"}, headers=shown)
        assert wrong_fields(answer) == [("password", "password_wrong")]
    body = {"old": PASSWORD, "new": NEW}
    answer = client.patch(f"{ACCOUNT}/password", json=body, headers=shown)
    assert status_and_code(answer) == (429, "too_many_requests")


def test_a_new_password_ends_what_a_copied_session_made(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    mine = account(app, NAME)
    shown = sign_in(client, NAME)
    body = {"name": "x", "scopes": ["read", "write"], "days": 366}
    token = client.post(TOKENS, json=body, headers=shown).json["token"]
    offered = client.post(f"{ACCOUNT}/totp", json={"password": PASSWORD}, headers=shown).json
    changed = {"old": PASSWORD, "new": NEW}
    assert client.patch(f"{ACCOUNT}/password", json=changed, headers=shown).status_code == 204
    assert app.test_client().get(ACCOUNT, headers=bearer(token)).status_code == 401
    assert client.get(TOKENS).json["items"] == []
    code = {"code": pyotp.TOTP(offered["secret"]).at(clock.now)}
    late = client.post(f"{ACCOUNT}/totp/confirm", json=code, headers=shown)
    assert status_and_code(late) == (409, "totp_not_offered")
    assert ("account.password", {}) in audit_entries(app, f"user:{mine}")


# The password again: what a copied session does not do


@pytest.mark.parametrize(("method", "path", "body"), [
    ("post", "/totp", {}), ("delete", "/totp", {}), ("post", "/recovery-codes", {}),
    ("patch", "/name", {"name": "thief@example.vn"}), ("delete", "", {}),
])  # fmt: skip
def test_a_copied_session_without_the_password_lasts_no_longer(
    app: Flask, client: FlaskClient, method: str, path: str, body: dict[str, Any]
) -> None:
    mine = account(app, NAME)
    shown = sign_in(client, NAME)
    send = getattr(client, method)
    assert wrong_fields(send(ACCOUNT + path, json=body, headers=shown)) == [
        ("password", "required")
    ]
    guess = {**body, "password": "not this one"}
    assert wrong_fields(send(ACCOUNT + path, json=guess, headers=shown)) == [
        ("password", "password_wrong")
    ]
    with app.app_context():
        user = db.session.get_one(User, mine)
        assert (user.name, user.totp_pending, user.closed_at) == (NAME, None, None)


def test_a_name_is_changed_with_the_password(app: Flask, client: FlaskClient) -> None:
    mine = account(app, NAME)
    account(app, "lan@example.vn")
    shown = sign_in(client, NAME)
    path = f"/api/v1/users/{mine}/password-link"
    link = app.test_client().post(path, headers=person(app, "admin")).json["link"]

    def change(name: str) -> Any:
        body = {"name": name, "password": PASSWORD}
        return client.patch(f"{ACCOUNT}/name", json=body, headers=shown)

    assert status_and_code(change("lan@example.vn")) == (409, "account_name_taken")
    assert wrong_fields(change("hoa")) == [("name", "not_a_name")]
    assert change("0912 345 678").status_code == 204
    assert client.get(ACCOUNT).json["user"]["name"] == "+84912345678"
    again = {"name": NAME, "password": PASSWORD}
    assert app.test_client().post("/api/v1/sessions", json=again).status_code == 401
    sign_in(app.test_client(), "0912345678")
    late = {"secret": link.partition("#")[2], "password": NEW}  # it was mailed to the former one
    answer = client.post("/api/v1/invitations/accept", json=late)
    assert status_and_code(answer) == (404, "link_not_valid")
    assert ("account.name", {}) in audit_entries(app, f"user:{mine}")


# Tokens


def test_a_token_is_shown_once_and_acts_for_its_person(app: Flask, client: FlaskClient) -> None:
    mine = account(app, NAME)
    shown = sign_in(client, NAME)
    asked = {"name": "báo cáo", "scopes": ["read", "write"]}
    made = client.post(TOKENS, json=asked, headers=shown)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    token = made.json["token"]
    listed = client.get(TOKENS).json["items"]
    assert [(one["name"], one["scopes"]) for one in listed] == [("báo cáo", ["read", "write"])]
    assert token not in str(listed)
    program = app.test_client()
    assert program.get(ACCOUNT, headers=bearer(token)).json["user"]["id"] == mine
    with app.app_context():
        kept = db.session.scalars(select(PersonalToken.token_hash)).one()
    assert token.encode() not in kept
    details = {"token": made.json["id"], "scopes": ["read", "write"]}
    assert ("token.create", details) in audit_entries(app, f"user:{mine}")


def test_a_token_reads_only_unless_told(app: Flask, client: FlaskClient) -> None:
    account(app, NAME)
    made = client.post(TOKENS, json={"name": "x"}, headers=sign_in(client, NAME)).json
    assert made["scopes"] == ["read"]
    reader, program = bearer(made["token"]), app.test_client()
    assert program.get(TOKENS, headers=reader).status_code == 200
    assert status_and_code(program.post(TOKENS, json={"name": "y"}, headers=reader)) == (
        403,
        "forbidden",
    )
    revoke = program.delete(f"{TOKENS}/{made['id']}", headers=reader)
    assert status_and_code(revoke) == (403, "forbidden")


def test_a_token_expires(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, NAME)
    shown = sign_in(client, NAME)
    made = client.post(TOKENS, json={"name": "x", "days": 2}, headers=shown).json
    program = app.test_client()
    clock.now += timedelta(days=2, seconds=-1)
    assert program.get(ACCOUNT, headers=bearer(made["token"])).status_code == 200
    clock.now += timedelta(seconds=1)
    assert program.get(ACCOUNT, headers=bearer(made["token"])).status_code == 401
    sign_in(client, NAME)
    assert client.get(TOKENS).json["items"] == []


def test_a_token_is_revoked_by_its_person_alone(app: Flask, client: FlaskClient) -> None:
    mine = account(app, NAME)
    shown = sign_in(client, NAME)
    made = client.post(TOKENS, json={"name": "x"}, headers=shown).json
    path = f"{TOKENS}/{made['id']}"
    assert status_and_code(client.delete(path, headers=person(app))) == (404, "not_found")
    assert status_and_code(client.delete(f"{TOKENS}/99999999999", headers=shown)) == (
        404,
        "not_found",
    )
    assert client.delete(path, headers=shown).status_code == 204
    assert client.delete(path, headers=shown).status_code == 204
    assert client.get(ACCOUNT, headers=bearer(made["token"])).status_code == 401
    assert client.get(TOKENS).json["items"] == []
    revoked = [act for act, _ in audit_entries(app, f"user:{mine}") if act == "token.revoke"]
    assert revoked == ["token.revoke"]


def test_a_token_has_a_name(app: Flask, client: FlaskClient) -> None:
    account(app, NAME)
    refused = client.post(TOKENS, json={"name": "  "}, headers=sign_in(client, NAME))
    assert wrong_fields(refused) == [("name", "blank")]


def test_one_has_so_many_tokens(app: Flask, client: FlaskClient, clock: Any) -> None:
    now = clock.now
    mine = account(app, NAME)
    shown = sign_in(client, NAME)
    with app.app_context():
        rows = [
            PersonalToken(user_id=mine, name="x", token_hash=bytes([n]), scopes=[], created_at=now)
            for n in range(MAX_TOKENS)
        ]
        db.session.add_all(rows)
        db.session.commit()
    refused = client.post(TOKENS, json={"name": "x"}, headers=shown)
    assert status_and_code(refused) == (409, "too_many_tokens")


# Closing


def test_a_closed_account_is_a_number(app: Flask, client: FlaskClient, clock: Any) -> None:
    mine = account(app, NAME, "organiser", organisation(app), display_name="Nguyễn Hoa")
    shown = sign_in(client, NAME)
    made = client.post(TOKENS, json={"name": "x"}, headers=shown).json
    refused = client.delete(ACCOUNT, json={"password": "not this one"}, headers=shown)
    assert wrong_fields(refused) == [("password", "password_wrong")]
    assert client.delete(ACCOUNT, json={"password": PASSWORD}, headers=shown).status_code == 204
    assert client.get(ACCOUNT).status_code == 401
    assert client.get(ACCOUNT, headers=bearer(made["token"])).status_code == 401
    with app.app_context():
        user = db.session.get_one(User, mine)
        left = (user.name, user.display_name, user.password_hash, user.totp_secret)
        assert left == (None, None, None, None)
        assert user.closed_at == clock.now
        assert db.session.scalars(select(Role.valid_to)).one() == clock.now
        for model in (Session, PersonalToken):
            assert db.session.scalar(select(func.count()).select_from(model)) == 0
    assert ("account.close", {}) in audit_entries(app, f"user:{mine}")
    account(app, NAME)  # the name is free again


def test_the_last_admin_stays(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, NAME, "admin", totp_secret=SECRET)
    account(app, "waiting@example.vn", "admin", password_hash=None)
    shown = sign_in(client, NAME, totp=pyotp.TOTP(SECRET).at(clock.now))
    body = {"password": PASSWORD}
    assert status_and_code(client.delete(ACCOUNT, json=body, headers=shown)) == (409, "last_admin")
    account(app, "other@example.vn", "admin")
    assert client.delete(ACCOUNT, json=body, headers=shown).status_code == 204
