"""Validate radio samples as received, one by one; by columns is `columns.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from marshmallow import ValidationError

from backend.errors import FieldError, field_errors
from backend.fields import encodable
from backend.measurements.radio import rules
from backend.measurements.radio.schemas import RadioSampleSchema
from backend.measurements.recording.incoming import read_id
from backend.measurements.recording.operators import known_operator
from backend.measurements.recording.rules import COUNTRY_MCC, operator_of, visible

SCHEMA = RadioSampleSchema()

Outcome = Literal["accepted", "duplicate", "refused"]


@dataclass(slots=True)
class RadioItem:
    """One radio sample of a request with its result so far; of a refused one no body is kept."""

    echo: str | None = None  # the id as it was sent
    id: UUID | None = None
    loaded: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = "refused"
    errors: Sequence[FieldError] = ()


def parse_sample(raw: Any) -> RadioItem:
    """Validate one sample against the schema and the rules of its content."""
    item = RadioItem()
    if not isinstance(raw, dict):
        item.errors = [FieldError("", "not_object")]
        return item
    sent_id = raw.get("id")
    item.echo = sent_id if isinstance(sent_id, str) and encodable(sent_id) else None
    try:
        loaded = SCHEMA.load(raw)
    except ValidationError as error:
        item.errors = field_errors(error.messages)
        return item
    identity = read_id(loaded["id"])
    if identity is None:
        item.errors = [FieldError("id", "not_uuid")]
    elif wrong := _content_error(loaded):
        item.errors = [wrong]
    else:
        item.id, item.loaded, item.outcome = identity, loaded, "accepted"
    return item


def _content_error(loaded: Mapping[str, Any]) -> FieldError | None:
    if loaded["location"].get("is_mock"):
        return FieldError("location.is_mock", "mock_position")
    mcc = visible((loaded.get("network") or {}).get("mcc"))
    if mcc not in (None, COUNTRY_MCC):
        return FieldError("network.mcc", "foreign_network")
    return _signal_error(loaded)


def _signal_error(loaded: Mapping[str, Any]) -> FieldError | None:
    technology, rsrp = loaded.get("technology"), loaded.get("rsrp_dbm")
    if not loaded["service"]:
        if technology is None and (rsrp is None or rsrp in rules.UNKNOWN):
            return None
        return FieldError("service", "radio_no_service")
    if technology is None:
        return FieldError("technology", "required")
    if loaded.get("mode") and technology != "5G":
        return FieldError("mode", "radio_mode")
    if rsrp is None or rsrp in rules.UNKNOWN:
        return FieldError("rsrp_dbm", "required")
    low, high = rules.RANGES[technology]["rsrp_dbm"]
    return None if low <= rsrp <= high else FieldError("rsrp_dbm", "out_of_range")


def operator_named(network: Mapping[str, Any] | None) -> str | None:
    """Return the operator of the closed list that a network means; None: another or unknown."""
    named = network or {}
    stated = operator_of("mobile", named.get("mcc"), named.get("mnc"), named.get("operator"))
    return known_operator("mobile", stated)
