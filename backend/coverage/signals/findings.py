"""Findings of searches: evidence without ids, and devices as numbers of the month."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from backend.clock import month_end, month_start
from backend.coverage.signals.networks import SAME_NETWORK, NetworkGroup
from backend.coverage.signals.rules import DeviceSample, Evidence

# A reviewer needs to see the composition of a group, not each of hundreds of devices.
DEVICES_SHOWN = 50
# Eight digits can be read out on the telephone and hardly ever collide in one month.
NUMBER_BELOW = 10**8
# Officials see positions to 111 m: a place and not a house.
POSITION_DECIMALS = 3
# Signals of a whole commune: one of each in a month.
OF_COMMUNE = ("backdated", "guest_share")
# Facts that distinguish findings of the same kind and device.
DISTINGUISHING_FACTS = ("day",)

Owners = Mapping[UUID, tuple[int | None, int | None]]  # device: volunteer, team


Facts = Mapping[str, float | int | str]  # figures that exceeded a limit, by name


class SignalFigures(TypedDict):
    """Extent of a signal and the figures that exceeded a limit, as stored."""

    devices: int
    measurements: int
    first_day: str  # YYYY-MM-DD
    last_day: str
    facts: dict[str, float | int | str]


class SignalDevice(TypedDict):
    """A device by its number of the month."""

    number: int
    volunteer: int | None  # its number; null: never in a team
    team_id: int | None  # in the campaign


class Position(TypedDict):
    """A rounded position, EPSG:4326."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its evidence, the communes of its samples, and its devices."""

    kind: str
    subject: str
    evidence: SignalFigures
    units: list[int]
    devices: list[SignalDevice]


@dataclass(frozen=True, slots=True)
class FindingMaker:
    """Makes findings of a month; a subject stays the same while its evidence grows."""

    month: str
    key: str  # of numbers and subjects
    owners: Owners

    def of_samples(
        self, evidence: Evidence, by_id: Mapping[UUID, DeviceSample], unit: int
    ) -> Finding:
        """Return the finding of a rule, by its first sample or, of a whole commune, by this."""
        rows = [by_id[each] for each in evidence.measurements]
        first = rows[0]
        place = (first.latitude, first.longitude) if evidence.signal == "same_coordinates" else ()
        facts = [evidence.facts.get(name) for name in DISTINGUISHING_FACTS]
        who = unit if evidence.signal in OF_COMMUNE else first.device
        days = sorted({row.day for row in rows})
        units = sorted({row.unit for row in rows if row.unit is not None})
        figures = _figures(len(evidence.devices), len(rows), days, evidence.facts)
        return self._finding(
            evidence.signal, f"{who}|{place}|{facts}", figures, units, evidence.devices
        )

    def of_share(
        self,
        unit_id: int,
        kind: str,
        label: str,
        devices: Sequence[UUID],
        n: int,
        counted: int,
        **facts: str,
    ) -> Finding:
        """Return the finding of n of a commune's counted samples, perhaps of known devices."""
        month = [month_start(self.month), month_end(self.month)]
        share: Facts = {"counted": counted, "share": round(n / counted, 2)}
        figures = _figures(len(devices), n, month, {**facts, **share})
        return self._finding(kind, f"{unit_id}|{label}", figures, [unit_id], devices)

    def of_network(self, group: NetworkGroup, unit: int) -> Finding:
        """Return a commune's part of a network with many phones; the figures are of all of it."""
        devices = {use.device for use in group.uses}
        days = sorted({use.measured_on for use in group.uses})
        facts = {"case": group.case, "day": group.day.isoformat()}
        figures = _figures(len(devices), len(group.uses), days, facts)
        here = sorted({use.device for use in group.uses if use.unit == unit})
        units = sorted({use.unit for use in group.uses if use.unit is not None})
        fixed = "|fixed" if group.case == "fixed" else ""
        subject = f"{group.day}|{group.prefix.hex()}{fixed}"
        return self._finding(SAME_NETWORK, subject, figures, units, here)

    def _finding(
        self,
        kind: str,
        subject: str,
        figures: SignalFigures,
        units: list[int],
        devices: Sequence[UUID],
    ) -> Finding:
        digest = _digest(self.key, f"subject|{self.month}|{kind}|{subject}").hex()[:32]
        shown = self._serialize_devices(devices[:DEVICES_SHOWN])
        return Finding(kind, digest, figures, units, shown)

    def _serialize_devices(self, devices: Iterable[UUID]) -> list[SignalDevice]:
        rows: list[SignalDevice] = []
        for device in devices:
            volunteer, team = self.owners.get(device, (None, None))
            number = device_number(device, self.month, self.key)
            rows.append({"number": number, "volunteer": volunteer, "team_id": team})
        return sorted(rows, key=lambda row: row["number"])


def _figures(devices: int, measurements: int, days: Sequence[date], facts: Facts) -> SignalFigures:
    return {
        "devices": devices,
        "measurements": measurements,
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "facts": dict(facts),
    }


def device_number(device: UUID, month: str, key: str) -> int:
    """Return the pseudonym of a device in one month; it cannot be reversed without the key."""
    digest = _digest(key, f"number|{month}|{device}")
    return int.from_bytes(digest[:8]) % NUMBER_BELOW


def shown_position(row: Mapping[Any, Any]) -> Position | None:
    """Return the position of a sample or note as officials see it; None without one."""
    if row["latitude"] is None:
        return None
    return {
        "latitude": round(row["latitude"], POSITION_DECIMALS),
        "longitude": round(row["longitude"], POSITION_DECIMALS),
    }


def order_key(month: str, key: str) -> str:
    """Return the key of the order in which rows are left out; nobody can choose their place."""
    return _digest(key, f"order|{month}").hex()


def _digest(key: str, content: str) -> bytes:
    return hmac.digest(key.encode(), b"signals|" + content.encode(), hashlib.sha256)
