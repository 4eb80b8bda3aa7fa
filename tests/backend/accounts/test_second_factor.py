"""The second factor: six digits at sign-in, and /api/v1/account/totp."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.accounts.models import AuditEntry
from backend.accounts.sessions import CODES_PER_ACCOUNT
from backend.database.extensions import db
from tests.support.people import (
    PASSWORD,
    account,
    audit_entries,
    cluster,
    organisation,
    password_hash,
    person,
    sign_in,
    team,
    unit_id,
)
from tests.support.problems import wrong_fields
from tests.support.sign_in import ACCOUNT, PHONE, SECRET, TOKENS, attempt, code, status_and_code

OWN = {"password": PASSWORD}


# At sign-in


def test_the_code_is_asked_only_of_who_has_the_password(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE, totp_secret=SECRET)
    assert status_and_code(attempt(client, password="not this one")) == (401, "sign_in_failed")
    guess = attempt(client, password="not this one", totp=code(clock))
    assert status_and_code(guess) == (401, "sign_in_failed")
    assert status_and_code(attempt(client)) == (401, "totp_required")
    assert status_and_code(attempt(client, totp="")) == (401, "totp_required")
    spaced = f"{code(clock)[:3]} {code(clock)[3:]}"
    assert attempt(client, totp=spaced).status_code == 200


def test_a_code_serves_once(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE, totp_secret=SECRET)
    used, older = code(clock), code(clock, -1)
    assert attempt(client, totp=used).status_code == 200
    assert status_and_code(attempt(client, totp=used)) == (401, "totp_wrong")
    assert status_and_code(attempt(client, totp=older)) == (401, "totp_wrong")
    clock.now += timedelta(seconds=30)
    assert status_and_code(attempt(client, totp=used)) == (401, "totp_wrong")
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
    assert status_and_code(attempt(client, totp=typed)) == (401, "totp_wrong")
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
        noted = (entry.act, entry.subject, entry.actor, entry.address)
    assert noted == ("session.totp_failed", f"user:{mine}", "public", "192.0.2.1")


def test_codes_are_not_guessed(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE, totp_secret=SECRET)
    for turn in range(CODES_PER_ACCOUNT):
        assert (
            status_and_code(attempt(client, address=f"198.51.100.{turn}", totp="000000"))[0] == 401
        )
    assert status_and_code(attempt(client, address="203.0.113.1", totp=code(clock)))[0] == 429


def test_an_admin_without_a_second_factor_only_sets_one_up(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE, "admin")
    shown = sign_in(client, PHONE)
    me = client.get(ACCOUNT).json["user"]
    assert (me["totp"], me["totp_needed"]) == (False, True)
    assert status_and_code(client.get("/api/v1/users")) == (403, "totp_needed")
    assert status_and_code(client.post(TOKENS, json={"name": "x"}, headers=shown)) == (
        403,
        "totp_needed",
    )
    secret = client.post(f"{ACCOUNT}/totp", json=OWN, headers=shown).json["secret"]
    body = {"code": pyotp.TOTP(secret).at(clock.now)}
    assert client.post(f"{ACCOUNT}/totp/confirm", json=body, headers=shown).status_code == 200
    assert client.get("/api/v1/users").status_code == 200
    assert client.post(TOKENS, json={"name": "x"}, headers=shown).status_code == 201


@pytest.mark.parametrize(
    ("setting", "role", "code", "changes", "needed"),
    [
        ("provinces", "official", "19", {}, True),
        ("provinces", "official", "05443", {}, False),
        ("provinces", "organiser", None, {}, False),
        ("provinces", "official", "19", {"demo": True}, False),
        ("provinces", "official", "19", {"password_hash": None}, False),  # signs in at a provider
        ("admins", "official", "19", {}, False),
        ("all", "official", "05443", {}, True),
        ("all", "organiser", None, {}, True),
        ("all", "team_leader", None, {}, False),
        ("admins", "observer", None, {"totp_secret": None}, True),
        ("admins", "observer", None, {"totp_secret": None, "password_hash": None}, False),
    ],
)
def test_whose_role_needs_a_second_factor(
    app: Flask, client: FlaskClient, clock: Any, setting: str, role: str, code: str | None,
    changes: dict[str, Any], needed: bool,
) -> None:  # fmt: skip
    group = organisation(app)
    led = team(app, group)
    scope = {"organiser": group, "team_leader": led}.get(role)
    if code is not None:
        scope = unit_id(app, code, level="province" if code == "19" else "commune")
    app.config["SECOND_FACTOR"] = setting
    token = person(app, role, scope, **{"password_hash": password_hash(), **changes})
    assert client.get(ACCOUNT, headers=token).json["user"]["totp_needed"] is needed
    if role == "official":
        answer = client.get(f"/api/v1/units/{code}/signals", headers=token)
        assert answer.status_code == (403 if needed else 200)
        assert not needed or answer.json["code"] == "totp_needed"
    if role == "organiser":
        asked = {"name": "lan@example.vn", "roles": [{"role": "team_leader", "scope_id": led}]}
        made = client.post("/api/v1/invitations", headers=token, json=asked)
        assert made.status_code == (403 if needed else 201)


@pytest.mark.parametrize(
    ("level", "n", "needed"), [("province", 1, True), ("commune", 20, False), ("commune", 21, True)]
)
def test_a_cluster_as_large_as_a_province_needs_a_second_factor(
    app: Flask, client: FlaskClient, clock: Any, level: str, n: int, needed: bool
) -> None:
    app.config["SECOND_FACTOR"] = "provinces"
    own = cluster(app, ())
    with app.app_context():
        chosen = "select :own, id from units where system = '2024' and level = :level limit :n"
        values = {"own": own, "level": level, "n": n}
        db.session.execute(text(f"insert into cluster_units {chosen}"), values)
        db.session.commit()
    token = person(app, "official", own, kind="cluster", password_hash=password_hash())
    assert client.get(ACCOUNT, headers=token).json["user"]["totp_needed"] is needed


def test_an_official_is_led_to_the_second_factor_before_any_page_of_the_role(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    app.config["SECOND_FACTOR"] = "provinces"
    account(app, PHONE, "official", unit_id(app, "19", level="province"))
    shown = sign_in(client, PHONE)
    for page in ("/desk", "/desk/reports", "/campaigns"):
        answer = client.get(page)
        assert (answer.status_code, answer.location) == (303, "/account"), page
    assert "Còn một bước" in client.get("/account", headers={"Accept-Language": "vi"}).text
    secret = client.post(f"{ACCOUNT}/totp", json=OWN, headers=shown).json["secret"]
    body = {"code": pyotp.TOTP(secret).at(clock.now)}
    assert client.post(f"{ACCOUNT}/totp/confirm", json=body, headers=shown).status_code == 200
    assert client.get("/desk/reports").status_code == 200


# On and off


def test_a_second_factor_counts_from_its_first_code_on(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    mine = account(app, PHONE)
    other = app.test_client()
    sign_in(other, PHONE)
    shown = sign_in(client, PHONE)
    offered = client.post(f"{ACCOUNT}/totp", json=OWN, headers=shown).json
    assert offered["uri"].startswith("otpauth://totp/Do%20Song:%2B84912345678?")
    assert offered["secret"] in offered["uri"]
    assert offered["qr_svg"].startswith("<svg") and "</svg>" in offered["qr_svg"]
    sign_in(app.test_client(), PHONE)  # not asked for a code yet
    confirm = f"{ACCOUNT}/totp/confirm"
    made = pyotp.TOTP(offered["secret"])
    assert wrong_fields(client.post(confirm, json={"code": "000000"}, headers=shown)) == [
        ("code", "totp_wrong")
    ]
    body = {"code": made.at(clock.now)}
    assert client.post(confirm, json=body, headers=shown).status_code == 200
    assert client.get(ACCOUNT).json["user"]["totp"] is True
    assert other.get(ACCOUNT).status_code == 401
    clock.now += timedelta(seconds=30)
    sign_in(client, PHONE, totp=made.at(clock.now))
    assert ("account.totp_on", {}) in audit_entries(app, f"user:{mine}")


def test_a_second_factor_is_not_replaced_unasked(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE, totp_secret=SECRET)
    shown = sign_in(client, PHONE, totp=pyotp.TOTP(SECRET).at(clock.now))
    assert status_and_code(client.post(f"{ACCOUNT}/totp", json=OWN, headers=shown)) == (
        409,
        "totp_on",
    )
    confirm = client.post(f"{ACCOUNT}/totp/confirm", json={"code": "123456"}, headers=shown)
    assert status_and_code(confirm) == (409, "totp_not_offered")


def test_switching_it_off_takes_the_password(app: Flask, client: FlaskClient, clock: Any) -> None:
    mine = account(app, PHONE, "admin", totp_secret=SECRET)
    shown = sign_in(client, PHONE, totp=pyotp.TOTP(SECRET).at(clock.now))
    off = f"{ACCOUNT}/totp"
    refused = client.delete(off, json={"password": "not this one"}, headers=shown)
    assert wrong_fields(refused) == [("password", "password_wrong")]
    assert client.delete(off, json={"password": PASSWORD}, headers=shown).status_code == 204
    assert client.get("/api/v1/users").status_code == 403
    sign_in(client, PHONE)
    assert ("account.totp_off", {}) in audit_entries(app, f"user:{mine}")


# Recovery codes


def enrolled(client: FlaskClient, clock: Any) -> tuple[dict[str, str], list[str]]:
    """Sign in and set up a second factor; return the page's header and the recovery codes."""
    shown = sign_in(client, PHONE)
    secret = client.post(f"{ACCOUNT}/totp", json=OWN, headers=shown).json["secret"]
    body = {"code": pyotp.TOTP(secret).at(clock.now)}
    answer = client.post(f"{ACCOUNT}/totp/confirm", json=body, headers=shown)
    assert answer.headers["Cache-Control"] == "no-store"
    return shown, answer.json["recovery_codes"]


def test_recovery_codes_are_shown_once_and_stored_as_hashes(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    _, codes = enrolled(client, clock)
    assert len(set(codes)) == 10
    me = client.get(ACCOUNT)
    assert me.json["recovery_codes_left"] == 10 and not any(one in me.text for one in codes)
    with app.app_context():
        stored = str(db.session.execute(text("select r::text from recovery_codes r")).all())
    plain = [one.replace("-", "") for one in codes]
    assert not any(one in stored or one.encode().hex() in stored for one in (*codes, *plain))


def test_a_recovery_code_replaces_the_phone_once(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    mine = account(app, PHONE)
    _, codes = enrolled(client, clock)
    other = app.test_client()
    guess = attempt(other, password="not this one", totp=codes[0])
    assert status_and_code(guess) == (401, "sign_in_failed")
    answer = attempt(other, totp=f" {codes[0].upper().replace('-', ' ')} ")
    assert (answer.status_code, answer.json["recovery_codes_left"]) == (200, 9)
    assert status_and_code(attempt(other, totp=codes[0])) == (401, "totp_wrong")
    assert ("session.recovery_code", {"left": 9}) in audit_entries(app, f"user:{mine}")


def test_a_recovery_code_serves_one_of_many_at_once(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    _, codes = enrolled(client, clock)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: attempt(app.test_client(), totp=codes[3]), range(4)))
    assert sorted(one.status_code for one in answers) == [200] + [401] * 3


def test_recovery_codes_of_another_person_do_not_fit(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    _, codes = enrolled(client, clock)
    account(app, "lan@example.vn", totp_secret=SECRET)
    answer = attempt(app.test_client(), "lan@example.vn", totp=codes[0])
    assert status_and_code(answer) == (401, "totp_wrong")


def test_new_recovery_codes_replace_the_former(app: Flask, client: FlaskClient, clock: Any) -> None:
    mine = account(app, PHONE)
    shown, codes = enrolled(client, clock)
    answer = client.post(f"{ACCOUNT}/recovery-codes", json=OWN, headers=shown)
    assert answer.status_code == 201 and not set(answer.json["recovery_codes"]) & set(codes)
    assert ("account.recovery_codes", {"codes": 10}) in audit_entries(app, f"user:{mine}")
    assert attempt(app.test_client(), totp=codes[0]).status_code == 401
    assert attempt(app.test_client(), totp=answer.json["recovery_codes"][0]).status_code == 200


def test_recovery_codes_end_with_the_second_factor(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    account(app, PHONE)
    shown, _ = enrolled(client, clock)
    assert client.delete(f"{ACCOUNT}/totp", json=OWN, headers=shown).status_code == 204
    assert client.get(ACCOUNT).json["recovery_codes_left"] is None
    without = client.post(f"{ACCOUNT}/recovery-codes", json=OWN, headers=shown)
    assert status_and_code(without) == (409, "totp_off")
    with app.app_context():
        assert db.session.execute(text("select count(*) from recovery_codes")).scalar_one() == 0


def test_recovery_codes_are_not_guessed(app: Flask, client: FlaskClient, clock: Any) -> None:
    account(app, PHONE)
    _, codes = enrolled(client, clock)
    for turn in range(CODES_PER_ACCOUNT):
        attempt(app.test_client(), address=f"198.51.100.{turn}", totp="abcd-efgh-jkmn-pqrs")
    assert attempt(app.test_client(), totp=codes[0]).status_code == 429
