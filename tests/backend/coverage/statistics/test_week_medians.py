"""Medians of the hours of a week: of enough people and samples alone, and the same in a release."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.statistics.week_medians import Moments, week_medians
from tests.support.measurements import (
    NINE,
    make_release,
    measurement_row,
    phones,
    store_rows,
    volunteers_rows,
)
from tests.support.people import person, unit_id

HERE = "05584"
URL = f"/api/v1/units/{HERE}/hours?month=2024-11"
MONDAY_AT_8, FRIDAY_AT_9 = 8, 4 * 24 + 9


def moments(hour: int, speeds: Any, persons: Any) -> Moments:
    values, people = np.array(speeds, dtype=np.float64), np.array(persons)
    return Moments(np.full(len(values), hour), values, np.abs(people), np.abs(people), people)


def joined(*several: Moments) -> Moments:
    columns = zip(*several, strict=True)
    return Moments(*map(np.concatenate, columns))


def test_an_hour_has_the_median_of_its_samples() -> None:
    speeds = np.random.default_rng(3).lognormal(3, 1, 80)
    few = moments(FRIDAY_AT_9, [50.0] * 29, range(29))
    found = week_medians(joined(moments(MONDAY_AT_8, speeds, range(80)), few), 30)
    assert found is not None and [len(day) for day in found] == [24] * 7
    median = found[0][8]
    assert median is not None and median[0] == np.median(speeds)
    assert median[1] < median[0] < median[2]
    assert sum(one is not None for day in found for one in day) == 1


@pytest.mark.parametrize(
    "persons",
    [
        [*range(4)] * 20,  # four volunteers
        [*range(-40, 0), *range(4)] * 2,  # guests and new phones are none
        [0] * 41 + [*range(1, 40)],  # one made over half of the samples
    ],
    ids=["few", "guests", "one"],
)
def test_an_hour_of_few_people_has_none(persons: list[int]) -> None:
    assert week_medians(moments(MONDAY_AT_8, [20.0] * len(persons), persons), 3) is None


def test_samples_of_one_phone_are_worth_less() -> None:
    rng = np.random.default_rng(4)
    persons = [one for one in range(6) for _ in range(10)]
    speeds = np.repeat(rng.lognormal(3, 1, 6), 10) * rng.lognormal(0, 0.01, 60)
    assert week_medians(moments(MONDAY_AT_8, speeds, persons), 30) is None
    assert week_medians(moments(MONDAY_AT_8, speeds, persons), 3) is not None


def test_no_samples_have_no_medians() -> None:
    assert week_medians(moments(0, [], np.empty(0, np.int64)), 1) is None


def test_a_release_has_them_by_the_clock_of_vietnam(app: Flask, client: FlaskClient) -> None:
    unit, ids = unit_id(app, HERE), phones(app, 40)
    rows = volunteers_rows(unit, ids)
    capped = measurement_row(
        unit, NINE + timedelta(minutes=9), device_id=ids[0], download_mbps=9000, marks=["capped"]
    )
    store_rows(app, *rows, capped)
    official = person(app, "official", unit)
    assert client.get(URL).json["download_medians"] is None
    make_release(app)
    week = client.get(URL).json["download_medians"]
    # 9 o'clock of a Friday; a speed that its cap limited is none.
    assert week[4][9] == {"median": 48.2, "median_low": 48.2, "median_high": 48.2}
    assert {len(day) for day in week} == {24} and len(week) == 7
    assert client.get(URL, headers=official).json["download_medians"] == week
    svg = client.get(f"/network-speed/hours.svg?unit={HERE}&month=2024-11&lang=vi")
    assert "48,2" in svg.text and "T6 9h" in svg.text
    assert client.get(f"/network-speed/hours.png?unit={HERE}&month=2024-11").status_code == 200
    page = client.get("/network-speed?unit=19&month=2024-11&lang=vi").text
    assert "Tốc độ tải xuống theo giờ và ngày trong tuần" in page and "hours.svg" in page


def test_a_month_without_them_has_no_picture(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, HERE), phones(app, 12)))
    make_release(app)
    assert client.get(URL).json["hours"] is None or client.get(URL).json["download_medians"] is None
    assert client.get(f"/network-speed/hours.svg?unit={HERE}&month=2024-11").status_code == 404
    assert "hours.svg" not in client.get("/network-speed?unit=19&month=2024-11").text
