"""Rule set 1: whether a measurement is valid and counts. Pure functions of plain values."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from backend.measurements.recording.reasons import NOT_COUNTED, NOT_VALID, ORDER
from geo.fix import METRES_PER_DEGREE, distance_m

RULES = 1
NETWORKS = ("mobile", "fixed")  # counted separately, in this order

# RTR (Austria) lets one sample of a client stand for four hours in one place.
REPEAT_WINDOW = timedelta(hours=4)
# RTR's radius: two fixes of one spot differ by this much even if their accuracy is better.
REPEAT_RADIUS_M = 100.0
# An older fix may be of the previous place: 60 s are 1 km in a car.
FIX_AGE_MOST = timedelta(seconds=60)
# Clocks drift and networks delay; a larger difference is a clock set wrong.
FUTURE_MOST = timedelta(minutes=10)
# A report is due on day 15 of the following month: later samples are not used.
AGE_MOST = timedelta(days=60)
# Faster than an airliner (about 250 m/s): two phones or a false position.
TRAVEL_MOST_M_PER_S = 300.0
# No phone or line sold in Vietnam reaches this; bits read as megabits do.
MBPS_MOST = {"mobile": 5_000.0, "fixed": 10_000.0, "unknown": 10_000.0}
# Light needs longer to any server and back; a wait of a minute is no measurement.
PING_LEAST_MS, PING_MOST_MS = 0.1, 60_000.0
# Smaller skew is network delay; with larger skew the clock was set to another day on purpose.
SKEW_LEAST, SKEW_MOST = timedelta(minutes=2), timedelta(hours=24)

COUNTRY_MCC = "452"
HIDDEN = frozenset({"", "0", "00", "000", "--", "65535"})  # codes of phones that hide the network
OPERATORS = {
    "01": "MobiFone",
    "02": "VinaPhone",
    "04": "Viettel",
    "05": "Vietnamobile",
    "07": "Gmobile",
    "08": "iTel",
}


class Sample(NamedTuple):
    """The properties of one measurement that its verdict depends on."""

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
    """Reasons in order of weight, and whether the measurement is valid and counts."""

    reasons: tuple[str, ...]
    valid: bool = field(init=False)
    counted: bool = field(init=False)

    def __post_init__(self) -> None:
        valid = NOT_VALID.isdisjoint(self.reasons)
        object.__setattr__(self, "valid", valid)
        object.__setattr__(self, "counted", valid and NOT_COUNTED.isdisjoint(self.reasons))


@lru_cache(4_096)  # few combinations of reasons exist, and every post reads dozens of verdicts
def verdict_of(reasons: tuple[str, ...]) -> Verdict:
    """Return the verdict with these reasons, which are ordered by weight."""
    return Verdict(reasons)


class TimelineEntry(NamedTuple):
    """A sample with its stored verdict; None for a new sample."""

    sample: Sample
    verdict: Verdict | None
    final: bool = False  # its position was coarsened since the verdict


def network_of(kind: str) -> str:
    """Return the network that is counted: `mobile`, `fixed` (Wi-Fi and ethernet) or `unknown`."""
    return {"mobile": "mobile", "wifi": "fixed", "ethernet": "fixed"}.get(kind, "unknown")


def visible(value: str | None) -> str | None:
    """Return a network code as sent; None if it is missing or the phone hides it."""
    return None if value is None or value.strip() in HIDDEN else value.strip()


def operator_of(kind: str, mcc: str | None, mnc: str | None, stated: str | None) -> str | None:
    """Return the operator's name: by MCC and MNC for mobile networks, else as stated."""
    if kind == "mobile" and visible(mcc) == COUNTRY_MCC and mnc is not None:
        known = OPERATORS.get(mnc.strip().zfill(2))
        if known:
            return known
    return (stated or "").strip() or None


def implausible(
    network: str, download: float | None, upload: float | None, ping: float | None
) -> bool:
    """Return whether a finished test has values (Mbit/s, ms) that cannot have been measured."""
    most = MBPS_MOST[network]
    speeds = [value for value in (download, upload) if value is not None]
    if any(value <= 0 or value > most for value in speeds):
        return True
    return ping is not None and not PING_LEAST_MS <= ping <= PING_MOST_MS


def by_weight(reasons: Iterable[str]) -> tuple[str, ...]:
    """Return distinct reasons ordered by weight, the main one first; KeyError: unknown code."""
    return tuple(sorted(set(reasons), key=ORDER.__getitem__))


def judge(sample: Sample, earlier: Sequence[TimelineEntry]) -> Verdict:
    """Return the verdict on one sample, given those of its device in the 4 hours before it.

    `earlier` is ordered by time; entries outside the window are ignored.
    """
    if not NOT_VALID.isdisjoint(sample.own_reasons):
        return verdict_of(by_weight(sample.own_reasons))
    reasons = list(sample.own_reasons)
    before = [one for one in earlier if sample.at - one.sample.at < REPEAT_WINDOW]
    valid = [one.sample for one in before if one.verdict and one.verdict.valid]
    if valid and _too_fast(valid[-1], sample):
        reasons.append("impossible_travel")
    if any(one.verdict and one.verdict.counted and same_spot(one.sample, sample) for one in before):
        reasons.append("repeat")
    return verdict_of(by_weight(reasons))


def judge_timeline(
    timeline: Iterable[TimelineEntry], since: datetime, until: datetime
) -> Iterator[tuple[TimelineEntry, Verdict]]:
    """Judge a device's timeline from `since` on; yield new entries and those whose verdict changed.

    `timeline` is ordered by (time, id) and begins at least one window before `since`; the last
    new sample lies at `until`. A verdict depends only on the window before it, so once a full
    window after `until` has passed without a change, no later verdict can change.
    """
    window: list[TimelineEntry] = []
    horizon = until
    for entry in timeline:
        at = entry.sample.at
        if entry.verdict is not None and (entry.final or at < since):
            window.append(entry)
            continue
        if at - horizon > REPEAT_WINDOW:
            return
        window = [one for one in window if at - one.sample.at < REPEAT_WINDOW]
        verdict = judge(entry.sample, window)
        window.append(TimelineEntry(entry.sample, verdict))
        if entry.verdict is None or verdict.reasons != entry.verdict.reasons:
            horizon = max(horizon, at)
            yield entry, verdict


def same_spot(one: Sample, other: Sample) -> bool:
    """Return whether two samples have the same place, network and operator (`repeat`).

    The radius is the larger of REPEAT_RADIUS_M and the two accuracies.
    """
    if one.network != other.network or one.operator != other.operator:
        return False
    radius = max(REPEAT_RADIUS_M, one.accuracy_m or 0.0, other.accuracy_m or 0.0)
    # Most are farther apart by latitude alone; the distance costs ten times as much to compute.
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
    """Return the distance of two samples in metres; 0 if a position is unknown."""
    if one.latitude is None or one.longitude is None:
        return 0.0
    if other.latitude is None or other.longitude is None:
        return 0.0
    return distance_m(one.longitude, one.latitude, other.longitude, other.latitude)
