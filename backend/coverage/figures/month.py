"""The units of one month and network with their counts and targets, by administrative level."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from backend.accounts.access import Actor
from backend.clock import month_end
from backend.coverage.figures.forecast import MonthProgress, month_progress
from backend.coverage.figures.listing import Listing, ListingKey, listing_on, valid_on
from backend.coverage.figures.unit_access import published
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import (
    TARGET,
    TargetsInForce,
    strict_comparison,
    targets_on,
)
from backend.database.extensions import array_literal, fetch
from backend.measurements.recording.counting import NOWHERE
from backend.measurements.recording.reasons import BASES
from backend.units.catalogue import LEVELS_OF, system_on
from backend.units.service import UnitRow

# The communes of a place or of the country. A row of arrays is read several times as fast as a row
# for each commune.
NUMBERS = """
    select array_agg(unit_id) as units, array_agg(received) as received,
        array_agg(valid) as valid, array_agg(counted) as counted
    from unit_months
    where month = %(month)s and network = %(network)s {inside}
"""
NUMBERS_OF = {
    False: NUMBERS.format(inside=""),
    True: NUMBERS.format(inside="and unit_id = any(%(inside)s::integer[])"),
}
ELSEWHERE = f"""
    select coalesce(sum(received), 0)::int as n
    from unit_months m left join units c on c.id = m.unit_id and {valid_on("c", "%(last)s::date")}
    where month = %(month)s and network = %(network)s and unit_id <> {NOWHERE} and c.id is null
"""  # noqa: S608 # constants
Numbers = Sequence[int]  # received, valid, counted: the order of BASES
NO_NUMBERS: Numbers = (0, 0, 0)


class UnitCounts(NamedTuple):
    """The samples of a unit in a month against its target."""

    unit: UnitRow
    numbers: Numbers
    target: int | None  # None: there is none, or the unit is exempt
    need: int | None  # samples that reach the target
    basis: int  # the place in BASES of the number that is compared with it
    measured: int  # this number

    @property
    def reached(self) -> bool:
        """Whether the target is reached; False without one."""
        return self.need is not None and self.measured >= self.need

    @property
    def shortfall(self) -> int | None:
        """The samples missing to the target; None without one."""
        return None if self.need is None else max(self.need - self.measured, 0)


@dataclass(frozen=True)
class Month:
    """Units, targets and counts of a month and network; each is read on its first use."""

    month: str
    network: str
    progress: MonthProgress
    listing: Listing
    published: frozenset[int] | None = None  # units shown to the reader; None: all
    place: UnitRow | None = None  # of which communes are counted; None: the country
    level: str = "commune"  # of the units that a query lists

    _units: dict[str, list[UnitCounts]] = field(default_factory=dict, init=False)

    @property
    def last_day(self) -> date:
        """The day whose unit lists, boundaries and targets are those of the month."""
        return month_end(self.month)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels of the month's administrative system, the highest first."""
        return LEVELS_OF[system_on(self.last_day)]

    @cached_property
    def targets(self) -> dict[tuple[str, str], TargetsInForce]:
        """The targets in force on the month's last day, by level and purpose."""
        return targets_on(self.last_day, self.levels, self.network)

    def bases(self, level: str) -> tuple[str, dict[str, str]]:
        """Return the number that targets of a level compare, and that of single units by id."""
        targets = self.targets[level, TARGET]
        own = {str(unit): _basis(target) for unit, target in targets.by_unit.items()}
        return _basis(targets.general), own

    @cached_property
    def inside(self) -> str | None:
        """The communes of the place and 0, for samples in none, as an array; None: all."""
        if self.place is None:
            return None
        communes = self.listing.within("commune", self.place)
        return array_literal([NOWHERE, *(unit.id for unit in communes)])

    @cached_property
    def communes(self) -> Mapping[int, Numbers]:
        """The three numbers of the communes of the place."""
        values = {"month": self.month, "network": self.network, "inside": self.inside}
        [row] = fetch(NUMBERS_OF[self.place is not None], values)
        numbers = zip(*(row[basis] or () for basis in BASES), strict=True)
        return dict(zip(row["units"] or (), numbers, strict=True))

    @property
    def elsewhere(self) -> int:
        """The samples in communes missing in the month's list; `reassign` corrects them."""
        values = {"month": self.month, "network": self.network, "last": self.last_day}
        [row] = fetch(ELSEWHERE, values)
        return int(row["n"])

    def shown(self, level: str, place: UnitRow | None = None) -> list[UnitRow]:
        """Return the units of a level that the reader may see, of a place or of the country."""
        units = self.listing.within(level, place)
        return units if self.published is None else [u for u in units if u.id in self.published]

    def shows(self, unit: UnitRow) -> bool:
        """Return whether the month's list has a unit, which the reader may see."""
        visible = self.published is None or unit.id in self.published
        return visible and unit.id in self.listing.ids

    def units(self, level: str) -> list[UnitCounts]:
        """Return the shown units of a level in the month's place."""
        if level not in self._units:
            self._units[level] = self._count(level)
        return self._units[level]

    def _count(self, level: str) -> list[UnitCounts]:
        in_force, numbers = self.targets[level, TARGET], self.numbers(level)
        general, own = _against(in_force.general), {}
        for unit_id, target in in_force.by_unit.items():
            own[unit_id] = _against(target)
        found = []
        for unit in self.shown(level, self.place):
            three = numbers.get(unit.id, NO_NUMBERS)
            threshold, need, basis = own.get(unit.id, general)
            found.append(UnitCounts(unit, three, threshold, need, basis, three[basis]))
        return found

    def numbers(self, level: str) -> Mapping[int, Numbers]:
        """Return the three numbers of the units of a level, by id."""
        if level == "commune":
            return self.communes
        above, sums = self.listing.containing[level], dict[int, list[int]]()
        for commune, (received, valid, counted) in self.communes.items():
            if (unit := above.get(commune)) is not None:
                three = sums.setdefault(unit, [0, 0, 0])
                three[0] += received
                three[1] += valid
                three[2] += counted
        return sums


def month_of(
    month: str,
    network: str,
    today: date,
    reader: Actor | None = None,
    key: ListingKey | None = None,
) -> Month:
    """Return a month with the units that a reader may see; without a reader all."""
    listing = listing_on(month_end(month), key)
    return Month(month, network, month_progress(month, today), listing, published(reader, month))


def _basis(target: Target | None) -> str:
    return target.basis if target else "counted"


def _against(target: Target | None) -> tuple[int | None, int | None, int]:
    """Return a target's threshold, the samples that reach it, and the place of its basis."""
    threshold = target.threshold if target else None
    need = None if threshold is None else threshold + strict_comparison()
    return threshold, need, BASES.index(_basis(target))


def has_no_target(units: Iterable[UnitCounts]) -> bool:
    """Return whether no unit has a target."""
    return all(one.need is None for one in units)


def with_target(units: Iterable[UnitCounts]) -> list[UnitCounts]:
    """Return the units that have a target: all but the exempt ones."""
    return [one for one in units if one.need is not None]


def count_reached(units: Iterable[UnitCounts]) -> int:
    """Return the number of units that reached their targets."""
    return sum(one.reached for one in units)
