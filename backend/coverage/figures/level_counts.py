"""How the units of one level stand in a month: their counts and what these are held against."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backend.coverage.figures.counts_cache import SUMS, Held, Matrix
from backend.coverage.figures.unit_listing import Listing, Places
from backend.coverage.targets.models import Target
from backend.coverage.targets.targets import InForce
from backend.measurements.recording.reasons import BASES
from backend.units.service import UnitRow

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Standing:
    """Units in Vietnamese order, with arrays of the same order."""

    level: str
    units: list[UnitRow]
    at: Places  # where they stand in the list of their level
    fates: Matrix
    goals: "Goals"
    strictly: bool  # whether a target is reached by more than it only

    def only(self, rows: list[int]) -> "Standing":
        """Some of the units."""
        goals = Goals(
            self.goals.target[rows],
            self.goals.basis[rows],
            self.goals.assessment[rows],
            self.goals.assessed_by[rows],
        )
        units = [self.units[row] for row in rows]
        return Standing(self.level, units, self.at[rows], self.fates[rows], goals, self.strictly)

    @cached_property
    def numbers(self) -> Matrix:
        """Received, valid and counted of each unit."""
        return np.asarray(self.fates @ SUMS)

    @property
    def has_targets(self) -> bool:
        """Whether any unit has one."""
        return bool((~np.isnan(self.goals.target)).any())

    @cached_property
    def measured(self) -> NDArray[np.int32]:
        """Of each unit the number that its target is held against."""
        return np.asarray(self.numbers[np.arange(len(self.units)), self.goals.basis])

    @cached_property
    def need(self) -> Numbers:
        """How many samples reach each target; NaN where there is none."""
        return np.asarray(self.goals.target + self.strictly)

    @cached_property
    def reached(self) -> Flags:
        """Which units reached their target; False where there is none."""
        return np.asarray(self.measured >= self.need)

    @cached_property
    def shortfall(self) -> Numbers:
        """How many samples each unit lacks."""
        return np.asarray(np.maximum(self.need - self.measured, 0), float)


@dataclass(frozen=True)
class Goals:
    """What the units of a list are held against; NaN where nobody set anything."""

    target: Numbers
    basis: Places  # which of the three numbers
    assessment: Numbers
    assessed_by: Places


def goals(units: list[UnitRow], targets: InForce, assessments: InForce) -> Goals:
    """Each unit's target and what assesses it."""
    return Goals(*_thresholds(units, targets), *_thresholds(units, assessments))


def _thresholds(units: list[UnitRow], given: InForce) -> tuple[Numbers, Places]:
    found = np.full(len(units), given.general.threshold if given.general else np.nan)
    basis = np.full(len(units), _basis(given.general), np.intp)
    if given.own:
        for place, unit in enumerate(units):
            if own := given.own.get(unit.id):
                found[place], basis[place] = own.threshold, _basis(own)
    return found, basis


def _basis(target: Target | None) -> int:
    return BASES.index(target.basis if target else "counted")


def added(listing: Listing, level: str, held: Held, values: Matrix) -> Matrix:
    """Values of communes, added up to every unit of a level."""
    places = listing.places(level, held.units)
    inside = np.flatnonzero(places >= 0)
    inside = inside[np.argsort(places[inside], kind="stable")]
    sums = np.zeros((len(listing.levels.get(level, [])), *values.shape[1:]), np.int32)
    if len(inside):
        at, starts = np.unique(places[inside], return_index=True)
        sums[at] = np.add.reduceat(values[inside], starts, axis=0)
    return sums
