"""Counts follow within seconds, by themselves, also after the database was away."""

import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from backend.database.extensions import db
from backend.measurements.recording import counting
from tests.support.factories import post, register, sample

SOON_S = 10.0


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_what_waits_is_in_the_counts_soon(
    app: Flask, client: FlaskClient, stop: threading.Event
) -> None:
    thread = counting.start_count_folder(app, every_s=0.05, stop=stop)
    assert post(client, register(client), sample()).json["counted"]
    assert _soon(app, "select coalesce(sum(n), 0) from counts where day is null") == 1
    assert _one(app, "select count(*) from count_deltas") == 0
    stop.set()
    thread.join(SOON_S)
    assert not thread.is_alive()


def test_it_goes_on_after_the_database_was_away(
    app: Flask, client: FlaskClient, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = []

    def away() -> None:
        failures.append(1)
        monkeypatch.setattr(counting, "fold_all", real)
        raise OperationalError("fold", None, Exception("away"))

    real = counting.fold_all
    monkeypatch.setattr(counting, "fold_all", away)
    post(client, register(client), sample())
    thread = counting.start_count_folder(app, every_s=0.05, stop=stop)
    assert _soon(app, "select coalesce(sum(n), 0) from counts where day is null") == 1
    assert failures == [1]
    stop.set()
    thread.join(SOON_S)


def test_deltas_that_come_meanwhile_wait_for_the_next_time(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load there are always some: folding without end would take a processor."""
    phone, real, folds = register(client), counting.fold, []

    def fold() -> int:
        folds.append(moved := real())
        post(client, phone, sample())
        return moved

    monkeypatch.setattr(counting, "fold", fold)
    monkeypatch.setattr(counting, "FOLD_AT_ONCE", 2)
    post(client, phone, *(sample() for _ in range(5)))
    with app.app_context():
        counting.fold_all()
    assert folds[-1] < 2 and len(folds) <= 4
    assert _one(app, "select count(*) from count_deltas") > 0


def _soon(app: Flask, question: str) -> int:
    """The answer, once it is not 0 any more."""
    deadline = time.monotonic() + SOON_S
    while time.monotonic() < deadline:
        if answer := _one(app, question):
            return answer
        time.sleep(0.05)
    return 0


def _one(app: Flask, question: str) -> int:
    with app.app_context():
        answer: int = db.session.execute(text(question)).scalar_one()
        return answer
