"""Samples with a data cap: which of them state a speed, and that all of them count."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.database.extensions import db
from backend.measurements.recording.incoming import measures_speed
from backend.measurements.recording.models import Measurement
from tests.support.factories import post, register, sample
from tests.support.measurements import measurement_row, phones, store_rows
from tests.support.people import unit_id

RATE = st.floats(0.01, 10_000)


@given(st.integers(1, 1_000), RATE, RATE, st.none() | st.floats(0, 2_000), st.floats(1, 10))
def test_a_larger_cap_a_slower_line_and_a_shorter_ping_measure_no_less(
    cap: int, down: float, up: float, ping: float | None, factor: float
) -> None:
    assert measures_speed(None, down, up, ping)
    if measures_speed(cap, down, up, ping):
        assert measures_speed(cap * factor, down, up, ping)
        assert measures_speed(cap, down / factor, up / factor, ping)
        assert measures_speed(cap, down, up, ping and ping / factor)


# Tests over lines of known rates (docs/measuring.md), each with what it read, and whether that is
# within 10 %.
@pytest.mark.parametrize(
    ("cap", "down", "up", "ping", "enters"),
    [
        (2, 9.57, 1.96, 40, True),
        (2, 42.3, 9.5, 30, False),  # 15 % too low
        (10, 48.0, 9.7, 30, True),
        (10, 180.0, 48.2, 20, False),  # 10 % too low
        (30, 193.4, 49.2, 20, True),
        (30, 468.3, 98.2, 15, False),  # within 6 %, by transfers of 0.25 s
        (100, 474.1, 98.7, 15, True),
        (100, 195.0, 49.1, 200, False),  # ten round trips of a satellite's line
    ],
)
def test_transfers_must_take_many_round_trips(
    cap: int, down: float, up: float, ping: float, enters: bool
) -> None:
    assert measures_speed(cap, down, up, ping) is enters


def stored(app: Flask) -> list[Measurement]:
    with app.app_context():
        return list(db.session.query(Measurement).order_by(Measurement.measured_at))


def test_a_capped_sample_counts_and_is_marked(app: Flask, client: FlaskClient) -> None:
    phone = register(client)
    fast = sample(download_mbps=400.0, data_cap_mb=10)
    slow = sample("2024-11-15T15:12:33+07:00", download_mbps=20.0, data_cap_mb=10)
    answers = [post(client, phone, one).json for one in (fast, slow)]
    assert [one["counted"] for one in answers] == [True, True]
    marks = [[mark["code"] for mark in one["marks"]] for one in answers]
    assert marks == [["capped"], []]
    assert [one.data_cap_mb for one in stored(app)] == [10, 10]
    exported = json.loads(client.get("/api/v1/devices/me/export", headers=phone).text)
    assert [one["data_cap_mb"] for one in exported["measurements"]] == [10, 10]
    again = app.test_cli_runner().invoke(args=["measurements", "recount"])
    assert again.exit_code == 0, again.output


def test_statistics_have_no_speed_of_capped_samples(app: Flask, client: FlaskClient) -> None:
    commune = unit_id(app, "05584")
    whole = [measurement_row(commune, device_id=one) for one in phones(app, 30)]
    capped = {"marks": ["capped"], "download_mbps": 5.0, "upload_mbps": 1.0, "data_cap_mb": 2}
    store_rows(app, *whole, *(measurement_row(commune, **capped) for _ in range(10)))
    assert app.test_cli_runner().invoke(args=["coverage", "refresh"]).exit_code == 0
    with app.app_context():
        row = db.session.execute(
            db.text("select n, figures from statistics where unit_id = :unit and operator = ''"
                    " and technology = ''"), {"unit": commune},
        ).one()  # fmt: skip
    assert row.n == 40
    assert (row.figures["download_mbps"]["n"], row.figures["download_mbps"]["median"]) == (30, 48.2)
    assert row.figures["ping_ms"]["n"] == 40
