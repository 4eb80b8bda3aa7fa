"""Factories of radio samples."""

import uuid
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient

from tests.support.factories import location
from tests.support.notes import NOON

RADIO = "/api/v1/radio-samples"


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
