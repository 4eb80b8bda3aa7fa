"""The signal of a commune in which many counted samples are of phones that have withdrawn.

Their rows are anonymous: nobody can review or exclude them, so the signal names a unit, a month and
a number only.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from backend.coverage.figures.counts_cache import CATEGORIES
from backend.coverage.figures.month import load_months
from backend.measurements.recording.reasons import BASES, WITHDRAWN
from backend.measurements.recording.rules import NETWORKS
from backend.units.service import UnitRow

WITHDRAWN_SHARE = "withdrawn_share"  # the signal's kind
# Volunteers leave, but seldom a fifth of a commune's work with them.
SHARE_LEAST = 0.2
# Where few samples are counted, one volunteer is easily a fifth of them.
WITHDRAWN_LEAST = 10


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
