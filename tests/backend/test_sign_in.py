"""Signing in: POST /api/v1/sessions, the cookie, its ends, and its limits."""

import statistics
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from backend.accounts.models import AuditEntry, Session, User
from backend.accounts.names import normalised
from backend.accounts.sessions import (
    ABSOLUTE,
    CODES_PER_ACCOUNT,
    IDLE,
    SIGN_INS_PER_ACCOUNT,
    SIGN_INS_PER_ACCOUNT_AND_ADDRESS,
    SIGN_INS_PER_ADDRESS,
)
from backend.accounts.signing import COOKIE, actor
from backend.extensions import db
from tests.factories import register
from tests.people import PASSWORD, account, person, sign_in, unit_id

SESSIONS = "/api/v1/sessions"
ACCOUNT = "/api/v1/account"
TOKENS = "/api/v1/account/tokens"
PHONE = "+84912345678"
LONG = "x" * 250 + "@b.vn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def attempt(client: FlaskClient, name: str = PHONE, address: str = "192.0.2.1", **body: Any) -> Any:
    sent = {"name": name, "password": PASSWORD, **body}
    return client.post(SESSIONS, json=sent, environ_base={"REMOTE_ADDR": address})


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def code(clock: Any, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(clock.now + steps * timedelta(seconds=30))


# Who gets in


@pytest.mark.parametrize("written", [PHONE, "0912345678", " 0912 345-678 ", "84912345678",
                                     "+84 (0)912.345.678", "0084 912345678"])  # fmt: skip
def test_a_telephone_number_is_known_however_it_is_written(
    app: Flask, client: FlaskClient, written: str
) -> None:
    mine = account(app, PHONE, display_name="Chị Hoa")
    answer = attempt(client, written)
    assert answer.status_code == 200
    assert answer.json["user"]["id"] == mine
    assert answer.json["user"]["name"] == PHONE
    assert client.get(ACCOUNT).json["user"]["display_name"] == "Chị Hoa"


def test_an_address_is_known_in_any_case(app: Flask, client: FlaskClient) -> None:
    account(app, "hoa@example.vn")
    assert attempt(client, " Hoa@Example.VN ").status_code == 200


@pytest.mark.parametrize("written", ["", "hoa", "@", "hoa@", "a b@c.vn", "12345",
                                     "+8491234567890123", "٠٩١٢٣٤٥٦٧٨", LONG])  # fmt: skip
def test_what_is_neither_is_no_name(written: str) -> None:
    assert normalised(written) is None


def test_letters_sent_in_parts_are_the_same_password(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    parts = unicodedata.normalize("NFD", PASSWORD)
    assert parts != PASSWORD
    assert attempt(client, password=parts).status_code == 200


def test_wrong_names_and_passwords_get_one_answer(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    account(app, "waiting@example.vn", password_hash=None)
    account(app, "closed@example.vn", closed_at="2024-11-01T00:00Z")
    answers = [
        attempt(client, password="not this one"),
        attempt(client, "0999999999"),
        attempt(client, "nobody"),
        attempt(client, "waiting@example.vn"),
        attempt(client, "closed@example.vn"),
    ]
    assert [told(one) for one in answers] == [(401, "sign_in_failed")] * 5
    assert len({str({**one.json, "request_id": None}) for one in answers}) == 1
    assert all("Set-Cookie" not in one.headers for one in answers)


def test_an_unknown_name_takes_as_long(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    taken: dict[str, list[float]] = {PHONE: [], "+84999999999": []}
    for turn in range(9):
        for name, times in taken.items():
            began = time.perf_counter()
            attempt(client, name, f"198.51.100.{turn}", password="not this one")
            times.append(time.perf_counter() - began)
    known, unknown = (statistics.median(times) for times in taken.values())
    # Without the comparison an unknown name takes a tenth.
    assert 0.5 < unknown / known < 2


def test_a_hash_of_old_parameters_is_renewed(app: Flask, client: FlaskClient) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8_000).hash(PASSWORD)
    mine = account(app, PHONE, password_hash=old)
    assert attempt(client).status_code == 200
    with app.app_context():
        renewed = db.session.get_one(User, mine).password_hash
    assert renewed != old
    assert attempt(client).status_code == 200


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
    assert told(client.delete(f"{SESSIONS}/current")) == (401, "unauthorized")


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
    assert told(answer) == (401, "unauthorized")


# Another site's page


def test_a_change_by_cookie_wants_the_pages_token(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    shown = sign_in(client, PHONE)
    body = {"name": "scripts"}
    assert told(client.post(TOKENS, json=body)) == (403, "csrf_failed")
    for wrong in ("", "x", "é", shown["X-CSRF-Token"][:-1]):
        answer = client.post(TOKENS, json=body, headers={"X-CSRF-Token": wrong})
        assert told(answer) == (403, "csrf_failed")
    assert told(client.delete(f"{SESSIONS}/current")) == (403, "csrf_failed")
    assert client.post(TOKENS, json=body, headers=shown).status_code == 201
    assert client.get(ACCOUNT).json["csrf_token"] == shown["X-CSRF-Token"]


def test_the_token_of_another_session_does_not_fit(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    first = sign_in(client, PHONE)
    sign_in(client, PHONE)
    assert told(client.post(TOKENS, json={"name": "x"}, headers=first)) == (403, "csrf_failed")


def test_a_token_goes_before_the_cookie_and_needs_no_other(app: Flask, client: FlaskClient) -> None:
    mine = account(app, PHONE)
    other = person(app)
    sign_in(client, PHONE)
    assert client.get(ACCOUNT).json["user"]["id"] == mine
    seen = client.get(ACCOUNT, headers=other).json
    assert seen["user"]["id"] != mine
    assert seen["csrf_token"] is None
    assert client.post(TOKENS, json={"name": "x"}, headers=other).status_code == 201


def test_a_devices_token_is_nobodys_here(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    sign_in(client, PHONE)
    assert told(client.get(ACCOUNT, headers=register(client))) == (401, "unauthorized")
    for header in ("Basic eDp5", "Bearer", "Bearer ", "Bearer dsp_x", "x"):
        answer = client.get(ACCOUNT, headers={"Authorization": header})
        assert told(answer) == (401, "unauthorized"), header


# The second factor


def test_the_code_is_asked_only_of_who_has_the_password(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE, totp_secret=SECRET)
    assert told(attempt(client, password="not this one")) == (401, "sign_in_failed")
    wrong = attempt(client, password="not this one", totp=code(clock))
    assert told(wrong) == (401, "sign_in_failed")
    assert told(attempt(client)) == (401, "totp_required")
    assert told(attempt(client, totp="")) == (401, "totp_required")
    spaced = f"{code(clock)[:3]} {code(clock)[3:]}"
    assert attempt(client, totp=spaced).status_code == 200


def test_a_code_serves_once(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE, totp_secret=SECRET)
    used, older = code(clock), code(clock, -1)
    assert attempt(client, totp=used).status_code == 200
    assert told(attempt(client, totp=used)) == (401, "totp_wrong")
    assert told(attempt(client, totp=older)) == (401, "totp_wrong")
    clock.now += timedelta(seconds=30)
    assert told(attempt(client, totp=used)) == (401, "totp_wrong")
    assert attempt(client, totp=code(clock)).status_code == 200


def test_a_code_serves_one_of_many_at_once(app: Flask, clock: Any) -> None:
    account(app, PHONE, totp_secret=SECRET)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: attempt(app.test_client(), totp=code(clock)), range(6)))
    assert sorted(one.status_code for one in answers) == [200] + [401] * 5


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (1, 200), (2, 401)])
def test_a_phones_clock_may_be_off_by_one_step(
    app: Flask, client: FlaskClient, clock: Any, steps: int, status: int
) -> None:
    account(app, PHONE, totp_secret=SECRET)
    assert attempt(client, totp=code(clock, steps)).status_code == status


@pytest.mark.parametrize("typed", ["000000", "12345", "é12345", "१२३४५६", "x" * 20])
def test_what_is_no_code_is_wrong_and_noted(app: Flask, client: FlaskClient, typed: str) -> None:
    mine = account(app, PHONE, totp_secret=SECRET)
    assert told(attempt(client, totp=typed)) == (401, "totp_wrong")
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
        noted = (entry.act, entry.subject, entry.actor, entry.address)
    assert noted == ("session.totp_failed", f"user:{mine}", "public", "192.0.2.1")


def test_codes_are_not_guessed(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE, totp_secret=SECRET)
    for turn in range(CODES_PER_ACCOUNT):
        assert told(attempt(client, address=f"198.51.100.{turn}", totp="000000"))[0] == 401
    assert told(attempt(client, address="203.0.113.1", totp=code(clock)))[0] == 429


def test_an_admin_without_a_second_factor_only_sets_one_up(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE, "admin")
    shown = sign_in(client, PHONE)
    me = client.get(ACCOUNT).json["user"]
    assert (me["totp"], me["totp_needed"]) == (False, True)
    assert told(client.get("/api/v1/users")) == (403, "forbidden")
    assert told(client.post(TOKENS, json={"name": "x"}, headers=shown)) == (403, "totp_needed")
    secret = client.post(f"{ACCOUNT}/totp", headers=shown).json["secret"]
    body = {"code": pyotp.TOTP(secret).at(clock.now)}
    assert client.post(f"{ACCOUNT}/totp/confirm", json=body, headers=shown).status_code == 204
    assert client.get("/api/v1/users").status_code == 200
    assert client.post(TOKENS, json={"name": "x"}, headers=shown).status_code == 201


# What a session may


def test_roles_are_read_at_every_request(app: Flask, client: FlaskClient, clock: Any) -> None:
    mine = account(app, PHONE, "admin", totp_secret=SECRET)
    sign_in(client, PHONE, totp=code(clock))
    assert client.get("/api/v1/users").status_code == 200
    with app.app_context():
        db.session.execute(text("update roles set valid_to = :now"), {"now": clock.now})
        db.session.commit()
    assert client.get("/api/v1/users").status_code == 403
    with app.app_context():
        db.session.execute(update(User).where(User.id == mine).values(closed_at=clock.now))
        db.session.commit()
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


# Limits


def test_one_address_cannot_lock_a_person_out(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE)
    clock.now = clock.now.replace(minute=50)
    for _ in range(SIGN_INS_PER_ACCOUNT_AND_ADDRESS):
        assert told(attempt(client, password="not this one"))[0] == 401
    refused = attempt(client)
    assert told(refused) == (429, "too_many_requests")
    assert 600 <= int(refused.headers["Retry-After"]) <= 601
    assert attempt(client, address="198.51.100.7").status_code == 200
    clock.now += timedelta(minutes=10)
    assert attempt(client).status_code == 200


def test_a_name_that_nobody_has_is_locked_alike(app: Flask, client: FlaskClient) -> None:
    for _ in range(SIGN_INS_PER_ACCOUNT_AND_ADDRESS):
        assert told(attempt(client, "0912 345 678"))[0] == 401
    assert told(attempt(client, "+84912345678"))[0] == 429


def spend(app: Flask, client: FlaskClient, what: str, n: int) -> None:
    """Let an hour's attempts have been, as other workers would have counted them."""
    attempt(client, password="not this one")
    with app.app_context():
        db.session.execute(text("update attempts set n = :n where what = :what"),
                           {"n": n, "what": what})  # fmt: skip
        db.session.commit()


def test_many_addresses_together_lock_an_account_for_the_hour(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    spend(app, client, "sign_in_of", SIGN_INS_PER_ACCOUNT)
    assert told(attempt(client, address="198.51.100.7"))[0] == 429
    assert told(attempt(client, "0987654321", address="198.51.100.7"))[0] == 401
    clock.now += timedelta(hours=1)
    assert attempt(client, address="198.51.100.7").status_code == 200


def test_an_address_tries_so_many_accounts(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    spend(app, client, "sign_in", SIGN_INS_PER_ADDRESS)
    assert told(attempt(client, "0987654321"))[0] == 429
    assert attempt(client, address="198.51.100.7").status_code == 200


def test_no_name_stands_in_the_counts(app: Flask, client: FlaskClient) -> None:
    attempt(client)
    with app.app_context():
        rows = db.session.execute(text("select what, by from attempts")).all()
    assert {row.what for row in rows} == {"sign_in", "sign_in_from", "sign_in_of"}
    assert all(len(row.by) == 32 for row in rows)


# Bodies


@pytest.mark.parametrize(
    ("body", "field", "wrong"),
    [
        ({"password": "x"}, "name", "required"),
        ({"name": PHONE}, "password", "required"),
        ({"name": 912345678, "password": "x"}, "name", "not_text"),
        ({"name": PHONE, "password": "x" * 201}, "password", "too_long"),
        ({"name": PHONE, "password": "\ud800"}, "password", "not_unicode"),
        ({"name": PHONE, "password": "x\x00"}, "password", "has_nul"),
        ({"name": PHONE, "password": "x", "totp": 123456}, "totp", "not_text"),
    ],
)
def test_a_wrong_field_is_named(
    client: FlaskClient, body: dict[str, Any], field: str, wrong: str
) -> None:
    answer = client.post(SESSIONS, json=body)
    assert answer.status_code == 422
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [(field, wrong)]


def test_a_form_of_another_site_does_not_sign_in(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    answer = client.post(SESSIONS, data={"name": PHONE, "password": PASSWORD})
    assert told(answer) == (415, "unsupported_media_type")
