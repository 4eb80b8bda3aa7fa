"""Signals of communes in which much of the counted samples is of one person, or has withdrawn.

The rows of phones that have withdrawn are anonymous: nobody can review or exclude them, so that
signal names a unit, a month and a number only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from backend.coverage.figures.counts_cache import CATEGORIES
from backend.coverage.figures.month import load_months
from backend.measurements.recording.reasons import BASES, WITHDRAWN
from backend.measurements.recording.rules import NETWORKS
from backend.units.service import UnitRow

WITHDRAWN_SHARE = "withdrawn_share"  # kinds of signals
ONE_DEVICE = "share_of_one_device"
# Volunteers leave, but seldom a fifth of a commune's work with them.
SHARE_LEAST = 0.2
# Where few samples are counted, one volunteer is easily a fifth of them.
WITHDRAWN_LEAST = 10
# A commune needs 300 samples a month and should have them of several people: half of them is also
# the most that counts of one phone. In a commune with few samples one volunteer has most of them.
ONE_DEVICE_SHARE = 0.5
ONE_DEVICE_LEAST = 150


class CommuneShare(NamedTuple):
    """The counted samples of a commune's month in one network, and the withdrawn ones of them."""

    unit: UnitRow
    network: str
    counted: int
    withdrawn: int

    @property
    def share(self) -> float:
        """The share of withdrawn samples."""
        return self.withdrawn / self.counted


def large_shares(communes: Iterable[CommuneShare]) -> list[CommuneShare]:
    """Return the communes with more than SHARE_LEAST of withdrawn samples."""
    return [
        one
        for one in communes
        if one.withdrawn >= WITHDRAWN_LEAST and one.withdrawn > SHARE_LEAST * one.counted
    ]


def shares_in(place: UnitRow, month: str, today: date) -> list[CommuneShare]:
    """Return the shares in all communes of a unit that have withdrawn samples."""
    found = []
    for network in NETWORKS:
        counts = load_months([month], network, today)[month].level_counts("commune", place)
        withdrawn = counts.by_category[:, CATEGORIES.index(WITHDRAWN)].tolist()
        counted = counts.numbers[:, BASES.index("counted")].tolist()
        numbers = zip(counts.units, counted, withdrawn, strict=True)
        found += [CommuneShare(unit, network, n, part) for unit, n, part in numbers if part]
    return found


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
    for one in counts:
        counted[one.network] += one.n
        of_person[one.network, str(people.get(one.device, one.device))].append(one)
    found = []
    for (network, _), theirs in sorted(of_person.items()):
        n = sum(one.n for one in theirs)
        if n >= max(ONE_DEVICE_LEAST, ONE_DEVICE_SHARE * counted[network]):
            devices = tuple(sorted(one.device for one in theirs if one.n))
            found.append(PersonShare(devices, network, n, counted[network]))
    return found
