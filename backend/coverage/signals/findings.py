"""Findings as stored and shown: figures, and devices under pseudonymous numbers."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.clock import local_day
from backend.coverage.signals.evidence import DeviceSample, Evidence
from backend.coverage.signals.queries import SampleSet
from backend.coverage.signals.rules import SIGNALS

# A reviewer needs to see the composition of a group, not each of hundreds of devices.
DEVICES_SHOWN = 50
# Eight digits can be read out on the telephone and hardly ever collide in one month.
NUMBER_BELOW = 10**8
# Facts that distinguish findings of the same kind and device.
DISTINGUISHING_FACTS = ("day",)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the evidence, which is stored, and the devices, which are only shown."""

    kind: str
    subject: str
    evidence: dict[str, Any]
    devices: list[dict[str, Any]]


def findings(samples: SampleSet, month: str, key: str) -> list[Finding]:
    """Apply all rules to a month's samples."""
    by_id = {row.id: row for row in samples.rows}
    return [
        _finding(one, [by_id[each] for each in one.measurements], samples, month, key)
        for signal in SIGNALS.values()
        for one in signal(samples.rows)
    ]


def device_number(device: UUID, month: str, key: str) -> int:
    """Return the pseudonym of a device in one month; it cannot be reversed without the key."""
    digest = _digest(key, f"number|{month}|{device}")
    return int.from_bytes(digest[:8]) % NUMBER_BELOW


def _finding(
    one: Evidence, rows: list[DeviceSample], samples: SampleSet, month: str, key: str
) -> Finding:
    """Build a finding; its subject depends on the first row, so it is stable as a group grows."""
    first = rows[0]
    place = (first.latitude, first.longitude) if one.signal == "same_coordinates" else ()
    facts = [one.facts.get(name) for name in DISTINGUISHING_FACTS]
    subject = _digest(key, f"subject|{month}|{one.signal}|{first.device}|{place}|{facts}")
    days = sorted({local_day(row.at) for row in rows})
    stored = {
        "devices": len(one.devices),
        "measurements": len(rows),
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "facts": dict(one.facts),
    }
    shown = _serialize_devices(one.devices[:DEVICES_SHOWN], samples.owners, month, key)
    return Finding(one.signal, subject.hex()[:32], stored, shown)


def _serialize_devices(
    devices: Iterable[UUID],
    owners: Mapping[UUID, tuple[int | None, int | None]],
    month: str,
    key: str,
) -> list[dict[str, Any]]:
    rows = []
    for device in devices:
        volunteer, team = owners.get(device, (None, None))
        number = device_number(device, month, key)
        rows.append({"number": number, "volunteer": volunteer, "team_id": team})
    return sorted(rows, key=lambda row: int(row["number"]))


def _digest(key: str, content: str) -> bytes:
    return hmac.digest(key.encode(), b"signals|" + content.encode(), hashlib.sha256)
