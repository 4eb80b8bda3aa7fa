"""Translate records of Network Survey to radio samples. Pure functions of plain values.

A record is a protobuf message as JSON: `{"messageType": …, "data": {…}}`. proto3 leaves out zeros
and writes 64-bit numbers as text. Only the fields that are named here are read.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from marshmallow import ValidationError

from backend.fields import aware_time
from backend.measurements.imports.foreign_values import (
    flag,
    inner,
    number,
    plmn_of_numbers,
    whole,
    words,
)

Plmn = tuple[str | None, str | None]
SIM_SLOT_MOST, SERVING_CELL_MOST = 7, 2**36 - 1
# Types whose records are translated: names of their values, and the generation.
VALUES: Mapping[str, Mapping[str, str]] = {
    "lte": {"rsrp_dbm": "rsrp", "rsrq_db": "rsrq", "sinr_db": "snr", "serving_cell": "eci"},
    "nr": {"rsrp_dbm": "ssRsrp", "rsrq_db": "ssRsrq", "sinr_db": "ssSinr", "serving_cell": "nci"},
}
PRIMARY, SECONDARY = "PRIMARY_SERVING", "SECONDARY_SERVING"


@dataclass(slots=True)
class Translated:
    """The samples of a batch, and how many records are skipped for each reason."""

    samples: list[dict[str, Any]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def count_messages(batches: Sequence[Any]) -> int:
    """Return the number of records in the batches of an upload."""
    return sum(1 for _ in _messages(batches))


def translate(batches: Sequence[Any], device_id: UUID) -> Translated:
    """Translate the batches of an upload; what is no serving cell of LTE or NR is skipped."""
    found = Translated()
    messages = list(_messages(batches))
    anchors = _anchors(messages)
    for kind, message in messages:
        if kind not in VALUES:
            found.skipped["type_not_stored"] += 1
        elif not isinstance(message, Mapping):
            found.skipped["not_object"] += 1
        else:
            data = inner(message, "data")
            anchor = anchors.get(_group_of(data)) if kind == "nr" else None
            sample = _sample_of(kind, data, anchor)
            if isinstance(sample, str):
                found.skipped[sample] += 1
            else:
                found.samples.append({"id": _id_of(device_id, kind, data, sample), **sample})
    return found


def _messages(batches: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for batch in batches:
        kind = batch.get("type") if isinstance(batch, Mapping) else None
        messages = batch.get("messages") if isinstance(batch, Mapping) else [batch]
        for message in messages if isinstance(messages, list) else [messages]:
            yield str(kind).lower(), message


def _group_of(data: Mapping[str, Any]) -> tuple[str | None, float | None, float | None]:
    """Return what the records of one scan of one SIM have in common."""
    return words(data, "missionId"), number(data, "groupNumber"), number(data, "slot")


def _anchors(messages: Sequence[tuple[str, Any]]) -> dict[Any, Plmn]:
    """Return the network of the LTE serving cell of each scan, which an NSA cell of NR shares."""
    anchors = {}
    for kind, message in messages:
        data = inner(message, "data") if isinstance(message, Mapping) else {}
        if kind == "lte" and _is_primary(data) and (plmn := plmn_of_numbers(data)) != (None, None):
            anchors[_group_of(data)] = plmn
    return anchors


def _is_primary(data: Mapping[str, Any]) -> bool:
    """Return whether a cell serves the phone; older versions of the app say it by `servingCell`."""
    status = data.get("connectionStatus")
    if status in (None, "", "UNKNOWN"):
        return flag(data, "servingCell") is True
    return bool(status == PRIMARY)


def _sample_of(kind: str, data: Mapping[str, Any], anchor: Plmn | None) -> dict[str, Any] | str:
    """Return a record as a radio sample without its id, or why it is skipped."""
    secondary = data.get("connectionStatus") == SECONDARY
    non_standalone = anchor is not None  # an LTE cell serves in the same scan
    if not (_is_primary(data) or (secondary and non_standalone)):
        return "not_serving"
    own = plmn_of_numbers(data)
    plmn = own if own != (None, None) else anchor
    if plmn is None:
        return "operator_unknown"
    try:
        measured_at = aware_time(data.get("deviceTime")).isoformat()
    except ValidationError:
        return "not_time"
    names = VALUES[kind]
    sample = {
        "measured_at": measured_at,
        "location": _location_of(data),
        "network": {"mcc": plmn[0], "mnc": plmn[1]},
        "service": True,
        "technology": "4G" if kind == "lte" else "5G",
        "mode": None if kind == "lte" else "NSA" if non_standalone else "SA",
        **{name: number(data, names[name]) for name in ("rsrp_dbm", "rsrq_db", "sinr_db")},
        "sim_slot": whole(data, "slot", SIM_SLOT_MOST),
        "serving_cell": whole(data, names["serving_cell"], SERVING_CELL_MOST),
    }
    return {name: value for name, value in sample.items() if value is not None}


def _location_of(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the position; an accuracy of 0, which proto3 leaves out, is none."""
    names = {"latitude": "latitude", "longitude": "longitude", "accuracy_m": "accuracy"}
    found = {name: number(data, sent) for name, sent in names.items()}
    return {name: value for name, value in found.items() if value is not None}


def _id_of(device_id: UUID, kind: str, data: Mapping[str, Any], sample: Mapping[str, Any]) -> str:
    """Return the id of a record by its own fields: the same in any upload is the same sample."""
    numbers = [number(data, name) for name in ("recordNumber", "groupNumber")]
    written = json.dumps([kind, numbers, sample], sort_keys=True, separators=(",", ":"))
    return str(uuid5(device_id, f"network_survey|{written}"))
