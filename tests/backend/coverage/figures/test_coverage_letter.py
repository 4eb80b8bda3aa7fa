"""The month of letter 5691/BTTTT-CVT, November 2024 in Thái Nguyên, as coverage tells it."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from backend.database.extensions import db
from backend.demo import plan
from backend.measurements.recording.models import CountDelta
from backend.units.service import units_on
from backend.units.setup import setup
from tests.support.boundary_sets import units_restored
from tests.support.clock import FakeClock

FOLDER = os.environ.get("BOUNDARIES_DIR")
LAST = date(2024, 11, 30)
NOW = datetime(2024, 12, 10, tzinfo=UTC)
URL = "/api/v1/coverage?month=2024-11&parent=19&network=mobile"


def measured(app: Flask, counted: int = plan.LETTER_COUNTED) -> None:
    """As many counted samples of each commune as the demo plans for the letter's month."""
    letter = plan.MonthPlan("2024-11", "19", "mobile", counted, plan.LETTER_REACHED, NOW)
    with app.app_context():
        units = units_on(LAST, "commune", "19")
        codes, districts = [one.code for one in units], [one.parent_code or "" for one in units]
        quotas = plan.quotas(letter, codes, districts, np.random.default_rng(5_691))
        row = {"network": "mobile", "fate": "counted", "day": date(2024, 11, 15)}
        rows = [{**row, "unit_id": one.id, "n": quotas[one.code]} for one in units]
        db.session.execute(insert(CountDelta), rows)
        db.session.commit()


def summary(client: FlaskClient) -> Any:
    return client.get(URL).json["summary"]


@pytest.fixture(autouse=True)
def afterwards(clock: FakeClock) -> None:
    clock.now = NOW


@pytest.fixture(scope="module")
def installed(built: Flask) -> Iterator[None]:
    """The official polygons, and so the list of units of that very month."""
    with units_restored(built):
        with built.app_context():
            setup(Path(built.config["VAR_DIR"]), Path(FOLDER or ""), print)
            db.session.remove()
        built.extensions["locator"].refresh()
        yield


@pytest.fixture
def official(app: Flask, installed: None) -> Flask:
    return app


def test_by_the_built_in_list(app: Flask, client: FlaskClient) -> None:
    measured(app)
    told = summary(client)
    assert (told["counted"], told["reached"], told["units"]) == (64_595, 66, 172)
    assert told["distribution"]["best_share"] == 1.0


@pytest.mark.slow
@pytest.mark.real_boundaries
@pytest.mark.skipif(not FOLDER, reason="needs official polygons: BOUNDARIES_DIR is not set")
def test_by_the_official_list(official: Flask, client: FlaskClient) -> None:
    measured(official)
    told = summary(client)
    assert (told["counted"], told["reached"], told["units"]) == (64_595, 66, 177)
    assert round(100 * told["share"], 2) == 37.29
    assert round(100 * told["reached"] / 178, 2) == 37.08  # as the letter divides
    commune = told["levels"][-1]
    assert (commune["level"], commune["reached"], commune["units"]) == ("commune", 66, 177)
    assert told["distribution"] == {
        "share": told["share"], "best_reached": 177, "best_share": 1.0,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.real_boundaries
@pytest.mark.skipif(not FOLDER, reason="needs official polygons: BOUNDARIES_DIR is not set")
def test_less_than_half_of_it_at_best(official: Flask, client: FlaskClient) -> None:
    measured(official, 30_000)
    told = summary(client)
    assert told["counted"] == 30_000
    assert round(100 * told["distribution"]["best_share"], 1) == 56.5
