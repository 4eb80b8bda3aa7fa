"""Devices that measure in lockstep: again and again with the same lag."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple
from uuid import UUID

from backend.coverage.signals.rows import Evidence, Seen, by_device, evidence

# Two who walk together start within seconds, never with the same lag a dozen times.
LOCKSTEP_WINDOW_S = 15.0
LOCKSTEP_TIMES = 12
LOCKSTEP_JITTER_S = 1.0
LOCKSTEP_SHARE = 0.8
# One person may have two phones and press one after the other; that is not as even as a script.
LOCKSTEP_PAIR_SHARE = 0.95
# A busy quarter of a minute of a whole campaign; beyond it only the nearest in time are compared.
LOCKSTEP_NEIGHBOURS = 30


def devices_in_lockstep(rows: Sequence[Seen]) -> list[Evidence]:
    """Devices that measure again and again with the same lag, as one script makes them."""
    mine = by_device(rows)
    steps = [
        Step(a, b, steady, round(abs(middle), 1))
        for (a, b), meetings in _meetings(rows, {one: n for n, one in enumerate(mine)}).items()
        for middle in [median(lag for lag, _, _ in meetings)]
        for steady in [[one for one in meetings if abs(one[0] - middle) <= LOCKSTEP_JITTER_S]]
        if len(steady) >= max(LOCKSTEP_TIMES, LOCKSTEP_SHARE * min(len(mine[a]), len(mine[b])))
    ]
    return [
        _marching(group)
        for group in _together(steps)
        if len(group) > 1 or len(group[0].steady) >= LOCKSTEP_PAIR_SHARE * _fewer(group[0], mine)
    ]


class Step(NamedTuple):
    """Two devices and the meetings in which the second came with the same lag."""

    a: UUID
    b: UUID
    steady: list[tuple[float, Seen, Seen]]
    lag_s: float


def _meetings(
    rows: Sequence[Seen], rank: Mapping[UUID, int]
) -> dict[tuple[UUID, UUID], list[tuple[float, Seen, Seen]]]:
    """Of each two devices, the tests close in time and the second's lag; where there are enough."""
    often = {one for one, n in Counter(row.device for row in rows).items() if n >= LOCKSTEP_TIMES}
    ordered = [
        (row.at.timestamp(), rank[row.device], row)
        for row in sorted(rows, key=lambda row: (row.at, row.id))
        if row.device in often
    ]
    # Counted first: of millions of chance meetings hardly any two are often together.
    times = Counter((one, other) for _, one, _, other, _ in _close(ordered))
    met: dict[tuple[int, int], list[tuple[float, Seen, Seen]]] = defaultdict(list)
    for lag, one, row, other, near in _close(ordered):
        if times[one, other] >= LOCKSTEP_TIMES:
            met[one, other].append((lag, row, near))
    devices = list(rank)
    return {(devices[a], devices[b]): meetings for (a, b), meetings in sorted(met.items())}


def _close(
    ordered: Sequence[tuple[float, int, Seen]],
) -> Iterator[tuple[float, int, Seen, int, Seen]]:
    """Each two tests of two devices within the window: lag, lower device, higher device."""
    for place, (at, one, row) in enumerate(ordered):
        for then, other, near in ordered[place + 1 : place + 1 + LOCKSTEP_NEIGHBOURS]:
            if then - at > LOCKSTEP_WINDOW_S:
                break
            if one < other:
                yield then - at, one, row, other, near
            elif other < one:
                yield at - then, other, near, one, row


def _fewer(step: Step, mine: Mapping[UUID, Sequence[Seen]]) -> int:
    return min(len(mine[step.a]), len(mine[step.b]))


def _together(steps: Sequence[Step]) -> list[list[Step]]:
    """Pairs that share a device are one group: ten phones of a script are told once."""
    groups: list[tuple[set[UUID], list[Step]]] = []
    for step in steps:
        joined = [one for one in groups if step.a in one[0] or step.b in one[0]]
        groups = [one for one in groups if one not in joined]
        members = {step.a, step.b}.union(*(one[0] for one in joined))
        groups.append((members, [each for one in joined for each in one[1]] + [step]))
    return [group for _, group in groups]


def _marching(group: Sequence[Step]) -> Evidence:
    rows = {row for step in group for _, *both in step.steady for row in both}
    times, lag_s = max((len(step.steady), step.lag_s) for step in group)
    return evidence("devices_in_lockstep", rows, times=times, lag_s=lag_s)
