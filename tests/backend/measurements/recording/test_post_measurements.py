"""A phone posts speed tests: each exactly once, judged, with the reason in words."""

import gzip
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from tests.support.clock import FakeClock
from tests.support.factories import THERE, location, network, post, register, sample

URL = "/api/v1/measurements"


def rows(app: Flask) -> int:
    with app.app_context():
        return int(db.session.execute(text("select count(*) from measurements")).scalar_one())


def test_a_good_sample_is_counted_in_its_commune(client: FlaskClient) -> None:
    answer = post(client, register(client), sample())
    assert answer.status_code == 201
    found = answer.json
    assert (found["outcome"], found["valid"], found["counted"]) == ("accepted", True, True)
    assert found["reasons"] == [] and found["month"] == "2024-11"
    assert found["unit"]["province"] == "Tỉnh Thái Nguyên" and found["unit"]["how"] == "inside"
    assert found["boundaries"]["quality"] == "approximate"


def test_the_same_post_again_is_a_duplicate_with_the_first_verdict(
    client: FlaskClient, app: Flask
) -> None:
    headers, body = register(client), sample()
    first = post(client, headers, body)
    again = post(client, headers, {**body, "id": body["id"].upper()})
    assert again.status_code == 200 and again.json["outcome"] == "duplicate"
    assert again.json["id"] == body["id"].upper()
    assert again.json["unit"] == first.json["unit"] and again.json["counted"] is True
    assert rows(app) == 1


def test_another_content_or_device_under_an_id_is_a_conflict(client: FlaskClient) -> None:
    headers, body = register(client), sample()
    post(client, headers, body)
    other = post(client, headers, {**body, "download_mbps": 99.0})
    stranger = post(client, register(client), body)
    for answer in (other, stranger):
        assert answer.status_code == 409 and answer.json["outcome"] == "conflict"
        assert "unit" not in answer.json


def test_fifty_identical_posts_at_once_are_one_row(client: FlaskClient, app: Flask) -> None:
    headers, body = register(client), sample()

    def send(_: int) -> int:
        return app.test_client().post(URL, json=body, headers=headers).status_code

    with ThreadPoolExecutor(10) as pool:
        codes = sorted(pool.map(send, range(50)))
    assert codes == [200] * 49 + [201]
    assert rows(app) == 1


def test_a_batch_answers_item_by_item(client: FlaskClient) -> None:
    headers, good = register(client), sample()
    bad = sample(download_mbps=-1)
    later = sample("2024-11-15T15:00:00+07:00")
    answer = post(client, headers, good, bad, good, later, {"id": 5}, {**good, "ping_ms": 1.5})
    assert answer.status_code == 200
    outcomes = [one["outcome"] for one in answer.json["results"]]
    assert outcomes == ["accepted", "rejected", "duplicate", "accepted", "rejected", "conflict"]
    assert answer.json["accepted"] == 2 and answer.json["rejected"] == 2
    assert answer.json["results"][1]["errors"][0]["field"] == "download_mbps"


def test_a_refused_body_is_kept_and_its_id_stays_free(client: FlaskClient, app: Flask) -> None:
    headers, body = register(client), sample()
    refused = post(client, headers, {**body, "network": {"kind": "smoke"}})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["field"] == "network.kind"
    with app.app_context():
        kept = db.session.execute(text("select body from refused")).scalar_one()
    assert "smoke" in kept
    assert post(client, headers, body).status_code == 201


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("position_missing", {"location": None}),
        ("position_missing", {"location": location(accuracy_m=-1)}),
        ("position_missing", {"location": location(accuracy_m=None)}),
        ("position_default", {"location": location(latitude=0, longitude=0)}),
        ("position_default", {"location": location(latitude=37.785834, longitude=-122.406417)}),
        ("position_coarse", {"location": location(accuracy_m=5_000)}),
        ("outside_communes", {"location": location(latitude=48.85, longitude=2.35)}),
        ("outside_communes", {"location": location(latitude=14.0, longitude=112.9)}),
        ("fix_stale", {"location": location(fixed_at="2024-11-15T09:10:00+07:00")}),
        ("foreign_network", {"network": network(mcc="460")}),
        ("kind_unknown", {"network": network(kind="unknown")}),
        ("implausible_value", {"download_mbps": 48_200.0}),
        ("failed_test", {"status": "failed", "download_mbps": None}),
    ],
)
def test_a_poor_sample_is_stored_with_its_reason(
    client: FlaskClient, reason: str, changes: dict[str, Any]
) -> None:
    answer = post(client, register(client), sample(**changes))
    assert answer.status_code == 201
    assert answer.json["valid"] is False and answer.json["counted"] is False
    assert reason in [one["code"] for one in answer.json["reasons"]]


def test_reasons_come_in_the_language_asked_for(client: FlaskClient) -> None:
    headers = register(client)
    vietnamese = post(client, headers, sample(location=None))
    english = post(client, headers | {"Accept-Language": "en"}, sample(location=None))
    assert vietnamese.json["reasons"][0]["message"] == "Không có vị trí GPS dùng được."
    assert english.json["reasons"][0]["message"] == "There is no usable GPS position."


def test_hidden_network_codes_are_no_reason(client: FlaskClient) -> None:
    answer = post(client, register(client), sample(network=network(mcc="65535", mnc="65535")))
    assert answer.json["counted"] is True


def test_a_second_sample_nearby_within_four_hours_is_a_repeat(client: FlaskClient) -> None:
    headers = register(client)
    post(client, headers, sample("2024-11-15T09:00:00+07:00"))
    near = post(client, headers, sample("2024-11-15T12:59:40+07:00"))
    later = post(client, headers, sample("2024-11-15T13:00:00+07:00"))
    away = post(client, headers, sample("2024-11-15T12:00:00+07:00", location=location(**THERE)))
    assert [one["code"] for one in near.json["reasons"]] == ["repeat"] and near.json["valid"]
    assert later.json["counted"] and away.json["counted"]


def test_an_earlier_sample_that_arrives_late_takes_the_count(client: FlaskClient) -> None:
    headers = register(client)
    second = sample("2024-11-15T11:00:00+07:00")
    assert post(client, headers, second).json["counted"] is True
    assert post(client, headers, sample("2024-11-15T10:00:00+07:00")).json["counted"] is True
    own = client.get(f"{URL}/{second['id']}", headers=headers).json
    assert own["counted"] is False and own["reasons"][0]["code"] == "repeat"


def test_a_way_that_cannot_be_travelled_is_told(client: FlaskClient) -> None:
    headers = register(client)
    post(client, headers, sample("2024-11-15T09:00:00+07:00"))
    saigon = location(latitude=10.7769, longitude=106.7009)
    answer = post(client, headers, sample("2024-11-15T09:05:00+07:00", location=saigon))
    assert [one["code"] for one in answer.json["reasons"]] == ["impossible_travel"]


def test_a_clock_that_is_off_is_corrected_for(client: FlaskClient, clock: FakeClock) -> None:
    headers = register(client) | {"X-Sent-At": "2024-11-20T10:00:00+00:00"}  # two hours slow
    answer = post(client, headers, sample("2024-11-20T09:30:00+00:00"))
    own = client.get(f"{URL}/{answer.json['id']}", headers=headers).json
    assert own["measured_at"] == "2024-11-20T11:30:00+00:00"
    assert "clock_corrected" in [one["code"] for one in answer.json["marks"]]


@pytest.mark.parametrize(
    ("field", "code", "changes"),
    [
        ("id", "not_uuid", {"id": "17"}),
        ("download_mbps", "required", {"download_mbps": None}),
    ],
)
def test_a_wrong_field_is_named(
    client: FlaskClient, field: str, code: str, changes: dict[str, Any]
) -> None:
    answer = post(client, register(client), sample(**changes))
    assert answer.status_code == 422 and answer.mimetype == "application/problem+json"
    assert {"field": field, "code": code} in [
        {"field": one["field"], "code": one["code"]} for one in answer.json["errors"]
    ]


def test_nul_in_an_unknown_field_is_refused(client: FlaskClient) -> None:
    assert post(client, register(client), sample(new={"x": ["\u0000"]})).status_code == 422


def test_unknown_fields_are_kept_in_the_raw_body(client: FlaskClient, app: Flask) -> None:
    post(client, register(client), sample(from_a_newer_app={"x": 1}))
    with app.app_context():
        raw = db.session.execute(text("select raw from measurements")).scalar_one()
    assert raw["from_a_newer_app"] == {"x": 1}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, b"{", {}),
        (400, b'{"id": NaN}', {}),
        (400, b"[" * 100_000, {}),
        (422, b"[]", {}),
        (422, b'{"measurements": []}', {}),
        (422, b'{"measurements": {}}', {}),
        (415, b"{}", {"Content-Type": "text/plain"}),
        (400, gzip.compress(b"{}" * 99, mtime=0)[:-9], {"Content-Encoding": "gzip"}),
        (400, b"not gzip", {"Content-Encoding": "gzip"}),
        (413, gzip.compress(b" " * 5_000_000), {"Content-Encoding": "gzip"}),
        (413, b" " * 4_000_001, {}),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_plainly(
    client: FlaskClient, status: int, body: bytes, headers: dict[str, str]
) -> None:
    sent = {"Content-Type": "application/json", **register(client), **headers}
    answer = client.post(URL, data=body, headers=sent)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json" and answer.json["code"]


def test_a_gzip_body_and_a_full_batch_are_taken(client: FlaskClient) -> None:
    headers = register(client) | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    full = [sample() for _ in range(500)]
    body = gzip.compress(json.dumps({"measurements": full}).encode())
    answer = client.post(URL, data=body, headers=headers)
    assert answer.status_code == 200 and answer.json["accepted"] == 500
    counted = [one["counted"] for one in answer.json["results"]]
    assert counted.count(True) == 1
    too_many = client.post(URL, json={"measurements": [*full, sample()]}, headers=register(client))
    assert too_many.status_code == 422


@pytest.mark.parametrize("value", [None, "Bearer", "Bearer nonsense", "Basic abc"])
def test_without_a_known_token_nothing_is_taken(client: FlaskClient, value: str | None) -> None:
    headers = {"Authorization": value} if value else {}
    answer = client.post(URL, json=sample(), headers=headers)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_device_that_sends_too_much_waits(client: FlaskClient, app: Flask) -> None:
    app.config["MEASUREMENTS_PER_HOUR"] = 2
    headers = register(client)
    assert post(client, headers, sample(), sample()).status_code == 200
    answer = post(client, headers, sample())
    assert answer.status_code == 429 and 0 < int(answer.headers["Retry-After"]) <= 3600


def test_a_phone_reads_its_own_and_nobody_elses(client: FlaskClient) -> None:
    mine, other = register(client), register(client)
    bodies = [sample(f"2024-11-15T{hour:02}:00:00+07:00") for hour in range(8, 15)]
    post(client, mine, *bodies)
    ids, cursor = [], ""
    while cursor is not None:
        page = client.get(URL, query_string={"limit": 3, "cursor": cursor}, headers=mine).json
        ids += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert ids == [body["id"] for body in reversed(bodies)]
    assert client.get(URL, headers=other).json["items"] == []
    assert client.get(f"{URL}/{ids[0]}", headers=other).status_code == 404
    asked = {"ids": [ids[0], str(uuid.uuid4()), "nonsense"]}
    assert client.post(f"{URL}/check", json=asked, headers=mine).json["held"] == [ids[0]]
    assert client.post(f"{URL}/check", json=asked, headers=other).json["held"] == []
