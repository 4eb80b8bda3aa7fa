"""Rows of counted measurements for tests of figures."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import Range

from backend.clock import VIETNAM
from backend.coverage.statistics import release
from backend.database.extensions import db
from backend.devices.models import Device
from backend.measurements.recording.models import Measurement
from backend.measurements.recording.reasons import category
from backend.memberships.models import DeviceLink, Volunteer
from tests.support.daily_counts import add_counts
from tests.support.sql_statements import execute

NINE = datetime(2024, 11, 15, 9, tzinfo=VIETNAM)


def measurement_row(unit: int | None, at: datetime = NINE, **changes: Any) -> dict[str, Any]:
    """Return the row of a counted mobile measurement; keywords replace columns."""
    return {
        "id": uuid.uuid4(),
        "device_id": uuid.uuid4(),
        "received_at": at + timedelta(minutes=1),
        "measured_at": at,
        "day": at.astimezone(VIETNAM).date(),
        "network": "mobile",
        "kind": "mobile",
        "source": "app",
        "status": "finished",
        "operator": "Viettel",
        "technology": "4G",
        "download_mbps": 48.2,
        "upload_mbps": 12.1,
        "ping_ms": 21.0,
        "jitter_ms": 3.2,
        "latitude": None,
        "longitude": None,
        "unit_id": unit,
        "own_reasons": [],
        "reasons": [],
        "marks": [],
        "valid": True,
        "counted": True,
        "rules": 3,
        **changes,
    }


def store_rows(app: Flask, *rows: dict[str, Any]) -> None:
    """Store rows with their counts."""
    with app.app_context():
        db.session.execute(insert(Measurement), list(rows))
        add_counts([_number(one) for one in rows])
        db.session.commit()


def phones(
    app: Flask, number: int, registered_at: datetime = NINE - timedelta(days=40)
) -> list[uuid.UUID]:
    """Register so many devices directly; return their ids."""
    ids = [uuid.uuid4() for _ in range(number)]
    common = {"registered_at": registered_at, "consent_version": "1"}
    rows = [
        {"id": one, "token_hash": one.bytes, "withdrawal_hash": one.bytes, **common} for one in ids
    ]
    execute(app, insert(Device), rows)
    return ids


def members(app: Flask, number: int) -> list[uuid.UUID]:
    """Register so many devices, each of a person who joined a team; return their ids."""
    ids, period = phones(app, number), Range(NINE - timedelta(days=30), None)
    with app.app_context():
        people = [Volunteer() for _ in ids]
        db.session.add_all(people)
        db.session.flush()
        links = zip(ids, people, strict=True)
        db.session.add_all(
            DeviceLink(device_id=device, volunteer_id=person.id, period=period)
            for device, person in links
        )
        db.session.commit()
    return ids


def volunteers_rows(
    unit: int | None, ids: list[uuid.UUID], each: int = 2, **changes: Any
) -> list[dict[str, Any]]:
    """Return rows of samples on as many days, each device's own."""
    return [
        measurement_row(unit, NINE + timedelta(days=day), device_id=one, **changes)
        for one in ids
        for day in range(each)
    ]


def make_release(app: Flask, month: str = "2024-11") -> bool:
    """Make the release of a month on its day."""
    with app.app_context():
        return release.make(month, datetime(2024, 12, 16, 1, tzinfo=VIETNAM))


def _number(one: dict[str, Any]) -> dict[str, Any]:
    name = category(one["reasons"], one["marks"], one.get("assurance"))
    return {**one, "category": name, "n": 1}
