"""The month of letter 5691/BTTTT-CVT, November 2024 in Thái Nguyên, as coverage tells it.

With the official polygons: tests/backend/units/test_units_real.py.
"""

from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.letter_month import NOW, measured, summary


def test_by_the_built_in_list(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    clock.now = NOW
    measured(app)
    totals = summary(client)
    assert (totals["counted"], totals["reached"], totals["units"]) == (64_595, 66, 172)
    assert totals["distribution"]["best_share"] == 1.0
