"""The units of both systems in memory, by name and code, with those before and after the reform.

Each process reads them once. Units are only ever added, so the index is valid until one is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache
from threading import Lock
from typing import Any, TypedDict
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from backend.database.extensions import db, fetch
from backend.units.catalogue import LEVELS, read_rows, system_on
from backend.units.models import Unit
from backend.units.reform import crosswalk, successor_codes
from geo.gazetteer import plain

MAX_DAYS = 8  # whose lists of units are kept
# Different names of units of both systems: some ten thousand.
MAX_NAMES = 20_000
WORD = re.compile(r"[0-9a-z]+")
Names = tuple[tuple[str, str], ...]  # (name, type)


@lru_cache(MAX_NAMES)
def words_of(name: str) -> str:
    """Return the words of an official name for comparison: lower case, without accents."""
    return " ".join(WORD.findall(plain(name)))


class PlacedUnit(TypedDict):
    """A unit with the names above it."""

    system: str  # 2024, 2025
    level: str
    code: str
    name: str
    place: str  # the names above it, the nearest first
    label: str  # what forms and files accept as the unit


class FoundUnitAnswer(PlacedUnit):
    """A found unit."""

    was: PlacedUnit | None  # the ended unit of that name, on whose ground it is
    likely: bool  # it is on most of that ground, or is made of it


@dataclass(frozen=True)
class NamedUnit:
    """A unit with the names of the units above it, the nearest first."""

    id: int
    code: str
    name: str
    type: str
    above: Names
    lies_in: frozenset[int]  # itself, district and province
    system: str = "2025"
    level: str = "commune"
    valid_from: date | None = None
    valid_to: date | None = None
    order: tuple[str, int] = ("", 0)

    @property
    def place(self) -> str:
        """The names of the units above it."""
        return ", ".join(name for name, _ in self.above)

    @property
    def label(self) -> str:
        """The unit as shown to people and accepted in files and forms: names, and the code."""
        return ", ".join([self.name, *(name for name, _ in self.above)]) + f" ({self.code})"

    @cached_property
    def words(self) -> tuple[str, str]:
        """The name with and without its type, as compared."""
        full = words_of(self.name)
        return full, full.removeprefix(f"{words_of(self.type)} ")

    @cached_property
    def all_words(self) -> str:
        """The words of its name and of the names above it, each after a blank."""
        return f" {' '.join([self.words[0], *(words_of(name) for name, _ in self.above)])} "

    def valid_on(self, day: date) -> bool:
        """Return whether the unit exists on a day."""
        begun = self.valid_from is None or self.valid_from <= day
        return (
            self.system == system_on(day)
            and begun
            and (self.valid_to is None or self.valid_to >= day)
        )

    def serialize(self) -> PlacedUnit:
        """Return the unit as answers name it."""
        return {
            "system": self.system,
            "level": self.level,
            "code": self.code,
            "name": self.name,
            "place": self.place,
            "label": self.label,
        }


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A unit of a day; `was` is the ended unit on whose ground it is, if found by that one.

    `likely`: the found unit is on most of the ground of the ended one, or is made of it.
    """

    unit: NamedUnit
    was: NamedUnit | None = None
    likely: bool = True

    def serialize(self) -> FoundUnitAnswer:
        """Return the unit as an answer of a search."""
        was = self.was.serialize() if self.was else None
        return {**self.unit.serialize(), "was": was, "likely": self.likely}


@dataclass(frozen=True, slots=True)
class Relative:
    """An ended unit on whose ground a unit of today is; `whole`: on all of its ground."""

    unit: NamedUnit
    whole: bool


class UnitIndex:
    """The units of both systems, in Vietnamese order."""

    def __init__(self, units: Sequence[NamedUnit]) -> None:
        self.units = units
        self.by_id = {unit.id: unit for unit in units}
        self._by_code: dict[tuple[str, str], list[NamedUnit]] = {}
        self._by_system: dict[str, list[NamedUnit]] = {}
        self._on_days: dict[date, list[NamedUnit]] = {}
        self._heirs: dict[int, tuple[FoundUnit, ...]] = {}
        for unit in units:
            self._by_system.setdefault(unit.system, []).append(unit)
            self._by_code.setdefault((unit.system, unit.code), []).append(unit)

    def warm(self) -> None:
        """Compute what the first page of a unit would wait for."""
        _ = self._former_provinces

    def heirs(self, unit: NamedUnit) -> tuple[FoundUnit, ...]:
        """Return the units of today on the ground of an old one, the likely ones first.

        A province's is the one that its communes went to; a district's are the communes that are
        made of its own for one half or more; a commune's is the main one.
        """
        if unit.system != "2024":
            return ()
        if unit.id not in self._heirs:
            self._heirs[unit.id] = tuple(self._read_heirs(unit))
        return self._heirs[unit.id]

    def _read_heirs(self, unit: NamedUnit) -> Iterator[FoundUnit]:
        codes = successor_codes(unit.level, unit.code, self._codes_in.get(unit.id, frozenset()))
        today = [
            (one, likely)
            for code, likely in codes.items()
            for one in self._by_code.get(("2025", code), ())
            if one.level == "commune"
        ]
        if unit.level != "province":
            today.sort(key=lambda pair: (not pair[1], pair[0].order))
            yield from (FoundUnit(one, unit, likely) for one, likely in today)
            return
        ids = {id for one, likely in today if likely for id in one.lies_in}
        provinces = (self.by_id[id] for id in sorted(ids) if id in self.by_id)
        yield from (FoundUnit(one, unit) for one in provinces if one.level == "province")

    def predecessors(self, unit: NamedUnit) -> tuple[Relative, ...]:
        """Return the ended units on whose ground a unit of today is, in Vietnamese order.

        A province was made of provinces, a commune of communes.
        """
        if unit.level == "province":
            return self._former_provinces.get(unit.id, ())
        former = self._by_code
        codes = crosswalk().predecessors(unit.code)
        units = [one for code in codes for one in former.get(("2024", code), ())]
        communes = sorted((one for one in units if one.level == "commune"), key=lambda x: x.order)
        return tuple(Relative(one, len(crosswalk().successors(one.code)) == 1) for one in communes)

    @cached_property
    def _former_provinces(self) -> dict[int, tuple[Relative, ...]]:
        found: dict[int, tuple[Relative, ...]] = {}
        for unit in self._by_system.get("2024", ()):
            for heir in self.heirs(unit) if unit.level == "province" else ():
                found[heir.unit.id] = (*found.get(heir.unit.id, ()), Relative(unit, True))
        return found

    def province_of(self, unit: NamedUnit) -> NamedUnit:
        """Return the province of a unit; of a province itself."""
        above = (self.by_id[id] for id in unit.lies_in if id in self.by_id)
        return next((one for one in above if one.level == "province"), unit)

    def find(self, system: str, code: str) -> NamedUnit | None:
        """Return the unit of a code in a system; of an island with two levels, the lower one."""
        units = self._by_code.get((system, code), ())
        return max(units, key=lambda one: LEVELS.index(one.level), default=None)

    @cached_property
    def _codes_in(self) -> dict[int, set[str]]:
        """The codes of the old communes in each district and province."""
        found: dict[int, set[str]] = {}
        for unit in self._by_system.get("2024", ()):
            for id in unit.lies_in if unit.level == "commune" else ():
                found.setdefault(id, set()).add(unit.code)
        return found

    def on(self, day: date, level: str | None = None) -> list[NamedUnit]:
        """Return the units of a day, optionally of one level."""
        if day not in self._on_days:
            if len(self._on_days) == MAX_DAYS:
                self._on_days.clear()
            system = self._by_system.get(system_on(day), ())
            self._on_days[day] = [unit for unit in system if unit.valid_on(day)]
        return [unit for unit in self._on_days[day] if level in (None, unit.level)]

    def with_code(self, code: str, day: date, level: str | None) -> list[NamedUnit]:
        """Return the units of a code on a day, the lower level first."""
        found = self._by_code.get((system_on(day), code), [])
        fitting = [one for one in found if one.valid_on(day) and level in (None, one.level)]
        return sorted(fitting, key=lambda one: -LEVELS.index(one.level))


def unit_index() -> UnitIndex:
    """Return the index of all units, read again after units were added."""
    newest = fetch("select max(id) as newest from units", {})[0]["newest"]
    engine = db.engine
    with _lock:
        cached = _cache.get(engine)
        if cached is None or cached[0] != newest:
            cached = _cache[engine] = (newest, UnitIndex(_read_units()))
    return cached[1]


def successors(unit_id: int) -> tuple[FoundUnit, ...]:
    """Return the units of today on the ground of an old one, as `UnitIndex.heirs`."""
    index = unit_index()
    return index.heirs(index.by_id[unit_id])


_cache: WeakKeyDictionary[Engine, tuple[int | None, UnitIndex]] = WeakKeyDictionary()
_lock = Lock()


COLUMNS = (
    "id", "system", "level", "code", "name", "type", "valid_from", "valid_to", "sort_key",
    "parent_id", "province_id",
)  # fmt: skip


def _read_units() -> list[NamedUnit]:
    query = select(*(getattr(Unit, name) for name in COLUMNS))
    rows = list(read_rows(query.order_by(Unit.sort_key.collate("C"), Unit.id)))
    names = {row[0]: (row[4], row[5]) for row in rows}

    @cache
    def above(parent: int | None, province: int | None) -> tuple[tuple[int, ...], Names]:
        """Return the ids and names; since 2025 a commune's parent is its province."""
        ids = tuple(dict.fromkeys(one for one in (parent, province) if one is not None))
        return ids, tuple(names[one] for one in ids)

    def named_unit(row: list[Any]) -> NamedUnit:
        id, system, level, code, name, kind, first, last, sort_key, *parents = row
        ids, higher = above(*parents)
        lies_in = frozenset((id, *ids))
        return NamedUnit(
            id, code, name, kind, higher, lies_in, system, level, first, last, (sort_key, id)
        )

    return [named_unit(row) for row in rows]
