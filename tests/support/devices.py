"""Factories of registered devices and their stored rows."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from backend.database.extensions import db
from backend.measurements.recording.models import Exclusion, Measurement, Receipt, RejectedBody
from tests.support.factories import move_registration

DEVICES = "/api/v1/devices"
ME = "/api/v1/devices/me"
CONSENT = {"accepted": True, "version": "4", "accepted_at": "2026-11-20T15:00:00+07:00"}
AT = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def registration(**changes: Any) -> dict[str, Any]:
    """Return the body of a registration."""
    phone = {"platform": "android", "model": "SM-A525F", "app_version": "1.0.0"}
    return {"consent": CONSENT, **phone, **changes}


def bearer(token: str) -> dict[str, str]:
    """Return the header of a device's token."""
    return {"Authorization": f"Bearer {token}"}


def register(client: FlaskClient, **changes: Any) -> dict[str, Any]:
    """Register a device and return the answer."""
    answer = client.post(DEVICES, json=registration(**changes))
    assert answer.status_code == 201, answer.json
    return dict(answer.json)


def register_earlier(client: FlaskClient) -> dict[str, Any]:
    """Register a device that existed before the samples of a test."""
    answer = register(client)
    move_registration(client, answer["id"])
    return answer


def sample(at: datetime) -> dict[str, Any]:
    """Return the body of a measurement in Thái Nguyên."""
    network = {"kind": "mobile", "technology": "4G", "mcc": "452", "mnc": "04"}
    return {
        "id": str(uuid.uuid4()), "measured_at": at.isoformat(), "status": "finished",
        "download_mbps": 48.2, "upload_mbps": 12.1, "ping_ms": 21.0, "network": network,
        "location": {"latitude": 21.5942, "longitude": 105.8482, "accuracy_m": 12.0},
    }  # fmt: skip


def measurement_row(device_id: str, minute: int, **changes: Any) -> dict[str, Any]:
    """Return a row of a measurement with every field that a withdrawal changes."""
    at = AT + timedelta(minutes=minute)
    row = {
        "id": uuid.uuid4(), "device_id": uuid.UUID(device_id), "received_at": at,
        "measured_at": at, "skew_s": 130.0, "day": date(2026, 11, 20), "network": "mobile",
        "kind": "mobile", "source": "app", "status": "finished", "operator": "Viettel",
        "technology": "4G", "download_mbps": 48.2, "upload_mbps": 12.1, "ping_ms": 21.0,
        "jitter_ms": 3.2, "latitude": 21.5942, "longitude": 105.8482, "accuracy_m": 12.0,
        "unit_id": None, "set_id": 1, "how": "inside", "candidates": ["05443"], "data_cap_mb": 10,
        "ping_download_ms": 180.0, "ping_upload_ms": 240.0, "download_stability_percent": 71.0,
        "upload_stability_percent": 64.0,
        "own_reasons": [], "reasons": [], "marks": ["clock_corrected"], "valid": True,
        "counted": True, "rules": 3, "raw": {"comment": "ở nhà"},
    }  # fmt: skip
    return row | changes


def store_measurements(app: Flask, device_id: str, n: int = 3) -> list[uuid.UUID]:
    """Store n measurements of a device, the last one excluded, and a rejected body."""
    rows = [measurement_row(device_id, minute) for minute in range(n - 1)]
    verdict = {"own_reasons": ["excluded"], "reasons": ["excluded"], "valid": False}
    rows.append(
        measurement_row(device_id, n, counted=False, latitude=None, longitude=None, **verdict)
    )
    ids = [row["id"] for row in rows]
    owner = {"device_id": uuid.UUID(device_id), "received_at": AT}
    receipts = [{"id": id, "digest": b"\x01", **owner} for id in ids]
    with app.app_context():
        db.session.execute(insert(Measurement), rows)
        db.session.execute(insert(Receipt), receipts)
        db.session.execute(insert(Exclusion), [{"measurement_id": ids[-1], "reason": "giả"}])
        db.session.execute(insert(RejectedBody), [{"body": '{"id": 7}', "errors": [], **owner}])
        db.session.commit()
    return ids
