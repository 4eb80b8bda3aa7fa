"""Simulated volunteer on a motorbike with plausible measurements."""

import math
import random
import uuid
from typing import Any

from tests.tools.phone_simulator.clock import Clock

CENTRE = (21.594, 105.848)  # the city of Thái Nguyên
RADIUS_M = 8_000.0  # the phone turns back further out
SPEED_M_PER_S = 11.0  # 40 km/h
STOPS = 0.25  # share of the time without movement: its samples are repeats
METRES_PER_DEGREE = 111_195.0
OPERATORS = (("04", "Viettel", 0.5), ("02", "VinaPhone", 0.25), ("01", "MobiFone", 0.25))
TECHNOLOGIES = (("5G", 210.0, 0.2), ("4G", 42.0, 0.7), ("3G", 6.0, 0.1))


class Walk:
    """Positions and measurements of a phone."""

    def __init__(self, rng: random.Random, broken: float = 0.0, clock: Clock | None = None) -> None:
        """`broken` is the share of invalid measurements."""
        self._rng, self._broken, self._clock = rng, broken, clock or Clock()
        self._east, self._north = (rng.uniform(-5_000.0, 5_000.0) for _ in range(2))
        self._heading = rng.uniform(0.0, math.tau)
        self._operator = rng.choices(OPERATORS, [share for *_, share in OPERATORS])[0]

    def move(self, seconds: float) -> None:
        """Move for some time, or stand still."""
        if self._rng.random() < STOPS:
            return
        if math.hypot(self._east, self._north) > RADIUS_M:
            self._heading = math.atan2(-self._north, -self._east)
        self._heading += self._rng.gauss(0.0, 0.4)
        self._east += SPEED_M_PER_S * seconds * math.cos(self._heading)
        self._north += SPEED_M_PER_S * seconds * math.sin(self._heading)

    def measure(self) -> dict[str, Any]:
        """Return a measurement at the present time and place."""
        now = self._clock.now().isoformat(timespec="milliseconds")
        technology, median, _ = self._rng.choices(TECHNOLOGIES, [part[2] for part in TECHNOLOGIES])[
            0
        ]
        down = round(median * self._rng.lognormvariate(0.0, 0.6), 2)
        body = {
            "id": str(uuid.uuid4()),
            "measured_at": now,
            "status": "finished",
            "download_mbps": down,
            "upload_mbps": round(down * self._rng.uniform(0.15, 0.5), 2),
            "ping_ms": round(self._rng.lognormvariate(3.2, 0.4), 1),
            "jitter_ms": round(self._rng.expovariate(0.3), 1),
            "network": self._network(technology),
            "location": self._location(now),
            "server": {"id": "hn-1", "name": "Hà Nội"},
            "app_version": "1.0.0",
        }
        return self._with_faults(body)

    def _network(self, technology: str) -> dict[str, Any]:
        mnc, name, _ = self._operator
        radio = {"technology": technology, "signal_dbm": self._rng.randint(-115, -65)}
        known = {"mcc": "452", "mnc": mnc, "operator": name, "roaming": False}
        return {"kind": "mobile"} | radio | known

    def _location(self, now: str) -> dict[str, Any]:
        latitude = CENTRE[0] + self._north / METRES_PER_DEGREE
        across = METRES_PER_DEGREE * math.cos(math.radians(latitude))
        return {
            "latitude": round(latitude, 6),
            "longitude": round(CENTRE[1] + self._east / across, 6),
            "accuracy_m": round(self._rng.lognormvariate(2.3, 0.4), 1),
            "provider": "gps",
            "is_mock": False,
            "fixed_at": now,
        }

    def _with_faults(self, body: dict[str, Any]) -> dict[str, Any]:
        """Add faults of the field: failed tests, missing positions, invalid values."""
        chance = self._rng.random()
        if chance < self._broken:
            return body | {"download_mbps": -1}
        if chance > 0.97:
            values = dict.fromkeys(("download_mbps", "upload_mbps", "ping_ms", "jitter_ms"))
            return body | {"status": "failed"} | values
        return body | {"location": None} if chance > 0.94 else body
