"""Validate no-connection notes as received and derive the stored row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from backend.clock import local_day
from backend.errors import FieldError, field_errors
from backend.fields import encodable, storable
from backend.measurements.no_connection import rules
from backend.measurements.no_connection.schemas import NoteSchema
from backend.measurements.recording import replays
from backend.measurements.recording.incoming import Outcome, digest, read_id
from backend.measurements.recording.rules import SKEW_LEAST, SKEW_MOST, operator_of
from backend.units.locator import Locator

SCHEMA = NoteSchema()
# All texts of a note at their limits.
NOTE_MOST = 6_000


@dataclass(slots=True)
class NoteItem:
    """One note of a request with its result so far."""

    raw: Any
    echo: str | None = None  # the id as it was sent
    id: UUID | None = None
    loaded: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    replay_digests: tuple[bytes, ...] = ()
    outcome: Outcome = "rejected"
    errors: Sequence[FieldError] = ()
    row: dict[str, Any] = field(default_factory=dict)  # empty without a place
    refusal: FieldError | None = None  # of a new note; one that is stored already is a duplicate
    note_id: UUID | None = None  # the stored note


@dataclass(frozen=True, slots=True)
class NoteReceipt:
    """Facts about the receipt of notes that are not part of their content."""

    received_at: datetime
    sent_at: datetime | None
    registered_at: datetime  # of the device
    network: bytes | None  # digest of the sender's address


def parse_note(raw: Any, key: str) -> NoteItem:
    """Validate one note against the schema and the rules; `key` is the key of digests."""
    item = NoteItem(raw)
    if not isinstance(raw, dict):
        item.errors = [FieldError("", "not_object")]
        return item
    sent_id = raw.get("id")
    item.echo = sent_id if isinstance(sent_id, str) and encodable(sent_id) else None
    try:
        item.loaded = SCHEMA.load(raw)
        size = len(storable(raw).encode())
    except ValidationError as error:
        item.errors = field_errors(error.messages)
        return item
    identity = read_id(item.loaded["id"])
    if size > NOTE_MOST:
        item.errors = [FieldError("", "note_too_large")]
    elif identity is None:
        item.errors = [FieldError("id", "not_uuid")]
    elif errors := rules.content_errors(item.loaded):
        item.errors = errors
    else:
        item.id, item.outcome = identity, "accepted"
        item.digest = digest(raw, key)
        by_content = replays.content_digest(item.digest, key)
        item.replay_digests = (replays.id_digest(identity, key), by_content)
    return item


def place_note(item: NoteItem, receipt: NoteReceipt, locator: Locator) -> None:
    """Derive the row of a readable note, or the reason why a new one is refused."""
    attempts = item.loaded["attempts"]
    skew = _skew_of(receipt)
    shift = skew or timedelta()
    began_at, noted_at = attempts[0] + shift, attempts[-1] + shift
    times = noted_at, began_at, receipt.received_at, receipt.registered_at
    if code := rules.time_problem(*times):
        item.refusal = FieldError("attempts", code)
        return
    location = item.loaded["location"]
    latitude, longitude = location["latitude"], location["longitude"]
    placed = locator.locate(local_day(noted_at), longitude, latitude, location["accuracy_m"])
    if placed.unit_id is None:
        item.refusal = FieldError("location", "outside_communes")
        return
    item.row = {
        "began_at": began_at,
        "noted_at": noted_at,
        "skew_s": skew.total_seconds() if skew else None,
        "day": local_day(noted_at),
        **_content_of(item),
        "unit_id": placed.unit_id,
        "set_id": placed.set_id,
        "how": placed.how,
    }


def _skew_of(receipt: NoteReceipt) -> timedelta | None:
    """Return the error of the phone's clock if it is large enough to be corrected."""
    if receipt.sent_at is None:
        return None
    skew = receipt.received_at - receipt.sent_at
    return skew if SKEW_LEAST < abs(skew) < SKEW_MOST else None


def _content_of(item: NoteItem) -> dict[str, Any]:
    location, network = item.loaded["location"], item.loaded.get("network") or {}
    stated = network.get("operator")
    return {
        "id": item.id,
        "attempts": len(item.loaded["attempts"]),
        "operator": operator_of("mobile", network.get("mcc"), network.get("mnc"), stated),
        "latitude": location["latitude"],
        "longitude": location["longitude"],
        "accuracy_m": location["accuracy_m"],
        "cell": rules.cell_of(location["latitude"], location["longitude"]),
        "raw": item.raw,
    }
