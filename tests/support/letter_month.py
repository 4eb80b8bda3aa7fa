"""The month of letter 5691/BTTTT-CVT, November 2024 in Thái Nguyên, as counts."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.demo import plan
from backend.units.service import units_on
from tests.support.daily_counts import add_counts

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
        row = {"network": "mobile", "category": "counted", "day": date(2024, 11, 15)}
        rows = [{**row, "unit_id": one.id, "n": quotas[one.code]} for one in units]
        add_counts(rows)
        db.session.commit()


def summary(client: FlaskClient) -> Any:
    return client.get(URL).json["summary"]
