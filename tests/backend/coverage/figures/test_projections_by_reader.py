"""Projections of a running month depend on what their reader may see, not on who read before."""

from datetime import date, timedelta

from flask import Flask

from backend.accounts.access import PUBLIC, Actor
from backend.coverage.figures.month import month_of
from backend.coverage.figures.recent import make_recent, pattern_of
from tests.support.measurements import NINE, measurement_row, store_rows
from tests.support.people import unit_id

TODAY = date(2024, 11, 25)


def pattern(reader: Actor | None) -> tuple[list[float], float]:
    month = month_of("2024-11", "mobile", TODAY, reader)
    make_recent(TODAY, "mobile")
    found = pattern_of(month, TODAY)
    return found.factors.tolist(), found.scatter


def test_unpublished_figures_shape_no_projection_of_others(app: Flask) -> None:
    app.config["PUBLISH"] = "after_approval"
    here = unit_id(app, "05443")
    days = [NINE - timedelta(days=n) for n in range(14)]
    store_rows(app, *(measurement_row(here, day) for day in days for _ in range(day.day)))
    with app.app_context():
        before, whole, after = pattern(PUBLIC), pattern(None), pattern(PUBLIC)
    assert whole != before == after
