"""Phones of volunteers: the bodies that they send, anomalies of field data, and batches.

No demo sample has a ticket: its assurance is stated where it is recorded. The samples that the plan
counts are witnessed, so that they count whatever an installation requires.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import numpy as np

from backend.clock import VIETNAM, local_day
from backend.demo.volunteers import METRES_PER_DEGREE, Floats
from backend.measurements.recording.incoming import ReceiptContext
from backend.witness.assurance import Assurance
from geo.fix import ANDROID_EMULATOR, IPHONE_SIMULATOR

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
    varies = float(rng.uniform(0.05, 0.4))
    return {
        "download_mbps": round(down, 2),
        "upload_mbps": round(up, 2),
        "ping_ms": round(wait, 1),
        "jitter_ms": round(wait * varies, 1),
        # Lines with more jitter have larger buffers.
        "ping_download_ms": round(wait * (1.2 + 40 * varies**2), 1),
        "ping_upload_ms": round(wait * (1.4 + 60 * varies**2), 1),
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
    """A body with the true time of its test and its assurance."""

    at: datetime
    body: Body
    assurance: Assurance = "witnessed"


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
    one |= dict.fromkeys(("jitter_ms", "ping_download_ms", "ping_upload_ms"))


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
# Anomalies that count elsewhere, in the neighbouring province or as fixed, are witnessed too.
WITNESSED = (_stray, _wifi)
# A test that failed and a result that was typed have no witness.
CLAIMED = (_failed, _typed)
# The others count nowhere, whichever assurance an installation requires. In percent:
CLAIMED_PERCENT, TICKETED_PERCENT = 70, 20
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
            change = kinds[chance][1]
            made = _anomaly_after(one, situation, change)
            samples.append(Sample(at, made, _assurance(made, change)))
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


def _assurance(one: Body, change: Callable[[Body, Situation], None]) -> Assurance:
    """Return the assurance of an anomaly: drawn by its id, which is random."""
    if change in WITNESSED:
        return "witnessed"
    percent = UUID(one["id"]).int % 100
    if change in CLAIMED or percent < CLAIMED_PERCENT:
        return "claimed"
    return "ticketed" if percent < CLAIMED_PERCENT + TICKETED_PERCENT else "witnessed"


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


# A phone sends at the end of a day with so many pending samples, or when the oldest is so old.
PENDING_MOST, PENDING_AGE_MOST = 16, timedelta(days=4)
# Offline phones: share of late batches, and their delay in days.
LATE, LATE_DAYS = 0.04, (1.0, 12.0)
# Lost answers: share of batches with samples of the previous one.
AGAIN = 0.05
# Share of batches with a body of an old app version, with a word instead of a number.
BROKEN = 0.003
# Shares of batches with a test in the future (wrong clock), and of copies sent after two months.
FUTURE, FUTURE_HOURS = 0.012, (0.5, 2.5)
OLD, OLD_DAYS = 0.006, (61.0, 75.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples that a phone sends at once, and their receipt."""

    receipt: ReceiptContext
    items: list[Any]


def batches(
    phone: Phone, samples: Sequence[Sample], until: datetime, rng: np.random.Generator
) -> list[Batch]:
    """Divide the samples of a month into batches, in order of receipt."""
    made: list[Batch] = []
    before: list[Any] = []
    for pending in _group(samples):
        last = pending[-1].at
        delay = timedelta(seconds=int(rng.integers(90, 1_500)))
        if rng.random() < LATE:
            delay = timedelta(days=rng.uniform(*LATE_DAYS))
        received = min(last + delay, until)
        items = [one.body for one in pending]
        if rng.random() < AGAIN:
            items = items + before[-3:]
        odd = _invalid_or_future(phone, pending[-1], received, rng)
        assurances = {UUID(one.body["id"]): one.assurance for one in pending}
        made.append(_batch(phone, received, [*items, *odd], assurances))
        before = items
        if rng.random() < OLD:
            made += _old(phone, pending[-1], until, rng)
    return sorted(made, key=lambda one: one.receipt.received_at)


def _group(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Group samples by the time of sending; days are not divided."""
    groups: list[list[Sample]] = [[]]
    for one in samples:
        pending = groups[-1]
        if pending and local_day(one.at) != local_day(pending[-1].at):
            full = len(pending) >= PENDING_MOST or one.at - pending[0].at > PENDING_AGE_MOST
            if full:
                groups.append([])
        groups[-1].append(one)
    return [pending for pending in groups if pending]


def _batch(
    phone: Phone, received: datetime, items: list[Any], assurances: Mapping[UUID, Assurance]
) -> Batch:
    receipt = ReceiptContext(received, received + phone.skew, assurances=assurances)
    return Batch(receipt, items)


def _invalid_or_future(
    phone: Phone, last: Sample, received: datetime, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Draw an invalid body, or one in the future, for some batches."""
    odd = []
    if rng.random() < BROKEN:
        odd.append(_copy(last, rng) | {"download_mbps": "nhanh"})
    if rng.random() < FUTURE:
        at = received + timedelta(hours=rng.uniform(*FUTURE_HOURS))
        if local_day(at).month == local_day(last.at).month:
            moved = _copy(last, rng) | {"measured_at": phone_time(at, phone)}
            if moved["location"]:
                moved["location"]["fixed_at"] = moved["measured_at"]
            odd.append(moved)
    return odd


def _old(phone: Phone, last: Sample, until: datetime, rng: np.random.Generator) -> list[Batch]:
    """Return a test sent two months late, if that is before `until`."""
    received = last.at + timedelta(days=rng.uniform(*OLD_DAYS))
    if received > until:
        return []
    return [_batch(phone, received, [_copy(last, rng)], {})]


def _copy(one: Sample, rng: np.random.Generator) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(one.body)
    return made | {"id": str(uuid_from(rng))}
