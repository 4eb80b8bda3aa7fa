"""withdrawn_share: a commune in which over a fifth of the counted samples have been withdrawn."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.signals.scans import Place, search
from backend.coverage.signals.shares import MIN_WITHDRAWN, is_large
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, post, register, sample
from tests.support.people import person, unit_id

URL = "/api/v1/units/19/signals?month=2024-11&level=province"


@pytest.mark.parametrize(
    ("counted", "withdrawn", "found"),
    [(50, 10, 0), (49, 10, 1), (MIN_WITHDRAWN - 1, MIN_WITHDRAWN - 1, 0), (300, 61, 1),
     (300, 60, 0), (0, 0, 0)],
)  # fmt: skip
def test_over_a_fifth_of_enough_samples(counted: int, withdrawn: int, found: int) -> None:
    assert is_large(withdrawn, counted) == found


def samples(n: int, day: int) -> list[dict[str, Any]]:
    """Counted samples in one place, every 4 hours."""
    return [
        sample(f"2024-11-{day + k // 5:02}T{4 * (k % 5):02}:00:00+07:00", location=location(**HERE))
        for k in range(n)
    ]


def shares(app: Flask, client: FlaskClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    """Search the province, as a job does, and return the signals of this kind."""
    with app.app_context():
        place = Place("2024-11", unit_id(app, "19", level="province"))
        assert search(place, app.config["SECRET_KEY"], app.extensions["clock"]())
    items = client.get(URL, headers=headers).json["items"]
    return [one for one in items if one["kind"] == "withdrawn_share"]


def test_the_signal_names_unit_month_and_number(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    official = person(app, "official", unit_id(app, "19", level="province"))
    gone, present = register(client), register(client)
    post(client, gone, *samples(MIN_WITHDRAWN, 12))
    post(client, present, *samples(15, 12))
    clock.now += timedelta(days=8)
    assert shares(app, client, official) == []
    assert client.delete("/api/v1/devices/me", headers=gone).status_code == 200
    [one] = shares(app, client, official | {"Accept-Language": "en"})
    assert (one["kind"], one["state"], one["current"]) == ("withdrawn_share", "open", True)
    evidence = one["evidence"]
    assert (evidence["devices"], evidence["measurements"], one["devices"]) == (0, 10, [])
    assert (evidence["first_day"], evidence["last_day"]) == ("2024-11-01", "2024-11-30")
    facts = evidence["facts"]
    assert (facts["network"], facts["counted"], facts["share"]) == ("mobile", 25, 0.4)
    assert facts["unit"] in one["message"] and "10 samples of 25 counted ones" in one["message"]
    assert "40%" in one["message"] and "mobile" in one["message"]
    [again] = shares(app, client, official)
    assert again["id"] == one["id"] and "di động" in again["message"]
