"""The units of a month's last day, cached by each process.

Units are only ever added, with a boundary set: a list stays valid until a unit is added or other
sets are active.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from backend.database.extensions import db, fetch
from backend.errors import Problem
from backend.units.catalogue import ACTIVE, LEVELS, ActiveSet, serving_set
from backend.units.service import UnitRow, units_on

ListingKey = tuple[tuple[ActiveSet, ...], int | None]  # the active sets, and the newest unit

# The code of the unit of each level that contains a commune.
CODE_OF = {"commune": "code", "district": "parent_code", "province": "province_code"}

# Cached days. Days with the same units share one list of some 8 MB: two years have three.
MAX_DAYS = 24

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

    def equals(self, other: "Listing") -> bool:
        """Return whether another list has the same units and boundaries."""
        return self.active == other.active and self.levels == other.levels

    @cached_property
    def ids(self) -> frozenset[int]:
        """The ids of all units."""
        return frozenset(unit.id for units in self.levels.values() for unit in units)

    @property
    def version(self) -> tuple[str, int, int]:
        """What is another where the list is: its boundaries, or its units."""
        return str(self.active), len(self.ids), max(self.ids, default=0)

    @cached_property
    def containing(self) -> dict[str, dict[int, int]]:
        """By level: for each commune id, the id of the unit that contains it."""
        communes, containing = self.levels.get("commune", []), {}
        for level, column in CODE_OF.items():
            by_code = {unit.code: unit.id for unit in self.levels.get(level, [])}
            pairs = ((unit.id, by_code.get(getattr(unit, column))) for unit in communes)
            containing[level] = {commune: above for commune, above in pairs if above is not None}
        return containing

    def find(self, code: str, level: str | None = None) -> UnitRow:
        """Return the unit of a code; the lowest level if the code names an island twice."""
        for one in (level,) if level else reversed(LEVELS):
            for unit in self.levels.get(one, []):
                if unit.code == code:
                    return unit
        raise Problem(404, "unit_unknown")

    def parent(self, code: str) -> UnitRow:
        """Return the province or district of a code."""
        for level in ("province", "district"):
            for unit in self.levels.get(level, []):
                if unit.code == code:
                    return unit
        raise Problem(404, "unit_unknown")

    def within(self, level: str, place: UnitRow | None) -> list[UnitRow]:
        """Return the units of a level that are a place or inside it; None: the country."""
        units = self.levels.get(level, [])
        if place is None:
            return units
        if place.level == level:
            return [unit for unit in units if unit.id == place.id]
        if place.level == "commune":
            return []
        return [unit for unit in units if place.code in (unit.parent_code, unit.province_code)]

    def outside(self, place: UnitRow | None) -> set[int]:
        """Return the ids of the communes that are not inside a place.

        Statements leave them out by `not in (select unnest(…))`, which is hashed: once prepared,
        `<> all` compares each row with thousands of ids.
        """
        if place is None:
            return set()
        inside = {unit.id for unit in self.within("commune", place)}
        return self.containing["commune"].keys() - inside


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
            while len(days) > MAX_DAYS:
                del days[next(iter(days))]
    return listing


def warm_lists(days: Iterable[date]) -> None:
    """Cache the units of these days, with what each answer needs of them."""
    key = listing_key()
    for day in days:
        assert listing_on(day, key).containing is not None


def valid_on(unit: str, day: str) -> str:
    """Return the SQL condition that a unit or target is valid on a day."""
    return (
        f"({unit}.valid_from is null or {unit}.valid_from <= {day})"
        f" and ({unit}.valid_to is null or {unit}.valid_to >= {day})"
    )


ABOVE: Mapping[str, str] = {"commune": "id", "district": "parent_id", "province": "province_id"}
