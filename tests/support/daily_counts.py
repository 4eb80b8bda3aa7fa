"""Count deltas for tests of coverage, for units by their codes."""

from datetime import date

from flask import Flask
from sqlalchemy import insert

from backend.database.extensions import db
from backend.measurements.recording import counting
from backend.measurements.recording.models import CountDelta
from tests.support.people import unit_id


def count(app: Flask, code: str | None, *days: tuple[str, int], **changes: str) -> None:
    """Add numbers of samples of a commune by day, counted ones by default."""
    system = changes.pop("system", "2024")
    unit = None if code is None else unit_id(app, code, system)
    row = {"unit_id": unit, "network": "mobile", "fate": "counted", **changes}
    with app.app_context():
        rows = [{**row, "day": date.fromisoformat(day), "n": n} for day, n in days]
        db.session.execute(insert(CountDelta), rows)
        db.session.commit()


def fold(app: Flask) -> None:
    """Fold pending deltas, as workers do every two seconds."""
    with app.app_context():
        counting.fold_all()
