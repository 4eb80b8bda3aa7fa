"""POST /api/v1/devices: a phone registers with a person's consent."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from backend.accounts import rate_limits
from backend.accounts.models import Attempts
from backend.database.extensions import db
from backend.devices import service
from backend.devices.credentials import ALPHABET, code_hash, new_code
from backend.devices.models import Consent, Device
from backend.devices.service import Agreement, Registration
from config import settings
from tests.support.devices import CONSENT, DEVICES, ME, bearer, register, registration
from tests.support.joining import Cast
from tests.support.problems import wrong_fields


def test_a_phone_registers_and_is_known_by_its_token(client: FlaskClient) -> None:
    mine = str(uuid.uuid4())
    found = register(client, id=mine)
    assert set(found) == {"id", "token", "withdrawal_code", "consent"}
    assert found["id"] == mine
    assert found["consent"]["version"] == "4"
    assert datetime.fromisoformat(found["consent"]["accepted_at"]) == datetime.fromisoformat(
        CONSENT["accepted_at"]
    )
    me = client.get(ME, headers=bearer(found["token"]))
    assert me.status_code == 200
    assert (me.json["id"], me.json["model"]) == (mine, "SM-A525F")
    assert me.json["consent"]["outdated"] is False


def test_a_consent_to_text_3_of_a_development_version_stays_valid(client: FlaskClient) -> None:
    found = register(client, consent={**CONSENT, "version": "3"})
    me = client.get(ME, headers=bearer(found["token"])).json
    assert me["consent"] == found["consent"]
    assert (me["consent"]["version"], me["consent"]["outdated"]) == ("3", True)


def test_id_and_description_are_optional(client: FlaskClient) -> None:
    answer = client.post(DEVICES, json={"consent": CONSENT})
    assert answer.status_code == 201
    uuid.UUID(answer.json["id"])


def test_secrets_are_stored_as_hashes_only(app: Flask, client: FlaskClient) -> None:
    found = register(client)
    with app.app_context():
        device = db.session.scalars(select(Device)).one()
        stored = repr({key: value for key, value in vars(device).items() if key[0] != "_"})
        attempts = repr(db.session.execute(select(Attempts.by, Attempts.n)).all())
    assert found["token"] not in stored
    assert found["withdrawal_code"] not in stored
    assert "127.0.0.1" not in attempts


@pytest.mark.parametrize(
    "given_consent",
    [
        None,
        {},
        "yes",
        [],
        {**CONSENT, "accepted": False},
        {**CONSENT, "accepted": "true"},
        {**CONSENT, "accepted": 1},
        {"version": "1", "accepted_at": CONSENT["accepted_at"]},
    ],
)
def test_nothing_but_a_true_is_consent(client: FlaskClient, given_consent: Any) -> None:
    for sent in (
        registration(consent=given_consent),
        registration(consent=given_consent, id="broken"),
    ):
        answer = client.post(DEVICES, json=sent)
        assert answer.status_code == 422
        assert answer.json["code"] == "consent_required"
        assert answer.json["errors"][0]["field"] == "consent.accepted"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"id": "1234"}, "id", "not_uuid"),
        ({"id": 7}, "id", "not_uuid"),
        ({"model": "\x00"}, "model", "has_nul"),
        ({"model": "x" * 121}, "model", "too_long"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(
    client: FlaskClient, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post(DEVICES, json=registration(**changes))
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert wrong_fields(answer) == [(field, code)]


@pytest.mark.parametrize(
    ("sent", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "not_json"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"[]", "application/json", 422, "invalid"),
        (b'{"consent": NaN}', "application/json", 400, "not_json"),
    ],
)
def test_a_body_that_cannot_be_read(
    client: FlaskClient, sent: bytes, kind: str, status: int, code: str
) -> None:
    answer = client.post(DEVICES, data=sent, content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_unknown_fields_are_passed_over(client: FlaskClient) -> None:
    register(client, new_in_version_9={"a": 1})


# The lost answer


def test_a_lost_answer_is_repeated_with_fresh_secrets(client: FlaskClient, clock: Any) -> None:
    mine = str(uuid.uuid4())
    first = register(client, id=mine)
    clock.now += timedelta(minutes=10)
    again = client.post(DEVICES, json=registration(id=mine.upper()))
    assert again.status_code == 200
    assert again.json["id"] == mine
    assert again.json["token"] != first["token"]
    assert again.json["withdrawal_code"] != first["withdrawal_code"]
    assert client.get(ME, headers=bearer(first["token"])).status_code == 401
    assert client.get(ME, headers=bearer(again.json["token"])).status_code == 200


@pytest.mark.parametrize("used", [True, False])
def test_after_its_first_use_or_ten_minutes_an_id_is_taken(
    client: FlaskClient, clock: Any, used: bool
) -> None:
    mine = str(uuid.uuid4())
    token = register(client, id=mine)["token"]
    if used:
        client.get(ME, headers=bearer(token))
    else:
        clock.now += timedelta(minutes=10, seconds=1)
    again = client.post(DEVICES, json=registration(id=mine))
    assert (again.status_code, again.json["code"]) == (409, "already_registered")
    assert client.get(ME, headers=bearer(token)).status_code == 200


def test_the_same_id_at_once_is_one_device(app: Flask) -> None:
    mine = str(uuid.uuid4())

    def post(_: int) -> Any:
        return app.test_client().post(DEVICES, json=registration(id=mine))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    tokens = [answer.json["token"] for answer in answers]
    known = [app.test_client().get(ME, headers=bearer(token)).status_code for token in tokens]
    assert sorted(known) == [200] + [401] * 15
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Device)) == 1
        assert db.session.scalar(select(func.count()).select_from(Consent)) == 1


# Attestation


@pytest.mark.parametrize("sent", [None, False, 0, "", "opaque", [], {}, {"verdict": ["a", 1.5]}])
def test_an_attestation_changes_nothing_and_is_not_stored(
    app: Flask, client: FlaskClient, sent: Any
) -> None:
    register(client, attestation=sent)
    with app.app_context():
        stored = db.session.execute(text("select to_jsonb(d) from devices d")).scalar_one()
    assert not any("attestation" in column for column in stored)


def test_an_environment_with_the_former_setting_starts(tmp_path: Path) -> None:
    given = {"VAR_DIR": str(tmp_path), "REQUIRE_ATTESTATION": "true"}
    assert "REQUIRE_ATTESTATION" not in settings.read(given)


# Limits


def test_an_address_registers_so_many_an_hour(app: Flask, client: FlaskClient, clock: Any) -> None:
    app.config["REGISTRATIONS_PER_HOUR"] = 3
    clock.now = datetime(2026, 11, 20, 8, 50, tzinfo=UTC)
    for _ in range(3):
        register(client)
    refused = client.post(DEVICES, json=registration())
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 600 <= int(refused.headers["Retry-After"]) <= 601
    other = client.post(DEVICES, json=registration(), environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert other.status_code == 201
    clock.now += timedelta(minutes=10)
    register(client)


def test_a_team_registers_where_strangers_used_up_the_address(
    app: Flask, client: FlaskClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: 1,000 registrations of one address in ten seconds."""
    monkeypatch.setattr(service, "REGISTRATIONS_PER_CODE", 3)
    app.config["REGISTRATIONS_PER_HOUR"] = 2
    cast = Cast(app)
    ended = cast.code(cast.one, revoked_at=clock.now)
    used_up = cast.code(cast.two, expires_at=clock.now, revoked_at=clock.now)

    def registers(join_code: str | None) -> bool:
        sent = registration(join_code=join_code)
        return bool(client.post(DEVICES, json=sent).status_code == 201)

    team = [cast.code_one.lower(), cast.code_one, f"{cast.code_one[:4]} {cast.code_one[4:]}"]
    assert [registers(code) for code in team] == [True] * 3  # nothing of the address
    assert [registers(None) for _ in range(3)] == [True, True, False]
    assert [registers(code) for code in (ended, used_up, "ACDEFGHJ", cast.code_one)] == [False] * 4
    assert registers(cast.code_two)
    monkeypatch.setattr(service, "CODES_PER_ADDRESS", 1)
    assert not registers(cast.code_two)


def test_a_code_used_up_at_another_address_still_registers(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: the code of a poster, used up elsewhere, and the team's address used up too."""
    monkeypatch.setattr(service, "REGISTRATIONS_PER_CODE", 2)
    app.config["REGISTRATIONS_PER_HOUR"] = 1
    code = Cast(app).code_one

    def registers(address: str, join_code: str | None = None) -> bool:
        sent, from_there = registration(join_code=join_code), {"REMOTE_ADDR": address}
        return bool(client.post(DEVICES, json=sent, environ_base=from_there).status_code == 201)

    assert [registers("198.51.100.7", code) for _ in range(4)] == [True, True, True, False]
    assert [registers("203.0.113.9") for _ in range(2)] == [True, False]
    assert registers("203.0.113.9", code)


def test_a_team_registers_after_strangers_used_its_code(app: Flask, client: FlaskClient) -> None:
    """The attack: the code of a poster 200 times, and the address used up without one."""
    app.config["REGISTRATIONS_PER_HOUR"] = 5
    code = Cast(app).code_one

    def registers(join_code: str | None = None) -> bool:
        sent = registration(join_code=join_code)
        return bool(client.post(DEVICES, json=sent).status_code == 201)

    assert [registers() for _ in range(20)].count(True) == 5
    assert all(registers(code) for _ in range(201))


def test_an_honest_team_behind_one_address_is_not_hit(app: Flask) -> None:
    assert app.config["REGISTRATIONS_PER_HOUR"] >= 5 * 200


def test_a_forwarded_address_is_not_believed(app: Flask, client: FlaskClient) -> None:
    app.config["REGISTRATIONS_PER_HOUR"] = 1
    register(client)
    headers = {"X-Forwarded-For": "203.0.113.9"}
    assert client.post(DEVICES, json=registration(), headers=headers).status_code == 429


def test_counts_of_addresses_are_forgotten(app: Flask, client: FlaskClient, clock: Any) -> None:
    register(client)
    clock.now += timedelta(days=1, hours=1)
    register(client)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Attempts)) == 1


def test_one_subscriber_of_ipv6_is_one_address() -> None:
    assert rate_limits.network_of("2001:db8:1:2::1") == rate_limits.network_of(
        "2001:db8:1:2:ffff::9"
    )
    assert rate_limits.network_of("2001:db8:1:2::1") != rate_limits.network_of("2001:db8:1:3::1")
    assert rate_limits.network_of("::ffff:192.0.2.1") == rate_limits.network_of("192.0.2.1")
    assert rate_limits.network_of("unix:") == "unix:"


# Without HTTP


def test_devices_register_without_http(app: Flask, clock: Any) -> None:
    asked = Registration(Agreement("1", clock.now), platform="android")
    with app.app_context():
        found, created = service.register(asked, secret="key", now=clock.now, address="")
        assert created
        assert service.authenticate(found["token"], clock.now).id == found["id"]
        service.add_demo_devices([(asked, clock.now)], "key")
        assert sorted(db.session.scalars(select(Device.demo))) == [False, True]
        db.session.rollback()


@pytest.mark.slow
@given(
    st.text(alphabet=ALPHABET, min_size=12, max_size=12), st.lists(st.integers(0, 12)), st.data()
)
def test_a_code_is_read_however_it_is_written(
    letters: str, gaps: list[int], data: st.DataObject
) -> None:
    written = letters.lower() if data.draw(st.booleans()) else letters
    for gap in sorted(gaps, reverse=True):
        written = written[:gap] + data.draw(st.sampled_from(" -–.\t")) + written[gap:]
    assert code_hash(written, "key") == code_hash(letters, "key")
    assert code_hash(letters, "other key") != code_hash(letters, "key")


def test_codes_have_twelve_letters_without_look_alikes() -> None:
    code = new_code()
    assert [len(group) for group in code.split("-")] == [4, 4, 4]
    assert not set("0O1IL2Z5S8B") & set(ALPHABET)
