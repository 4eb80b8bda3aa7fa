"""Signals of gaming: named functions from rows to evidence, for people to look at.

None of them changes a figure. Each limit names the honest habit that it spares.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from math import inf
from operator import ge
from uuid import UUID

from backend.clock import VIETNAM
from backend.coverage.signals.lockstep import devices_in_lockstep
from backend.coverage.signals.rows import Evidence, Seen, blocks, by_device, evidence
from geo.fix import distance_m

# A house and its yard with the errors of its fixes.
PLACE_M = 200.0
# A team meets at a community house, some thirty phones, and then spreads: its phones measure
# elsewhere too, or on a day or two only, as residents do who are helped there. Phones on a shelf
# do neither.
PLACE_DEVICES = 8
PLACE_DAYS = 3
PLACE_SHARE = 0.9

# Four results that agree in all three values are no chance where these tell enough: a line that
# its carrier slows to 1.0 Mbps repeats itself, and has too few digits to tell.
SPEED_TIMES = 4
SPEED_DIGITS = 8
# Of one phone two results that come twice are enough, if each value tells this many digits.
SPEED_DIGITS_OWN = (3, 3, 2)

# No road and no train in Vietnam is faster than 160 km/h; a flight is one jump, not three.
TRAVEL_M_PER_S = 60.0
TRAVEL_WITHIN = timedelta(hours=2)
TRAVEL_TIMES = 3
# A bad fix leads away and back; that happens to one test in some hundred and fifty, and this
# often in a month to hardly anybody.
TRAVEL_BOUNCES = 4
TRAVEL_LEAST_M = 1_000.0  # below it a bad fix explains all

MOCK_LEAST = 5
MOCK_SHARE = 0.3  # a developer's phone forgets the switch once, not in every third sample

NIGHT_HOURS = range(5)  # from midnight to five in the morning, Vietnam's
NIGHT_TIMES = 15  # a guard measures a few times, a survey of a night market takes a dozen

# Residents helped one by one are guests and left out; visitors of a stall come back or spread.
ONCE_DEVICES = 10
ONCE_SHARE = 0.7

# A fix moves in its last digits each time; a cached one stays for minutes, not for hours.
SAME_DIGITS = 4  # rounder coordinates were rounded by the phone, which is honest
SAME_DEVICES = 3
SAME_HOURS = 6
# Positions of masts and indoor Wi-Fi do repeat; they hardly ever claim to be this good.
SAME_ACCURACY_M = 20.0

Result = tuple[float, float, float]  # download, upload, ping
Signal = Callable[[Sequence[Seen]], list[Evidence]]


def one_place_many_devices(rows: Sequence[Seen]) -> list[Evidence]:
    """Many devices that measure in one place only, on several days."""
    totals = {one: len(trail) + trail[0].elsewhere for one, trail in by_device(rows).items()}
    found: list[Evidence] = []
    told: set[UUID] = set()
    for _, here in blocks(rows, PLACE_M):
        if len(here) < PLACE_DEVICES * PLACE_DAYS:
            break  # the fullest come first
        counts = Counter(row.device for row in here)
        there = Counter(device for device, _ in {(row.device, row.day) for row in here})
        settled = {
            one
            for one, n in counts.items()
            if n >= PLACE_SHARE * totals[one] and there[one] >= PLACE_DAYS and one not in told
        }
        shown = [row for row in here if row.device in settled]
        on_day = Counter(day for _, day in {(row.device, row.day) for row in shown})
        days = sum(n >= PLACE_DEVICES for n in on_day.values())
        if len(settled) >= PLACE_DEVICES and days >= PLACE_DAYS:
            told |= settled
            found.append(evidence("one_place_many_devices", shown, days=days))
    return found


def speeds_repeated(rows: Sequence[Seen]) -> list[Evidence]:
    """Download, upload and ping that agree to the last digit: of one phone, or of several."""
    same: dict[Result, list[Seen]] = defaultdict(list)
    for row in rows:
        if row.download_mbps and row.upload_mbps and row.ping_ms:
            same[row.download_mbps, row.upload_mbps, row.ping_ms].append(row)
    # Several results of the same devices are told at once.
    shown: dict[tuple[UUID, ...], list[Seen]] = defaultdict(list)
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
    """How often a result must be there to be told: twice is much for a phone's own rich one."""
    rich = all(map(ge, map(_digits, values), SPEED_DIGITS_OWN))
    if len(devices) == 1 and rich:
        return 2
    return SPEED_TIMES if sum(map(_digits, values)) >= SPEED_DIGITS else inf


def _digits(value: float) -> int:
    """How many digits a number tells: 3 in 48.2, 1 in 50.0 and in 0.3."""
    return len(repr(value).replace(".", "").strip("0"))


def impossible_travel(rows: Sequence[Seen]) -> list[Evidence]:
    """A device that is soon where nothing could have brought it, several times."""
    found = []
    for trail in by_device(row for row in rows if row.latitude is not None).values():
        way, bounces = _without_bounces(trail)
        if len(bounces) >= TRAVEL_BOUNCES:
            way = trail
        jumps = [(pair, speed) for pair in pairwise(way) if (speed := _speed(*pair))]
        if len(jumps) >= TRAVEL_TIMES:
            shown = {row for pair, _ in jumps for row in pair}
            fastest = round(max(speed for _, speed in jumps))
            facts = {"jumps": len(jumps), "fastest_m_per_s": fastest}
            found.append(evidence("impossible_travel", shown, **facts))
    return found


def _without_bounces(trail: Sequence[Seen]) -> tuple[list[Seen], list[Seen]]:
    """A trail without the single fixes that lead away and back at once; and these."""
    way, bounces = list(trail[:1]), []
    for row, after in pairwise(trail[1:]):
        away = _speed(way[-1], row) and _speed(row, after)
        if away and not _speed(way[-1], after):
            bounces.append(row)
        else:
            way.append(row)
    return way + list(trail[1:][-1:]), bounces


def _speed(before: Seen, after: Seen) -> float | None:
    """Metres per second of a jump, where no fix's error explains it; None for an honest way."""
    apart = after.at - before.at
    ends = (before.longitude, before.latitude, after.longitude, after.latitude)
    if apart > TRAVEL_WITHIN or None in ends:
        return None
    way = distance_m(*[end for end in ends if end is not None])
    way -= (before.accuracy_m or 0.0) + (after.accuracy_m or 0.0)
    speed = way / max(apart.total_seconds(), 1.0)
    return speed if way >= TRAVEL_LEAST_M and speed > TRAVEL_M_PER_S else None


def mock_share(rows: Sequence[Seen]) -> list[Evidence]:
    """A device that often stands where another program told it to stand."""
    found = []
    for trail in by_device(rows).values():
        shown = [row for row in trail if row.mock]
        share = len(shown) / len(trail)
        if len(shown) >= MOCK_LEAST and share >= MOCK_SHARE:
            found.append(evidence("mock_share", shown, share=round(share, 2)))
    return found


def night_bursts(rows: Sequence[Seen]) -> list[Evidence]:
    """A device that measures all through a night."""
    nights: dict[tuple[UUID, str], list[Seen]] = defaultdict(list)
    for row in rows:
        if row.at.astimezone(VIETNAM).hour in NIGHT_HOURS:
            nights[row.device, row.day.isoformat()].append(row)
    return [
        evidence("night_bursts", shown, day=day, times=len(shown))
        for (_, day), shown in sorted(nights.items())
        if len(shown) >= NIGHT_TIMES
    ]


def new_devices_once(rows: Sequence[Seen]) -> list[Evidence]:
    """Many devices that register in one place and day, measure once and never again."""
    trails = by_device(row for row in rows if not row.guest)
    firsts = [trail[0] for trail in trails.values() if trail[0].at >= trail[0].registered_at]
    fresh = [row for row in firsts if row.at - row.registered_at < timedelta(days=1)]
    found: list[Evidence] = []
    told: set[UUID] = set()
    for day in sorted({row.day for row in fresh}):
        for _, here in blocks([row for row in fresh if row.day == day], PLACE_M):
            new = [row for row in here if row.device not in told]
            once = [row for row in new if len(trails[row.device]) + row.elsewhere == 1]
            if len(once) >= max(ONCE_DEVICES, ONCE_SHARE * len(new)):
                told |= {row.device for row in once}
                counts = {"once": len(once), "new": len(new)}
                found.append(evidence("new_devices_once", once, day=day.isoformat(), **counts))
    return found


def same_coordinates(rows: Sequence[Seen]) -> list[Evidence]:
    """Coordinates equal to the last digit: of several devices, or of one for hours."""
    same: dict[tuple[float, float], list[Seen]] = defaultdict(list)
    for row in rows:
        exact = row.accuracy_m is not None and row.accuracy_m <= SAME_ACCURACY_M
        if exact and row.latitude is not None and row.longitude is not None and _fine(row.latitude):
            same[row.latitude, row.longitude].append(row)
    found = []
    for shown in (same[point] for point in sorted(same)):
        devices = {row.device for row in shown}
        hours = {row.at.replace(minute=0, second=0, microsecond=0) for row in shown}
        if len(devices) >= SAME_DEVICES or len(hours) >= SAME_HOURS:
            facts = {"times": len(shown), "hours": len(hours)}
            found.append(evidence("same_coordinates", shown, **facts))
    return found


def _fine(degrees: float) -> bool:
    """Whether a coordinate has more digits than one that was rounded for privacy."""
    return round(degrees, SAME_DIGITS) != degrees


SIGNALS: dict[str, Signal] = {
    signal.__name__: signal
    for signal in (
        one_place_many_devices,
        devices_in_lockstep,
        speeds_repeated,
        impossible_travel,
        mock_share,
        night_bursts,
        new_devices_once,
        same_coordinates,
    )
}
