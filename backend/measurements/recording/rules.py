"""Rule set 1: does a measurement count, and why not. Pure functions of plain values."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from backend.measurements.recording.reasons import NOT_COUNTED, NOT_VALID, ORDER
from geo.fix import METRES_PER_DEGREE, distance_m

RULES = 1
NETWORKS = ("mobile", "fixed")  # counted apart, in this order

# RTR (Austria) lets one sample of a client stand for four hours in one place.
REPEAT_WINDOW = timedelta(hours=4)
# RTR's radius: two fixes of one spot differ by this much even where each claims to be better.
REPEAT_RADIUS_M = 100.0
# A fix older than this may be of the place before: 60 s are 1 km in a car.
FIX_AGE_MOST = timedelta(seconds=60)
# Clocks drift and networks delay; more than this is a clock set wrong.
FUTURE_MOST = timedelta(minutes=10)
# A report leaves on day 15 of the following month: what comes later serves nobody.
AGE_MOST = timedelta(days=60)
# Faster than an airliner (about 250 m/s): two phones, or a false position.
TRAVEL_MOST_M_PER_S = 300.0
# No phone or line sold in Vietnam reaches this; bits taken for megabits do.
MBPS_MOST = {"mobile": 5_000.0, "fixed": 10_000.0, "unknown": 10_000.0}
# Light needs longer to any server and back; and a test that waits a minute measured nothing.
PING_LEAST_MS, PING_MOST_MS = 0.1, 60_000.0
# Skew below this is the network's delay, above it the clock was set to another day on purpose.
SKEW_LEAST, SKEW_MOST = timedelta(minutes=2), timedelta(hours=24)

COUNTRY_MCC = "452"
HIDDEN = frozenset({"", "0", "00", "000", "--", "65535"})  # what phones say that hide the network
OPERATORS = {
    "01": "MobiFone",
    "02": "VinaPhone",
    "04": "Viettel",
    "05": "Vietnamobile",
    "07": "Gmobile",
    "08": "iTel",
}


class Sample(NamedTuple):
    """What judging needs to know of one measurement."""

    id: UUID
    at: datetime
    network: str  # mobile, fixed, unknown
    operator: str | None
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    own_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reasons in order of weight, and the two answers that follow from them."""

    reasons: tuple[str, ...]
    valid: bool = field(init=False)
    counted: bool = field(init=False)

    def __post_init__(self) -> None:
        valid = NOT_VALID.isdisjoint(self.reasons)
        object.__setattr__(self, "valid", valid)
        object.__setattr__(self, "counted", valid and NOT_COUNTED.isdisjoint(self.reasons))


@lru_cache(4_096)  # there are few combinations of reasons, and every post reads dozens of verdicts
def verdict_of(reasons: tuple[str, ...]) -> Verdict:
    """The verdict with these reasons, which are in order."""
    return Verdict(reasons)


class Judged(NamedTuple):
    """A sample with the verdict that is stored for it; None for one that is new."""

    sample: Sample
    verdict: Verdict | None
    final: bool = False  # its position is no longer the one that was judged


def network_of(kind: str) -> str:
    """What is counted apart: `mobile`, `fixed` (Wi-Fi and ethernet), or `unknown`."""
    return {"mobile": "mobile", "wifi": "fixed", "ethernet": "fixed"}.get(kind, "unknown")


def shown(value: str | None) -> str | None:
    """A network code as the phone gave it, or None where it hides it."""
    return None if value is None or value.strip() in HIDDEN else value.strip()


def operator_of(kind: str, mcc: str | None, mnc: str | None, stated: str | None) -> str | None:
    """The operator's name: by MCC and MNC for mobile, else as stated."""
    if kind == "mobile" and shown(mcc) == COUNTRY_MCC and mnc is not None:
        known = OPERATORS.get(mnc.strip().zfill(2))
        if known:
            return known
    return (stated or "").strip() or None


def implausible(
    network: str, download: float | None, upload: float | None, ping: float | None
) -> bool:
    """Whether a finished test claims what cannot have been measured."""
    most = MBPS_MOST[network]
    speeds = [value for value in (download, upload) if value is not None]
    if any(value <= 0 or value > most for value in speeds):
        return True
    return ping is not None and not PING_LEAST_MS <= ping <= PING_MOST_MS


def in_order(reasons: Iterable[str]) -> tuple[str, ...]:
    """Reasons by weight, the main one first."""
    return tuple(sorted(set(reasons), key=ORDER.__getitem__))


def verdict_on(sample: Sample, earlier: Sequence[Judged]) -> Verdict:
    """Judge one sample, given the judged ones of its device in the four hours before it."""
    if not NOT_VALID.isdisjoint(sample.own_reasons):
        return verdict_of(in_order(sample.own_reasons))
    reasons = list(sample.own_reasons)
    before = [one for one in earlier if sample.at - one.sample.at < REPEAT_WINDOW]
    valid = [one.sample for one in before if one.verdict and one.verdict.valid]
    if valid and _too_fast(valid[-1], sample):
        reasons.append("impossible_travel")
    if any(one.verdict and one.verdict.counted and same_spot(one.sample, sample) for one in before):
        reasons.append("repeat")
    return verdict_of(in_order(reasons))


def settle(
    timeline: Iterable[Judged], since: datetime, until: datetime
) -> Iterator[tuple[Judged, Verdict]]:
    """Judge a device's timeline from `since` on; yield what is new or judged otherwise now.

    `timeline` is ordered by (time, id) and begins at least one window before `since`; the last
    new sample lies at `until`. A verdict depends on the window before it alone, so once a full
    window after `until` has passed without a change, nothing later can change.
    """
    window: list[Judged] = []
    horizon = until
    for entry in timeline:
        at = entry.sample.at
        if entry.verdict is not None and (entry.final or at < since):
            window.append(entry)
            continue
        if at - horizon > REPEAT_WINDOW:
            return
        window = [one for one in window if at - one.sample.at < REPEAT_WINDOW]
        verdict = verdict_on(entry.sample, window)
        window.append(Judged(entry.sample, verdict))
        if entry.verdict is None or verdict.reasons != entry.verdict.reasons:
            horizon = max(horizon, at)
            yield entry, verdict


def same_spot(one: Sample, other: Sample) -> bool:
    """Whether two samples are of one place, network and operator, so that one repeats the other."""
    if one.network != other.network or one.operator != other.operator:
        return False
    radius = max(REPEAT_RADIUS_M, one.accuracy_m or 0.0, other.accuracy_m or 0.0)
    # Most are farther apart by their latitudes alone, and the distance costs ten times as much.
    return _north_m(one, other) <= radius and distance(one, other) <= radius


def _too_fast(previous: Sample, sample: Sample) -> bool:
    slack = (previous.accuracy_m or 0.0) + (sample.accuracy_m or 0.0)
    seconds = max(1.0, (sample.at - previous.at).total_seconds())
    return (distance(previous, sample) - slack) / seconds > TRAVEL_MOST_M_PER_S


def _north_m(one: Sample, other: Sample) -> float:
    if one.latitude is None or other.latitude is None:
        return 0.0
    return abs(one.latitude - other.latitude) * METRES_PER_DEGREE


def distance(one: Sample, other: Sample) -> float:
    """Metres between two samples; none where a position is not known."""
    if one.latitude is None or one.longitude is None:
        return 0.0
    if other.latitude is None or other.longitude is None:
        return 0.0
    return distance_m(one.longitude, one.latitude, other.longitude, other.latitude)
