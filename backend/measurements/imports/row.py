"""What every importer shares: a row read, what the operator gives with the file, and its key."""

import json
import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Fixed for ever: the same row imported again has to get the same key, or it would count twice.
NAMESPACE = uuid.UUID("4d0f7c5e-6c2b-5d0a-9b51-0c5a5c0f6a7e")
NETWORK_KINDS = {"mobile": "mobile", "fixed": "ethernet", "wifi": "wifi", "ethernet": "ethernet"}


class Unreadable(ValueError):
    """Why a row cannot be taken, in words for the person who imports it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its payload, or why there is none; `line` is where it begins, from 1."""

    line: int
    payload: dict[str, Any] | None
    error: str | None
    raw: str


@dataclass(frozen=True, slots=True)
class Given:
    """What the operator states for the whole file, because the tools do not know it."""

    location: dict[str, Any] | None = None
    network_kind: str | None = None

    @classmethod
    def parse(cls, at: str | None = None, network: str | None = None) -> "Given":
        """Read `--at LAT,LON,ACCURACY` and `--network mobile|fixed`; else a ValueError tells."""
        if network is not None and network not in NETWORK_KINDS:
            raise ValueError(f"network {network!r} is none of {', '.join(NETWORK_KINDS)}")
        return cls(None if at is None else _position(at), network)

    @property
    def kind(self) -> str:
        """The network kind of the payload; a fixed line is `ethernet`, no word is `unknown`."""
        return NETWORK_KINDS.get(self.network_kind or "", "unknown")

    def place(self) -> dict[str, Any] | None:
        """A location of its own for each payload."""
        return None if self.location is None else dict(self.location)


def _position(at: str) -> dict[str, Any]:
    try:
        latitude, longitude, accuracy = (float(part) for part in at.split(","))
    except ValueError:
        raise ValueError(f"{at!r} is not LAT,LON,ACCURACY (degrees, degrees, metres)") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180 and 0 <= accuracy < math.inf):
        raise ValueError(
            f"{at!r}: latitude within 90, longitude within 180, accuracy from 0 metres"
        )
    return {"latitude": latitude, "longitude": longitude, "accuracy_m": accuracy}


def key(format: str, result_id: object, source: object) -> str:
    """Name a row: its own UUID, else one made of the source's result id, else of the row itself.

    What the operator gives with the file is no part of it: the same file imported again under
    another position is the same rows.
    """
    if isinstance(result_id, str) and result_id:
        try:
            return str(uuid.UUID(result_id))
        except ValueError:
            return str(uuid.uuid5(NAMESPACE, f"{format}:{json.dumps(result_id)}"))
    canonical = json.dumps(source, sort_keys=True, separators=(",", ":"))
    return str(uuid.uuid5(NAMESPACE, f"{format}:row:{canonical}"))


def moment(value: object, name: str) -> datetime:
    """Read a time; one without an offset is refused, because it names no moment."""
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} is missing: when was it measured?")
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        raise Unreadable(f"{name} {value[:60]!r} is not an ISO 8601 time") from None
    if read.utcoffset() is None:
        raise Unreadable(f"{name} {value[:60]!r} has no offset (such as Z or +07:00)")
    return read


def iso(when: datetime) -> str:
    """Write a time as the payload has it."""
    try:
        return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise Unreadable(f"{when.isoformat()} is out of range") from None


def section(source: dict[str, Any], name: str) -> dict[str, Any]:
    """The object under a name; nothing there is an empty one."""
    found = source.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Unreadable(f"{name} is not an object")
    return found


def number(source: dict[str, Any], name: str, factor: float = 1.0) -> float | None:
    """A finite number from zero on, times `factor`; nothing there is None."""
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{name} {str(value)[:60]!r} is not a number")
    try:
        scaled = value * factor
    except OverflowError:
        scaled = math.inf
    if not math.isfinite(scaled) or scaled < 0:
        raise Unreadable(f"{name} {str(value)[:60]} is negative or not finite")
    return scaled


def text(source: dict[str, Any], name: str) -> str | None:
    """A non-empty text, numbers as text; nothing there is None."""
    value = source.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def measured(value: float | None, transferred: float | None) -> float | None:
    """A rate of zero with no byte moved is a direction that was skipped, not a slow one."""
    return None if value == 0 and not transferred else value


def payload(
    given: Given,
    *,
    id: str,
    at: datetime,
    download: float | None,
    upload: float | None,
    ping: float | None,
    **optional: Any,
) -> dict[str, Any]:
    """The one inside shape, from values already in Mbps and milliseconds.

    No position of the source is accepted here: the tools guess theirs from the IP address.
    """
    finished = download is not None and upload is not None and ping is not None
    body: dict[str, Any] = {
        "id": id,
        "measured_at": iso(at),
        "status": "finished" if finished else "failed",
        "download_mbps": download,
        "upload_mbps": upload,
        "ping_ms": ping,
        "network": {"kind": given.kind},
        "location": given.place(),
        "source": "import",
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    return body
