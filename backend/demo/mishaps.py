"""All that goes wrong in the field: beside the tests that count, those that do not."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from backend.demo.phones import Body, Phone, told, uuid_from, values
from backend.demo.places import METRES_PER_DEGREE, Floats
from geo.fix import ANDROID_EMULATOR, IPHONE_SIMULATOR

# A mishap follows a good test by so many seconds: before the next one.
AFTER_S = (50, 150)
# How far over the border one strays between two tests.
STRAY_M = 8_000.0
# Where positions taken from an address land: abroad, and in the capital.
ABROAD = (22.8170, 108.3665)
CAPITAL = (21.0285, 105.8542)
# From there the way back takes longer than the tests of one outing leave.
TRAVEL_GAP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Sample:
    """A body with the true moment of its test."""

    at: datetime
    body: Body


@dataclass(frozen=True, slots=True)
class Scene:
    """What a mishap may need: who, when, where the neighbours are, how long nothing follows."""

    phone: Phone
    at: datetime
    beyond: Floats
    quiet: timedelta
    rng: np.random.Generator


def _repeat(one: Body, scene: Scene) -> None:
    """Somebody presses the button again at once."""


def _failed(one: Body, scene: Scene) -> None:
    one |= {"status": "failed", "download_mbps": None, "upload_mbps": None, "ping_ms": None}
    one["jitter_ms"] = None


def _no_position(one: Body, scene: Scene) -> None:
    one["location"] = None


def _emulator(one: Body, scene: Scene) -> None:
    place = IPHONE_SIMULATOR if scene.phone.platform == "ios" else ANDROID_EMULATOR
    one["location"] |= {"latitude": place[0], "longitude": place[1], "is_mock": True}


def _coarse(one: Body, scene: Scene) -> None:
    accuracy = round(float(scene.rng.uniform(2_200, 9_000)), 1)
    one["location"] |= {"accuracy_m": accuracy, "provider": "network"}


def _stale(one: Body, scene: Scene) -> None:
    age = timedelta(minutes=float(scene.rng.uniform(3, 45)))
    one["location"]["fixed_at"] = told(scene.at - age, scene.phone)


def _foreign(one: Body, scene: Scene) -> None:
    one["network"] |= {"mcc": "457", "mnc": "03", "operator": "Unitel", "roaming": True}


def _abroad(one: Body, scene: Scene) -> None:
    one["location"] |= {"latitude": ABROAD[0], "longitude": ABROAD[1], "provider": "network"}


def _stray(one: Body, scene: Scene) -> None:
    """Over the border: it counts, in the neighbouring province."""
    here = np.array([one["location"]["longitude"], one["location"]["latitude"]])
    if not len(scene.beyond):
        return
    away = np.hypot(*(scene.beyond - here).T) * METRES_PER_DEGREE
    nearest = int(np.argmin(away))
    if away[nearest] < STRAY_M:
        x, y = scene.beyond[nearest].tolist()
        one["location"] |= {"longitude": round(x, 6), "latitude": round(y, 6)}


def _travel(one: Body, scene: Scene) -> None:
    """A false position in the capital, where nobody can be a minute later."""
    if scene.quiet > TRAVEL_GAP:
        place = {"latitude": CAPITAL[0], "longitude": CAPITAL[1], "is_mock": True}
        one["location"] |= place


def _wifi(one: Body, scene: Scene) -> None:
    """The phone has joined the Wi-Fi at home: fixed, counted apart."""
    one["network"] = {"kind": "wifi"}
    one["isp"] = "VNPT" if scene.rng.random() < 0.5 else "Viettel Telecom"


def _unknown(one: Body, scene: Scene) -> None:
    one["network"] = {"kind": "unknown"}


def _absurd(one: Body, scene: Scene) -> None:
    one["download_mbps"] = round(float(scene.rng.uniform(20_000, 90_000)), 1)


def _typed(one: Body, scene: Scene) -> None:
    one["source"] = "manual"


# How often each happens, per test that counts; whether it happens on fixed lines too.
MISHAPS: tuple[tuple[float, bool, Callable[[Body, Scene], None]], ...] = (
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
# What is only noticed, on tests that count: field and how often.
MOCK, VPN, METERED, ROAMING = 0.007, 0.005, 0.03, 0.004


def with_mishaps(
    phone: Phone, good: Sequence[Sample], beyond: Floats, rng: np.random.Generator
) -> list[Sample]:
    """The good tests with what is noticed of some, and the mishaps that follow others."""
    kinds = [(share, what) for share, both, what in MISHAPS if both or phone.network == "mobile"]
    limits = np.cumsum([share for share, _ in kinds])
    chances = np.searchsorted(limits, rng.random(len(good)), side="right").tolist()
    samples = []
    for place, (one, chance) in enumerate(zip(good, chances, strict=True)):
        samples.append(one)
        if chance < len(kinds):
            quiet = good[place + 1].at - one.at if place + 1 < len(good) else timedelta(days=1)
            at = one.at + timedelta(seconds=int(rng.integers(*AFTER_S)))
            scene = Scene(phone, at, beyond, quiet, rng)
            samples.append(Sample(at, _after(one, scene, kinds[chance][1])))
        else:
            _notice(one.body, phone, rng)
    return samples


def _after(one: Sample, scene: Scene, what: Callable[[Body, Scene], None]) -> Body:
    """The same phone at the same spot a minute later, with the mishap."""
    made = copy.deepcopy(one.body)
    technology = made["network"].get("technology", "4G")
    made |= values(scene.phone, technology, scene.rng)
    made |= {"id": str(uuid_from(scene.rng)), "measured_at": told(scene.at, scene.phone)}
    made["location"]["fixed_at"] = told(scene.at, scene.phone)
    what(made, scene)
    return made


def _notice(one: Body, phone: Phone, rng: np.random.Generator) -> None:
    mock, vpn, metered, roaming = (rng.random(4) < [MOCK, VPN, METERED, ROAMING]).tolist()
    if mock:
        one["location"]["is_mock"] = True
    if vpn:
        one["vpn"] = True
    if metered and phone.network == "mobile":
        one["metered"] = True
    if roaming and phone.network == "mobile" and not phone.hides_network:
        one["network"]["roaming"] = True
