"""Signing in: POST /api/v1/sessions, who gets in, and how often one may try."""

import statistics
import time
import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from backend.accounts import passwords
from backend.accounts.known_browsers import cookie_name
from backend.accounts.login_names import normalize
from backend.accounts.models import Session, User
from backend.accounts.sessions import (
    SIGN_INS_PER_ACCOUNT,
    SIGN_INS_PER_ACCOUNT_AND_ADDRESS,
    SIGN_INS_PER_ADDRESS,
    SIGN_INS_PER_KNOWN_BROWSER_AND_MINUTE,
    locked_names,
)
from backend.database.extensions import db
from backend.monitoring.checks import CheckContext, sign_ins
from tests.support.people import PASSWORD, account
from tests.support.sign_in import attempt, status_and_code
from tests.support.sql_statements import execute

SESSIONS = "/api/v1/sessions"
ACCOUNT = "/api/v1/account"
PHONE = "+84912345678"
LONG = "x" * 250 + "@b.vn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


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


@pytest.mark.parametrize("change", [
    {"password_hash": "another"}, {"totp_secret": "sealed"}, {"closed_at": func.now()},
])  # fmt: skip
def test_what_changes_while_a_password_is_checked_lets_nobody_in(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    account(app, PHONE)
    right = passwords.verify

    def slow(password: str, kept: str | None) -> bool:
        found = right(password, kept)
        with db.engine.begin() as other:
            other.execute(update(User).values(change))
        return found

    monkeypatch.setattr(passwords, "verify", slow)
    assert status_and_code(attempt(client)) == (401, "sign_in_failed")
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Session)) == 0


def test_an_address_is_known_in_any_case(app: Flask, client: FlaskClient) -> None:
    account(app, "hoa@example.vn")
    assert attempt(client, " Hoa@Example.VN ").status_code == 200


@pytest.mark.parametrize("written", ["", "hoa", "@", "hoa@", "a b@c.vn", "12345",
                                     "+8491234567890123", "٠٩١٢٣٤٥٦٧٨", LONG])  # fmt: skip
def test_what_is_neither_is_no_name(written: str) -> None:
    assert normalize(written) is None


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
    assert [status_and_code(one) for one in answers] == [(401, "sign_in_failed")] * 5
    assert len({str({**one.json, "request_id": None}) for one in answers}) == 1
    assert all("Set-Cookie" not in one.headers for one in answers)


@pytest.mark.slow
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


# Limits


def test_one_address_cannot_lock_a_person_out(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE)
    clock.now = clock.now.replace(minute=50)
    for _ in range(SIGN_INS_PER_ACCOUNT_AND_ADDRESS):
        assert status_and_code(attempt(client, password="not this one"))[0] == 401
    refused = attempt(client)
    assert status_and_code(refused) == (429, "too_many_requests")
    assert 600 <= int(refused.headers["Retry-After"]) <= 601
    assert attempt(client, address="198.51.100.7").status_code == 200
    clock.now += timedelta(minutes=10)
    assert attempt(client).status_code == 200


def test_a_name_that_nobody_has_is_locked_alike(app: Flask, client: FlaskClient) -> None:
    for _ in range(SIGN_INS_PER_ACCOUNT_AND_ADDRESS):
        assert status_and_code(attempt(client, "0912 345 678"))[0] == 401
    assert status_and_code(attempt(client, "+84912345678"))[0] == 429


def spend(app: Flask, client: FlaskClient, what: str, n: int) -> None:
    """Let an hour's attempts have been, as other workers would have counted them."""
    attempt(client, password="not this one")
    execute(app, text("update attempts set n = :n where what = :what"), {"n": n, "what": what})


def test_many_addresses_together_lock_an_account_for_the_hour(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    spend(app, client, "sign_in_of", SIGN_INS_PER_ACCOUNT)
    assert status_and_code(attempt(client, address="198.51.100.7"))[0] == 429
    assert status_and_code(attempt(client, "0987654321", address="198.51.100.7"))[0] == 401
    clock.now += timedelta(hours=1)
    assert attempt(client, address="198.51.100.7").status_code == 200


def test_an_address_tries_so_many_accounts(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    spend(app, client, "sign_in", SIGN_INS_PER_ADDRESS)
    assert status_and_code(attempt(client, "0987654321"))[0] == 429
    assert attempt(client, address="198.51.100.7").status_code == 200


@pytest.mark.parametrize("what", ["sign_in", "sign_in_from", "sign_in_of"])
def test_a_browser_where_a_name_signed_in_is_not_refused_for_others(
    app: Flask, client: FlaskClient, clock: Any, what: str
) -> None:
    """The attacks: 300 wrong names of one office, 104 wrong passwords of one or more networks."""
    account(app, PHONE)
    assert attempt(client).status_code == 200
    clock.now += timedelta(days=29)
    spend(app, app.test_client(), what, SIGN_INS_PER_ADDRESS)
    assert attempt(app.test_client()).status_code == 429
    assert attempt(client, password="not this one").status_code == 401
    assert attempt(client).status_code == 200  # the cookie is renewed
    clock.now += timedelta(days=31)
    spend(app, app.test_client(), what, SIGN_INS_PER_ADDRESS)
    assert attempt(client).status_code == 429


def test_a_colleague_behind_the_same_address_locks_nobody_out(
    app: Flask, client: FlaskClient
) -> None:
    account(app, PHONE)
    assert attempt(client).status_code == 200
    colleague = app.test_client()
    wrong = [attempt(colleague, password="not this one").status_code for _ in range(104)]
    left = SIGN_INS_PER_ACCOUNT_AND_ADDRESS - 1
    assert wrong == [401] * left + [429] * (104 - left)
    assert attempt(client).status_code == 200


def test_a_known_browser_guesses_ten_times_a_minute(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    elsewhere = app.test_client()
    assert attempt(elsewhere).status_code == attempt(client).status_code == 200
    for _ in range(SIGN_INS_PER_KNOWN_BROWSER_AND_MINUTE):
        assert attempt(client, password="not this one").status_code == 401
    refused = attempt(client, address="198.51.100.7")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) <= 61
    # Who copied a cookie uses up the limit of that browser alone.
    assert attempt(elsewhere).status_code == 200
    clock.now += timedelta(minutes=1)
    assert attempt(client).status_code == 200


def known_cookie(client: FlaskClient, name: str) -> Any:
    with client.application.app_context():
        return client.get_cookie(cookie_name(name), path=SESSIONS)


def test_the_cookie_of_a_known_browser_tells_no_name_and_goes_to_sign_ins_alone(
    app: Flask, client: FlaskClient
) -> None:
    account(app, PHONE)
    answer = attempt(client)
    [header] = [one for one in answer.headers.getlist("Set-Cookie") if "dosong_known_" in one]
    assert PHONE[1:] not in header
    assert {"HttpOnly", f"Path={SESSIONS}", "SameSite=Lax"} <= set(header.split("; "))
    assert len(header.partition(";")[0]) < 90


@pytest.mark.parametrize("value", ["", ".", "..", "x.y.z", "9" * 3_000, "\u00e9.\u00e9.\u00e9"])
def test_a_forged_cookie_of_a_known_browser_is_none(
    app: Flask, client: FlaskClient, value: str
) -> None:
    account(app, PHONE)
    spend(app, app.test_client(), "sign_in_of", SIGN_INS_PER_ACCOUNT)
    with app.app_context():
        client.set_cookie(cookie_name(PHONE), value, path=SESSIONS)
    assert attempt(client).status_code == 429


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_altered_cookie_of_a_known_browser_is_none(
    app: Flask, client: FlaskClient, part: int
) -> None:
    account(app, PHONE)
    attempt(client)
    spend(app, app.test_client(), "sign_in_of", SIGN_INS_PER_ACCOUNT)
    cookie = known_cookie(client, PHONE)
    parts = cookie.value.split(".")
    parts[part] = str(int(parts[0]) + 1) if part == 0 else parts[part][::-1]
    client.set_cookie(cookie.key, ".".join(parts), path=SESSIONS)
    assert attempt(client).status_code == 429


def test_a_browser_is_known_for_one_name_alone(app: Flask, client: FlaskClient) -> None:
    """A shared computer is known for each of its people; no cookie serves another name."""
    other = "other@example.vn"
    account(app, PHONE)
    account(app, other)
    assert attempt(client, other).status_code == 200
    spend(app, app.test_client(), "sign_in_of", SIGN_INS_PER_ACCOUNT)
    with app.app_context():
        client.set_cookie(cookie_name(PHONE), known_cookie(client, other).value, path=SESSIONS)
    assert attempt(client).status_code == 429
    assert attempt(client, other).status_code == 200


def test_with_another_password_no_browser_is_known(app: Flask, client: FlaskClient) -> None:
    mine = account(app, PHONE)
    assert attempt(client).status_code == 200
    spend(app, app.test_client(), "sign_in_of", SIGN_INS_PER_ACCOUNT)
    assert attempt(client).status_code == 200
    with app.app_context():
        renewed = passwords.hash_password("a new password of mine")
        db.session.execute(update(User).where(User.id == mine).values(password_hash=renewed))
        db.session.commit()
    assert attempt(client, password="a new password of mine").status_code == 429


def test_admins_are_told_of_a_lock(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE)
    account(app, "other@example.vn")
    spend(app, client, "sign_in_of", SIGN_INS_PER_ACCOUNT)
    with app.app_context():
        assert not locked_names(clock.now)
    attempt(client)
    with app.app_context():
        context = CheckContext(app.config, "", clock.now + timedelta(hours=20))
        [finding] = sign_ins(context)
    assert finding.values == {"name": PHONE} and finding.warning


def test_no_name_stands_in_the_counts(app: Flask, client: FlaskClient) -> None:
    attempt(client)
    with app.app_context():
        rows = db.session.execute(text("select what, by from attempts")).all()
    assert {row.what for row in rows} == {"sign_in", "sign_in_from", "sign_in_of"}
    assert all(len(row.by) == 32 for row in rows)


# Bodies


def test_a_form_of_another_site_does_not_sign_in(app: Flask, client: FlaskClient) -> None:
    account(app, PHONE)
    answer = client.post(SESSIONS, data={"name": PHONE, "password": PASSWORD})
    assert status_and_code(answer) == (415, "unsupported_media_type")
