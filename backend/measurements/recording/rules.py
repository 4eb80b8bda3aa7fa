"""The rules: whether a measurement is valid and counts. Pure functions of plain values."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from backend.clock import day_begin
from backend.measurements.recording.operators import BY_CODE, known_operator
from backend.measurements.recording.reasons import NOT_COUNTED, NOT_VALID, ORDER
from geo.fix import METRES_PER_DEGREE, distance_m

# The number of these rules, stored with each sample and shown with figures, so that those of later
# rules can be told apart. States before the first release had 1 and 2.
RULES = 3
NETWORKS = ("mobile", "fixed")  # counted separately, in this order

# RTR (Austria) lets one sample of a client stand for four hours in one place.
REPEAT_WINDOW = timedelta(hours=4)
# RTR's radius: two fixes of one spot differ by this much even if their accuracy is better.
REPEAT_RADIUS_M = 100.0
# An older fix may be of the previous place: 60 s are 1 km in a car.
MAX_FIX_AGE = timedelta(seconds=60)
# Clocks drift and networks delay; a larger difference is a clock set wrong.
MAX_FUTURE = timedelta(minutes=10)
# A report is due on day 15 of the following month: later samples are not used.
MAX_AGE = timedelta(days=60)
# Faster than an airliner (about 250 m/s): two phones or a false position.
MAX_TRAVEL_M_PER_S = 300.0
# No phone or line sold in Vietnam reaches this; bits read as megabits do.
MAX_MBPS = {"mobile": 5_000.0, "fixed": 10_000.0, "unknown": 10_000.0}
# Light needs longer to any server and back; a wait of a minute is no measurement.
MIN_PING_MS, MAX_PING_MS = 0.1, 60_000.0
# Smaller skew is network delay; with larger skew the clock was set to another day on purpose.
MIN_SKEW, MAX_SKEW = timedelta(minutes=2), timedelta(hours=24)

COUNTRY_MCC = "452"
ISPEED = "i-Speed"  # the server of results of VNNIC's app that are typed in
HIDDEN = frozenset({"", "0", "00", "000", "--", "65535"})  # codes of phones that hide the network

# Phones set their clock by the network: a sample from before the registration by more than this
# is none of the registered phone.
REGISTRATION_SLACK = timedelta(minutes=10)
# Length of a test: for a client that does not send it, at least, and at most. A ping, a download
# and an upload take 5 s; a longer time than the most was sent in milliseconds.
DURATION_S, MIN_DURATION_S, MAX_DURATION_S = 10.0, 5.0, 300.0
# Phones are without a network for days; a place that is stated later could be chosen afterwards.
MAX_WAIT = timedelta(hours=72)
# A phone has two SIM cards: it does not measure a third operator on the same day.
OPERATORS_A_DAY = 2
# Tests of one device and day that can count, in order of time: one every 3.5 minutes, day and
# night. It bounds the work of a post.
TESTS_A_DAY = 400

_DURATION = timedelta(seconds=DURATION_S)
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)
# What a hand typed is no test, and of too many tests no more than these reasons is found.
_NO_TEST = frozenset({"source_not_counted", "too_many_tests"})
_CAPS, _COMMUNE_CAP = frozenset({"daily_cap", "commune_cap"}), frozenset({"commune_cap"})
# Reasons that other verdicts of the day decide. For the next day, a sample with no others stands
# like a counted one: so its verdicts do not depend on the verdicts of this day.
_OF_THE_DAY = _CAPS | {"repeat", "third_operator"}


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
    day: date
    unit_id: int | None = None
    duration_s: float | None = None
    mock: bool = False

    @property
    def brand(self) -> str | None:
        """Return the known operator; all others are one unknown operator."""
        return known_operator(self.network, self.operator)

    @property
    def end(self) -> datetime:
        """Return the end of the test."""
        return end_of_test(self.at, self.duration_s)


CommuneMonth = tuple[int, int, int | None, str]  # year, month, unit, network


@dataclass(frozen=True, slots=True)
class Caps:
    """The most counted samples of a device a day, and a month in one commune and network."""

    day: int = 100
    commune: int = 150


DEFAULT_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Owner:
    """The properties of a device that the verdicts on its measurements depend on."""

    registered_at: datetime
    receiver_from: datetime | None = None  # an admin allows an external GPS receiver from then on


class Tally(NamedTuple):
    """Number of samples of other days of a month that use up the cap of a commune and network."""

    day: date  # the first of them
    unit_id: int | None
    network: str
    n: int


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


def end_of_test(begin: datetime, duration_s: float | None) -> datetime:
    """Return the end of a test by the length that its client states, within bounds."""
    if duration_s is None:
        return begin + _DURATION
    return begin + timedelta(seconds=min(max(duration_s, MIN_DURATION_S), MAX_DURATION_S))


def network_of(kind: str) -> str:
    """Return the network that is counted: `mobile`, `fixed` (Wi-Fi and ethernet) or `unknown`."""
    return {"mobile": "mobile", "wifi": "fixed", "ethernet": "fixed"}.get(kind, "unknown")


def visible(value: str | None) -> str | None:
    """Return a network code as sent; None if it is missing or the phone hides it."""
    return None if value is None or value.strip() in HIDDEN else value.strip()


def operator_of(kind: str, mcc: str | None, mnc: str | None, stated: str | None) -> str | None:
    """Return the operator's name: by MCC and MNC for mobile networks, else as stated."""
    if kind == "mobile" and visible(mcc) == COUNTRY_MCC and mnc is not None:
        known = BY_CODE.get(mnc.strip().zfill(2))
        if known:
            return known
    return (stated or "").strip() or None


def implausible(
    network: str, download: float | None, upload: float | None, ping: float | None
) -> bool:
    """Return whether a finished test has values (Mbit/s, ms) that cannot have been measured."""
    most = MAX_MBPS[network]
    speeds = [value for value in (download, upload) if value is not None]
    if any(value <= 0 or value > most for value in speeds):
        return True
    return ping is not None and not MIN_PING_MS <= ping <= MAX_PING_MS


def by_weight(reasons: Iterable[str]) -> tuple[str, ...]:
    """Return distinct reasons ordered by weight, the main one first; KeyError: unknown code."""
    distinct = set(reasons)
    return tuple(sorted(distinct, key=ORDER.__getitem__)) if distinct else ()


def judge_single(own_reasons: Iterable[str], mock: bool) -> Verdict:
    """Return the verdict on a measurement of no device, which has no timeline."""
    reasons = list(own_reasons)
    if mock and NOT_VALID.isdisjoint(reasons):
        reasons.append("mock_position")
    return verdict_of(by_weight(reasons))


def judge_timeline(
    timeline: Iterable[TimelineEntry],
    since: Mapping[date, datetime],
    owner: Owner,
    caps: Caps,
    tallies: Iterable[Tally] = (),
) -> Iterator[tuple[TimelineEntry, Verdict]]:
    """Judge days of a device; yield new entries and those whose verdict changed.

    Parameters
    ----------
    timeline
        Ordered by (time, id): whole days, and before each of them the evening of the day before,
        unless its first REPEAT_WINDOW is not judged.
    since
        The whole days, each with the time from which on it is judged.
    tallies
        Of the days of these months that are not in `since`.

    Changes by the cap of a commune on other days are not found.
    """
    state = _State(owner, caps, tallies)
    for entry in timeline:
        sample, stored = entry.sample, entry.verdict
        begin = since.get(sample.day)
        if begin is None:
            if stored is not None:
                state.add_evening(sample, stored)
            continue
        state.enter(sample)
        if stored is None or (sample.at >= begin and not entry.final):
            verdict = state.judge(sample)
        else:  # earlier days may have used up more or less of the cap
            verdict = stored if entry.final else state.apply_commune_cap(sample, stored)
        state.add(sample, verdict)
        if stored is None or verdict.reasons != stored.reasons:
            yield entry, verdict


def anchors(timeline: Iterable[TimelineEntry], sample: Sample) -> list[Sample]:
    """Return the stored samples near which a new one would be a repeat, wherever they are."""
    after = sample.at - REPEAT_WINDOW
    return [
        earlier
        for earlier, verdict, _ in timeline
        if verdict and after < earlier.at <= sample.at and earlier.latitude is not None
        and _same_line(earlier, sample)
        and (representative if earlier.day == sample.day else _stands_next_day)(verdict.reasons)
    ]  # fmt: skip


class _State:
    """What the samples of a device before a point of its timeline mean for the next one."""

    def __init__(self, owner: Owner, caps: Caps, tallies: Iterable[Tally]) -> None:
        self._owner, self._caps = owner, caps
        self._tallies = sorted(tallies, key=lambda one: one.day, reverse=True)
        self._in_commune: dict[CommuneMonth, int] = defaultdict(int)
        self._counted: list[Sample] = []
        self._evening: list[Sample] = []
        self._valid: Sample | None = None  # the last one
        self._busy_until: datetime | None = None
        self._day: date | None = None

    def enter(self, sample: Sample) -> None:
        """Begin a new day before its first sample; count the sample as one of its day."""
        if sample.day != self._day:
            self._day = sample.day
            self._tests = self._representative = 0
            self._operators: set[str | None] = set()
            self._before_day = day_begin(sample.day) - _INSTANT
            self._evening_at = day_begin(sample.day) + _DAY - REPEAT_WINDOW
            while self._tallies and self._tallies[-1].day < sample.day:
                tally = self._tallies.pop()
                self._in_commune[commune_month(tally)] += tally.n
        self._tests += 1

    def judge(self, sample: Sample) -> Verdict:
        if not NOT_VALID.isdisjoint(sample.own_reasons):
            return verdict_of(by_weight(sample.own_reasons))
        found = [*sample.own_reasons]
        if self._tests > TESTS_A_DAY:
            # No further reasons: a post reads no more of a day, so they would not be judged again.
            return verdict_of(by_weight([*found, "too_many_tests"]))
        before = self._valid
        if before and sample.at - before.at < REPEAT_WINDOW and _too_fast(before, sample):
            found.append("impossible_travel")
        found += self._not_counted_reasons(sample)
        if not found and (cap := self._cap(sample)):
            found.append(cap)
        return verdict_of(by_weight(found))

    def _not_counted_reasons(self, sample: Sample) -> Iterator[str]:
        owner = self._owner
        if sample.at < owner.registered_at - REGISTRATION_SLACK:
            yield "before_registration"
        if sample.mock and (owner.receiver_from is None or sample.at < owner.receiver_from):
            yield "mock_position"
        if self._busy_until and sample.at < self._busy_until:
            yield "overlap"
        after = sample.at - REPEAT_WINDOW
        if _one_in_spot(self._counted, sample, max(after, self._before_day)) or (
            after < self._before_day and _one_in_spot(self._evening, sample, after)
        ):
            yield "repeat"
        full = len(self._operators) >= OPERATORS_A_DAY
        if full and sample.network == "mobile" and sample.brand not in self._operators:
            yield "third_operator"

    def _cap(self, sample: Sample) -> str | None:
        if self._representative >= self._caps.day:
            return "daily_cap"
        return "commune_cap" if self._commune_full(sample) else None

    def _commune_full(self, sample: Sample) -> bool:
        return self._in_commune[commune_month(sample)] >= self._caps.commune

    def apply_commune_cap(self, sample: Sample, verdict: Verdict) -> Verdict:
        """Return the verdict on a sample of which nothing else has changed."""
        if not uses_commune_cap(verdict.reasons):
            return verdict
        return verdict_of(("commune_cap",) if self._commune_full(sample) else ())

    def add(self, sample: Sample, verdict: Verdict) -> None:
        """Note a sample of a judged day with its verdict."""
        reasons = verdict.reasons
        if sample.at >= self._evening_at:
            self.add_evening(sample, verdict)
        elif not ignored(verdict):
            self._add_valid(sample)
        if representative(reasons):
            self._counted.append(sample)
            self._representative += 1
            if sample.network == "mobile":
                self._operators.add(sample.brand)
            if uses_commune_cap(reasons):
                self._in_commune[commune_month(sample)] += 1

    def add_evening(self, sample: Sample, verdict: Verdict) -> None:
        """Note what a sample of an evening means for the next day."""
        if not ignored(verdict):
            self._add_valid(sample)
        if _stands_next_day(verdict.reasons):
            self._evening.append(sample)

    def _add_valid(self, sample: Sample) -> None:
        self._valid = sample
        if self._busy_until is None or sample.end > self._busy_until:
            self._busy_until = sample.end


def ignored(verdict: Verdict) -> bool:
    """Return whether the next test is judged as if this one had not been made."""
    return not verdict.valid or not _NO_TEST.isdisjoint(verdict.reasons)


def _stands_next_day(reasons: Collection[str]) -> bool:
    """Return whether a sample of an evening makes one of the next day a repeat."""
    return _OF_THE_DAY.issuperset(reasons)


def _one_in_spot(samples: Sequence[Sample], sample: Sample, after: datetime) -> bool:
    """Return whether one of the samples after a time is in the same spot; the last come first."""
    for earlier in reversed(samples):
        if earlier.at <= after:
            return False
        if same_spot(earlier, sample):
            return True
    return False


def commune_month(sample: Sample | Tally) -> CommuneMonth:
    """Return the key of the cap of a commune."""
    return sample.day.year, sample.day.month, sample.unit_id, sample.network


def representative(reasons: Collection[str]) -> bool:
    """Return whether a sample counts, or would without the caps."""
    return _CAPS.issuperset(reasons)


def differ_for_next_day(reasons: Collection[str], others: Collection[str]) -> bool:
    """Return whether a sample of an evening means something else for the next day."""
    return not _OF_THE_DAY.issuperset(set(reasons) ^ set(others))


def uses_commune_cap(reasons: Collection[str]) -> bool:
    """Return whether a sample is among those that the cap of its commune limits."""
    return _COMMUNE_CAP.issuperset(reasons)


def same_spot(one: Sample, other: Sample) -> bool:
    """Return whether two samples have the same place, network and operator (`repeat`).

    The radius is the larger of REPEAT_RADIUS_M and the two accuracies. A place that retention
    removed is none.
    """
    if one.network != other.network or one.latitude is None or other.latitude is None:
        return False
    radius = repeat_radius_m(one, other)
    # Most are farther apart by latitude alone; the distance costs ten times as much to compute.
    if abs(one.latitude - other.latitude) * METRES_PER_DEGREE > radius:
        return False
    return _same_line(one, other) and distance(one, other) <= radius


def repeat_radius_m(one: Sample, other: Sample) -> float:
    """Return the distance within which two samples are of the same place."""
    return max(REPEAT_RADIUS_M, one.accuracy_m or 0.0, other.accuracy_m or 0.0)


def _same_line(one: Sample, other: Sample) -> bool:
    """Return whether two samples have the same network and operator.

    Of fixed lines no operator is compared: its name is free text.
    """
    return one.network == other.network and (other.network == "fixed" or one.brand == other.brand)


def _too_fast(previous: Sample, sample: Sample) -> bool:
    return travel_s(previous, sample) > max(1.0, (sample.at - previous.at).total_seconds())


def travel_s(previous: Sample, sample: Sample) -> float:
    """Return the least time from the place of one sample to that of another, in seconds."""
    slack = (previous.accuracy_m or 0.0) + (sample.accuracy_m or 0.0)
    return (distance(previous, sample) - slack) / MAX_TRAVEL_M_PER_S


def distance(one: Sample, other: Sample) -> float:
    """Return the distance of two samples in metres; 0 if a position is unknown."""
    if one.latitude is None or one.longitude is None:
        return 0.0
    if other.latitude is None or other.longitude is None:
        return 0.0
    return distance_m(one.longitude, one.latitude, other.longitude, other.latitude)
