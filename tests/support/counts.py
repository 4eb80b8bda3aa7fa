"""Counts without samples, for tests of pages."""

from flask import Flask
from sqlalchemy import select

from backend.database.extensions import db
from backend.measurements.recording.models import Count
from backend.units.models import Unit


def count(app: Flask, code: str, n: int, month: str = "2024-11") -> None:
    """Count n samples in a commune."""
    with app.app_context():
        system = "2024" if month < "2025-07" else "2025"
        where = Unit.level == "commune", Unit.code == code, Unit.system == system
        unit = db.session.scalars(select(Unit.id).where(*where)).one()
        row = {"month": month, "unit_id": unit, "network": "mobile", "fate": "counted", "n": n}
        db.session.add(Count(**row))
        db.session.commit()
