"""Signals of mobile samples whose network is no carrier's: pure functions of plain values.

The network of a client is known as a digest under the key of the day, for a week, and by one bit:
whether it lies outside the carriers' networks that an admin has loaded. Samples without a witness
have neither.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

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


class NetworkUse(NamedTuple):
    """One valid mobile sample with the digest of its client's network on a day."""

    prefix: bytes
    outside: bool | None  # of the carriers' networks; None: no list was loaded
    day: date  # of the receipt, whose key the digest has
    id: UUID
    device: UUID
    person: Hashable  # linked phones are those of one person
    unit: int | None
    measured_on: date


class NetworkGroup(NamedTuple):
    """The samples of many phones from one network on one day."""

    prefix: bytes
    day: date
    listed: bool  # whether it is known to be no carrier's
    uses: list[NetworkUse]


def phones_needed(outside: bool | None) -> float:
    """Return how many people's phones on one network make a signal; a carrier's never do."""
    if outside is None:
        return UNLISTED_PHONES
    return OUTSIDE_PHONES if outside else float("inf")


def groups_of_phones(uses: Iterable[NetworkUse]) -> list[NetworkGroup]:
    """Return the networks with too many phones on one day."""
    by_network: dict[tuple[date, bytes], list[NetworkUse]] = defaultdict(list)
    for use in uses:
        by_network[use.day, use.prefix].append(use)
    found = []
    for (day, prefix), theirs in sorted(by_network.items()):
        # A list that was loaded on this day decides on the samples after it.
        known = [use.outside for use in theirs if use.outside is not None]
        outside = known[-1] if known else None
        if len({use.person for use in theirs}) >= phones_needed(outside):
            found.append(NetworkGroup(prefix, day, outside is not None, theirs))
    return found


def is_mostly_outside(outside: int, checked: int, people: int) -> bool:
    """Return whether many of a commune's counted mobile samples come from no carrier's network.

    `outside` and `people` are the samples from there and the people who sent them.
    """
    enough = outside >= max(MIN_OUTSIDE, OUTSIDE_SHARE * checked)
    return enough and people >= OUTSIDE_PEOPLE


def of_commune(group: NetworkGroup, unit: int) -> Sequence[NetworkUse]:
    """Return the samples of a group in one commune."""
    return [use for use in group.uses if use.unit == unit]
