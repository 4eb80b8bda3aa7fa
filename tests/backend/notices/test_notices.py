"""Notices of an admin to phones: to whom, when they arrive, and who has them."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.access import Actor, Grant
from backend.database.extensions import db
from backend.monitoring.checks import CheckContext
from backend.monitoring.checks import people as check_people
from backend.notices import service
from tests.support.admin_client import AdminBrowser, field_error
from tests.support.clock import FakeClock
from tests.support.factories import HERE, post, register, sample

ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
TEXT = "Thứ bảy này máy chủ đo nghỉ từ 8 giờ đến 10 giờ."
Phone = dict[str, str]


def send(app: Flask, clock: FakeClock, **changes: Any) -> dict[str, Any]:
    data = {"text": TEXT, "unit": None, "month": None, "preview": False}
    until = {"until": clock() + timedelta(days=14)}
    with app.app_context():
        return service.send(ADMIN, data | until | changes, clock())


def listed(app: Flask) -> list[tuple[int, int, int]]:
    with app.app_context():
        items = service.list_notices(ADMIN)["items"]
    return [(one["phones"], one["delivered"], one["read"]) for one in items]


def texts(answer: Any) -> list[str]:
    return [one["text"] for one in answer.json.get("notices", [])]


def test_online_offline_and_withdrawn_phones(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    online, offline, gone = (register(client) for _ in "123")
    sent = send(app, clock)
    assert listed(app) == [(3, 0, 0)]
    now = clock().isoformat()
    assert texts(post(client, online, sample(now))) == [TEXT]
    assert texts(client.get("/api/v1/devices/me", headers=online)) == [TEXT]  # until it is read
    assert listed(app) == [(3, 1, 0)]
    read = f"/api/v1/devices/me/notices/{sent['id']}/read"
    assert [client.post(read, headers=online).status_code for _ in "12"] == [204, 204]
    assert texts(client.get("/api/v1/devices/me", headers=online)) == []
    client.delete("/api/v1/devices/me", headers=gone)
    assert listed(app) == [(2, 1, 1)]
    assert client.get("/api/v1/devices/me", headers=gone).status_code == 401
    clock.now += timedelta(days=3)  # offline until then; it sends a batch
    answer = post(client, offline, sample(now), sample(clock().isoformat()))
    assert texts(answer) == [TEXT]
    assert texts(client.get("/api/v1/next", query_string=HERE, headers=offline)) == [TEXT]
    assert listed(app) == [(2, 2, 1)]
    with app.app_context():
        service.end(ADMIN, sent["id"], clock())
    assert texts(client.get("/api/v1/devices/me", headers=offline)) == []


def test_those_of_a_unit_and_a_month(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    here, elsewhere = register(client), register(client)
    [mine] = [post(client, here, sample("2024-11-15T09:00:00+07:00")).json["unit"]["code"]]
    there = {"latitude": 10.78, "longitude": 106.70, "accuracy_m": 10}
    post(client, elsewhere, sample("2024-10-15T09:00:00+07:00", location=there))
    unit = {"system": "2024", "level": "commune", "code": mine}
    province = {"system": "2024", "level": "province", "code": "19"}
    numbers = {
        "all": send(app, clock, preview=True)["phones"],
        "commune": send(app, clock, preview=True, unit=unit)["phones"],
        "province": send(app, clock, preview=True, unit=province)["phones"],
        "month": send(app, clock, preview=True, month="2024-10")["phones"],
        "both": send(app, clock, preview=True, unit=unit, month="2024-10")["phones"],
    }
    assert numbers == {"all": 2, "commune": 1, "province": 1, "month": 1, "both": 0}
    assert listed(app) == []  # previews send nothing
    send(app, clock, unit=unit)
    assert texts(client.get("/api/v1/devices/me", headers=here)) == [TEXT]
    assert texts(client.get("/api/v1/devices/me", headers=elsewhere)) == []


def test_a_phone_reads_its_own_notices_alone(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    mine = register(client)
    first = send(app, clock)["id"]
    later = register(client)  # not known as the notice was sent
    assert client.post(f"/api/v1/devices/me/notices/{first}/read", headers=later).status_code == 404
    assert client.post("/api/v1/devices/me/notices/99/read", headers=mine).status_code == 404
    second = send(app, clock)["id"]
    client.post(f"/api/v1/devices/me/notices/{first}/read", headers=mine)
    left = client.get("/api/v1/devices/me", headers=mine).json["notices"]
    assert [one["id"] for one in left] == [second]


def test_what_is_over_is_not_shown(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    phone = register(client)
    send(app, clock)
    clock.now += timedelta(days=15)
    assert texts(client.get("/api/v1/devices/me", headers=phone)) == []
    with app.app_context():
        assert db.session.scalar(db.text("select max(notices) from devices")) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", " . "),
        ("text", "a" * 501),
        ("until", "2024-01-01"),
        ("unit", "Xã Không Có"),
        ("month", "2024-13"),
    ],
)
def test_wrong_notices(
    app: Flask, client: FlaskClient, clock: FakeClock, field: str, value: str
) -> None:
    form = {"text": TEXT, "until": "2030-01-01", field: value}
    page = AdminBrowser(app, client, clock.now).refused("/admin/notices", **form)
    assert field_error(page, field)
    assert listed(app) == []


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
