"""One month of the country on one network, ready to be asked about any of its units."""

from dataclasses import dataclass, field
from datetime import date

from backend.clock import month_end
from backend.coverage.held import Held, Matrix, counts_of
from backend.coverage.listing import Listing, listing_on
from backend.coverage.progress import Span, span
from backend.coverage.standing import Standing, days_of, fates_of, goals
from backend.coverage.targets import ASSESSMENT, TARGET, InForce, targets_on
from backend.extensions import setting
from backend.units.catalogue import LEVELS, system_on
from backend.units.service import UnitRow


@dataclass(frozen=True)
class Month:
    """Counts, lists and targets of a month, as they are at one moment."""

    month: str
    network: str
    gone: Span
    listing: Listing
    held: Held
    targets: dict[tuple[str, str], InForce]
    strictly: bool
    _added: dict[tuple[str, str], Matrix] = field(default_factory=dict)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that there were, the highest first."""
        return LEVELS[system_on(self.listing.day)]

    def standing(self, level: str, place: UnitRow | None = None) -> Standing:
        """How the units of a level stand in a place, or in the whole country."""
        at = self.listing.within(level, place)
        units = [self.listing.levels[level][n] for n in at]
        targets = self.targets[level, TARGET], self.targets[level, ASSESSMENT]
        fates = self.fates(level)[at]
        return Standing(level, units, at, fates, goals(units, *targets), self.strictly)

    def fates(self, level: str) -> Matrix:
        """The fates of all units of a level."""
        key = level, "fates"
        if key not in self._added:
            self._added[key] = fates_of(self.listing, level, self.held)
        return self._added[key]

    def days(self, level: str) -> Matrix:
        """The three numbers of all units of a level on each day."""
        key = level, "days"
        if key not in self._added:
            self._added[key] = days_of(self.listing, level, self.held)
        return self._added[key]


def month_of(month: str, network: str, today: date) -> Month:
    """Read a month as it is now."""
    last = month_end(month)
    levels = LEVELS[system_on(last)]
    return Month(
        month,
        network,
        span(month, today),
        listing_on(last),
        counts_of(month, network),
        targets_on(last, levels, network),
        setting("REACHED_IS") == ">",
    )
