"""Signals of many phones on one network: pure functions of plain values.

The network of a client is known as a digest under the key of the day, for a week, and by one bit:
whether it lies outside the carriers' networks that an admin has loaded. Samples without a witness
have neither.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from geo.fix import distance_m

SAME_NETWORK = "same_network"  # the signal's kind

# A router with a SIM card, an office or a private network (VPN) serves some phones on a day, but
# seldom ten that say they are in a mobile network.
OUTSIDE_PHONES = 10
# Without a list a network may be the shared address of a carrier: only very many are shown.
UNLISTED_PHONES = 30
# Few phones use a private network (VPN); a carrier's new network is soon in the list.
MIN_OUTSIDE = 20
OUTSIDE_SHARE = 0.3
OUTSIDE_PEOPLE = 3  # one may use a private network all the month

# The phones of one fixed line are in one house, or in one vehicle, which goes on: but for wrong
# fixes they do not jump to a place and back by so much.
DETOUR_M, DETOUR_SHARE, MAX_ACCURACY_M = 500.0, 0.25, 300.0
# Homes share the addresses of their provider, but each person stays in one: few go from house to
# house. Beyond this distance a second sample counts, so a farm's phones move.
MOVED_M, MOVED_PEOPLE, MOVED_SHARE = 100.0, 3, 0.5
# And few homes of a village measure in the same minute.
CROWD_PHONES, CROWD_WITHIN = 10, timedelta(minutes=1)


class NetworkUse(NamedTuple):
    """One valid sample with the digest of its client's network on a day."""

    prefix: bytes
    outside: bool | None  # of the carriers' networks; None: no list was loaded
    day: date  # of the receipt, whose key the digest has
    id: UUID
    device: UUID
    person: Hashable  # linked phones are those of one person
    unit: int | None
    measured_on: date
    network: str  # mobile or fixed
    at: datetime
    latitude: float
    longitude: float
    accuracy_m: float


class NetworkGroup(NamedTuple):
    """The samples of many phones from one network on one day."""

    prefix: bytes
    day: date
    case: str  # prefix: known to be no carrier's; unlisted; or fixed
    uses: list[NetworkUse]


def phones_needed(outside: bool | None) -> float:
    """Return how many people's phones on one network make a signal; a carrier's never do."""
    if outside is None:
        return UNLISTED_PHONES
    return OUTSIDE_PHONES if outside else float("inf")


def groups_of_phones(uses: Iterable[NetworkUse]) -> list[NetworkGroup]:
    """Return the networks with too many phones on one day."""
    by_network: dict[tuple[date, bytes, str], list[NetworkUse]] = defaultdict(list)
    for use in uses:
        by_network[use.day, use.prefix, use.network].append(use)
    groups = []
    for (day, prefix, network), theirs in sorted(by_network.items()):
        # A list that was loaded on this day decides on the samples after it.
        known = [use.outside for use in theirs if use.outside is not None]
        outside = known[-1] if known else None
        if network == "fixed":
            if outside is not False and is_no_line(theirs):
                groups.append(NetworkGroup(prefix, day, "fixed", theirs))
        elif len({use.person for use in theirs}) >= phones_needed(outside):
            case = "unlisted" if outside is None else "prefix"
            groups.append(NetworkGroup(prefix, day, case, theirs))
    return groups


def is_no_line(uses: Sequence[NetworkUse]) -> bool:
    """Return whether the samples of a fixed network on a day look like none of lines and homes.

    They jump to and fro, and most of their people moved, or many measured in one minute.
    """
    ordered = sorted(uses, key=lambda use: (use.at, use.id))
    threes = zip(ordered, ordered[1:], ordered[2:], strict=False)
    jumps = sum(_detour(*three) > DETOUR_M for three in threes)
    if jumps < DETOUR_SHARE * (len(ordered) - 2):
        return False
    of_people: dict[Hashable, list[NetworkUse]] = defaultdict(list)
    for use in ordered:
        of_people[use.person].append(use)
    moved = sum(
        any(_distance(theirs[0], use) > MOVED_M for use in theirs) for theirs in of_people.values()
    )
    if moved >= max(MOVED_PEOPLE, MOVED_SHARE * len(of_people)):
        return True
    minutes = groupby(ordered, key=lambda use: use.at.timestamp() // CROWD_WITHIN.total_seconds())
    return any(len({use.person for use in theirs}) >= CROWD_PHONES for _, theirs in minutes)


def _detour(one: NetworkUse, by: NetworkUse, other: NetworkUse) -> float:
    return _distance(one, by) + _distance(by, other) - _distance(one, other)


def _distance(one: NetworkUse, other: NetworkUse) -> float:
    """Return the least distance of two fixes in metres; an accuracy is the phone's own word."""
    way = distance_m(one.longitude, one.latitude, other.longitude, other.latitude)
    return way - min(one.accuracy_m, MAX_ACCURACY_M) - min(other.accuracy_m, MAX_ACCURACY_M)


def is_mostly_outside(outside: int, checked: int, people: int) -> bool:
    """Return whether many of a commune's counted mobile samples come from no carrier's network.

    `outside` and `people` are the samples from there and the people who sent them.
    """
    enough = outside >= max(MIN_OUTSIDE, OUTSIDE_SHARE * checked)
    return enough and people >= OUTSIDE_PEOPLE
