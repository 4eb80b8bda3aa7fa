"""Where and when samples of a unit were taken: counts alone, and few devices for nobody else."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.clock import VIETNAM
from backend.coverage.statistics.cells import effective_number
from tests.support.factories import HERE, THERE, post, register, sample
from tests.support.measurements import (
    NINE,
    make_release,
    measurement_row,
    members,
    store_rows,
    volunteers_rows,
)
from tests.support.people import person, unit_id

COMMUNE = "05443"
MONDAY = datetime(2024, 11, 18, 23, 30, tzinfo=VIETNAM)


def read_unit(client: FlaskClient, what: str, headers: Any = None, **query: Any) -> dict[str, Any]:
    """Read live figures: as an admin unless with other headers."""
    url = f"/api/v1/units/{COMMUNE}/{what}"
    headers = headers or person(client.application, "admin")
    answer = client.get(url, query_string={"month": "2024-11", **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json
    return read


def at(app: Flask, n: int, devices: int = 1, **position: Any) -> list[dict[str, Any]]:
    """So many counted samples in one place, by so many devices."""
    unit, ids = unit_id(app, COMMUNE), [uuid.uuid4() for _ in range(devices)]
    return [measurement_row(unit, NINE, device_id=ids[k % devices], **position) for k in range(n)]


def test_three_hundred_samples_from_one_office(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *at(app, 300, devices=5, **HERE))
    found = read_unit(client, "cells")
    assert [one["n"] for one in found["items"]] == [300]
    assert found["evenness"] == {"strata": 1, "effective_strata": 1.0}


def test_strata_are_cells_in_quarters_of_the_day(app: Flask, client: FlaskClient) -> None:
    unit = unit_id(app, COMMUNE)
    rows = [
        measurement_row(unit, NINE + timedelta(hours=hours), device_id=uuid.uuid4(), **place)
        for hours, n, place in ((0, 20, HERE), (2, 10, HERE), (6, 10, HERE), (0, 10, THERE))
        for _ in range(n)
    ]
    store_rows(app, *rows)
    found = read_unit(client, "cells")["evenness"]
    # 9 and 11 h are one quarter, 15 h is another.
    assert (found["strata"], found["effective_strata"]) == (3, 50**2 / (30**2 + 10**2 + 10**2))


def test_an_official_sees_every_cell_of_the_area(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *at(app, 40, devices=3, **HERE), *at(app, 9, devices=2, **THERE))
    seen = read_unit(client, "cells", person(app, "official", unit_id(app, "19", level="province")))
    assert [one["n"] for one in seen["items"]] == [40, 9]
    assert (seen["n"], seen["cells"], seen["least_devices"]) == (49, 2, 0)
    assert seen["release"] is None


@pytest.mark.slow
def test_a_page_draws_released_cells_and_all_of_them_for_an_official(
    app: Flask, client: FlaskClient
) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), members(app, 6), **HERE))
    store_rows(app, *at(app, 9, devices=2, **THERE))
    page = f"/unit/{COMMUNE}?month=2024-11&lang=vi"
    assert 'class="cell ' not in client.get(page).text
    official = person(app, "official", unit_id(app, "19", level="province"))
    assert client.get(page, headers=official).text.count('class="cell ') == 2
    make_release(app)
    shown = client.get(page).text
    assert shown.count('class="cell ') == 1 and "ít nhất 5 tình nguyện viên" in shown
    assert 'class="cell ' not in client.get(page.replace(COMMUNE, "19")).text  # communes alone


def test_cells_as_geojson_for_a_map(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *at(app, 4, devices=4, **HERE))
    url = f"/api/v1/units/{COMMUNE}/cells?month=2024-11&format=geojson"
    found = client.get(url, headers=person(app, "admin"))
    assert found.mimetype == "application/geo+json"
    [feature] = found.get_json(force=True)["features"]
    assert feature["properties"] == {"n": 4}
    ring = feature["geometry"]["coordinates"][0]
    assert len(ring) == 7 and ring[0] == ring[-1]
    assert min(x for x, _ in ring) < HERE["longitude"] < max(x for x, _ in ring)
    assert min(y for _, y in ring) < HERE["latitude"] < max(y for _, y in ring)


def test_what_nobody_counts_or_withdrew_is_in_no_cell(app: Flask, client: FlaskClient) -> None:
    app.config["MINIMUM_N"] = 1
    mine, admin = register(client), person(app, "admin")
    post(client, mine, sample(), sample("2024-11-15T09:30:00+07:00"))
    code = client.get("/api/v1/measurements", headers=mine).json["items"][0]["unit"]["code"]
    url = f"/api/v1/units/{code}"
    assert client.get(f"{url}/cells?month=2024-11", headers=admin).json["n"] == 1
    assert client.get(f"{url}/hours?month=2024-11", headers=admin).json["n"] == 1
    client.delete("/api/v1/devices/me", headers=mine)
    assert client.get(f"{url}/cells?month=2024-11", headers=admin).json["items"] == []
    assert client.get(f"{url}/hours?month=2024-11", headers=admin).json["n"] == 0


def test_hours_are_those_of_vietnam(app: Flask, client: FlaskClient) -> None:
    unit = unit_id(app, COMMUNE)
    store_rows(
        app,
        *[measurement_row(unit, MONDAY) for _ in range(20)],
        *[measurement_row(unit, MONDAY + timedelta(hours=1)) for _ in range(10)],
        measurement_row(unit, MONDAY, reasons=["repeat"], counted=False),
        measurement_row(unit, MONDAY, network="fixed"),
    )
    found = read_unit(client, "hours")
    assert found["n"] == 30 and [len(day) for day in found["hours"]] == [24] * 7
    assert (found["hours"][0][23], found["hours"][1][0]) == (20, 10)
    assert sum(map(sum, found["hours"])) == 30


def test_few_samples_tell_no_hours_and_no_evenness(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *at(app, 29, devices=29, **HERE))
    found = read_unit(client, "hours")
    assert (found["n"], found["hours"], found["minimum_n"]) == (29, None, 30)
    assert read_unit(client, "cells")["evenness"] is None


@pytest.mark.parametrize("what", ["hours", "cells"])
def test_a_month_to_come_and_a_unit_that_was_not_there(client: FlaskClient, what: str) -> None:
    assert client.get(f"/api/v1/units/{COMMUNE}/{what}?month=2024-12").status_code == 422
    assert client.get(f"/api/v1/units/99999/{what}?month=2024-11").status_code == 404
    assert client.get(f"/api/v1/units/{COMMUNE}/{what}").status_code == 422


@pytest.mark.slow
@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=50))
def test_the_effective_number_lies_between_one_place_and_all(samples: list[int]) -> None:
    assert 1 - 1e-12 <= effective_number(samples) <= len(samples) + 1e-9


def test_even_samples_are_of_as_many_places() -> None:
    assert effective_number([5] * 20) == 20
