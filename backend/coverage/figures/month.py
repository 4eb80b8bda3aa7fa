"""One month of the country on one network, ready to be asked about any of its units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from backend.accounts.access import Actor
from backend.clock import month_end
from backend.coverage.figures.counts_cache import Held, Matrix, counts_of
from backend.coverage.figures.forecast import Span, span
from backend.coverage.figures.level_counts import Standing, added, goals
from backend.coverage.figures.publication import published
from backend.coverage.figures.query import month_before
from backend.coverage.figures.unit_listing import Listing, Places, key_now, listing_on
from backend.coverage.targets.targets import ASSESSMENT, TARGET, InForce, strictly, targets_on
from backend.units.catalogue import LEVELS_OF, system_on
from backend.units.service import UnitRow


@dataclass(frozen=True)
class Month:
    """Counts, lists and targets of a month, as they are at one moment."""

    month: str
    network: str
    gone: Span
    listing: Listing
    held: Held
    strictly: bool
    published: frozenset[int] | None = None  # the units that are shown; None: all

    @cached_property
    def targets(self) -> dict[tuple[str, str], InForce]:
        """By level and purpose, what was in force on the month's last day."""
        return targets_on(self.listing.day, self.levels, self.network)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that there were, the highest first."""
        return LEVELS_OF[system_on(self.listing.day)]

    def standing(self, level: str, place: UnitRow | None = None) -> Standing:
        """How the units of a level stand in a place, or in the whole country."""
        at = self._shown(level, self.listing.within(level, place))
        units = [self.listing.levels[level][n] for n in at]
        targets = self.targets[level, TARGET], self.targets[level, ASSESSMENT]
        fates = self.fates(level)[at]
        return Standing(level, units, at, fates, goals(units, *targets), self.strictly)

    def unpublished(self, level: str, place: UnitRow | None) -> int:
        """How many units of a place wait for their figures to be published."""
        at = self.listing.within(level, place)
        return len(at) - len(self._shown(level, at))

    def positions(self, level: str, units: list[UnitRow]) -> Places:
        """Where units of another month stand in this one's list of a level; -1: not shown."""
        at = self.listing.positions(level, units)
        if self.published is None:
            return at
        known = np.array([unit.id in self.published for unit in units], bool)
        at[~known] = -1
        return at

    def _shown(self, level: str, at: Places) -> Places:
        if self.published is None:
            return at
        listed = self.listing.levels[level]
        shown: Places = at[np.array([listed[n].id in self.published for n in at], bool)]
        return shown

    def fates(self, level: str) -> Matrix:
        """The fates of all units of a level."""
        return self._summed(level, "fates")

    def days(self, level: str) -> Matrix:
        """The three numbers of all units of a level on each day."""
        return self._summed(level, "days")

    def _summed(self, level: str, name: str) -> Matrix:
        """Kept with the counts, as long as these stand and the list is the same."""

        def make() -> Matrix:
            return added(self.listing, level, self.held, getattr(self.held, name))

        return self.held.made((level, name), self.listing, make)


def months_of(
    names: Sequence[str], network: str, today: date, reader: Actor | None = None
) -> dict[str, Month]:
    """Read months as they are now; days of the running one alone, and of that before it."""
    key = key_now()
    running = f"{today:%Y-%m}"
    with_days = {running, month_before(running)}
    return {
        name: Month(
            name,
            network,
            span(name, today),
            listing_on(month_end(name), key),
            counts_of(name, network, days=name in with_days),
            strictly(),
            published(reader, name),
        )
        for name in names
    }
