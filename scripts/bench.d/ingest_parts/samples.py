"""What the bench sends: samples as phones make them, and the same as finished rows."""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

# A volunteer's day: some tests from the morning on, a walk of some hundred metres between them.
A_DAY, APART = 16, timedelta(minutes=25)
# Younger than rules.AGE_MOST, so that every sample is judged in full.
SINCE = timedelta(days=58)
Area = tuple[float, float, float, float]  # west, south, width, height
AREA: Area = (105.6, 21.4, 0.4, 0.4)  # Thái Nguyên
HOT: Area = (105.83, 21.59, 0.01, 0.01)  # a square kilometre of its city, in one commune
STEP_DEG = 0.004

COLUMNS = (
    "id", "device_id", "received_at", "measured_at", "day", "network", "kind", "source", "status",
    "operator", "technology", "download_mbps", "upload_mbps", "ping_ms", "jitter_ms", "latitude",
    "longitude", "accuracy_m", "unit_id", "set_id", "how", "own_reasons", "reasons", "marks",
    "valid", "counted", "rules", "raw",
)  # fmt: skip


def walk(seed: int, first: int = 0, area: Area = AREA) -> Iterator[dict[str, Any]]:
    """One phone's samples in order of time, from its `first` on; in a small area it stays there."""
    dice = random.Random(f"{seed} {first}")
    morning = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) - SINCE
    west, south, width, height = area
    longitude, latitude = west + dice.random() * width, south + dice.random() * height
    step = min(STEP_DEG, width / 4)
    number = first
    while True:
        days, turn = divmod(number, A_DAY)
        at = morning + timedelta(days=days, seconds=dice.randrange(600)) + turn * APART
        longitude += dice.uniform(-step, step)
        latitude += dice.uniform(-step, step)
        yield _sample(dice, at, longitude, latitude)
        number += 1


def _sample(dice: random.Random, at: datetime, longitude: float, latitude: float) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "measured_at": at.isoformat(),
        "status": "finished",
        "download_mbps": round(dice.lognormvariate(3.6, 0.8), 2),
        "upload_mbps": round(dice.lognormvariate(2.5, 0.8), 2),
        "ping_ms": round(dice.lognormvariate(3.2, 0.4), 1),
        "jitter_ms": round(dice.lognormvariate(1.2, 0.5), 1),
        "network": {
            "kind": "mobile",
            "technology": dice.choice(("4G", "4G", "5G")),
            "mcc": "452",
            "mnc": dice.choice(("01", "02", "04", "05")),
            "operator": "",
            "signal_dbm": -dice.randrange(60, 115),
            "roaming": False,
        },
        "location": {
            "latitude": round(latitude, 6),
            "longitude": round(longitude, 6),
            "accuracy_m": round(dice.lognormvariate(2.5, 0.5), 1),
            "provider": "gps",
            "is_mock": False,
            "fixed_at": at.isoformat(),
        },
        "server": {"id": "hn-1", "name": "Hà Nội"},
        "app_version": "1.0.0",
    }


def row(sample: dict[str, Any], device: uuid.UUID, unit: int, boundary_set: int) -> tuple[Any, ...]:
    """The finished row of a sample, with nothing left to find out."""
    at = datetime.fromisoformat(sample["measured_at"])
    network, location = sample["network"], sample["location"]
    values = [sample[name] for name in ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms")]
    position = [location[name] for name in ("latitude", "longitude", "accuracy_m")]
    return (
        uuid.UUID(sample["id"]), device, datetime.now(UTC), at, at.date(), "mobile", "mobile",
        "app", "finished", "Viettel", network["technology"], *values, *position, unit,
        boundary_set, "inside", [], [], [], True, True, 1, json.dumps(sample, ensure_ascii=False),
    )  # fmt: skip
