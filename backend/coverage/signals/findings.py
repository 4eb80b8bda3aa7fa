"""Findings as they are stored and shown: figures, and devices under numbers that lead to nobody."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.clock import local_day
from backend.coverage.signals.rows import Evidence, Seen
from backend.coverage.signals.rules import SIGNALS
from backend.coverage.signals.sources import Looked

# Whoever looks at a group needs to see how it is made up, not every one of hundreds.
DEVICES_SHOWN = 50
# Eight figures can be read out on the telephone, and hardly ever agree by chance in one month.
NUMBER_BELOW = 10**8
# Which facts tell one finding of a device from another of the same kind.
NAMING = ("day",)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sign: what is kept of it, and the devices, which are shown and never kept."""

    kind: str
    subject: str
    evidence: dict[str, Any]
    devices: list[dict[str, Any]]


def findings(looked: Looked, month: str, key: str) -> list[Finding]:
    """Every sign of a month's rows."""
    by_id = {row.id: row for row in looked.rows}
    return [
        _finding(one, [by_id[each] for each in one.measurements], looked, month, key)
        for signal in SIGNALS.values()
        for one in signal(looked.rows)
    ]


def number(device: UUID, month: str, key: str) -> int:
    """The number of a device in one month; without the key nobody comes back from it."""
    digest = _digest(key, f"number|{month}|{device}")
    return int.from_bytes(digest[:8]) % NUMBER_BELOW


def _finding(one: Evidence, rows: list[Seen], looked: Looked, month: str, key: str) -> Finding:
    """The subject hangs on who was first, so that it stays the same while a group grows."""
    first = rows[0]
    place = (first.latitude, first.longitude) if one.signal == "same_coordinates" else ()
    named = [one.facts.get(name) for name in NAMING]
    subject = _digest(key, f"subject|{month}|{one.signal}|{first.device}|{place}|{named}")
    days = sorted({local_day(row.at) for row in rows})
    kept = {
        "devices": len(one.devices),
        "measurements": len(rows),
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "facts": dict(one.facts),
    }
    shown = _told(one.devices[:DEVICES_SHOWN], looked.volunteers, month, key)
    return Finding(one.signal, subject.hex()[:32], kept, shown)


def _told(
    devices: Iterable[UUID],
    whose: Mapping[UUID, tuple[int | None, int | None]],
    month: str,
    key: str,
) -> list[dict[str, Any]]:
    rows = []
    for device in devices:
        volunteer, team = whose.get(device, (None, None))
        told = {"number": number(device, month, key), "volunteer": volunteer, "team_id": team}
        rows.append(told)
    return sorted(rows, key=lambda row: int(row["number"]))


def _digest(key: str, words: str) -> bytes:
    return hmac.digest(key.encode(), b"signals|" + words.encode(), hashlib.sha256)
