"""POST /units/locate: in which commune does a position lie."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from backend.database.extensions import db
from backend.units import locator as locating

THAI_NGUYEN = {"latitude": 21.5942, "longitude": 105.8482}
AT_SEA = {"latitude": 15.0, "longitude": 111.0}
IN_2024 = {"at": "2024-11-15T09:12:33+07:00"}


def post(client: FlaskClient, body: dict[str, Any]) -> tuple[int, Any]:
    answer = client.post("/api/v1/units/locate", json=body)
    return answer.status_code, answer.get_json(force=True)


def test_a_position_lies_in_the_commune_of_its_day(client: FlaskClient, clock: Any) -> None:
    status, old = post(client, THAI_NGUYEN | IN_2024)
    assert status == 200
    assert old["unit"]["province"] == "Tỉnh Thái Nguyên"
    assert old["unit"]["how"] == "inside"
    assert old["as_of"] == "2024-11-15"
    assert old["boundaries"] == {"set": "approximate-2024", "quality": "approximate"}
    clock.now = datetime(2025, 8, 1, tzinfo=UTC)
    today = post(client, THAI_NGUYEN)[1]
    assert today["boundaries"] == {"set": "approximate-2025", "quality": "approximate"}
    assert today["unit"]["province"] == "Tỉnh Thái Nguyên"


def test_the_day_is_that_of_vietnam(client: FlaskClient) -> None:
    last = post(client, THAI_NGUYEN | {"at": "2025-06-30T16:59:59Z"})[1]
    first = post(client, THAI_NGUYEN | {"at": "2025-06-30T17:00:00Z"})[1]
    assert (last["as_of"], last["boundaries"]["set"]) == ("2025-06-30", "approximate-2024")
    assert (first["as_of"], first["boundaries"]["set"]) == ("2025-07-01", "approximate-2025")


def test_a_position_is_never_logged(client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    post(client, THAI_NGUYEN)
    written = capfd.readouterr()
    assert "21.5942" not in written.out + written.err


def test_a_wide_circle_is_ambiguous_and_names_the_candidates(client: FlaskClient) -> None:
    answer = post(client, THAI_NGUYEN | IN_2024 | {"accuracy_m": 1500})[1]
    assert answer["unit"]["ambiguous"] is True
    assert answer["candidates"] == sorted(answer["candidates"])
    assert answer["unit"]["code"] not in answer["candidates"]
    assert 0 <= answer["border_distance_m"] <= 1500
    exact = post(client, THAI_NGUYEN | IN_2024)[1]
    assert exact["unit"] == answer["unit"] | {"ambiguous": False}
    assert (exact["candidates"], exact["border_distance_m"]) == ([], None)


def test_the_sea_is_no_commune(client: FlaskClient) -> None:
    answer = post(client, AT_SEA | {"accuracy_m": 100})[1]
    assert (answer["unit"], answer["candidates"]) == (None, [])


@pytest.mark.parametrize("place", [(16.5344, 111.6067), (8.6449, 111.9200)])
def test_hoang_sa_and_truong_sa_are_in(client: FlaskClient, place: tuple[float, float]) -> None:
    latitude, longitude = place
    at = {"at": "2025-08-01T00:00:00Z"}
    answer = post(client, {"latitude": latitude, "longitude": longitude} | at)[1]
    assert answer["unit"]["name"] in ("Đặc khu Hoàng Sa", "Đặc khu Trường Sa")


def test_many_positions_are_placed_as_one_by_one(app: Flask) -> None:
    locator = app.extensions["locator"]
    days = [day_of(n) for n in range(60)]
    longitudes = [105.7 + n * 0.005 for n in range(60)]
    latitudes = [21.4 + n * 0.006 for n in range(60)]
    accuracies = [None if n % 5 == 0 else 40.0 * (n % 40) for n in range(60)]
    with app.app_context():
        together = locator.locate_many(days, longitudes, latitudes, accuracies)
        single = [
            locator.locate(*one)
            for one in zip(days, longitudes, latitudes, accuracies, strict=True)
        ]
    assert together == single
    assert len({one.set_name for one in together}) == 2


def day_of(number: int) -> date:
    return date(2025, 6, 20 + number % 10) if number % 2 else date(2025, 7, 1 + number % 10)


def test_the_hot_path_asks_the_database_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locating, "CATALOGUE_TTL_S", 60.0)
    locator = app.extensions["locator"]
    asked: list[Any] = []

    def ask(*found: Any) -> None:
        asked.append(found[2])

    with app.app_context():
        locator.locate(day_of(1), 105.8482, 21.5942, 10.0)
        event.listen(db.engine, "before_cursor_execute", ask)
        locator.locate(day_of(1), 105.8482, 21.5942, 10.0)
        event.remove(db.engine, "before_cursor_execute", ask)
    assert asked == []
