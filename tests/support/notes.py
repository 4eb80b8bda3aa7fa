"""Factories of no-connection notes."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from backend.clock import VIETNAM
from tests.support.factories import location

NOTES = "/api/v1/no-connection-notes"
CONFIRMED = {"flight_mode_off": True, "data_on": True, "data_left": True}
NOON = datetime(2024, 11, 20, 12, 0, tzinfo=VIETNAM)


def note(at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """Return a valid note whose last attempt is 70 s after `at`; keywords replace fields."""
    attempts = [at, at + timedelta(seconds=35), at + timedelta(seconds=70)]
    return {
        "id": str(uuid.uuid4()),
        "attempts": [one.isoformat() for one in attempts],
        "confirmed": CONFIRMED,
        "location": location(),
        "network": {"operator": "Viettel"},
        **changes,
    }


def post_notes(
    client: FlaskClient, headers: dict[str, str], *notes: dict[str, Any], **options: Any
) -> Any:
    """Post one note, or several as a batch; return the answer."""
    body = notes[0] if len(notes) == 1 else {"notes": list(notes)}
    return client.post(NOTES, json=body, headers=headers, **options)
