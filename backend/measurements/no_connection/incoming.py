"""Read coverage-gap notes and derive the stored row."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError

from backend.clock import local_day
from backend.errors import FieldError
from backend.fields import storable
from backend.measurements.no_connection import rules
from backend.measurements.no_connection.rows import NoteItem, NoteNetwork
from backend.measurements.no_connection.schemas import NoteSchema
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import clock_error, receive
from backend.measurements.recording.rules import operator_of
from backend.units.locator import Locator

SCHEMA = NoteSchema()
# All texts of a note at their limits.
MAX_NOTE = 6_000


def read_note(raw: Any, received_at: datetime, key: str) -> NoteItem:
    """Validate one note against the schema and the rules; `key` is the key of digests."""
    item = NoteItem(raw, received_at)
    receive(item, SCHEMA, key, _content_errors)
    return item


def _content_errors(item: NoteItem) -> Sequence[FieldError]:
    if len(storable(item.raw).encode()) > MAX_NOTE:
        raise ValidationError({"": ["note_too_large"]})
    return rules.content_errors(item.loaded)


def place_note(
    item: NoteItem, receipt: ReceiptContext, registered_at: datetime, locator: Locator
) -> None:
    """Derive the row of a readable note, or the reason why a new one is refused."""
    skew = clock_error(item.received_at, receipt.sent_at)
    item.attempts = [at + (skew or timedelta()) for at in item.loaded["attempts"]]
    began_at, noted_at = item.attempts[0], item.attempts[-1]
    if code := rules.time_problem(noted_at, began_at, item.received_at, registered_at):
        item.refusal = FieldError("attempts", code)
        return
    location = item.loaded["location"]
    latitude, longitude, accuracy_m = (
        location["latitude"], location["longitude"], location["accuracy_m"]
    )  # fmt: skip
    placed = locator.locate(local_day(noted_at), longitude, latitude, accuracy_m)
    if placed.unit_id is None:
        item.refusal = FieldError("location", "outside_communes")
        return
    assert item.id is not None and accuracy_m is not None
    network: NoteNetwork = item.loaded.get("network") or {}
    item.row = {
        "id": item.id,
        "received_at": item.received_at,
        "began_at": began_at,
        "noted_at": noted_at,
        "skew_s": skew.total_seconds() if skew else None,
        "day": local_day(noted_at),
        "attempts": len(item.attempts),
        "operator": operator_of(
            "mobile", network.get("mcc"), network.get("mnc"), network.get("operator")
        ),
        "latitude": latitude,
        "longitude": longitude,
        "accuracy_m": accuracy_m,
        "cell": rules.cell_of(latitude, longitude),
        "raw": item.raw,
        "unit_id": placed.unit_id,
        "set_id": placed.set_id,
        "how": placed.how,
        "server_down": False,
    }


def mark_server_down(items: Sequence[NoteItem], away: Collection[datetime]) -> None:
    """Mark the notes with an attempt while this server was away: what is left proves nothing."""
    for item in items:
        if item.row:
            item.row["server_down"] = any(at in away for at in item.attempts)
