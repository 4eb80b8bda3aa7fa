"""What is used is counted by operation and day, without persons."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.clock import local_day
from backend.database.extensions import db
from backend.metrics import take_uses
from backend.monitoring import usage
from backend.monitoring.usage import store_usage, summarise_usage
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.sql_statements import execute


@pytest.fixture(autouse=True)
def nothing_counted(app: Flask) -> None:
    take_uses()


def stored(app: Flask) -> list[tuple[Any, ...]]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(text("table usage order by 1, 2"))]


def store(app: Flask, clock: FakeClock) -> None:
    with app.app_context():
        store_usage(clock.now)


def test_successful_answers_are_counted_by_operation(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    phone = register(client)
    for _ in range(2):
        post(client, phone, sample())
    client.get("/api/v1/units/99999/coverage?x=secret")  # refused: not counted
    client.get("/no/such/page")
    client.get("/?lang=en")
    store(app, clock)
    client.get("/?lang=vi")
    for _ in range(2):  # the second has nothing to store
        store(app, clock)
    today = local_day(clock.now)
    assert stored(app) == [
        (today, "devices.register", 1),
        (today, "measurements.post_measurements", 2),
        (today, "web.index", 2),
    ]
    names = {row[1] for row in stored(app)}
    assert names <= set(app.view_functions)


def test_what_cannot_be_stored_is_stored_later(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/")
    right = usage.STORE
    monkeypatch.setattr(usage, "STORE", text("insert into no_such_table select :day"))
    with app.app_context(), pytest.raises(SQLAlchemyError):
        store_usage(clock.now)
    monkeypatch.setattr(usage, "STORE", right)
    store(app, clock)
    assert [row[1:] for row in stored(app)] == [("web.index", 1)]


def insert(app: Flask, day: Any, operation: str, n: int) -> None:
    values = {"day": day, "operation": operation, "n": n}
    execute(app, text("insert into usage values (:day, :operation, :n)"), values)


def test_the_summary_has_the_month_the_year_and_what_nobody_used(
    app: Flask, clock: FakeClock
) -> None:
    today = local_day(clock.now)
    for days, operation, n in [
        (0, "web.index", 3), (29, "web.index", 4), (30, "web.index", 5),
        (364, "ogc.conformance", 1), (365, "account.me", 9),
    ]:  # fmt: skip
        insert(app, today - timedelta(days=days), operation, n)
    with app.app_context():
        summary = summarise_usage(clock.now)
    assert summary["used"] == [
        {"operation": "web.index", "month": 7, "year": 12},
        {"operation": "ogc.conformance", "month": 0, "year": 1},
    ]
    assert "web.index" not in summary["unused"]
    assert "measurements.post_measurements" in summary["unused"]


def test_two_years_are_kept(app: Flask, clock: FakeClock) -> None:
    today = local_day(clock.now)
    for days in (730, 731):
        insert(app, today - timedelta(days=days), "web.index", 1)
    assert app.test_cli_runner().invoke(args=["privacy", "expire"]).exit_code == 0
    assert [row[0] for row in stored(app)] == [today - timedelta(days=730)]
