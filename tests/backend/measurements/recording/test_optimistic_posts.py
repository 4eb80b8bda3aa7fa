"""A post is judged without a lock: what comes between reading and storing is never lost."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.recording import counting, timeline
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample

EARLY, LATE = "2024-11-15T09:00:00+07:00", "2024-11-15T09:30:00+07:00"


def between(monkeypatch: pytest.MonkeyPatch, act: Any) -> list[int]:
    """Let something happen once, after a post has read the timeline and before it stores."""
    looked: list[int] = []
    really = timeline.read_state

    def look(*values: Any) -> Any:
        found = really(*values)
        looked.append(1)
        if len(looked) == 1:
            act()
        return found

    monkeypatch.setattr(timeline, "read_state", look)
    return looked


def test_a_post_that_another_overtook_is_judged_again(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = register(client)
    post(client, headers, sample(measured_at="2024-11-01T09:00:00+07:00"))  # notes the token
    between(monkeypatch, lambda: post(app.test_client(), headers, sample(measured_at=EARLY)))
    answer = post(client, headers, sample(measured_at=LATE))
    assert [reason["code"] for reason in answer.json["reasons"]] == ["repeat"]
    with app.app_context():
        assert counting.differences() == []


def test_an_id_that_another_device_took_meanwhile_is_a_conflict(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other, body = register(client), register(client), sample(measured_at=EARLY)
    for headers in (mine, other):
        post(client, headers, sample(measured_at="2024-11-01T09:00:00+07:00"))
    between(monkeypatch, lambda: post(app.test_client(), other, body))
    assert post(client, mine, body).status_code == 409
    with app.app_context():
        held = db.session.execute(text("select count(*) from measurements"))
        assert held.scalar_one() == 3


def test_a_device_that_was_withdrawn_meanwhile_is_401(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = register(client)
    post(client, headers, sample(measured_at="2024-11-01T09:00:00+07:00"))
    gone = "/api/v1/devices/me"
    between(monkeypatch, lambda: app.test_client().delete(gone, headers=headers))
    assert post(client, headers, sample(measured_at=EARLY)).status_code == 401
    with app.app_context():
        assert counting.differences() == []


def test_a_post_waits_for_a_lock_for_some_seconds_and_then_is_503(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers = register(client)
    post(client, headers, sample(measured_at="2024-11-01T09:00:00+07:00"))
    with app.app_context(), db.engine.begin() as bulk:
        bulk.execute(text("select from devices for update"))
        answer = post(client, headers, sample(measured_at=EARLY))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert post(client, headers, sample(measured_at=EARLY)).status_code == 201
