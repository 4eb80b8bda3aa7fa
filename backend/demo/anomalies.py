"""Anomalies of field data: tests that do not count, and marks."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from backend.demo.phones import Body, Phone, phone_time, uuid_from, values
from backend.demo.places import METRES_PER_DEGREE, Floats
from geo.fix import ANDROID_EMULATOR, IPHONE_SIMULATOR

# Seconds from a good test to an anomaly: less than to the next test.
AFTER_S = (50, 150)
# Largest distance to a point beyond the border between two tests.
STRAY_M = 8_000.0
# False positions: abroad (from an IP address), and in the capital.
ABROAD = (22.8170, 108.3665)
CAPITAL = (21.0285, 105.8542)
# Least time to the next test, so that the way back is possible.
TRAVEL_GAP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Sample:
    """A body with the true time of its test."""

    at: datetime
    body: Body


@dataclass(frozen=True, slots=True)
class Situation:
    """Phone, time, points beyond the border, and the time until the next test."""

    phone: Phone
    at: datetime
    beyond: Floats
    quiet: timedelta
    rng: np.random.Generator


def _repeat(one: Body, situation: Situation) -> None:
    """The test is repeated at once."""


def _failed(one: Body, situation: Situation) -> None:
    one |= {"status": "failed", "download_mbps": None, "upload_mbps": None, "ping_ms": None}
    one["jitter_ms"] = None


def _no_position(one: Body, situation: Situation) -> None:
    one["location"] = None


def _emulator(one: Body, situation: Situation) -> None:
    place = IPHONE_SIMULATOR if situation.phone.platform == "ios" else ANDROID_EMULATOR
    one["location"] |= {"latitude": place[0], "longitude": place[1], "is_mock": True}


def _coarse(one: Body, situation: Situation) -> None:
    accuracy = round(float(situation.rng.uniform(2_200, 9_000)), 1)
    one["location"] |= {"accuracy_m": accuracy, "provider": "network"}


def _stale(one: Body, situation: Situation) -> None:
    age = timedelta(minutes=float(situation.rng.uniform(3, 45)))
    one["location"]["fixed_at"] = phone_time(situation.at - age, situation.phone)


def _foreign(one: Body, situation: Situation) -> None:
    one["network"] |= {"mcc": "457", "mnc": "03", "operator": "Unitel", "roaming": True}


def _abroad(one: Body, situation: Situation) -> None:
    one["location"] |= {"latitude": ABROAD[0], "longitude": ABROAD[1], "provider": "network"}


def _stray(one: Body, situation: Situation) -> None:
    """Beyond the border: the sample counts in the neighbouring province."""
    here = np.array([one["location"]["longitude"], one["location"]["latitude"]])
    if not len(situation.beyond):
        return
    away = np.hypot(*(situation.beyond - here).T) * METRES_PER_DEGREE
    nearest = int(np.argmin(away))
    if away[nearest] < STRAY_M:
        x, y = situation.beyond[nearest].tolist()
        one["location"] |= {"longitude": round(x, 6), "latitude": round(y, 6)}


def _travel(one: Body, situation: Situation) -> None:
    """A false position in the capital, too far away to reach in a minute."""
    if situation.quiet > TRAVEL_GAP:
        place = {"latitude": CAPITAL[0], "longitude": CAPITAL[1], "is_mock": True}
        one["location"] |= place


def _wifi(one: Body, situation: Situation) -> None:
    """The phone uses the Wi-Fi at home: fixed, counted separately."""
    one["network"] = {"kind": "wifi"}
    one["isp"] = "VNPT" if situation.rng.random() < 0.5 else "Viettel Telecom"


def _unknown(one: Body, situation: Situation) -> None:
    one["network"] = {"kind": "unknown"}


def _absurd(one: Body, situation: Situation) -> None:
    one["download_mbps"] = round(float(situation.rng.uniform(20_000, 90_000)), 1)


def _typed(one: Body, situation: Situation) -> None:
    one["source"] = "manual"


# Share per counted test, and whether the anomaly occurs on fixed lines too.
ANOMALIES: tuple[tuple[float, bool, Callable[[Body, Situation], None]], ...] = (
    (0.045, True, _repeat),
    (0.018, True, _failed),
    (0.006, True, _no_position),
    (0.003, True, _emulator),
    (0.007, True, _coarse),
    (0.005, True, _stale),
    (0.002, False, _foreign),
    (0.0015, True, _abroad),
    (0.006, True, _stray),
    (0.006, True, _travel),
    (0.055, False, _wifi),
    (0.001, False, _unknown),
    (0.0015, True, _absurd),
    (0.002, True, _typed),
)
# Shares of marks on tests that count.
MOCK, VPN, METERED, ROAMING = 0.007, 0.005, 0.03, 0.004


def add_anomalies(
    phone: Phone, good: Sequence[Sample], beyond: Floats, rng: np.random.Generator
) -> list[Sample]:
    """Return the good tests, some with marks, and the anomalies that follow others."""
    mobile = phone.network == "mobile"
    kinds = [(share, change) for share, fixed_too, change in ANOMALIES if fixed_too or mobile]
    limits = np.cumsum([share for share, _ in kinds])
    chances = np.searchsorted(limits, rng.random(len(good)), side="right").tolist()
    samples = []
    for place, (one, chance) in enumerate(zip(good, chances, strict=True)):
        samples.append(one)
        if chance < len(kinds):
            quiet = good[place + 1].at - one.at if place + 1 < len(good) else timedelta(days=1)
            at = one.at + timedelta(seconds=int(rng.integers(*AFTER_S)))
            situation = Situation(phone, at, beyond, quiet, rng)
            samples.append(Sample(at, _anomaly_after(one, situation, kinds[chance][1])))
        else:
            _add_marks(one.body, phone, rng)
    return samples


def _anomaly_after(
    one: Sample, situation: Situation, change: Callable[[Body, Situation], None]
) -> Body:
    """Return a test of the same phone and spot a minute later, with the anomaly."""
    made = copy.deepcopy(one.body)
    technology = made["network"].get("technology", "4G")
    made |= values(situation.phone, technology, situation.rng)
    made |= {
        "id": str(uuid_from(situation.rng)),
        "measured_at": phone_time(situation.at, situation.phone),
    }
    made["location"]["fixed_at"] = phone_time(situation.at, situation.phone)
    change(made, situation)
    return made


def _add_marks(one: Body, phone: Phone, rng: np.random.Generator) -> None:
    mock, vpn, metered, roaming = (rng.random(4) < [MOCK, VPN, METERED, ROAMING]).tolist()
    if mock:
        one["location"]["is_mock"] = True
    if vpn:
        one["vpn"] = True
    if metered and phone.network == "mobile":
        one["metered"] = True
    if roaming and phone.network == "mobile" and not phone.hides_network:
        one["network"]["roaming"] = True
