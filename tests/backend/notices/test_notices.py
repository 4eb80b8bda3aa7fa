"""Notices of an admin to phones: to whom, when they arrive, and who has them."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.monitoring.checks import CheckContext
from backend.monitoring.checks import people as check_people
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import HERE, post, register, sample

URL = "/api/v1/notices"
TEXT = "Thứ bảy này máy chủ đo nghỉ từ 8 giờ đến 10 giờ."
Phone = dict[str, str]


def send(client: FlaskClient, admin: Phone, clock: FakeClock, **more: Any) -> dict[str, Any]:
    until = (clock() + timedelta(days=14)).isoformat()
    answer = client.post(URL, json={"text": TEXT, "until": until, **more}, headers=admin)
    assert answer.status_code == (200 if more.get("preview") else 201), answer.text
    return dict(answer.json)


def listed(client: FlaskClient, admin: Phone) -> tuple[int, int, int]:
    [one] = client.get(URL, headers=admin).json["items"]
    return one["phones"], one["delivered"], one["read"]


def texts(answer: Any) -> list[str]:
    return [one["text"] for one in answer.json.get("notices", [])]


def test_online_offline_and_withdrawn_phones(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    admin, (online, offline, gone) = people.person(app, "admin"), [register(client) for _ in "123"]
    sent = send(client, admin, clock)
    assert listed(client, admin) == (3, 0, 0)
    now = clock().isoformat()
    assert texts(post(client, online, sample(now))) == [TEXT]
    assert texts(client.get("/api/v1/devices/me", headers=online)) == [TEXT]  # until it is read
    assert listed(client, admin) == (3, 1, 0)
    read = f"/api/v1/devices/me/notices/{sent['id']}/read"
    assert [client.post(read, headers=online).status_code for _ in "12"] == [204, 204]
    assert texts(client.get("/api/v1/devices/me", headers=online)) == []
    client.delete("/api/v1/devices/me", headers=gone)
    assert listed(client, admin) == (2, 1, 1)
    assert client.get("/api/v1/devices/me", headers=gone).status_code == 401
    clock.now += timedelta(days=3)  # offline until then; it sends a batch
    answer = post(client, offline, sample(now), sample(clock().isoformat()))
    assert texts(answer) == [TEXT]
    assert texts(client.get("/api/v1/next", query_string=HERE, headers=offline)) == [TEXT]
    assert listed(client, admin) == (2, 2, 1)
    client.delete(f"{URL}/{sent['id']}", headers=admin)
    assert texts(client.get("/api/v1/devices/me", headers=offline)) == []


def test_those_of_a_unit_and_a_month(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    admin, here, elsewhere = people.person(app, "admin"), register(client), register(client)
    [mine] = [post(client, here, sample("2024-11-15T09:00:00+07:00")).json["unit"]["code"]]
    there = {"latitude": 10.78, "longitude": 106.70, "accuracy_m": 10}
    post(client, elsewhere, sample("2024-10-15T09:00:00+07:00", location=there))
    unit = {"system": "2024", "level": "commune", "code": mine}
    province = {"system": "2024", "level": "province", "code": "19"}
    numbers = {
        "all": send(client, admin, clock, preview=True)["phones"],
        "commune": send(client, admin, clock, preview=True, unit=unit)["phones"],
        "province": send(client, admin, clock, preview=True, unit=province)["phones"],
        "month": send(client, admin, clock, preview=True, month="2024-10")["phones"],
        "both": send(client, admin, clock, preview=True, unit=unit, month="2024-10")["phones"],
    }
    assert numbers == {"all": 2, "commune": 1, "province": 1, "month": 1, "both": 0}
    assert client.get(URL, headers=admin).json["items"] == []  # previews send nothing
    send(client, admin, clock, unit=unit)
    assert texts(client.get("/api/v1/devices/me", headers=here)) == [TEXT]
    assert texts(client.get("/api/v1/devices/me", headers=elsewhere)) == []


def test_a_phone_reads_its_own_notices_alone(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    admin, mine = people.person(app, "admin"), register(client)
    first = send(client, admin, clock)["id"]
    later = register(client)  # not known as the notice was sent
    assert client.post(f"/api/v1/devices/me/notices/{first}/read", headers=later).status_code == 404
    assert client.post("/api/v1/devices/me/notices/99/read", headers=mine).status_code == 404
    second = send(client, admin, clock)["id"]
    client.post(f"/api/v1/devices/me/notices/{first}/read", headers=mine)
    left = client.get("/api/v1/devices/me", headers=mine).json["notices"]
    assert [one["id"] for one in left] == [second]


def test_what_is_over_is_not_shown(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    admin, phone = people.person(app, "admin"), register(client)
    send(client, admin, clock)
    clock.now += timedelta(days=15)
    assert texts(client.get("/api/v1/devices/me", headers=phone)) == []
    with app.app_context():
        assert db.session.scalar(db.text("select max(notices) from devices")) == 0


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"text": " . "}, "text", "blank"),
        ({"text": "a" * 501}, "text", "too_long"),
        ({"until": "2024-01-01T00:00:00Z"}, "until", "in_past"),
        ({"unit": {"system": "2024", "level": "commune", "code": "1"}}, "unit", "no_such_unit"),
        ({"month": "2024-13"}, "month", "not_month"),
    ],
)
def test_wrong_notices(
    app: Flask, client: FlaskClient, change: dict[str, Any], field: str, code: str
) -> None:
    body = {"text": TEXT, "until": "2030-01-01T00:00:00Z", **change}
    answer = client.post(URL, json=body, headers=people.person(app, "admin"))
    assert answer.status_code == 422
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [(field, code)]


def test_the_number_of_people_with_positions(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    context = CheckContext({"PEOPLE_WARNING": 2}, "", clock())
    first, second, _ = [register(client) for _ in "123"]
    for phone in (first, first, second):
        with app.app_context():
            assert not list(check_people(context))
        post(client, phone, sample(clock().isoformat()))
    with app.app_context():
        [finding] = list(check_people(context))
    assert finding.warning and finding.values["n"] == 2
    client.delete("/api/v1/devices/me", headers=second)
    with app.app_context():
        assert not list(check_people(context))
