"""Register the app for a device that agreed, and record its uploads as radio samples."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from backend.devices import service as devices
from backend.devices.service import KnownDevice
from backend.errors import Problem, invalid
from backend.measurements.imports.foreign_values import words
from backend.measurements.network_survey import messages
from backend.measurements.radio import service as radio
from backend.measurements.radio.service import RadioContext

WORKSPACE = "Đo Sóng"
PACKAGE = "com.craxiom.networksurvey"
# The app sends at most 1,000 records at once.
RECORDS_MOST = 5_000


@dataclass(slots=True)
class Upload:
    """An upload: the id that the app gave it, stored or known records, and skipped ones by reason.

    Skipped records are final; the app sends none of them again.
    """

    batch_id: str | None
    processed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def workspace_of(token: str, device: KnownDevice, api_url: str) -> dict[str, str]:
    """Return what the app reads from a QR code: a workspace for one device."""
    return {"token": token, "workspace_id": str(device.id), "api_url": api_url}


def app_link(workspace: Mapping[str, str]) -> str:
    """Return a link that opens the app with a workspace; a browser never requests it."""
    query = urlencode({**workspace, "workspace_name": WORKSPACE})
    return (
        f"intent://networksurvey.app/app/register?{query}#Intent;scheme=https;package={PACKAGE};end"
    )


def register(token: str, now: datetime) -> tuple[KnownDevice, str]:
    """Return the device of a QR code and a token for the app, whose first use ends the code.

    A repeated registration before that gets a new token: the answer may have been lost.
    """
    device = devices.authenticate(token, now)
    return device, devices.rotate(device)


def deregister(token: str, now: datetime) -> None:
    """End the token of the app; what it sent stays until the person withdraws."""
    devices.end_token(devices.authenticate(token, now))


def record_upload(device: KnownDevice, body: Mapping[str, Any], context: RadioContext) -> Upload:
    """Record the records of an upload, each once whatever its batch; skip what is not stored."""
    batches = body.get("records")
    if not isinstance(batches, list):
        raise invalid("records", "not_list")
    if messages.count_messages(batches) > RECORDS_MOST:
        raise Problem(413, "too_large")
    translated = messages.translate(batches, device.id)
    done = Upload(words(body, "batch_id"), skipped=translated.skipped)
    if not translated.samples:
        return done
    for item in radio.record(device, translated.samples, context):
        if item.outcome == "refused":
            done.skipped[item.errors[0].code] += 1
        else:
            done.processed += 1
    return done
