"""Counts without samples, for tests of pages."""

from datetime import date

from flask import Flask
from sqlalchemy import select

from backend.database.extensions import db
from backend.units.models import Unit
from tests.support.daily_counts import add_counts


def count(app: Flask, code: str, n: int, month: str = "2024-11") -> None:
    """Count n samples in a commune."""
    with app.app_context():
        system = "2024" if month < "2025-07" else "2025"
        where = Unit.level == "commune", Unit.code == code, Unit.system == system
        unit = db.session.scalars(select(Unit.id).where(*where)).one()
        row = {"unit_id": unit, "network": "mobile", "category": "counted", "n": n}
        add_counts([{**row, "day": date.fromisoformat(f"{month}-01")}])
        db.session.commit()
