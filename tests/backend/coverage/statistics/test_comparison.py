"""How a speed compares with released ones: by three quantiles, and never with live figures."""

from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.clock import VIETNAM
from backend.coverage.statistics.comparison import percent_below
from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from tests.support.clock import FakeClock
from tests.support.measurements import make_release, phones, store_rows, volunteers_rows
from tests.support.people import unit_id

COMMUNE, PROVINCE = "05584", "19"
SPEED = st.floats(0.01, 5_000)
SPREADS = st.tuples(SPEED, SPEED, SPEED).map(
    lambda three: dict(zip(("p10", "median", "p90"), sorted(three), strict=True))
)
NOTHING = dict.fromkeys(("unit", "month", "n", "download_mbps", "percent_below")) | {"demo": False}


@given(SPREADS, SPEED, SPEED)
def test_faster_is_never_said_to_be_slower(
    spread: dict[str, float], one: float, two: float
) -> None:
    low, high = sorted((one, two))
    below, above = percent_below(low, spread), percent_below(high, spread)
    assert below <= above
    assert {below, above} <= set(range(10, 100, 10))


def test_the_quantiles_themselves() -> None:
    spread = {"p10": 10.0, "median": 40.0, "p90": 160.0}
    expected = {1: 10, 10: 10, 20: 30, 40: 50, 80: 70, 160: 90, 900: 90}
    assert {speed: percent_below(speed, spread) for speed in expected} == expected


def compare(client: FlaskClient, code: str = COMMUNE, **query: Any) -> dict[str, Any]:
    query = {"download_mbps": 60, **query}
    answer = client.get(f"/api/v1/units/{code}/comparison", query_string=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_released_speeds_alone_are_compared_with(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = datetime(2024, 12, 20, tzinfo=VIETNAM)
    commune = unit_id(app, COMMUNE)
    store_rows(app, *volunteers_rows(commune, phones(app, 30), download_mbps=40.0))
    app.test_cli_runner().invoke(args=["coverage", "refresh"])
    assert compare(client) == NOTHING  # live figures exist, published ones do not
    assert make_release(app)
    found = compare(client)
    assert found["unit"]["code"] == COMMUNE and found["month"] == "2024-11"
    assert (found["n"], found["percent_below"], found["demo"]) == (60, 90, False)
    assert compare(client, download_mbps=1)["percent_below"] == 10
    assert compare(client, network="fixed") == NOTHING
    store_rows(app, *volunteers_rows(commune, phones(app, 20), download_mbps=900.0))
    assert compare(client)["download_mbps"] == found["download_mbps"]


def test_a_commune_of_few_people_is_compared_with_its_province(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = datetime(2024, 12, 20, tzinfo=VIETNAM)
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 30), each=2))
    make_release(app)
    with app.app_context():
        db.session.add(DemoMonth(month="2024-11"))
        db.session.commit()
    found = compare(client, "05443")
    assert (found["unit"]["code"], found["demo"]) == (PROVINCE, True)
    clock.now = datetime(2026, 1, 20, tzinfo=VIETNAM)
    assert client.get("/api/v1/units/99999/comparison?download_mbps=1").status_code == 404
