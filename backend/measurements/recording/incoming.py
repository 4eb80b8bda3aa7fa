"""From what a phone sent to the row that is stored, before the verdict."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from backend.clock import local_day
from backend.measurements.recording import rules
from backend.units.locator import Placed
from geo.fix import position_problem


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an arrival beside its content."""

    received_at: datetime
    sent_at: datetime | None = None
    old_welcome: bool = False  # operator's imports may be of any age
    count_manual: bool = False
    has_device: bool = True
    count_without_device: bool = False  # an admin's decision, audited
    source: str = "app"  # of what does not say so itself


class Position(NamedTuple):
    """Where a measurement is looked up: on which day, at which point."""

    day: date
    longitude: float
    latitude: float
    accuracy_m: float


def read_id(value: Any) -> UUID | None:
    """The client's UUID, whatever its case; None where it is none."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def digest(raw: Mapping[str, Any], key: str) -> bytes:
    """Keyed digest of the content; `sent_at` belongs to the attempt and is no part of it."""
    content = {name: value for name, value in raw.items() if name not in ("id", "sent_at")}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key.encode(), canonical.encode(), hashlib.sha256)


def skew_of(circumstances: Circumstances) -> timedelta | None:
    """How far the phone's clock was off, where that is large enough to correct for."""
    if circumstances.sent_at is None:
        return None
    skew = circumstances.received_at - circumstances.sent_at
    return skew if rules.SKEW_LEAST < abs(skew) < rules.SKEW_MOST else None


def row_of(loaded: Mapping[str, Any], raw: Mapping[str, Any], now: Circumstances) -> dict[str, Any]:
    """The columns that follow from the content and its first receipt, without place and verdict."""
    network = loaded["network"]
    location = loaded["location"] or {}
    kind = network["kind"]
    skew = skew_of(now)
    measured_at = loaded["measured_at"] + (skew or timedelta())
    stated = loaded.get("isp") if kind in ("wifi", "ethernet") else network.get("operator")
    return {
        "received_at": now.received_at,
        "measured_at": measured_at,
        "skew_s": skew.total_seconds() if skew else None,
        "day": local_day(measured_at),
        "network": rules.network_of(kind),
        "kind": kind,
        "source": loaded.get("source") or now.source,
        "status": loaded["status"],
        "operator": rules.operator_of(kind, network.get("mcc"), network.get("mnc"), stated),
        "technology": rules.shown(network.get("technology")),
        "download_mbps": loaded.get("download_mbps"),
        "upload_mbps": loaded.get("upload_mbps"),
        "ping_ms": loaded.get("ping_ms"),
        "jitter_ms": loaded.get("jitter_ms"),
        "latitude": location.get("latitude"),
        "longitude": location.get("longitude"),
        "accuracy_m": location.get("accuracy_m"),
        "rules": rules.RULES,
        "raw": raw,
    }


def position_of(row: Mapping[str, Any]) -> Position | None:
    """The point to look up, or None where the position cannot name a commune."""
    if position_problem(row["latitude"], row["longitude"], row["accuracy_m"]):
        return None
    return Position(row["day"], row["longitude"], row["latitude"], row["accuracy_m"])


def own_reasons(
    row: Mapping[str, Any], loaded: Mapping[str, Any], placed: Placed | None, now: Circumstances
) -> tuple[str, ...]:
    """Every reason that follows from the measurement alone, by weight."""
    found: list[str | None] = [
        position_problem(row["latitude"], row["longitude"], row["accuracy_m"]),
        "outside_communes" if placed is not None and placed.unit_id is None else None,
        "kind_unknown" if row["network"] == "unknown" else None,
        *_of_the_test(row),
        *_of_the_times(row, loaded, now),
        *_of_the_network(loaded),
        *_of_the_source(row, now),
    ]
    return rules.in_order(reason for reason in found if reason)


def _of_the_test(row: Mapping[str, Any]) -> list[str]:
    if row["status"] != "finished":
        return ["failed_test"]
    values = row["download_mbps"], row["upload_mbps"], row["ping_ms"]
    return ["implausible_value"] if rules.implausible(row["network"], *values) else []


def _of_the_times(
    row: Mapping[str, Any], loaded: Mapping[str, Any], now: Circumstances
) -> list[str]:
    reasons = []
    fixed_at = (loaded["location"] or {}).get("fixed_at")
    if fixed_at and abs(fixed_at - loaded["measured_at"]) > rules.FIX_AGE_MOST:
        reasons.append("fix_stale")
    age = row["received_at"] - row["measured_at"]
    if -age > rules.FUTURE_MOST:
        reasons.append("in_future")
    if age > rules.AGE_MOST and not now.old_welcome:
        reasons.append("too_old")
    return reasons


def _of_the_network(loaded: Mapping[str, Any]) -> list[str]:
    network = loaded["network"]
    mcc = rules.shown(network.get("mcc"))
    foreign = network["kind"] == "mobile" and mcc not in (None, rules.COUNTRY_MCC)
    return ["foreign_network"] if foreign else []


def _of_the_source(row: Mapping[str, Any], now: Circumstances) -> list[str]:
    reasons = []
    if not now.has_device and not now.count_without_device:
        reasons.append("no_device")
    if row["source"] == "manual" and not now.count_manual:
        reasons.append("source_not_counted")
    return reasons


def marks(
    row: Mapping[str, Any], loaded: Mapping[str, Any], placed: Placed | None, now: Circumstances
) -> list[str]:
    """What was noticed and takes nothing away."""
    network, location = loaded["network"], loaded["location"] or {}
    roaming = bool(network.get("roaming")) and network["kind"] == "mobile"
    found = {
        "mock_position": location.get("is_mock"),
        "border_ambiguous": placed is not None and placed.ambiguous,
        "snapped": placed is not None and placed.how == "snapped",
        "vpn": loaded.get("vpn"),
        "clock_corrected": row["skew_s"] is not None,
        "national_roaming": roaming and not _of_the_network(loaded),
        "operator_stated": loaded.get("operator_source") == "user",
        "metered": loaded.get("metered"),
        "counted_by_admin": not now.has_device and now.count_without_device,
    }
    return [mark for mark, is_so in found.items() if is_so]


def sample_of(row: Mapping[str, Any]) -> rules.Sample:
    """What judging needs of a row."""
    return rules.Sample(
        id=row["id"],
        at=row["measured_at"],
        network=row["network"],
        operator=row["operator"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        accuracy_m=row["accuracy_m"],
        own_reasons=tuple(row["own_reasons"]),
    )
