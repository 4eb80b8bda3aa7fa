"""Phones of volunteers and the bodies that they send."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import numpy as np

from backend.clock import VIETNAM
from backend.demo.places import Floats

T = TypeVar("T")
Body = dict[str, Any]

# Operator, MNC, share of phones, speed relative to the others.
OPERATORS = (
    ("Viettel", "04", 0.52, 1.1),
    ("VinaPhone", "02", 0.27, 1.05),
    ("MobiFone", "01", 0.16, 0.9),
    ("Vietnamobile", "05", 0.05, 0.45),
)
PROVIDERS = (("Viettel Telecom", 0.45), ("VNPT", 0.38), ("FPT Telecom", 0.17))
# Medians in Mbps, spread of the logarithm (a long tail), median ping in ms.
SPEEDS = {"5G": (240.0, 0.55, 19.0), "4G": (46.0, 0.7, 27.0), "3G": (4.5, 0.7, 75.0)}
LINE = (150.0, 0.6, 9.0)
# Viettel started 5G in October 2024; two years later the others have it too.
FIVE_G = {"2024": 0.06, "later": 0.35}
THREE_G = {"2024": 0.06, "later": 0.02}
ANDROIDS = ("SM-A525F", "SM-A155F", "CPH2527", "23053RN02L", "V2206", "SM-G991B")
IPHONES = ("iPhone12,1", "iPhone13,2", "iPhone14,5", "iPhone15,4")
IPHONE_SHARE = 0.28
# Share of phones with a wrong clock, and its error in minutes.
SKEWED_SHARE, SKEW_MINUTES = 0.03, (3.0, 50.0)
APP_VERSION = "1.0.0"

ACCURACY_M = (4.0, 40.0)
# Largest distance of a fix from its spot: neighbouring spots stay over 100 m apart.
NOISE_MOST_M = 20.0


@dataclass(frozen=True, slots=True)
class Phone:
    """One device with its network and operating system."""

    id: UUID
    platform: str
    model: str
    network: str  # mobile or fixed
    operator: str
    mnc: str
    strength: float  # speed of its operator and place relative to the median
    five_g: float
    three_g: float
    skew: timedelta  # error of its clock

    @property
    def hides_network(self) -> bool:
        """Whether the carrier is hidden (iOS since 16.4); the user states the operator."""
        return self.platform == "ios"


def pick(rng: np.random.Generator, choices: tuple[T, ...]) -> T:
    return choices[int(rng.integers(len(choices)))]


def uuid_from(rng: np.random.Generator) -> UUID:
    return UUID(bytes=rng.bytes(16), version=4)


def new_phone(network: str, month: str, rng: np.random.Generator) -> Phone:
    """Draw a phone by the shares of a province."""
    iphone = rng.random() < IPHONE_SHARE
    era = "2024" if month < "2025" else "later"
    at = int(rng.choice(len(OPERATORS), p=[share for _, _, share, _ in OPERATORS]))
    name, mnc, _, strength = OPERATORS[at]
    if network == "fixed":
        at = int(rng.choice(len(PROVIDERS), p=[share for _, share in PROVIDERS]))
        name, strength = PROVIDERS[at][0], 1.0
    early = era == "2024" and name != "Viettel"
    skew = timedelta(seconds=round(60 * rng.uniform(*SKEW_MINUTES)))
    return Phone(
        id=uuid_from(rng),
        platform="ios" if iphone else "android",
        model=pick(rng, IPHONES if iphone else ANDROIDS),
        network=network,
        operator=name,
        mnc=mnc,
        strength=strength * float(rng.lognormal(0, 0.35)),
        five_g=0.0 if early or rng.random() < 0.5 else 2 * FIVE_G[era],
        three_g=THREE_G[era],
        skew=skew * int(rng.choice([-1, 1])) if rng.random() < SKEWED_SHARE else timedelta(),
    )


def phone_time(at: datetime, phone: Phone) -> str:
    """Return a time by the phone's clock."""
    return (at + phone.skew).astimezone(VIETNAM).isoformat(timespec="seconds")


def body(phone: Phone, at: datetime, fix: Floats, rng: np.random.Generator) -> Body:
    """Return the body of a finished test; `fix`: longitude, latitude, accuracy (m)."""
    technology = "4G"
    chance = rng.random()
    if chance < phone.five_g:
        technology = "5G"
    elif chance > 1 - phone.three_g:
        technology = "3G"
    return {
        "id": str(uuid_from(rng)),
        "measured_at": phone_time(at, phone),
        "status": "finished",
        **values(phone, technology, rng),
        **_line(phone, technology, rng),
        "location": {
            "latitude": round(float(fix[1]), 6),
            "longitude": round(float(fix[0]), 6),
            "accuracy_m": round(float(fix[2]), 1),
            "provider": "gps",
            "is_mock": False,
            "fixed_at": phone_time(at - timedelta(seconds=int(rng.integers(1, 20))), phone),
        },
        "app_version": APP_VERSION,
    }


def values(phone: Phone, technology: str, rng: np.random.Generator) -> Body:
    """Draw speeds (long tail) and latencies."""
    median, spread, ping = LINE if phone.network == "fixed" else SPEEDS[technology]
    down = min(3_000.0, max(0.1, median * phone.strength * float(rng.lognormal(0, spread))))
    up = min(1_500.0, max(0.1, down * float(rng.uniform(0.15, 0.6))))
    wait = ping * float(rng.lognormal(0, 0.3))
    return {
        "download_mbps": round(down, 2),
        "upload_mbps": round(up, 2),
        "ping_ms": round(wait, 1),
        "jitter_ms": round(wait * float(rng.uniform(0.05, 0.4)), 1),
    }


def _line(phone: Phone, technology: str, rng: np.random.Generator) -> Body:
    if phone.network == "fixed":
        return {
            "network": {"kind": "wifi" if rng.random() < 0.93 else "ethernet"},
            "isp": phone.operator,
        }
    network: Body = {"kind": "mobile", "technology": technology, "operator": phone.operator}
    if phone.hides_network:
        network |= {"mcc": "65535", "mnc": "65535"}
        return {"network": network, "operator_source": "user"}
    network |= {"mcc": "452", "mnc": phone.mnc, "signal_dbm": int(rng.normal(-95, 9))}
    return {"network": network | {"roaming": False}}
