"""Counts, unit lists and targets of one month and network, and its counts by administrative level.

Arrays follow the order of the unit list of a level, which is the Vietnamese alphabet. Lists are
cached by each process. Units are only ever added, with a boundary set: a list stays valid until a
unit is added or other sets are active.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Engine

from backend.accounts.access import Actor
from backend.clock import month_before, month_end
from backend.coverage.figures.counts_cache import (
    CATEGORIES,
    DAYS,
    SUMS,
    Matrix,
    MonthCounts,
    load_counts,
)
from backend.coverage.figures.forecast import MonthProgress, Numbers, month_progress
from backend.coverage.figures.unit_access import published
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import (
    ASSESSMENT,
    TARGET,
    TargetsInForce,
    strict_comparison,
    targets_on,
)
from backend.database.extensions import db, fetch
from backend.errors import Problem
from backend.measurements.recording.reasons import BASES
from backend.units.catalogue import ACTIVE, LEVELS_OF, ActiveSet, serving_set, system_on
from backend.units.service import UnitRow, units_on

Positions = NDArray[np.intp]
ListingKey = tuple[tuple[ActiveSet, ...], int | None]  # the active sets, and the newest unit

# The code of the unit of each level that contains a commune.
CODE_OF = {"commune": "code", "district": "parent_code", "province": "province_code"}

# Cached days. Days with the same units share one list of some 8 MB: two years have three.
DAYS_MOST = 24

# The active sets, and the newest unit: one row at least.
READ_KEY = f"""
    select newest, active.* from (select max(id) as newest from units) units
    left join ({ACTIVE}) active on true
"""  # noqa: S608 # a part of the statement


class Listing:
    """All units of one or more days, by level and in Vietnamese order."""

    def __init__(self, active: ActiveSet | None, units: list[UnitRow]) -> None:
        self.active = active
        self.levels: dict[str, list[UnitRow]] = {}
        for unit in units:
            self.levels.setdefault(unit.level, []).append(unit)
        self._columns: dict[str, dict[str, list[Any]]] = {}
        self._digests: dict[str, bytes] = {}

    def equals(self, other: "Listing") -> bool:
        """Return whether another list has the same units and boundaries."""
        return self.active == other.active and self.levels == other.levels

    def find(self, code: str, level: str | None = None) -> UnitRow:
        """Return the unit of a code; the lowest level if the code names an island twice."""
        return self._find(code, (level,) if level else ("commune", "district", "province"))

    def parent(self, code: str) -> UnitRow:
        """Return the province or district of a code."""
        return self._find(code, ("province", "district"))

    def _find(self, code: str, levels: tuple[str, ...]) -> UnitRow:
        for level in levels:
            for unit in self.levels.get(level, []):
                if unit.code == code:
                    return unit
        raise Problem(404, "unit_unknown")

    def within(self, level: str, place: UnitRow | None) -> Positions:
        """Return the positions, in the list of a level, of a place or of the units inside it."""
        units = self.levels.get(level, [])
        if place is None:
            return np.arange(len(units))
        if place.level == level:
            return np.array([n for n, unit in enumerate(units) if unit.id == place.id], np.intp)
        if place.level == "commune":
            return np.array([], np.intp)
        codes = [(unit.parent_code, unit.province_code) for unit in units]
        return np.array([n for n, above in enumerate(codes) if place.code in above], np.intp)

    def positions(self, level: str, units: list[UnitRow]) -> Positions:
        """Return the positions of units, even of other days, in a level; -1: not listed."""
        by_id = self._positions.get(level, {})
        return np.array([by_id.get(unit.id, -1) for unit in units], np.intp)

    def columns(self, level: str) -> dict[str, list[Any]]:
        """Return the names and places of the units of a level as columns; not to be changed."""
        if level not in self._columns:
            units = self.levels.get(level, [])
            names = ("code", "name", "level", "latitude", "longitude", "no_boundary")
            found = {name: [getattr(unit, name) for unit in units] for name in names}
            self._columns[level] = found | {"parent": [unit.parent_name for unit in units]}
        return self._columns[level]

    def digest(self, level: str) -> bytes:
        """Return a digest of `columns`."""
        if level not in self._digests:
            self._digests[level] = sha256(orjson.dumps(self.columns(level))).digest()
        return self._digests[level]

    @cached_property
    def _positions(self) -> dict[str, dict[int, int]]:
        return {
            level: {unit.id: position for position, unit in enumerate(units)}
            for level, units in self.levels.items()
        }

    @cached_property
    def _containing(self) -> dict[str, Positions]:
        """By level: for each commune id, the position of the unit that contains it; -1: none."""
        communes = self.levels.get("commune", [])
        size = max((unit.id for unit in communes), default=0) + 1
        containing = {}
        for level, column in CODE_OF.items():
            units = self.levels.get(level, [])
            by_code = {unit.code: position for position, unit in enumerate(units)}
            positions = containing[level] = np.full(size, -1, dtype=np.intp)
            for unit in communes:
                positions[unit.id] = by_code.get(getattr(unit, column), -1)
        return containing

    def containing(self, level: str, communes: NDArray[np.intp]) -> Positions:
        """Return the positions of the units of a level that contain communes, by id; -1: none."""
        positions = self._containing[level]
        known = communes < len(positions)
        return np.where(known, positions[np.where(known, communes, 0)], -1)


_cache: WeakKeyDictionary[Engine, dict[date, tuple[ListingKey, Listing]]] = WeakKeyDictionary()
_lock = Lock()


def listing_key() -> ListingKey:
    """Read the key of currently valid lists."""
    rows = fetch(READ_KEY, {})
    newest = rows[0].get("newest")
    for row in rows:
        del row["newest"]
    return tuple(ActiveSet(**row) for row in rows if row["id"] is not None), newest


def listing_on(day: date, key: ListingKey | None = None) -> Listing:
    """Return the units of a day; callers that need several days pass the key."""
    key = key or listing_key()
    days = _cache.setdefault(db.engine, {})
    cached_key, listing = days.get(day, (None, None))
    if listing is None or cached_key != key or not listing.levels:
        listing = Listing(serving_set(day, key[0]), units_on(day))
        with _lock:
            listing = next((one for _, one in days.values() if listing.equals(one)), listing)
            days[day] = key, listing
            while len(days) > DAYS_MOST:
                del days[next(iter(days))]
    return listing


def warm_lists(days: Iterable[date]) -> None:
    """Cache the units of these days, with what each answer needs of them."""
    key = listing_key()
    for day in days:
        listing = listing_on(day, key)
        for level in listing.levels:
            listing.positions(level, [])
            listing.containing(level, np.zeros(0, np.intp))
            listing.digest(level)


Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Thresholds:
    """Targets and assessment thresholds of a list of units; NaN where none is set."""

    target: Numbers
    basis: Positions  # index in BASES of the number that is compared with the target
    assessment: Numbers
    assessment_basis: Positions

    def only(self, rows: list[int]) -> "Thresholds":
        return Thresholds(
            self.target[rows], self.basis[rows], self.assessment[rows], self.assessment_basis[rows]
        )


@dataclass(frozen=True)
class LevelCounts:
    """Counts of units of one level in a month, with their thresholds."""

    level: str
    units: list[UnitRow]
    positions: Positions  # of the units in the list of their level
    by_category: Matrix
    thresholds: Thresholds
    strict: bool  # a target is reached only by more samples than it

    def only(self, rows: list[int]) -> "LevelCounts":
        return LevelCounts(
            self.level,
            [self.units[row] for row in rows],
            self.positions[rows],
            self.by_category[rows],
            self.thresholds.only(rows),
            self.strict,
        )

    @cached_property
    def numbers(self) -> Matrix:
        """Received, valid and counted of each unit."""
        return np.asarray(self.by_category @ SUMS)

    @property
    def has_targets(self) -> bool:
        """Whether any unit has a target."""
        return bool(self.with_target.any())

    @cached_property
    def with_target(self) -> Flags:
        """Which units have a target: all but the exempt ones, where there is one."""
        return ~np.isnan(self.thresholds.target)

    @property
    def expected_units(self) -> int:
        """The number of units that are expected to reach a target; all of them without targets."""
        return int(self.with_target.sum()) if self.has_targets else len(self.units)

    @property
    def exempt(self) -> list[UnitRow]:
        """The units without a target beside others that have one."""
        if not self.has_targets:
            return []
        return [unit for unit, known in zip(self.units, self.with_target, strict=True) if not known]

    @cached_property
    def measured(self) -> NDArray[np.int32]:
        """The number of each unit that is compared with its target."""
        return np.asarray(self.numbers[np.arange(len(self.units)), self.thresholds.basis])

    @cached_property
    def need(self) -> Numbers:
        """The samples that reach each target; NaN without a target."""
        return np.asarray(self.thresholds.target + self.strict)

    @cached_property
    def reached(self) -> Flags:
        """Which units reached their target; False without a target."""
        return np.asarray(self.measured >= self.need)

    @cached_property
    def shortfall(self) -> Numbers:
        """The samples missing to each target."""
        return np.asarray(np.maximum(self.need - self.measured, 0), float)


@dataclass(frozen=True)
class Month:
    """Counts, unit lists and targets of a month and network at one moment."""

    month: str
    network: str
    progress: MonthProgress
    listing: Listing
    commune_counts: MonthCounts
    with_days: bool
    strict: bool
    published: frozenset[int] | None = None  # units shown to the reader; None: all

    @property
    def last_day(self) -> date:
        """The day whose unit lists, boundaries and targets are those of the month."""
        return month_end(self.month)

    @cached_property
    def targets(self) -> dict[tuple[str, str], TargetsInForce]:
        """The targets in force on the month's last day, by level and purpose."""
        return targets_on(self.last_day, self.levels, self.network)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels of the month's administrative system, the highest first."""
        return LEVELS_OF[system_on(self.last_day)]

    def level_counts(self, level: str, place: UnitRow | None = None) -> LevelCounts:
        """Return the counts of the units of a level, of a place or the whole country."""
        positions = self._shown(level, self.listing.within(level, place))
        units = [self.listing.levels[level][n] for n in positions]
        thresholds = Thresholds(
            *_thresholds(units, self.targets[level, TARGET]),
            *_thresholds(units, self.targets[level, ASSESSMENT]),
        )
        by_category = self.by_category(level)[positions]
        return LevelCounts(level, units, positions, by_category, thresholds, self.strict)

    def unpublished(self, level: str, place: UnitRow | None) -> int:
        """Return the number of units of a place whose figures are not published."""
        positions = self.listing.within(level, place)
        return len(positions) - len(self._shown(level, positions))

    def positions(self, counts: LevelCounts, listing: Listing) -> Positions:
        """Return the positions of the units of counts, which are of a listing; -1: not shown."""
        positions = counts.positions
        if listing is not self.listing:
            positions = self.listing.positions(counts.level, counts.units)
        if self.published is None:
            return positions
        known = np.array([unit.id in self.published for unit in counts.units], bool)
        return np.where(known, positions, -1)

    def _shown(self, level: str, positions: Positions) -> Positions:
        if self.published is None:
            return positions
        listed = self.listing.levels[level]
        shown = [n for n in positions.tolist() if listed[n].id in self.published]
        return np.array(shown, np.intp)

    def by_category(self, level: str) -> Matrix:
        """Return the counts of all units of a level by category."""
        return self._of_communes if level == "commune" else self._summed(level, "by_category")

    @cached_property
    def _of_communes(self) -> Matrix:
        """The counts of communes in the order of the list.

        As large as the counts: cached with them, it would double their memory.
        """
        counts, rows = self.commune_counts, self._rows
        ordered = np.zeros((len(rows), len(CATEGORIES)), np.int32)
        ordered[np.ix_(rows >= 0, counts.columns)] = counts.packed[rows[rows >= 0]]
        return ordered

    @cached_property
    def _rows(self) -> Positions:
        """The row of each commune of the list in its counts; -1: none."""
        positions = self.listing.containing("commune", self.commune_counts.units)
        inside = np.flatnonzero(positions >= 0)
        rows = np.full(len(self.listing.levels.get("commune", [])), -1)
        rows[positions[inside]] = inside
        return rows

    def daily(self, level: str, positions: Positions, basis: Positions) -> Matrix:
        """Return one number of each day of some units of a level: units x DAYS.

        `basis` is an index in BASES for each unit. All 0 where the month was loaded without days.
        """
        found = np.zeros((len(positions), DAYS), np.int32)
        if not self.with_days:
            return found
        if level != "commune":
            return np.asarray(self._summed(level, "days")[positions, :, basis])
        rows = self._rows[positions]
        known = rows >= 0
        found[known] = self.commune_counts.days[rows[known], :, basis[known]]
        return found

    def _summed(self, level: str, name: str) -> Matrix:
        """Sum an array of the communes to a higher level; cached with the counts for this list."""

        def compute() -> Matrix:
            values = getattr(self.commune_counts, name)
            return sum_to_level(self.listing, level, self.commune_counts, values)

        return self.commune_counts.memoized((level, name), self.listing, compute)


def load_months(
    names: Sequence[str], network: str, today: date, reader: Actor | None = None
) -> dict[str, Month]:
    """Load the current state of months; days only of the running month and the one before it."""
    key = listing_key()
    running = f"{today:%Y-%m}"
    with_days = {running, month_before(running)}
    return {
        name: Month(
            name,
            network,
            month_progress(name, today),
            listing_on(month_end(name), key),
            load_counts(name, network, days=name in with_days),
            name in with_days,
            strict_comparison(),
            published(reader, name),
        )
        for name in names
    }


def _thresholds(units: list[UnitRow], targets: TargetsInForce) -> tuple[Numbers, Positions]:
    """Return the threshold of each unit, and the index in BASES of the number compared with it."""
    general = targets.general
    values = np.full(len(units), general.threshold if general else np.nan, float)
    basis = np.full(len(units), _basis(general), np.intp)
    if targets.by_unit:
        for position, unit in enumerate(units):
            if unit.id in targets.by_unit:
                own = targets.of(unit.id)
                values[position] = own.threshold if own else np.nan
                basis[position] = _basis(own)
    return values, basis


def _basis(target: Target | None) -> int:
    return BASES.index(target.basis if target else "counted")


def sum_to_level(listing: Listing, level: str, counts: MonthCounts, values: Matrix) -> Matrix:
    """Sum an array of communes to the units of a level.

    `values` has one row for each row of `counts`; the result one for each unit of the level.
    """
    positions = listing.containing(level, counts.units)
    inside = np.flatnonzero(positions >= 0)
    inside = inside[np.argsort(positions[inside], kind="stable")]
    sums = np.zeros((len(listing.levels.get(level, [])), *values.shape[1:]), np.int32)
    if len(inside):
        at, starts = np.unique(positions[inside], return_index=True)
        sums[at] = np.add.reduceat(values[inside], starts, axis=0)
    return sums
