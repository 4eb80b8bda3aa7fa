"""Signals of communes in which much of the counted samples is of one person, or has withdrawn.

The rows of phones that have withdrawn are anonymous: nobody can review or exclude them, so that
signal names a unit, a month and a number only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from backend.clock import month_end
from backend.coverage.figures.month import listing_on
from backend.database.extensions import db
from backend.measurements.recording.rules import NETWORKS
from backend.units.service import UnitRow

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


WITHDRAWN_SAMPLES = text("""
    select network, unit_id, counted, withdrawn from unit_months
    where month = :month and network = any(:networks) and withdrawn > 0
""")


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
    """Return the communes with more than MIN_SHARE of withdrawn samples."""
    return [
        one
        for one in communes
        if one.withdrawn >= MIN_WITHDRAWN and one.withdrawn > MIN_SHARE * one.counted
    ]


def shares_in(place: UnitRow, month: str) -> list[CommuneShare]:
    """Return the shares in all communes of a unit that have withdrawn samples."""
    values = {"month": month, "networks": list(NETWORKS)}
    rows = {
        (row.network, row.unit_id): row for row in db.session.execute(WITHDRAWN_SAMPLES, values)
    }
    communes = listing_on(month_end(month)).within("commune", place)
    return [
        CommuneShare(
            unit, network, rows[network, unit.id].counted, rows[network, unit.id].withdrawn
        )
        for network in NETWORKS
        for unit in communes
        if (network, unit.id) in rows
    ]


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
        if n >= max(MIN_ONE_DEVICE, ONE_DEVICE_SHARE * counted[network]):
            devices = tuple(sorted(one.device for one in theirs if one.n))
            found.append(PersonShare(devices, network, n, counted[network]))
    return found
