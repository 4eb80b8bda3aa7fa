"""Units of a day by level, with the units that contain each commune; cached by each process.

Units are only ever added, with a boundary set: a list stays valid until a unit is added or other
sets are active.
"""

from datetime import date
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from backend.database.extensions import db, fetch
from backend.errors import Problem
from backend.units.catalogue import ACTIVE, ActiveSet, serving_set
from backend.units.service import UnitRow, units_on

Positions = NDArray[np.intp]
ListingKey = tuple[tuple[ActiveSet, ...], int | None]  # the active sets, and the newest unit

# The code of the unit of each level that contains a commune.
CODE_OF = {"commune": "code", "district": "parent_code", "province": "province_code"}

# Cached days, some 8 MB each: two years of months.
CACHED_MOST = 24

# The active sets, and the newest unit: one row at least.
READ_KEY = f"""
    select newest, active.* from (select max(id) as newest from units) units
    left join ({ACTIVE}) active on true
"""  # noqa: S608 # a part of the statement


class Listing:
    """All units of a day, by level and in Vietnamese order."""

    def __init__(self, day: date, active: ActiveSet | None, units: list[UnitRow]) -> None:
        self.day = day
        self.active = active
        self.levels: dict[str, list[UnitRow]] = {}
        for unit in units:
            self.levels.setdefault(unit.level, []).append(unit)

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
        listing = Listing(day, serving_set(day, key[0]), units_on(day))
        with _lock:
            days[day] = key, listing
            while len(days) > CACHED_MOST:
                del days[next(iter(days))]
    return listing
