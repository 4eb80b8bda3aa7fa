"""/api/v1/withdrawal-requests: the clocks of 2 working and 15 days, and that nobody is named."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.measurements.privacy.withdrawal import acknowledge_by, do_by
from tests.support.devices import ME, bearer, register
from tests.support.people import audit_entries, person

REQUESTS = "/api/v1/withdrawal-requests"
MONDAY = datetime(2024, 11, 18, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2024, 11, 18), date(2024, 11, 20)),  # Monday: Wednesday
        (date(2024, 11, 21), date(2024, 11, 25)),  # Thursday: Monday
        (date(2024, 11, 22), date(2024, 11, 26)),  # Friday: Tuesday
        (date(2024, 11, 23), date(2024, 11, 26)),  # Saturday: Tuesday
    ],
)
def test_two_working_days(received: date, due: date) -> None:
    assert acknowledge_by(received) == due
    assert do_by(received) == received + timedelta(days=15)


def test_a_letter_is_noted_acknowledged_and_done(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    clock.now = MONDAY + timedelta(hours=2)
    admin = person(app, "admin")
    body = {"channel": "letter", "received_at": MONDAY.isoformat()}
    noted = client.post(REQUESTS, json=body, headers=admin)
    assert noted.status_code == 201
    assert (noted.json["acknowledge_by"], noted.json["do_by"]) == ("2024-11-20", "2024-12-03")
    assert not noted.json["overdue"]
    clock.now = MONDAY + timedelta(days=3)
    assert client.get(REQUESTS, headers=admin).json["items"][0]["overdue"]
    steps = f"{REQUESTS}/{noted.json['id']}/steps"
    found = client.post(steps, json={"step": "acknowledged"}, headers=admin).json
    assert found["acknowledged_at"] and not found["done_at"] and not found["overdue"]
    clock.now = MONDAY + timedelta(days=16)
    assert client.get(REQUESTS, headers=admin).json["items"][0]["overdue"]
    done = client.post(steps, json={"step": "done"}, headers=admin).json
    assert done["acknowledged_at"] == found["acknowledged_at"] and not done["overdue"]
    clock.now += timedelta(days=1)
    again = client.post(steps, json={"step": "done"}, headers=admin).json
    assert again["done_at"] == done["done_at"]
    acts = [act for act, _ in audit_entries(app, "withdrawal:1")]
    assert acts == ["withdrawal.note", "withdrawal.acknowledged", *["withdrawal.done"] * 2]


def test_who_withdraws_by_the_app_is_done_at_once_and_not_named(
    app: Flask, client: FlaskClient
) -> None:
    mine = register(client)
    client.delete(ME, headers=bearer(mine["token"]))
    [found] = client.get(REQUESTS, headers=person(app, "admin")).json["items"]
    assert found["channel"] == "app" and found["done_at"] == found["received_at"]
    assert mine["id"] not in str(found)


def test_open_ones_come_first(app: Flask, client: FlaskClient, clock: Any) -> None:
    clock.now = MONDAY
    admin, mine = person(app, "admin"), register(client)
    client.delete(ME, headers=bearer(mine["token"]))
    for days in (1, 3):
        at = (MONDAY - timedelta(days=days)).isoformat()
        client.post(REQUESTS, json={"channel": "email", "received_at": at}, headers=admin)
    items = client.get(REQUESTS, headers=admin).json["items"]
    assert [one["id"] for one in items] == [3, 2, 1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "email", "received_at": "2030-01-01T00:00:00Z"}, "received_at"),
    ],
)
def test_what_cannot_be_noted_names_its_field(
    app: Flask, client: FlaskClient, body: dict[str, str], field: str
) -> None:
    answer = client.post(REQUESTS, json=body, headers=person(app, "admin"))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
