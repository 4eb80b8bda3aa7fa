"""Projections of a province's communes depend on its own samples alone, not on others'."""

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from tests.support.daily_counts import count
from tests.support.measurements import NINE

DAYS = [NINE.date() + timedelta(days=n) for n in range(-9, 5)]


def projection(app: Flask, client: FlaskClient) -> Any:
    with app.app_context():  # sums of a day are made once
        db.session.execute(text("delete from daily_history"))
        db.session.commit()
    query = {"month": "2024-11", "unit": "05443"}
    return client.get("/api/v1/coverage", query_string=query).json["items"][0]["projection"]


def test_samples_of_other_provinces_shape_no_projection(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", *[(f"{day}", 5) for day in DAYS])
    before = projection(app, client)
    count(app, "00001", *[(f"{day}", 900) for day in DAYS if day.weekday() > 4])
    assert before == projection(app, client) is not None
    count(app, "05446", *[(f"{day}", 90) for day in DAYS if day.weekday() > 4])
    assert before != projection(app, client)
