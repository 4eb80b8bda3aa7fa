"""One item of a request, checked: either ready to be recorded, or refused with its fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from marshmallow import ValidationError

from backend.errors import FieldError, field_errors
from backend.fields import encodable, storable
from backend.measurements.recording import incoming
from backend.measurements.recording.schemas import MeasurementSchema
from backend.units.locator import Placed

SCHEMA = MeasurementSchema()

Outcome = Literal["accepted", "duplicate", "conflict", "rejected"]


@dataclass(slots=True)
class Item:
    """What was sent, and what has become of it so far."""

    raw: Any
    echo: str | None = None  # the id as it was sent
    id: UUID | None = None
    loaded: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    outcome: Outcome = "rejected"
    errors: Sequence[FieldError] = ()
    row: dict[str, Any] = field(default_factory=dict)
    placed: Placed | None = None


def read(raw: Any, key: str) -> Item:
    """Check what was sent against the schema; key is that of the content's digest."""
    item = Item(raw)
    if not isinstance(raw, dict):
        item.errors = [FieldError("", "not_object")]
        return item
    given = raw.get("id")
    item.echo = given if isinstance(given, str) and encodable(given) else None
    try:
        item.loaded = SCHEMA.load(raw)
        storable(raw)
    except ValidationError as error:
        item.errors = field_errors(error.messages)
        return item
    item.id = incoming.read_id(item.loaded["id"])
    if item.id is None:
        item.errors = [FieldError("id", "not_uuid")]
    else:
        item.outcome = "accepted"
        item.digest = incoming.digest(raw, key)
    return item
