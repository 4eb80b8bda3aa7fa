"""Counts for tests of coverage, for units by their codes."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import Flask

from backend.database.extensions import db
from backend.measurements.recording import counting
from tests.support.people import unit_id


def count(app: Flask, code: str | None, *days: tuple[str, int], **changes: str) -> None:
    """Add numbers of samples of a commune by day, counted ones by default."""
    system = changes.pop("system", "2024")
    unit = None if code is None else unit_id(app, code, system)
    row = {"unit_id": unit, "network": "mobile", "category": "counted", **changes}
    with app.app_context():
        add_counts([{**row, "day": date.fromisoformat(day), "n": n} for day, n in days])
        db.session.commit()


def add_counts(rows: Iterable[Mapping[str, Any]]) -> None:
    """Add numbers of samples, each {unit_id, day, network, category, n}, in an app's context."""
    changes = counting.CountChanges()
    for row in rows:
        key = row["unit_id"], row["day"].isoformat(), row["network"], row["category"]
        changes.by_key[key] += row["n"]
    counting.write_counts(changes)
