"""Signals of communes in which much of the counted samples is of one person, or has withdrawn.

The rows of phones that have withdrawn are anonymous: nobody can review or exclude them, so that
signal names a unit, a month and a number only.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

WITHDRAWN_SHARE = "withdrawn_share"  # kinds of signals
ONE_DEVICE = "share_of_one_device"
# Volunteers leave, but seldom a fifth of a commune's work with them.
MIN_SHARE = 0.2
# Where few samples are counted, one volunteer is easily a fifth of them.
MIN_WITHDRAWN = 10
# A commune needs 300 samples a month and should have them of several people: half of them is also
# the most that counts of one phone. In a commune with few samples one volunteer has most of them.
ONE_DEVICE_SHARE = 0.5
MIN_ONE_DEVICE = 150


def is_large(withdrawn: int, counted: int) -> bool:
    """Return whether more than MIN_SHARE of a commune's counted samples have been withdrawn."""
    return withdrawn >= MIN_WITHDRAWN and withdrawn > MIN_SHARE * counted


class DeviceCount(NamedTuple):
    """The counted samples of one device in a commune's month and one network."""

    device: UUID
    network: str
    n: int


class PersonShare(NamedTuple):
    """The counted samples of one person's devices in a commune, and those of all devices there."""

    devices: tuple[UUID, ...]
    network: str
    n: int
    counted: int


def shares_of_one_person(
    counts: Sequence[DeviceCount], people: Mapping[UUID, int]
) -> list[PersonShare]:
    """Return the people with a large share; linked phones are those of one person."""
    counted: dict[str, int] = defaultdict(int)
    of_person: dict[tuple[str, str], list[DeviceCount]] = defaultdict(list)
    for count in counts:
        counted[count.network] += count.n
        of_person[count.network, str(people.get(count.device, count.device))].append(count)
    shares = []
    for (network, _), theirs in sorted(of_person.items()):
        n = sum(count.n for count in theirs)
        if n >= max(MIN_ONE_DEVICE, ONE_DEVICE_SHARE * counted[network]):
            devices = tuple(sorted(count.device for count in theirs if count.n))
            shares.append(PersonShare(devices, network, n, counted[network]))
    return shares
