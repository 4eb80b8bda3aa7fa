"""Network Survey sends records for a device that agreed: each once, and what is skipped is said."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.radio import rules
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.network_survey import (
    NOT_AVAILABLE,
    PLANTED,
    batches,
    bluetooth,
    connect,
    lte,
    nr,
    register_app,
    upload,
    wifi,
)
from tests.support.stored_text import tables_with

SAMPLES = text("select * from radio_samples order by measured_at, id")


@pytest.fixture
def headers(client: FlaskClient) -> dict[str, str]:
    """The headers of a device that agreed for the app alone."""
    return register(client)


@pytest.fixture
def token(client: FlaskClient, headers: dict[str, str]) -> str:
    return connect(client, headers)


def samples(app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        return [dict(row) for row in db.session.execute(SAMPLES).mappings()]


def counted(answer: Any) -> tuple[int, int, int, int]:
    assert answer.status_code == 200, answer.text
    body = answer.json
    assert body["status"] == "completed"
    return body["processed"], body["skipped"], body["failed"], body["total_records"]


def test_a_good_upload_is_stored(app: Flask, client: FlaskClient, token: str) -> None:
    answer = upload(client, token, batches(("lte", [lte()]), ("nr", [nr()])), batch_id="b-1")
    assert counted(answer) == (2, 0, 0, 2)
    assert (answer.json["batch_id"], answer.json["workspace_name"]) == ("b-1", "Đo Sóng")
    by_technology = {row["technology"]: row for row in samples(app)}
    four, five = by_technology["4G"], by_technology["5G"]
    assert (four["operator"], five["operator"]) == ("Viettel", "MobiFone")
    assert (four["rsrp_dbm"], five["rsrp_dbm"]) == (-98, -88)
    assert five["mode"] == "SA"
    assert four["source"] == "network_survey"


def test_a_partly_bad_upload_stores_the_good_records(
    app: Flask, client: FlaskClient, token: str
) -> None:
    bad: list[Any] = [
        lte(recordNumber=2, deviceTime="yesterday"),
        lte(recordNumber=3, latitude=None),
        lte(recordNumber=4, mnc=NOT_AVAILABLE),
        lte(recordNumber=5, rsrp=NOT_AVAILABLE),
        lte(recordNumber=6, servingCell=False),
        lte(recordNumber=7, accuracy=None),  # 0, which proto3 leaves out
        lte(recordNumber=8, mcc=310),
        lte(recordNumber=9, rsrp="NaN"),
        "text", None, 7, {}, {"data": []},
    ]  # fmt: skip
    records = batches(("lte", [*bad[:6], lte(), *bad[6:]]), ("wifi", [wifi()]), ("gsm", [{}]))
    answer = upload(client, token, [*records, "not a batch"])
    assert counted(answer) == (1, len(bad) + 3, 0, len(bad) + 4), answer.json
    reasons = answer.json["skipped_reasons"]
    assert reasons["type_not_stored"] == 3
    assert reasons["not_object"] == 3
    assert (reasons["not_time"], reasons["operator_unknown"], reasons["foreign_network"]) == (
        1,
        1,
        1,
    )
    assert len(samples(app)) == 1


@pytest.mark.parametrize("batch_id", ["the same", None])
def test_a_retried_upload_is_stored_once(
    app: Flask, client: FlaskClient, token: str, batch_id: str | None
) -> None:
    changes = {"batch_id": batch_id} if batch_id else {}
    records = batches(("lte", [lte(), lte(recordNumber=2, rsrp=-101.0)]))
    assert counted(upload(client, token, records, **changes)) == (2, 0, 0, 2)
    assert counted(upload(client, token, records, **changes)) == (2, 0, 0, 2)
    # In another order, with a new record, and twice within one upload.
    more = batches(("lte", [lte(recordNumber=3), lte(), lte()]))
    assert counted(upload(client, token, more)) == (3, 0, 0, 3)
    assert len(samples(app)) == 3


def test_the_same_record_of_another_phone_is_another_sample(
    app: Flask, client: FlaskClient, token: str
) -> None:
    other = connect(client, register(client))
    for one in (token, other):
        assert counted(upload(client, one, batches(("lte", [lte()])))) == (1, 0, 0, 1)
    assert len(samples(app)) == 2


def test_an_mnc_keeps_its_zero(app: Flask, client: FlaskClient, token: str) -> None:
    records = [lte(mnc=mnc, recordNumber=mnc) for mnc in (1, 2, 4, 5)]
    upload(client, token, batches(("lte", records)))
    operators = {row["operator"] for row in samples(app)}
    assert operators == {"MobiFone", "VinaPhone", "Viettel", "Vietnamobile"}


@pytest.mark.parametrize(
    ("changes", "modes"),
    [
        ({"connectionStatus": "SECONDARY_SERVING", "mcc": None, "mnc": None}, {"NSA"}),
        ({"mcc": None, "mnc": None}, {"NSA"}),  # of an app that says no status
        ({"connectionStatus": "NEIGHBOR"}, set()),
        ({"servingCell": False}, set()),
    ],
)
def test_nr_beside_an_lte_cell_is_not_standalone(
    app: Flask, client: FlaskClient, token: str, changes: dict[str, Any], modes: set[str]
) -> None:
    anchor, beside = lte(groupNumber=9), nr(groupNumber=9, **changes)
    upload(client, token, batches(("nr", [beside]), ("lte", [anchor])))
    found = [row for row in samples(app) if row["technology"] == "5G"]
    assert {row["mode"] for row in found} == modes
    assert all(row["operator"] == "Viettel" for row in found)


def test_nr_without_an_operator_or_an_lte_cell_is_skipped(
    app: Flask, client: FlaskClient, token: str
) -> None:
    alone = nr(mcc=None, mnc=None)
    other_sim = lte(groupNumber=2, slot=2)
    answer = upload(client, token, batches(("nr", [alone]), ("lte", [other_sim])))
    assert answer.json["skipped_reasons"] == {"operator_unknown": 1}


def test_times_outside_are_skipped_for_good(
    app: Flask, client: FlaskClient, token: str, clock: FakeClock
) -> None:
    times = {
        "2031-01-01T00:00:00Z": "in_future",
        "2020-01-01T00:00:00Z": "radio_before_registration",
    }
    records = [lte(deviceTime=at) for at in times]
    answer = upload(client, token, batches(("lte", [*records, lte()])))
    assert counted(answer)[:3] == (1, 2, 0)
    assert answer.json["skipped_reasons"]["in_future"] == 1


def test_nothing_of_the_owner_or_of_others_nearby_is_stored(
    app: Flask, client: FlaskClient, token: str, headers: dict[str, str]
) -> None:
    records = batches(
        ("wifi", [wifi()]), ("bluetooth", [bluetooth()]), ("device_status", [wifi()]),
        ("lte", [lte(), lte(recordNumber=2, rsrp=900.0), lte(recordNumber=3), wifi()]),
        ("nr", [nr()]),
    )  # fmt: skip
    answer = upload(client, token, records)
    assert answer.json["processed"] == 3
    assert tables_with(app, PLANTED.values()) == []
    # The search finds what is stored: the device itself.
    device = client.get("/api/v1/devices/me", headers={"Authorization": f"Bearer {token}"}).json
    assert "devices: " + device["id"] in tables_with(app, [device["id"]])


def test_no_record_is_a_speed_sample(client: FlaskClient, token: str) -> None:
    upload(client, token, batches(("lte", [lte()])))
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/measurements", headers=headers).json["items"] == []
    assert client.get("/api/v1/coverage?month=2024-11&parent=19").json["summary"]["received"] == 0


def test_the_workspace_is_for_one_device(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/v1/devices/me/network-survey", headers=headers).json
    workspace = json.loads(answer["content"])
    code = headers["Authorization"].removeprefix("Bearer ")
    device = client.get("/api/v1/devices/me", headers=headers).json["id"]
    assert workspace == {"token": code, "workspace_id": device, "api_url": "http://localhost/"}
    assert answer["qr_svg"].startswith("<svg")
    assert answer["link"].startswith("intent://networksurvey.app/app/register?token=")
    assert answer["link"].endswith("#Intent;scheme=https;package=com.craxiom.networksurvey;end")


def test_a_lost_answer_to_the_registration_is_repeated(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    code = headers["Authorization"].removeprefix("Bearer ")
    first, second = (register_app(client, code).json["device_token"] for _ in range(2))
    assert first != second
    assert upload(client, second, []).status_code == 200
    assert upload(client, first, []).status_code == 410


def test_a_used_code_registers_no_second_phone(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    token = connect(client, headers)
    upload(client, token, [])
    again = register_app(client, headers["Authorization"].removeprefix("Bearer "))
    assert (again.status_code, again.json["error_code"]) == (410, "REGISTRATION_INVALID")
    assert client.get("/api/v1/devices/me", headers=headers).status_code == 401


def test_the_withdrawal_code_ends_the_registration(client: FlaskClient, app: Flask) -> None:
    body = {
        "consent": {"accepted": True, "version": "3", "accepted_at": "2024-11-01T08:00:00+07:00"}
    }
    device = client.post("/api/v1/devices", json=body).json
    token = connect(client, {"Authorization": f"Bearer {device['token']}"})
    upload(client, token, batches(("lte", [lte(deviceTime="2024-11-18T09:12:33+07:00")])))
    code = {"withdrawal_code": device["withdrawal_code"]}
    assert client.post("/api/v1/withdrawals", json=code).status_code == 200
    answer = upload(client, token, batches(("lte", [lte()])))
    assert (answer.status_code, answer.json["error_code"]) == (410, "REGISTRATION_INVALID")
    assert samples(app) == []


@pytest.mark.parametrize("way", ["DELETE deregister", "POST unregister"])
def test_an_app_that_deregisters_is_known_no_more(
    client: FlaskClient, token: str, way: str
) -> None:
    method, name = way.split()
    headers = {"Authorization": f"Bearer {token}"}
    status = client.get("/api/v1/device/status", headers=headers)
    assert (status.status_code, status.json["is_active"]) == (200, True)
    ended = client.open(f"/api/v1/device/{name}", method=method, headers=headers)
    assert (ended.status_code, ended.json["success"]) == (200, True)
    assert "/withdraw" in ended.json["message"]
    status = client.get("/api/v1/device/status", headers=headers)
    assert (status.status_code, status.json["error_code"]) == (403, "DEVICE_DEREGISTERED")
    assert upload(client, token, []).status_code == 410


def test_too_many_records_pause_the_app_and_cost_none(
    app: Flask, client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "DEVICE_HOURLY_MOST", 2)
    records = [lte(recordNumber=n) for n in range(1, 4)]
    answer = upload(client, token, batches(("lte", records)))
    assert (answer.status_code, answer.json["error_code"]) == (402, "QUOTA_EXCEEDED")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["web_url"].endswith("/do/apps")
    assert samples(app) == []


def test_an_outdated_consent_is_no_retry(app: Flask, client: FlaskClient, token: str) -> None:
    with app.app_context():
        db.session.execute(text("update devices set consent_version = '2'"))
        db.session.commit()
    answer = upload(client, token, batches(("lte", [lte()])))
    assert (answer.status_code, answer.json["error_code"]) == (403, "VIEWER_CANNOT_UPLOAD")


def test_what_is_no_upload_is_refused_plainly(client: FlaskClient, token: str) -> None:
    wrong: list[Any] = [None, 7, {}]
    for records in wrong:
        assert upload(client, token, records).status_code == 422
    many = batches(("lte", [{}] * 5_001))
    assert upload(client, token, many).status_code == 413
    assert counted(upload(client, token, [{"type": 7, "messages": 7}])) == (0, 1, 0, 1)
