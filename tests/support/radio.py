"""Factories of radio samples."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import h3
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from backend.database.extensions import db
from backend.measurements.radio.models import RadioSample
from tests.support.factories import location
from tests.support.measurements import NINE, phones, store_rows, volunteers_rows
from tests.support.notes import NOON
from tests.support.people import unit_id

RADIO = "/api/v1/radio-samples"
COMMUNE = "05584"  # a rural one
CELL = h3.latlng_to_cell(21.87, 105.60, 8)


def radio(at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """Return a valid sample of 4G with service; keywords replace fields."""
    return {
        "id": str(uuid.uuid4()),
        "measured_at": at.isoformat(),
        "location": location(),
        "network": {"mcc": "452", "mnc": "04"},
        "service": True,
        "technology": "4G",
        "rsrp_dbm": -101,
        "rsrq_db": -12,
        "sinr_db": 7,
        "sim_slot": 0,
        "serving_cell": 123_456_789,
        **changes,
    }


def no_service(at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """Return a valid sample without service."""
    names = ("id", "measured_at", "location", "network")
    return {name: radio(at)[name] for name in names} | {"service": False, **changes}


def post_radio(client: FlaskClient, headers: dict[str, str], *samples: Any, **options: Any) -> Any:
    """Post a batch of samples; return the answer."""
    return client.post(RADIO, json={"samples": list(samples)}, headers=headers, **options)


def radio_row(unit: int, device: uuid.UUID, n: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the row of a sample in the middle of the cell."""
    at = NINE + timedelta(days=1, seconds=n)
    latitude, longitude = h3.cell_to_latlng(changes.get("cell", CELL))
    row = {
        "id": uuid.uuid4(), "device_id": device, "received_at": at, "measured_at": at,
        "day": at.date(), "unit_id": unit, "set_id": 1, "latitude": latitude,
        "longitude": longitude, "accuracy_m": 9.0, "operator": "Viettel", "technology": "4G",
        "mode": None, "rsrp_dbm": -100, "source": "own", **changes,
    }  # fmt: skip
    return row | {"cell": h3.str_to_int(changes.get("cell", CELL))}


def recorded(app: Flask, *values: Sequence[int | None], **changes: Any) -> list[uuid.UUID]:
    """Let a volunteer of the month record each list of values in the cell; return the phones."""
    commune, devices = unit_id(app, COMMUNE), phones(app, len(values))
    store_rows(app, *volunteers_rows(unit_id(app, "05443"), devices))
    store_radio(app, *(
        radio_row(commune, device, n, rsrp_dbm=value, **(
            changes if value is not None else changes | {"technology": None}
        ))
        for device, of_device in zip(devices, values, strict=True)
        for n, value in enumerate(of_device)
    ))  # fmt: skip
    return devices


def store_radio(app: Flask, *rows: dict[str, Any]) -> None:
    """Store rows of samples directly."""
    with app.app_context():
        db.session.execute(insert(RadioSample), list(rows))
        db.session.commit()
