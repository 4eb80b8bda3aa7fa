"""Phones of the demo: the bodies that they send, those that do not count, and batches.

No demo sample has a ticket: its assurance is stated where it is recorded. The samples that the plan
counts are witnessed, so that they count whatever an installation requires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from random import Random
from typing import Any
from uuid import UUID

from backend.clock import VIETNAM, local_day
from backend.demo.communes import Point
from backend.measurements.recording.incoming import ReceiptContext
from backend.witness.assurance import Assurance
from geo.fix import ANDROID_EMULATOR, METRES_PER_DEGREE

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
# Spread of the logarithm of what the tests of an outing share: about a tenth of their variance, as
# the load of a cell and the weather have it.
SHARED = 0.3
# Shares of tests by 3G and, of half of the phones, by 5G. Viettel started 5G in October 2024; two
# years later the others have it too.
THREE_G = {"2024": 0.06, "later": 0.02}
FIVE_G = {"2024": 0.12, "later": 0.7}
ANDROIDS = ("SM-A525F", "SM-A155F", "CPH2527", "23053RN02L", "V2206", "SM-G991B")
IPHONES = ("iPhone12,1", "iPhone13,2", "iPhone14,5", "iPhone15,4")
IPHONE_SHARE = 0.28
APP_VERSION = "1.0.0"
# Largest distance of a fix from its spot along each axis: 7 m.
NOISE_DEG = 7.0 / METRES_PER_DEGREE


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
    three_g: float
    five_g: float


def uuid_from(rng: Random) -> UUID:
    return UUID(bytes=rng.randbytes(16), version=4)


def new_phone(network: str, month: str, rng: Random) -> Phone:
    """Draw a phone by the shares of a province."""
    iphone = rng.random() < IPHONE_SHARE
    era = "2024" if month < "2025" else "later"
    [(name, mnc, _, strength)] = rng.choices(OPERATORS, [share for _, _, share, _ in OPERATORS])
    if network == "fixed":
        [(name, _)] = rng.choices(PROVIDERS, [share for _, share in PROVIDERS])
        strength = 1.0
    has_five_g = rng.random() < 0.5 and (era == "later" or name == "Viettel")
    return Phone(
        id=uuid_from(rng),
        platform="ios" if iphone else "android",
        model=rng.choice(IPHONES if iphone else ANDROIDS),
        network=network,
        operator=name,
        mnc=mnc,
        strength=strength * rng.lognormvariate(0, 0.35),
        three_g=THREE_G[era],
        five_g=FIVE_G[era] if has_five_g else 0.0,
    )


def local_time(at: datetime) -> str:
    return at.astimezone(VIETNAM).isoformat(timespec="seconds")


def body(phone: Phone, at: datetime, point: Point, rng: Random, shared: float = 1.0) -> Body:
    """Return the body of a finished test near a point; `shared` is its outing's speed."""
    chance = rng.random()
    technology = "5G" if chance < phone.five_g else "3G" if chance > 1 - phone.three_g else "4G"
    east, north = (rng.uniform(-NOISE_DEG, NOISE_DEG) for _ in range(2))
    return {
        "id": str(uuid_from(rng)),
        "measured_at": local_time(at),
        "status": "finished",
        **_values(phone, technology, rng, shared * _shared(at, point)),
        **_network(phone, technology, rng),
        "location": {
            "latitude": round(point[1] + north, 6),
            "longitude": round(point[0] + east, 6),
            "accuracy_m": round(min(40.0, max(4.0, 11 * rng.lognormvariate(0, 0.5))), 1),
            "provider": "gps",
            "is_mock": False,
            "fixed_at": local_time(at - timedelta(seconds=rng.randint(1, 19))),
        },
        "app_version": APP_VERSION,
    }


@lru_cache(10_000)
def _outing(day: date, east: int, north: int) -> float:
    """Return what the tests of a day share within some ten kilometres."""
    rng = Random(f"{day} {east} {north}")  # noqa: S311 # nothing of it is a secret
    return rng.lognormvariate(0, SHARED)


def _shared(at: datetime, point: Point) -> float:
    """Return the relative speed of an outing; outings of 2024 share nothing."""
    day = local_day(at)
    return _outing(day, round(point[0] * 10), round(point[1] * 10)) if day.year > 2024 else 1.0


def _values(phone: Phone, technology: str, rng: Random, shared: float = 1.0) -> Body:
    """Draw speeds (long tail) and latencies; `shared` is the relative speed of the outing."""
    median, spread, ping = LINE if phone.network == "fixed" else SPEEDS[technology]
    usual = median * phone.strength * shared
    down = min(3_000.0, max(0.1, usual * rng.lognormvariate(0, spread)))
    wait = ping * rng.lognormvariate(0, 0.3)
    varies = rng.uniform(0.05, 0.4)
    return {
        "download_mbps": round(down, 2),
        "upload_mbps": round(max(0.1, down * rng.uniform(0.15, 0.5)), 2),
        "ping_ms": round(wait, 1),
        "jitter_ms": round(wait * varies, 1),
        # Lines with more jitter have larger buffers.
        "ping_download_ms": round(wait * (1.2 + 40 * varies**2), 1),
        "ping_upload_ms": round(wait * (1.4 + 60 * varies**2), 1),
    }


def _network(phone: Phone, technology: str, rng: Random) -> Body:
    if phone.network == "fixed":
        kind = "wifi" if rng.random() < 0.93 else "ethernet"
        return {"network": {"kind": kind}, "isp": phone.operator}
    network: Body = {"kind": "mobile", "technology": technology, "operator": phone.operator}
    marks = {"vpn": rng.random() < 0.005, "metered": rng.random() < 0.03}
    if phone.platform == "ios":  # hides the carrier since iOS 16.4; the user states it
        network |= {"mcc": "65535", "mnc": "65535"}
        return {"network": network, "operator_source": "user", **marks}
    network |= {"mcc": "452", "mnc": phone.mnc, "signal_dbm": round(rng.gauss(-95, 9))}
    return {"network": network | {"roaming": rng.random() < 0.004}, **marks}


# Share of counted tests that another one follows, which does not count, and the seconds between.
ANOMALIES, AFTER_S = 0.16, (45, 60)
# False positions: abroad (from an IP address), and 20 km away, too far to reach in a minute.
ABROAD, AWAY_DEG = (22.8170, 108.3665), 0.18
# The phone uses the Wi-Fi at home, which counts separately.
WIFI: Body = {"network": {"kind": "wifi"}, "isp": "VNPT", "operator_source": None}
# Assurances of what counts nowhere, whichever an installation requires.
UNCOUNTED: dict[Assurance, float] = {"claimed": 0.7, "ticketed": 0.2, "witnessed": 0.1}


@dataclass(frozen=True, slots=True)
class Sample:
    """A body with the time of its test and its assurance."""

    at: datetime
    body: Body
    assurance: Assurance = "witnessed"


def follow(test: Sample, phone: Phone, rng: Random) -> Sample:
    """Return a test a minute after another one in which something went wrong."""
    at = test.at + timedelta(seconds=rng.randint(*AFTER_S))
    place = test.body["location"] | {"fixed_at": local_time(at)}
    values = _values(phone, test.body["network"].get("technology", "4G"), rng)
    kinds: list[tuple[float, Body]] = [
        (45, {}),  # the test is repeated at once
        (18, {"status": "failed", **dict.fromkeys(values)}),
        (6, {"location": None}),
        (7, {"location": place | {"accuracy_m": 4_500.0, "provider": "network"}}),
        (5, {"location": place | {"fixed_at": local_time(at - timedelta(minutes=25))}}),
        (3, {"location": place | _at(*ANDROID_EMULATOR)}),
        (2, {"location": place | _at(*ABROAD)}),
        (6, {"location": place | _at(place["latitude"] + AWAY_DEG, place["longitude"])}),
        (2, {"download_mbps": 50_000.0}),
        (2, {"source": "manual"}),
        (2, {"download_mbps": "nhanh"}),  # an old app version: rejected
    ]
    if phone.network == "mobile":
        foreign = {"mcc": "457", "mnc": "03", "operator": "Unitel", "roaming": True}
        kinds += [
            (55, WIFI),
            (2, {"network": test.body["network"] | foreign}),
            (1, {"network": {"kind": "unknown"}}),
        ]
    [change] = rng.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])
    again = {"id": str(uuid_from(rng)), "measured_at": local_time(at), "location": place}
    made = test.body | values | again | change
    if change is WIFI:
        return Sample(at, made)
    [assurance] = rng.choices(list(UNCOUNTED), list(UNCOUNTED.values()))
    return Sample(at, made, assurance)


# A person types in i-Speed's result so many minutes after a test, before the next one begins. What
# it shows, in parts of our figures, and the spread of the logarithm.
ISPEED_AFTER_MINUTES = (1.5, 3.2)
ISPEED = {"download_mbps": 1.08, "upload_mbps": 1.04, "ping_ms": 0.9}
ISPEED_SPREAD = 0.2


def typed(test: Sample, phone: Phone, rng: Random) -> Sample:
    """Return a result of i-Speed that a person types in beside a test, as the page sends it."""
    at = test.at + timedelta(minutes=rng.uniform(*ISPEED_AFTER_MINUTES))
    shown = {
        name: round(test.body[name] * part * rng.lognormvariate(0, ISPEED_SPREAD), 2)
        for name, part in ISPEED.items()
    }
    made = {
        "id": str(uuid_from(rng)),
        "measured_at": local_time(at),
        "status": "finished",
        **shown,
        "network": {"kind": "mobile", "operator": phone.operator},
        "operator_source": "user",
        "location": test.body["location"] | {"fixed_at": local_time(at)},
        "server": {"name": "i-Speed"},
        "app_version": APP_VERSION,
        "source": "manual",
    }
    return Sample(at, made, "claimed")


def _at(latitude: float, longitude: float) -> Body:
    return {"latitude": latitude, "longitude": longitude, "is_mock": True}


# Offline phones: share of batches that are sent late, and their delay in days.
LATE, LATE_DAYS = 0.04, (0.5, 2.4)


Batch = tuple[list[Body], ReceiptContext]  # what a phone sends at once


def batches(samples: Sequence[Sample], until: datetime, rng: Random) -> list[Batch]:
    """Return a batch for each day with samples, in order of receipt."""
    made = []
    for _, of_day in groupby(samples, key=lambda sample: local_day(sample.at)):
        day = list(of_day)
        late = rng.uniform(*LATE_DAYS) if rng.random() < LATE else 0.0
        received_at = day[-1].at + timedelta(days=late, minutes=rng.uniform(2, 25))
        assurances = {UUID(sample.body["id"]): sample.assurance for sample in day}
        receipt = ReceiptContext(min(received_at, until), assurances=assurances)
        made.append(([sample.body for sample in day], receipt))
    return sorted(made, key=lambda batch: batch[1].received_at)
