"""The real polygons of BOUNDARIES_DIR: counts of units, known places, the month of the letter."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.units import service
from backend.units.setup import setup
from tests.support.boundary_sets import units_restored
from tests.support.clock import FakeClock
from tests.support.letter_month import NOW, measured, summary

FOLDER = os.environ.get("BOUNDARIES_DIR")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_boundaries,
    pytest.mark.skipif(not FOLDER, reason="needs official polygons: BOUNDARIES_DIR is not set"),
]


@pytest.fixture(scope="module")
def installed(built: Flask) -> Iterator[Flask]:
    with units_restored(built):
        with built.app_context():
            setup(Path(built.config["VAR_DIR"]), Path(FOLDER or ""), print)
            db.session.remove()
        built.extensions["locator"].refresh()
        yield built


@pytest.mark.parametrize(
    ("day", "thai_nguyen", "country", "no_boundary"),
    [
        (date(2024, 10, 31), 172, 10_039, 0),  # 22018 begins in December, as the set of 11 says
        (date(2024, 11, 30), 177, 10_465 + 15, 11),
        (date(2024, 12, 31), 172, 10_439 + 15, 11),
        (date(2025, 7, 1), 92, 3_321, 0),
    ],
)
def test_each_day_has_the_units_that_were_there(
    installed: Flask, day: date, thai_nguyen: int, country: int, no_boundary: int
) -> None:
    with installed.app_context():
        assert len(service.units_on(day, "commune", "19")) == thai_nguyen
        communes = service.units_on(day, "commune")
    assert len(communes) == country
    assert sum(row.no_boundary for row in communes) == no_boundary


def test_places_lie_in_their_communes(installed: Flask) -> None:
    locator = installed.extensions["locator"]
    with installed.app_context():
        old = locator.locate(date(2024, 11, 15), 105.8482, 21.5942, 12.0)
        new = locator.locate(date(2025, 7, 1), 105.8482, 21.5942, 12.0)
    assert (old.name, old.set_name, old.quality) == ("Phường Trưng Vương", "vn-2024-11", "derived")
    assert (new.name, new.set_name) == ("Phường Phan Đình Phùng", "vn-2025-07")


def test_the_communes_of_november_are_listed_with_their_names(installed: Flask) -> None:
    with installed.app_context():
        names = {row.name for row in service.units_on(date(2024, 11, 30), "commune", "19")}
    assert {"Xã Na Mao", "Xã Tân Lợi", "Xã Vạn Thọ", "Thị trấn Giang Tiên"} <= names


def test_the_letter_by_the_official_list(
    installed: Flask, app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = NOW
    measured(app)
    totals = summary(client)
    assert (totals["counted"], totals["reached"], totals["units"]) == (64_595, 66, 177)
    assert round(100 * totals["share"], 2) == 37.29
    assert round(100 * totals["reached"] / 178, 2) == 37.08  # as the letter divides
    commune = totals["levels"][-1]
    assert (commune["level"], commune["reached"], commune["units"]) == ("commune", 66, 177)
    assert totals["distribution"] == {
        "share": totals["share"], "best_reached": 177, "best_share": 1.0,
    }  # fmt: skip


def test_the_letter_with_less_than_half_of_its_samples(
    installed: Flask, app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = NOW + timedelta(hours=1)  # other copies for the public, not those kept by its tag
    measured(app, 30_000)
    totals = summary(client)
    assert totals["counted"] == 30_000
    assert round(100 * totals["distribution"]["best_share"], 1) == 56.5
