"""Factories of valid request bodies, changed by keyword."""

import uuid
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from tests.support.sql_statements import execute

# Two points in Thái Nguyên city, 1.5 km apart; every set has a commune there.
HERE = {"latitude": 21.5942, "longitude": 105.8482}
THERE = {"latitude": 21.5800, "longitude": 105.8482}


def sample(at: str = "2024-11-15T09:12:33+07:00", **changes: Any) -> dict[str, Any]:
    """Return a measurement that counts; keywords replace top-level fields."""
    return {
        "id": str(uuid.uuid4()),
        "measured_at": at,
        "status": "finished",
        "download_mbps": 48.2,
        "upload_mbps": 12.1,
        "ping_ms": 21.0,
        "jitter_ms": 3.2,
        "network": network(),
        "location": location(),
        "app_version": "1.0.0",
        **changes,
    }


def network(**changes: Any) -> dict[str, Any]:
    return {"kind": "mobile", "technology": "4G", "mcc": "452", "mnc": "04", **changes}


def location(**changes: Any) -> dict[str, Any]:
    return {**HERE, "accuracy_m": 12.0, **changes}


CONSENT = {"accepted": True, "version": "4", "accepted_at": "2024-11-01T08:00:00+07:00"}


# Registered so long before a test's time: longer than samples may be late.
KNOWN_SINCE = timedelta(days=90)
EARLIER = text("update devices set registered_at = registered_at - :by where id = :id")


def register(client: FlaskClient, since: timedelta = KNOWN_SINCE) -> dict[str, str]:
    """Register a device, so long ago, and return the headers of its requests."""
    answer = client.post("/api/v1/devices", json={"consent": CONSENT})
    assert answer.status_code == 201, answer.text
    move_registration(client, answer.json["id"], since)
    return {"Authorization": f"Bearer {answer.json['token']}"}


def move_registration(client: FlaskClient, device: str, by: timedelta = KNOWN_SINCE) -> None:
    """Make a device older: samples from before its registration do not count."""
    execute(client.application, EARLIER, {"by": by, "id": device})


def post(client: FlaskClient, headers: dict[str, str], *samples: dict[str, Any]) -> Any:
    """Post one sample, or several as a batch; return the answer."""
    body = samples[0] if len(samples) == 1 else {"measurements": list(samples)}
    return client.post("/api/v1/measurements", json=body, headers=headers)
