"""GET /api/v1/devices/me/export: all that is held of a device."""

import json
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.database.extensions import db
from backend.devices.models import Device
from backend.measurements.privacy.export import ROWS_AT_A_TIME
from tests.support.devices import AT, ME, bearer, register, store_measurements


def test_everything_held_is_told(app: Flask, client: FlaskClient) -> None:
    mine, other = register(client), register(client)
    ids = store_measurements(app, mine["id"], 3)
    store_measurements(app, other["id"], 2)
    answer = client.get(f"{ME}/export", headers=bearer(mine["token"]))
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    found = json.loads(answer.get_data(as_text=True))
    assert (found["device"]["id"], found["device"]["model"]) == (mine["id"], "SM-A525F")
    assert [consent["version"] for consent in found["consents"]] == ["4"]
    assert [row["id"] for row in found["measurements"]] == [str(id) for id in ids]
    assert found["measurements"][0]["raw"] == {"comment": "ở nhà"}
    assert found["measurements"][0]["latitude"] == 21.5942
    assert datetime.fromisoformat(found["measurements"][0]["measured_at"]) == AT
    assert [row["reason"] for row in found["exclusions"]] == ["giả"]
    assert {row["id"] for row in found["receipts"]} == {str(id) for id in ids}
    assert [row["body"] for row in found["refused"]] == ['{"id": 7}']


def test_secrets_are_not_told(client: FlaskClient) -> None:
    mine = register(client)
    text = client.get(f"{ME}/export", headers=bearer(mine["token"])).get_data(as_text=True)
    assert "hash" not in text
    assert mine["token"] not in text


@pytest.mark.slow
def test_more_rows_than_are_read_at_a_time(app: Flask, client: FlaskClient) -> None:
    mine = register(client)
    ids = store_measurements(app, mine["id"], ROWS_AT_A_TIME * 2 + 1)
    found = client.get(f"{ME}/export", headers=bearer(mine["token"])).get_json()
    assert [row["id"] for row in found["measurements"]] == [str(id) for id in ids]


def test_reading_it_is_a_use_of_the_token(app: Flask, client: FlaskClient, clock: Any) -> None:
    client.get(f"{ME}/export", headers=bearer(register(client)["token"])).get_data()
    with app.app_context():
        assert db.session.scalars(select(Device.token_used_at)).one() == clock.now
