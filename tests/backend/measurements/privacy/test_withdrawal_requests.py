"""Requests to withdraw: the clocks of 2 working and 15 days, and that nobody is named."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.access import Actor, Grant
from backend.measurements.privacy.withdrawal import (
    acknowledge_by,
    do_by,
    list_requests,
    open_request,
    record_step,
)
from tests.support.devices import ME, bearer, register
from tests.support.people import audit_entries

MONDAY = datetime(2024, 11, 18, 1, 0, tzinfo=UTC)
ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))


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


def test_a_letter_is_noted_acknowledged_and_done(app: Flask) -> None:
    with app.app_context():
        open_request(ADMIN, "letter", MONDAY.date(), MONDAY + timedelta(hours=2))
        [noted] = list_requests(ADMIN, MONDAY + timedelta(hours=2))
        assert noted["acknowledge_by"] == date(2024, 11, 20)
        assert noted["do_by"] == date(2024, 12, 3)
        assert not noted["overdue"]
        overdue = MONDAY + timedelta(days=3)
        assert list_requests(ADMIN, overdue)[0]["overdue"]
        record_step(ADMIN, noted["id"], "acknowledged", overdue)
        [found] = list_requests(ADMIN, overdue)
        assert found["acknowledged_at"] and not found["done_at"] and not found["overdue"]
        late = MONDAY + timedelta(days=16)
        assert list_requests(ADMIN, late)[0]["overdue"]
        for now in (late, late + timedelta(days=1)):
            record_step(ADMIN, noted["id"], "done", now)
        [done] = list_requests(ADMIN, late)
        assert done["acknowledged_at"] == found["acknowledged_at"]
        assert done["done_at"] == late and not done["overdue"]
    acts = [act for act, _ in audit_entries(app, "withdrawal:1")]
    assert acts == ["withdrawal.note", "withdrawal.acknowledged", *["withdrawal.done"] * 2]


def test_who_withdraws_by_the_app_is_done_at_once_and_not_named(
    app: Flask, client: FlaskClient
) -> None:
    mine = register(client)
    client.delete(ME, headers=bearer(mine["token"]))
    with app.app_context():
        [found] = list_requests(ADMIN, MONDAY)
    assert found["channel"] == "app" and found["done_at"] == found["received_at"]
    assert mine["id"] not in str(found)


def test_open_ones_come_first(app: Flask, client: FlaskClient, clock: Any) -> None:
    clock.now = MONDAY
    client.delete(ME, headers=bearer(register(client)["token"]))
    with app.app_context():
        for days in (1, 3):
            open_request(ADMIN, "email", MONDAY.date() - timedelta(days=days), MONDAY)
        assert [one["id"] for one in list_requests(ADMIN, MONDAY)] == [3, 2, 1]
