"""Rules of the signals of gaming: pure functions from samples to evidence, for review by people.

None of them changes a figure. The comment of each limit names the honest use that it excludes.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import cos, floor, inf, radians
from operator import ge
from statistics import median
from typing import NamedTuple
from uuid import UUID

from backend.clock import VIETNAM, local_day
from geo.fix import METRES_PER_DEGREE, distance_m

Cell = tuple[int, int]

# One width of a degree for the whole country (8 to 23 degrees north, 4 % off at its ends), so that
# the squares of a grid are aligned.
DEGREE_WIDTH_M = METRES_PER_DEGREE * cos(radians(16))

# A house and its yard, including the errors of fixes.
PLACE_M = 200.0
# A team of some thirty phones meets at a community house and then spreads: its phones also measure
# elsewhere, or only on a day or two, like those of residents who are helped there. Phones on a
# shelf do neither.
PLACE_DEVICES = 8
PLACE_DAYS = 3
PLACE_SHARE = 0.9

# Four results with three equal values are no coincidence if these have enough digits: a line that
# its carrier throttles to 1.0 Mbps repeats itself, but has too few.
SPEED_TIMES = 4
SPEED_DIGITS = 8
# Of one phone, two results that occur twice are enough if the values have this many digits.
SPEED_DIGITS_OWN = (3, 3, 2)

# No road and no train in Vietnam is faster than 160 km/h; a flight is one jump, not three.
TRAVEL_M_PER_S = 60.0
TRAVEL_WITHIN = timedelta(hours=2)
TRAVEL_TIMES = 3
# A bad fix leads away and back. That happens in one of about 150 tests, but rarely this often in
# a month.
TRAVEL_BOUNCES = 4
MIN_TRAVEL_M = 1_000.0  # shorter jumps are explained by a bad fix

MIN_MOCK = 5
MOCK_SHARE = 0.3  # developers leave mock locations on occasionally, not in every third sample

NIGHT_HOURS = range(5)  # from midnight to 5 a.m. in Vietnam
NIGHT_TIMES = 15  # a guard measures a few times, a survey of a night market takes a dozen

# Residents helped by volunteers are guests and left out; visitors of a stall return or spread.
ONCE_DEVICES = 10
ONCE_SHARE = 0.7

# The last digits of a fix vary each time; a cached fix lasts for minutes, not for hours.
SAME_DIGITS = 4  # coordinates with fewer digits were rounded by the phone, which is honest
SAME_DEVICES = 3
SAME_HOURS = 6
# Positions of masts and indoor Wi-Fi do repeat, but hardly ever with this accuracy.
SAME_ACCURACY_M = 20.0

# Two people walking together start within seconds, never with the same lag a dozen times.
LOCKSTEP_WINDOW_S = 15.0
LOCKSTEP_TIMES = 12
LOCKSTEP_JITTER_S = 1.0
LOCKSTEP_SHARE = 0.8
# One person with two phones may start one after the other, but not as evenly as a script.
LOCKSTEP_PAIR_SHARE = 0.95
# The most tests of a campaign in 15 s; beyond that, only the nearest in time are compared.
LOCKSTEP_NEIGHBOURS = 30

# On foot 60 m take 45 s and a test 15 to 20 s with what it needs to be started: in an hour nobody
# gets to more places. Two SIM cards or networks measured at one place are one stop.
PACE_STOP_M = 60.0
PACE_STOPS = 40
PACE_WITHIN = timedelta(hours=1)

# A trip to where no network is lasts days, and a phone sends when it has one again. A month's
# report is due on day 15: who fills a month afterwards is later than this.
LATE_BY = timedelta(days=7)
# Phones register when they are first online, at the latest on the day after.
BEFORE_REGISTRATION_BY = timedelta(days=1)
# One volunteer's forgotten phone has a few, and seldom a quarter of a commune's month.
MIN_BACKDATED = 20
BACKDATED_SHARE = 0.25

# A morning at a market helps some thirty residents, who measure once or twice: a third of a
# commune's target is more, and hardly over half of what its volunteers measure in a month.
MIN_GUESTS = 100
GUEST_SHARE = 0.5


class DeviceSample(NamedTuple):
    """The fields of a measurement that the rules use; stripped measurements are left out."""

    id: UUID
    device: UUID
    registered_at: datetime
    at: datetime
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    download_mbps: float | None
    upload_mbps: float | None
    ping_ms: float | None
    mock: bool = False
    counted: bool = True
    received_at: datetime | None = None
    unit: int | None = None  # the commune
    guest: bool = False  # of a resident whom a volunteer helped, until the end of that day
    elsewhere: int = 0  # measurements of this device in the month that are not among the input

    @property
    def day(self) -> date:
        return local_day(self.at)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence of a signal: devices, measurements, and the figures that exceeded a limit."""

    signal: str
    devices: tuple[UUID, ...]
    measurements: tuple[UUID, ...]
    facts: Mapping[str, float | int | str] = field(default_factory=dict)


def evidence(signal: str, rows: Iterable[DeviceSample], **facts: float | int | str) -> Evidence:
    """Build evidence of some rows; the result does not depend on their order."""
    shown = sorted(rows, key=lambda row: (row.at, row.id))
    devices = sorted({row.device for row in shown})
    return Evidence(signal, tuple(devices), tuple(row.id for row in shown), facts)


def by_device(rows: Iterable[DeviceSample]) -> dict[UUID, list[DeviceSample]]:
    """Group rows by device: devices ordered by id, their rows by time."""
    grouped: dict[UUID, list[DeviceSample]] = defaultdict(list)
    for row in rows:
        grouped[row.device].append(row)
    return {
        device: sorted(grouped[device], key=lambda row: (row.at, row.id))
        for device in sorted(grouped)
    }


def blocks(
    rows: Iterable[DeviceSample], side_m: float
) -> Iterator[tuple[Cell, list[DeviceSample]]]:
    """Yield squares of `side_m` metres and their rows, the one with the most rows first.

    Squares overlap by half, so that a place on the border of one lies inside another.
    """
    cells: dict[Cell, list[DeviceSample]] = defaultdict(list)
    for row in rows:
        if row.latitude is not None and row.longitude is not None:
            cells[_cell(row.latitude, row.longitude, side_m / 2)].append(row)
    corners = {(x - dx, y - dy) for x, y in cells for dx in (0, 1) for dy in (0, 1)}
    by_corner = {
        (x, y): [row for dx in (0, 1) for dy in (0, 1) for row in cells.get((x + dx, y + dy), [])]
        for x, y in corners
    }
    yield from sorted(by_corner.items(), key=lambda block: (-len(block[1]), block[0]))


def _cell(latitude: float, longitude: float, step_m: float) -> Cell:
    return floor(longitude * DEGREE_WIDTH_M / step_m), floor(latitude * METRES_PER_DEGREE / step_m)


Result = tuple[float, float, float]  # download, upload, ping
Signal = Callable[[Sequence[DeviceSample]], list[Evidence]]


class Lockstep(NamedTuple):
    """Two devices and the pairs of tests in which the second followed with the same lag."""

    a: UUID
    b: UUID
    steady: list[tuple[float, DeviceSample, DeviceSample]]
    lag_s: float


def one_place_many_devices(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find groups of many devices that measure only in one place, on several days."""
    totals = {device: len(trail) + trail[0].elsewhere for device, trail in by_device(rows).items()}
    signals: list[Evidence] = []
    reported: set[UUID] = set()
    for _, here in blocks(rows, PLACE_M):
        if len(here) < PLACE_DEVICES * PLACE_DAYS:
            break  # the next ones have no more rows
        counts = Counter(row.device for row in here)
        there = Counter(device for device, _ in {(row.device, row.day) for row in here})
        settled = {
            device
            for device, n in counts.items()
            if n >= PLACE_SHARE * totals[device]
            and there[device] >= PLACE_DAYS
            and device not in reported
        }
        shown = [row for row in here if row.device in settled]
        on_day = Counter(day for _, day in {(row.device, row.day) for row in shown})
        days = sum(n >= PLACE_DEVICES for n in on_day.values())
        if len(settled) >= PLACE_DEVICES and days >= PLACE_DAYS:
            reported |= settled
            signals.append(evidence("one_place_many_devices", shown, days=days))
    return signals


def devices_in_lockstep(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find groups of devices that measure repeatedly with the same lag, as if run by one script."""
    mine = by_device(rows)
    pairs = [
        Lockstep(a, b, steady, round(abs(middle), 1))
        for (a, b), meetings in _meetings(
            rows, {device: n for n, device in enumerate(mine)}
        ).items()
        for middle in [median(lag for lag, _, _ in meetings)]
        for steady in [
            [meeting for meeting in meetings if abs(meeting[0] - middle) <= LOCKSTEP_JITTER_S]
        ]
        if len(steady) >= max(LOCKSTEP_TIMES, LOCKSTEP_SHARE * min(len(mine[a]), len(mine[b])))
    ]
    return [
        _lockstep_evidence(group)
        for group in _connected(pairs)
        if len(group) > 1 or len(group[0].steady) >= LOCKSTEP_PAIR_SHARE * _fewer(group[0], mine)
    ]


def _meetings(
    rows: Sequence[DeviceSample], rank: Mapping[UUID, int]
) -> dict[tuple[UUID, UUID], list[tuple[float, DeviceSample, DeviceSample]]]:
    """Return the pairs of close tests of each two devices with the second's lag, if enough."""
    often = {
        device for device, n in Counter(row.device for row in rows).items() if n >= LOCKSTEP_TIMES
    }
    ordered = [
        (row.at.timestamp(), rank[row.device], row)
        for row in sorted(rows, key=lambda row: (row.at, row.id))
        if row.device in often
    ]
    # Counted first: of millions of chance meetings, hardly any pair of devices occurs often.
    times = Counter((one, other) for _, one, _, other, _ in _close(ordered))
    met: dict[tuple[int, int], list[tuple[float, DeviceSample, DeviceSample]]] = defaultdict(list)
    for lag, one, row, other, near in _close(ordered):
        if times[one, other] >= LOCKSTEP_TIMES:
            met[one, other].append((lag, row, near))
    devices = list(rank)
    return {(devices[a], devices[b]): meetings for (a, b), meetings in sorted(met.items())}


def _close(
    ordered: Sequence[tuple[float, int, DeviceSample]],
) -> Iterator[tuple[float, int, DeviceSample, int, DeviceSample]]:
    """Yield pairs of tests of two devices within the window: lag, lower device, higher device."""
    for place, (at, one, row) in enumerate(ordered):
        for then, other, near in ordered[place + 1 : place + 1 + LOCKSTEP_NEIGHBOURS]:
            if then - at > LOCKSTEP_WINDOW_S:
                break
            if one < other:
                yield then - at, one, row, other, near
            elif other < one:
                yield at - then, other, near, one, row


def _fewer(pair: Lockstep, mine: Mapping[UUID, Sequence[DeviceSample]]) -> int:
    return min(len(mine[pair.a]), len(mine[pair.b]))


def _connected(pairs: Sequence[Lockstep]) -> list[list[Lockstep]]:
    """Group pairs that share devices, so that ten phones of a script are reported once."""
    groups: list[tuple[set[UUID], list[Lockstep]]] = []
    for pair in pairs:
        joined = [group for group in groups if pair.a in group[0] or pair.b in group[0]]
        groups = [group for group in groups if group not in joined]
        members = {pair.a, pair.b}.union(*(group[0] for group in joined))
        groups.append((members, [each for group in joined for each in group[1]] + [pair]))
    return [group for _, group in groups]


def _lockstep_evidence(group: Sequence[Lockstep]) -> Evidence:
    rows = {row for pair in group for _, *both in pair.steady for row in both}
    times, lag_s = max((len(pair.steady), pair.lag_s) for pair in group)
    return evidence("devices_in_lockstep", rows, times=times, lag_s=lag_s)


def speeds_repeated(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find download, upload and ping that agree to the last digit, of one phone or several."""
    same: dict[Result, list[DeviceSample]] = defaultdict(list)
    for row in rows:
        if row.download_mbps and row.upload_mbps and row.ping_ms:
            same[row.download_mbps, row.upload_mbps, row.ping_ms].append(row)
    # Several results of the same devices are reported together.
    shown: dict[tuple[UUID, ...], list[DeviceSample]] = defaultdict(list)
    results: Counter[tuple[UUID, ...]] = Counter()
    for values, those in sorted(same.items()):
        if len(those) == 1:
            continue
        devices = tuple(sorted({row.device for row in those}))
        if len(those) >= _least_times(values, devices):
            shown[devices] += those
            results[devices] += 1
    return [
        evidence("speeds_repeated", those, times=len(those), results=results[devices])
        for devices, those in sorted(shown.items())
        if len(those) >= SPEED_TIMES
    ]


def _least_times(values: Result, devices: Sequence[UUID]) -> float:
    """Return how often a result must occur to be reported; twice if it has many digits."""
    precise = all(map(ge, map(_digits, values), SPEED_DIGITS_OWN))
    if len(devices) == 1 and precise:
        return 2
    return SPEED_TIMES if sum(map(_digits, values)) >= SPEED_DIGITS else inf


def _digits(value: float) -> int:
    """Return the number of significant digits: 3 in 48.2, 1 in 50.0 and in 0.3."""
    return len(repr(value).replace(".", "").strip("0"))


def impossible_travel(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find devices that repeatedly move faster than any means of transport."""
    signals = []
    for trail in by_device(row for row in rows if row.latitude is not None).values():
        way, bounces = _without_bounces(trail)
        if len(bounces) >= TRAVEL_BOUNCES:
            way = trail
        jumps = [(pair, speed) for pair in pairwise(way) if (speed := _speed(*pair))]
        if len(jumps) >= TRAVEL_TIMES:
            shown = {row for pair, _ in jumps for row in pair}
            fastest = round(max(speed for _, speed in jumps))
            facts = {"jumps": len(jumps), "fastest_m_per_s": fastest}
            signals.append(evidence("impossible_travel", shown, **facts))
    return signals


def _without_bounces(
    trail: Sequence[DeviceSample],
) -> tuple[list[DeviceSample], list[DeviceSample]]:
    """Return a trail without single fixes that lead away and back at once, and these fixes."""
    way, bounces = list(trail[:1]), []
    for row, after in pairwise(trail[1:]):
        away = _speed(way[-1], row) and _speed(row, after)
        if away and not _speed(way[-1], after):
            bounces.append(row)
        else:
            way.append(row)
    return way + list(trail[1:][-1:]), bounces


def _speed(before: DeviceSample, after: DeviceSample) -> float | None:
    """Return the speed of a jump in m/s; None if it is plausible or explained by fix errors."""
    apart = after.at - before.at
    ends = (before.longitude, before.latitude, after.longitude, after.latitude)
    if apart > TRAVEL_WITHIN or None in ends:
        return None
    way = distance_m(*[end for end in ends if end is not None])
    way -= (before.accuracy_m or 0.0) + (after.accuracy_m or 0.0)
    speed = way / max(apart.total_seconds(), 1.0)
    return speed if way >= MIN_TRAVEL_M and speed > TRAVEL_M_PER_S else None


def too_fast(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find devices that go from place to place and test faster than a person on foot, for long."""
    signals = []
    for trail in by_device(
        row for row in rows if row.counted and row.latitude is not None
    ).values():
        stops = _stops(trail)
        shown: set[DeviceSample] = set()
        for first, last in zip(stops, stops[PACE_STOPS - 1 :], strict=False):
            if last[0].at - first[0].at <= PACE_WITHIN:
                shown |= {row for row in trail if first[0].at <= row.at <= last[-1].at}
        if shown:
            places = [stop for stop in stops if stop[0] in shown]
            apart = median((b[0].at - a[0].at).total_seconds() for a, b in pairwise(places))
            facts = {"stops": len(places), "every_s": round(apart)}
            signals.append(evidence("too_fast", shown, **facts))
    return signals


def _stops(trail: Sequence[DeviceSample]) -> list[list[DeviceSample]]:
    """Group the tests of a device in one place, one after the other."""
    stops: list[list[DeviceSample]] = []
    for row in trail:
        if stops and _apart_m(stops[-1][0], row) < PACE_STOP_M:
            stops[-1].append(row)
        else:
            stops.append([row])
    return stops


def _apart_m(one: DeviceSample, other: DeviceSample) -> float:
    ends = (one.longitude, one.latitude, other.longitude, other.latitude)
    return distance_m(*[end for end in ends if end is not None])


def backdated(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find that much of a commune's month was received long afterwards, or by newer phones."""
    shown = [row for row in rows if _is_late(row) or _is_before_registration(row)]
    counted = sum(row.counted for row in rows)
    uncounted = sum(not row.counted for row in shown)
    if len(shown) < max(MIN_BACKDATED, BACKDATED_SHARE * (counted + uncounted)):
        return []
    delays = [row.received_at - row.at for row in shown if row.received_at]
    facts = {
        "days": round(median(delay / timedelta(days=1) for delay in delays)) if delays else 0,
        "before": sum(map(_is_before_registration, shown)),
        "share": round(len(shown) / (counted + uncounted), 2),
    }
    return [evidence("backdated", shown, **facts)]


def _is_late(row: DeviceSample) -> bool:
    return row.counted and row.received_at is not None and row.received_at - row.at >= LATE_BY


def _is_before_registration(row: DeviceSample) -> bool:
    return row.at < row.registered_at - BEFORE_REGISTRATION_BY


def guest_share(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find that over half of a commune's counted samples are of guests."""
    counted = [row for row in rows if row.counted]
    shown = [row for row in counted if row.guest]
    if len(shown) < MIN_GUESTS or len(shown) <= GUEST_SHARE * len(counted):
        return []
    share = round(len(shown) / len(counted), 2)
    return [evidence("guest_share", shown, counted=len(counted), share=share)]


def mock_share(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find devices with a high share of mock locations."""
    signals = []
    for trail in by_device(rows).values():
        shown = [row for row in trail if row.mock]
        share = len(shown) / len(trail)
        if len(shown) >= MIN_MOCK and share >= MOCK_SHARE:
            signals.append(evidence("mock_share", shown, share=round(share, 2)))
    return signals


def night_bursts(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find devices that measure throughout a night."""
    nights: dict[tuple[UUID, str], list[DeviceSample]] = defaultdict(list)
    for row in rows:
        if row.at.astimezone(VIETNAM).hour in NIGHT_HOURS:
            nights[row.device, row.day.isoformat()].append(row)
    return [
        evidence("night_bursts", shown, day=day, times=len(shown))
        for (_, day), shown in sorted(nights.items())
        if len(shown) >= NIGHT_TIMES
    ]


def new_devices_once(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find groups of devices that register in one place on one day and measure only once."""
    trails = by_device(row for row in rows if not row.guest)
    firsts = [trail[0] for trail in trails.values() if trail[0].at >= trail[0].registered_at]
    fresh = [row for row in firsts if row.at - row.registered_at < timedelta(days=1)]
    signals: list[Evidence] = []
    reported: set[UUID] = set()
    for day in sorted({row.day for row in fresh}):
        for _, here in blocks([row for row in fresh if row.day == day], PLACE_M):
            new = [row for row in here if row.device not in reported]
            once = [row for row in new if len(trails[row.device]) + row.elsewhere == 1]
            if len(once) >= max(ONCE_DEVICES, ONCE_SHARE * len(new)):
                reported |= {row.device for row in once}
                counts = {"once": len(once), "new": len(new)}
                signals.append(evidence("new_devices_once", once, day=day.isoformat(), **counts))
    return signals


def same_coordinates(rows: Sequence[DeviceSample]) -> list[Evidence]:
    """Find coordinates that agree to the last digit, of several devices or of one for hours."""
    same: dict[tuple[float, float], list[DeviceSample]] = defaultdict(list)
    for row in rows:
        exact = row.accuracy_m is not None and row.accuracy_m <= SAME_ACCURACY_M
        if exact and row.latitude is not None and row.longitude is not None and _fine(row.latitude):
            same[row.latitude, row.longitude].append(row)
    signals = []
    for shown in (same[point] for point in sorted(same)):
        devices = {row.device for row in shown}
        hours = {row.at.replace(minute=0, second=0, microsecond=0) for row in shown}
        if len(devices) >= SAME_DEVICES or len(hours) >= SAME_HOURS:
            facts = {"times": len(shown), "hours": len(hours)}
            signals.append(evidence("same_coordinates", shown, **facts))
    return signals


def _fine(degrees: float) -> bool:
    """Return whether a coordinate has more digits than one that was rounded for privacy."""
    return round(degrees, SAME_DIGITS) != degrees


# Of a commune's samples; of the devices there, with their samples elsewhere; of a province.
OF_COMMUNES: tuple[Signal, ...] = (
    one_place_many_devices,
    new_devices_once,
    same_coordinates,
    backdated,
    guest_share,
)
OF_DEVICES: tuple[Signal, ...] = (
    speeds_repeated,
    impossible_travel,
    mock_share,
    night_bursts,
    too_fast,
)
OF_PROVINCES: tuple[Signal, ...] = (devices_in_lockstep,)
SIGNALS: dict[str, Signal] = {
    signal.__name__: signal for signal in (*OF_COMMUNES, *OF_DEVICES, *OF_PROVINCES)
}
