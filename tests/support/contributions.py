"""Credited measurements for tests of contributions: rows with their counts and sums."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, update

from backend.clock import local_day
from backend.database.extensions import db
from backend.measurements.recording.earnings import replace_earnings
from backend.measurements.recording.models import Earning, Measurement
from backend.memberships.attribution import EXCLUDED, OVER_CAP, Earned
from backend.memberships.models import Volunteer
from tests.support.daily_counts import add_counts

NOON = datetime(2024, 11, 5, 5, 0, tzinfo=UTC)


def volunteers(app: Flask, *names: str | None) -> list[int]:
    """Create volunteers, with or without a name; return their ids."""
    with app.app_context():
        made = [Volunteer(display_name=name) for name in names]
        db.session.add_all(made)
        db.session.commit()
        return [one.id for one in made]


def add_measurement(
    campaign: int, team: int | None, at: datetime = NOON, unit: int | None = None, **more: Any
) -> uuid.UUID:
    """Add a measurement, its earning if it has a team, and their counts, in an app's context."""
    category, network = more.get("category", "counted"), more.get("network", "mobile")
    official = "counted" if category in (OVER_CAP, EXCLUDED) else category
    made = more.get("id") or uuid.uuid4()
    row = {
        "id": made, "measured_at": at, "day": local_day(at), "network": network, "kind": network,
        "source": "app", "status": "finished", "unit_id": unit, "own_reasons": [],
        "reasons": [] if official == "counted" else [official], "marks": [], "valid": True,
        "counted": official == "counted", "rules": 3, "device_id": more.get("device"),
    }  # fmt: skip
    db.session.execute(insert(Measurement), [row])
    _count(row, official, 1)
    if team is not None:
        earned = Earned(
            made, campaign, team, more.get("volunteer"), None, None, more.get("guest", False),
            category, unit, row["day"], network,
        )  # fmt: skip
        replace_earnings((), [earned])
    return made


def change_verdict(one: uuid.UUID, category: str) -> None:
    """Change the verdict of a measurement and of its earnings."""
    row = dict(db.session.execute(select(Measurement.__table__).where(_is(one))).mappings().one())
    _count(row, row["reasons"][0] if row["reasons"] else "counted", -1)
    reasons = [] if category == "counted" else [category]
    changed = {"reasons": reasons, "counted": not reasons}
    db.session.execute(update(Measurement).where(_is(one)).values(**changed))
    _count(row, category, 1)
    _earning(one, category=category, needed=None if category == "counted" else False)


def change_team(one: uuid.UUID, team: int) -> None:
    """Credit a measurement to another team."""
    _earning(one, team_id=team)


def _is(one: uuid.UUID) -> Any:
    return Measurement.id == one


def _count(row: dict[str, Any], category: str, n: int) -> None:
    add_counts([{**row, "category": category, "n": n}])


def _earning(one: uuid.UUID, **changes: Any) -> None:
    columns = [getattr(Earning, name) for name in Earned._fields]
    rows = db.session.execute(select(*columns).where(Earning.measurement_id == one))
    stored = [Earned(*row) for row in rows]
    replace_earnings(stored, [row._replace(**changes) for row in stored])


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)
