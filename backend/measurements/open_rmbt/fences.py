"""Translate the fences of a coverage session to radio samples. Pure functions of plain values.

A fence is a circle in which the phone had one technology and signal: its centre is the place, its
entry the time. What names its entry in microseconds holds milliseconds in the app's sources.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from backend.measurements.imports.foreign_values import (
    inner,
    number,
    number_within,
    plmn_of_text,
    words,
)
from backend.measurements.open_rmbt.network_types import GENERATIONS, MODES, OFFLINE
from backend.measurements.open_rmbt.results import YEAR_2000_MS, YEAR_2100_MS

# A session of a day with a fence each 20 s.
FENCES_MOST = 5_000
US_PER_MS = 1_000
# The phone registers a session when it has begun, never before: an earlier clock is one ahead.
AHEAD_MOST = timedelta(minutes=2)
DAYS_MS = 10 * 86_400_000


@dataclass(slots=True)
class Translated:
    """The samples of a session, and how many fences are skipped for each reason."""

    samples: list[dict[str, Any]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def translate(
    sent: Sequence[Any],
    body: Mapping[str, Any],
    session: str,
    device_id: UUID,
    registered_at: datetime | None,
) -> Translated:
    """Translate the fences of a session that was registered at a time by the server's clock."""
    found = Translated()
    network = _network_of(body)
    for fence in sent:
        sample = _sample_of(fence, registered_at) if isinstance(fence, Mapping) else "not_object"
        if isinstance(sample, str):
            found.skipped[sample] += 1
        else:
            id = _id_of(device_id, session, sample, fence)
            found.samples.append({"id": id, **sample, "network": network})
    return found


def _network_of(body: Mapping[str, Any]) -> dict[str, str]:
    mcc, mnc = plmn_of_text(words(body, "telephony_network_operator"))
    name = words(body, "telephony_network_operator_name")
    fields = {"mcc": mcc, "mnc": mnc, "operator": name}
    return {name: value for name, value in fields.items() if value is not None}


def _sample_of(fence: Mapping[str, Any], registered_at: datetime | None) -> dict[str, Any] | str:
    """Return a fence as a radio sample without its id, or why it is skipped."""
    measured_at = _time_of(fence, registered_at)
    if measured_at is None:
        return "not_time"
    centre = inner(fence, "location")
    names = {"latitude": "latitude", "longitude": "longitude", "accuracy_m": "accuracy"}
    place = {name: number(centre, sent) for name, sent in names.items()}
    sample = {
        "measured_at": measured_at.isoformat(),
        "location": {name: value for name, value in place.items() if value is not None},
    }
    kind = number(fence, "technology_id")
    if kind == OFFLINE:
        return {**sample, "service": False}
    generation = GENERATIONS.get(int(kind)) if kind is not None else None
    if generation not in ("4G", "5G"):
        return "technology_not_stored"
    values = {
        "technology": generation,
        "mode": MODES.get(int(kind or 0)),
        "rsrp_dbm": number(fence, "signal"),
    }
    known = {name: value for name, value in values.items() if value is not None}
    return {**sample, "service": True, **known}


def _time_of(fence: Mapping[str, Any], registered_at: datetime | None) -> datetime | None:
    """Return the entry by the phone's clock, by the server's where that clock is ahead."""
    entry = number(fence, "timestamp_microseconds")
    if entry is not None and entry > YEAR_2100_MS:
        entry /= US_PER_MS
    if entry is None or not YEAR_2000_MS <= entry <= YEAR_2100_MS:
        return None
    entered_at = datetime.fromtimestamp(entry / 1000, UTC)
    offset = number_within(fence, "offset_ms", -DAYS_MS, DAYS_MS)
    if registered_at is None or offset is None:
        return entered_at
    latest = registered_at + timedelta(milliseconds=offset)
    return latest if entered_at > latest + AHEAD_MOST else entered_at


def _id_of(
    device_id: UUID, session: str, sample: Mapping[str, Any], fence: Mapping[str, Any]
) -> str:
    """Return the id of a fence by its own fields: the same sent again is the same sample."""
    own = [session, sample, number(fence, "offset_ms"), number(fence, "duration_ms")]
    written = json.dumps(own, sort_keys=True, separators=(",", ":"))
    return str(uuid5(device_id, f"open_rmbt|coverage|{written}"))
