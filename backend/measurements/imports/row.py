"""Rows, options and value parsers that all importers share."""

import json
import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.fields import Json

# Never changes: the same row imported again must get the same id, or it would count twice.
NAMESPACE = uuid.UUID("4d0f7c5e-6c2b-5d0a-9b51-0c5a5c0f6a7e")
NETWORK_KINDS = {"mobile": "mobile", "fixed": "ethernet"}


class UnreadableRow(ValueError):
    """A row cannot be read; the message is shown to the person who imports it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its payload or error, and its first line (from 1)."""

    line: int
    payload: dict[str, Json] | None
    error: str | None
    raw: str


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Values for the whole file that the tools do not record."""

    location: dict[str, Json] | None = None
    network_kind: str | None = None

    @classmethod
    def parse(cls, at: str | None = None, network: str | None = None) -> "ImportOptions":
        """Parse `--at LAT,LON,ACCURACY` and `--network mobile|fixed`; ValueError if invalid."""
        return cls(None if at is None else _position(at), network)

    @property
    def kind(self) -> str:
        """Network kind of payloads: `ethernet` for a fixed line, `unknown` without option."""
        return NETWORK_KINDS.get(self.network_kind or "", "unknown")


def _position(at: str) -> dict[str, Json]:
    try:
        latitude, longitude, accuracy = (float(part) for part in at.split(","))
    except ValueError:
        raise ValueError(f"{at!r} is not LAT,LON,ACCURACY (degrees, degrees, metres)") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180 and 0 <= accuracy < math.inf):
        raise ValueError(
            f"{at!r}: latitude within 90, longitude within 180, accuracy from 0 metres"
        )
    return {"latitude": latitude, "longitude": longitude, "accuracy_m": accuracy}


def row_id(format: str, result_id: object, source: object) -> str:
    """Return the id of a row: its UUID, else one derived from the result id, else from the row.

    It does not depend on the import options: the same file with another position has the same
    rows.
    """
    if isinstance(result_id, str) and result_id:
        try:
            return str(uuid.UUID(result_id))
        except ValueError:
            return str(uuid.uuid5(NAMESPACE, f"{format}:{json.dumps(result_id)}"))
    canonical = json.dumps(source, sort_keys=True, separators=(",", ":"))
    return str(uuid.uuid5(NAMESPACE, f"{format}:row:{canonical}"))


def parse_time(value: object, name: str) -> datetime:
    """Parse an ISO 8601 time; UnreadableRow without an offset, because it is ambiguous."""
    if not isinstance(value, str) or not value:
        raise UnreadableRow(f"{name} is missing: the time of the test")
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        raise UnreadableRow(f"{name} {value[:60]!r} is not an ISO 8601 time") from None
    if read.utcoffset() is None:
        raise UnreadableRow(f"{name} {value[:60]!r} has no offset (such as Z or +07:00)")
    return read


def iso(when: datetime) -> str:
    """Format a time as in payloads."""
    try:
        return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise UnreadableRow(f"{when.isoformat()} is out of range") from None


def section(source: dict[str, Json], name: str) -> dict[str, Json]:
    """Return the object of a name; an empty one if it is missing."""
    value = source.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableRow(f"{name} is not an object")
    return value


def number(source: dict[str, Json], name: str, factor: float = 1.0) -> float | None:
    """Return a finite number of at least 0, times `factor`; None if it is missing."""
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableRow(f"{name} {str(value)[:60]!r} is not a number")
    try:
        scaled = value * factor
    except OverflowError:
        scaled = math.inf
    if not math.isfinite(scaled) or scaled < 0:
        raise UnreadableRow(f"{name} {str(value)[:60]} is negative or not finite")
    return scaled


def text(source: dict[str, Json], name: str) -> str | None:
    """Return a non-empty string, also of an integer; None if it is missing."""
    value = source.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def rate(value: float | None, transferred: float | None) -> float | None:
    """Return a rate; None for 0 without transferred bytes, which is a skipped direction."""
    return None if value == 0 and not transferred else value


def server(name: str | None, id: str | None = None) -> dict[str, str] | None:
    """Return the server of a test without missing values; None if both are missing."""
    return {key: value for key, value in (("id", id), ("name", name)) if value} or None


def payload(
    options: ImportOptions,
    *,
    id: str,
    at: datetime,
    download: float | None,
    upload: float | None,
    ping: float | None,
    **optional: Any,
) -> dict[str, Json]:
    """Return the payload of the API, from values in Mbps and milliseconds.

    Positions of the source are not used: the tools derive theirs from the IP address.
    """
    finished = download is not None and upload is not None and ping is not None
    body: dict[str, Json] = {
        "id": id,
        "measured_at": iso(at),
        "status": "finished" if finished else "failed",
        "download_mbps": download,
        "upload_mbps": upload,
        "ping_ms": ping,
        "network": {"kind": options.kind},
        "location": options.location,
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    return body
