"""Build the rows of a month: phones, their measurements, planted cheats."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np

from backend.coverage.signals.rules import DEGREE_WIDTH_M, DeviceSample
from geo.fix import METRES_PER_DEGREE

BEGIN = datetime(2024, 10, 31, 17, tzinfo=UTC)  # the first of November in Vietnam
DAYS = 30
CENTRE = (21.594213, 105.848217)
AREA_M = 12_000.0  # how far from the centre people live
# Communes are squares of this side.
COMMUNE_M = 6_000.0
Spot = tuple[float, float]

# The speed of honest people: a bus on a fast road; the capital is more than an hour away.
ROAD_M_PER_S, STANDING_M = 32.0, 300.0
FLIGHT_M, FLIGHT_S = 40_000.0, 7_200.0

# Of all tests: a position in another place for once, a mock position left on.
GLITCHES, MOCKS = 0.006, 0.007
GLITCH = (21.0285, 105.8542)
# Indoors some positions are those of a cell's mast, equal to the last digit for all.
MASTS, MAST_ACCURACY_M = 0.03, (400.0, 1_900.0)


@dataclass(frozen=True, slots=True)
class Phone:
    """A device with its line; `digits` is the precision of its app's speeds."""

    id: UUID
    registered_at: datetime
    digits: int
    speed: float
    ping: float
    guest: bool = False
    cap: float | None = None  # Mbps to which its carrier slows it down


@dataclass
class Month:
    """Rows, devices of planted cheats by signal, and devices of look-alikes by habit."""

    seed: int
    rows: list[DeviceSample] = field(default_factory=list)
    cheats: dict[str, list[set[UUID]]] = field(default_factory=dict)
    honest: dict[str, set[UUID]] = field(default_factory=dict)
    true_places: dict[UUID, Spot] = field(default_factory=dict)  # of each test
    # Of each test: the digest of its network, and whether that is outside the carriers' list.
    networks: dict[UUID, tuple[bytes, bool]] = field(default_factory=dict)
    people: dict[UUID, UUID] = field(default_factory=dict)  # of linked phones

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        masts = self.rng.uniform(-AREA_M, AREA_M, (12, 2))
        self.masts = [shifted(CENTRE, east, north) for east, north in masts.tolist()]

    def plant(self, signal: str, phones: list[Phone]) -> None:
        """Record devices that cheat, and the signal that should find them."""
        self.cheats.setdefault(signal, []).append({phone.id for phone in phones})

    def note(self, habit: str, phones: list[Phone]) -> None:
        """Record devices that only look like cheats."""
        self.honest.setdefault(habit, set()).update(phone.id for phone in phones)

    def phone(self, registered: datetime | None = None, **changes: object) -> Phone:
        """Return a typical phone of a province."""
        rng = self.rng
        fields: dict[str, object] = {
            "id": UUID(bytes=rng.bytes(16), version=4),
            "registered_at": registered or BEGIN - timedelta(days=float(rng.uniform(1, 60))),
            "digits": 2 if rng.random() < 0.7 else 1,
            "speed": float(rng.lognormal(3.7, 0.5)),
            "ping": float(rng.lognormal(3.3, 0.3)),
        }
        return Phone(**{**fields, **changes})

    def spot(self, around: Spot = CENTRE, within_m: float = AREA_M) -> Spot:
        """Return a random place."""
        east, north = self.rng.uniform(-within_m, within_m, 2).tolist()
        return shifted(around, east, north)

    def corner(self) -> Spot:
        """Return a place in the middle of a commune at the border of the province."""
        east, north = self.rng.choice([-1, 1], 2) * COMMUNE_M * 2.5
        return shifted(CENTRE, float(east), float(north))

    def moment(self, day: int, first: float, last: float) -> datetime:
        """Return a random time of a day between two hours of Vietnam."""
        return BEGIN + timedelta(days=day, hours=float(self.rng.uniform(first, last)))

    def test(
        self, phone: Phone, at: datetime, where: Spot, indoors: bool = False, **changes: object
    ) -> None:
        """Add an honest test, changed by keyword."""
        rng = self.rng
        chance, noise = rng.random(4).tolist(), rng.normal(0, 6, 2).tolist()
        latitude, longitude = shifted(where, *noise)
        accuracy = 4 + 30 * chance[3] ** 2
        if indoors and chance[0] < MASTS:
            latitude, longitude = self.masts[int(chance[3] * len(self.masts))]
            accuracy = float(rng.uniform(*MAST_ACCURACY_M))
        elif chance[1] < GLITCHES:
            latitude, longitude = shifted(GLITCH, *noise)
        fields: dict[str, object] = {
            "unit": commune_at(latitude, longitude),
            "latitude": round(latitude, 6),
            "longitude": round(longitude, 6),
            "accuracy_m": round(accuracy, 1),
            "mock": chance[2] < MOCKS,
            **self.speeds(phone),
            **changes,
        }
        at = at.replace(microsecond=0)  # phones report seconds
        identity = UUID(bytes=rng.bytes(16), version=4)
        self.true_places[identity] = where
        base = (identity, phone.id, phone.registered_at, at)
        self.rows.append(DeviceSample(*base, guest=phone.guest, **fields))

    def leave_out_the_impossible(self) -> None:
        """Drop tests that people could not have made in time: habits overlap by chance."""
        cheats = {one for plants in self.cheats.values() for plant in plants for one in plant}
        kept: list[DeviceSample] = []
        last: dict[UUID, DeviceSample] = {}
        for row in sorted(self.rows, key=lambda row: (row.at, row.id)):
            if row.device not in cheats and row.at < row.registered_at:
                continue
            before = last.get(row.device)
            if before is None or row.device in cheats or self._in_time(before, row):
                kept.append(row)
                last[row.device] = row
        self.rows = kept

    def _in_time(self, before: DeviceSample, row: DeviceSample) -> bool:
        (a, b), (c, d) = self.true_places[before.id], self.true_places[row.id]
        way = np.hypot((c - a) * METRES_PER_DEGREE, (d - b) * DEGREE_WIDTH_M)
        seconds = (row.at - before.at).total_seconds()
        if way > FLIGHT_M:
            return seconds > FLIGHT_S
        return bool(way <= STANDING_M + ROAD_M_PER_S * seconds)

    def speeds(self, phone: Phone) -> dict[str, object]:
        """Return a result as reported by the phone's app."""
        down, up, wait = self.rng.lognormal(0, (0.45, 0.5, 0.2)).tolist()
        speed, ping = phone.speed * down, phone.ping * wait
        upload = speed * 0.3 * up
        if phone.cap is not None:  # the carrier's limit hides differences
            speed, upload = phone.cap * (0.97 + 0.04 * down), phone.cap * (0.28 + 0.02 * up)
        return {
            "download_mbps": round(speed, phone.digits),
            "upload_mbps": round(upload, phone.digits),
            "ping_ms": round(ping, 1 if phone.digits == 2 else 0),
        }


def commune_at(latitude: float, longitude: float) -> int:
    """Return the number of the commune of a place; elsewhere in the country there are others."""
    east = (longitude - CENTRE[1]) * DEGREE_WIDTH_M // COMMUNE_M
    north = (latitude - CENTRE[0]) * METRES_PER_DEGREE // COMMUNE_M
    return int(east + 10_000 * (north + 1_000))


def shifted(where: Spot, east_m: float, north_m: float) -> Spot:
    """Return a place at a distance in metres."""
    return where[0] + north_m / METRES_PER_DEGREE, where[1] + east_m / DEGREE_WIDTH_M
