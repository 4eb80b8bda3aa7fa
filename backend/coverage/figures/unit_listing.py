"""The units of a month's last day and what each commune lies in; kept by each process.

Units are only ever added, with a boundary set: a list stays valid until there are more of them or
other sets are active.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from backend.database.extensions import db, fetch
from backend.errors import Problem
from backend.units.catalogue import ACTIVE, LEVELS_OF, ActiveSet, serving
from backend.units.service import UnitRow, units_on

Places = NDArray[np.intp]
Key = tuple[tuple[ActiveSet, ...], int | None]  # the active sets, and the newest unit

# Days of which a process keeps the units: two years of months, some 8 MB each.
KEPT_MOST = 24

# The active sets, and the newest unit: one row at least.
RESTS_ON = f"""
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
        """The unit of a code; the lowest level where a code names an island twice."""
        for name in ("commune", "district", "province"):
            for unit in self.levels.get(name, []):
                if unit.code == code and level in (None, name):
                    return unit
        raise Problem(404, "unit_unknown")

    def parent(self, code: str) -> UnitRow:
        """The province or district of a code."""
        for name in ("province", "district"):
            for unit in self.levels.get(name, []):
                if unit.code == code:
                    return unit
        raise Problem(404, "unit_unknown")

    def within(self, level: str, place: UnitRow | None) -> Places:
        """Where in the list of a level stand the units of a place: itself or those below it."""
        units = self.levels.get(level, [])
        if place is None:
            return np.arange(len(units))
        if place.level == level:
            return np.array([n for n, u in enumerate(units) if u.id == place.id], np.intp)
        above = (place.code,) if place.level != "commune" else ()
        found = [
            n for n, u in enumerate(units) if u.parent_code in above or u.province_code in above
        ]
        return np.array(found, np.intp)

    def positions(self, level: str, units: list[UnitRow]) -> Places:
        """Where units, of this or another month, stand in the list of a level; -1: nowhere."""
        at = self._at.get(level, {})
        return np.array([at.get(unit.id, -1) for unit in units], np.intp)

    @cached_property
    def _at(self) -> dict[str, dict[int, int]]:
        return {
            level: {unit.id: place for place, unit in enumerate(units)}
            for level, units in self.levels.items()
        }

    @cached_property
    def above(self) -> dict[str, Places]:
        """By level: of the commune of each id, where the unit stands that it lies in; -1: none."""
        communes = self.levels.get("commune", [])
        size = max((unit.id for unit in communes), default=0) + 1
        return {level: self._above(level, communes, size) for level in LEVELS_OF["2024"]}

    def _above(self, level: str, communes: list[UnitRow], size: int) -> Places:
        column = {"commune": "code", "district": "parent_code", "province": "province_code"}[level]
        at = {unit.code: place for place, unit in enumerate(self.levels.get(level, []))}
        found = np.full(size, -1, dtype=np.intp)
        for unit in communes:
            found[unit.id] = at.get(getattr(unit, column), -1)
        return found

    def places(self, level: str, units: Places) -> Places:
        """Where the units of a level stand in which communes of these ids lie; -1: in none."""
        above = self.above[level]
        known = units < len(above)
        return np.where(known, above[np.where(known, units, 0)], -1)


@dataclass(slots=True)
class _Kept:
    key: Key
    listing: Listing


_kept: WeakKeyDictionary[Engine, dict[date, _Kept]] = WeakKeyDictionary()
_lock = Lock()


def key_now() -> Key:
    """What lists rest on at this moment."""
    rows = fetch(RESTS_ON, {})
    newest = rows[0].get("newest")
    for row in rows:
        del row["newest"]
    return tuple(ActiveSet(**row) for row in rows if row["id"] is not None), newest


def listing_on(day: date, key: Key | None = None) -> Listing:
    """The units of a day; whoever asks for several days finds the key once."""
    key = key or key_now()
    known = _kept.setdefault(db.engine, {})
    kept = known.get(day)
    if kept is None or kept.key != key or not kept.listing.levels:
        kept = _Kept(key, Listing(day, serving(day, key[0]), units_on(day)))
        with _lock:
            known[day] = kept
            while len(known) > KEPT_MOST:
                del known[next(iter(known))]
    return kept.listing
