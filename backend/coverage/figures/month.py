"""The units of a month's last day, and their counts and targets on one network, by level.

Lists of units are cached by each process. Units are only ever added, with a boundary set: a list
stays valid until a unit is added or other sets are active.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from backend.accounts.access import Actor
from backend.clock import month_end
from backend.coverage.figures.forecast import MonthProgress, month_progress
from backend.coverage.figures.unit_access import published
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import (
    TARGET,
    TargetsInForce,
    targets_on,
)
from backend.database.extensions import array_literal, db, fetch
from backend.errors import Problem
from backend.measurements.recording.counting import NOWHERE
from backend.measurements.recording.reasons import BASES, Basis
from backend.organisations.clusters import ClusterPlace
from backend.units.catalogue import ACTIVE, LEVELS, LEVELS_OF, ActiveSet, serving_set, system_on
from backend.units.service import UnitRow, units_on

ListingKey = tuple[tuple[ActiveSet, ...], int | None]  # the active sets, and the newest unit
Place = UnitRow | ClusterPlace

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

    def within(self, level: str, place: Place | None) -> list[UnitRow]:
        """Return the units of a level that are a place or inside it; None: the country."""
        units = self.levels.get(level, [])
        if place is None:
            return units
        if isinstance(place, ClusterPlace):
            return [unit for unit in units if unit.id in place.communes]
        if place.level == level:
            return [unit for unit in units if unit.id == place.id]
        if place.level == "commune":
            return []
        return [unit for unit in units if place.code in (unit.parent_code, unit.province_code)]

    def outside(self, place: Place | None) -> set[int]:
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


class Visibility(Enum):
    """Which figures of an area its reader sees; which units is `published`."""

    LIVE = "live"  # exact counts, the phones and outings of stored statistics
    HOURLY = "hourly"  # counts of the last full hour, phones and outings as copied with them
    RELEASED = "released"  # counts of the last full hour, phones and outings of the release


# The communes of a place or of the country. A row of arrays is read several times as fast as a row
# for each commune. The conditions without a column decide which table is read, and by which key.
NUMBERS = """
    select array_agg(unit_id) as units, array_agg(received) as received,
        array_agg(valid) as valid, array_agg(counted) as counted
    from (
        select unit_id, received, valid, counted from unit_months
        where %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s
        union all
        select unit_id, received, valid, counted from unit_months
        where %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s
        union all
        select unit_id, received, valid, counted from public_months
        where not %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s
        union all
        select unit_id, received, valid, counted from public_months
        where not %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s
    ) counts
"""
ELSEWHERE = """
    select coalesce(sum(received), 0)::int as n
    from (
        select unit_id, received from unit_months
        where %(live)s and month = %(month)s and network = %(network)s
        union all
        select unit_id, received from public_months
        where not %(live)s and month = %(month)s and network = %(network)s
    ) counts
    where unit_id <> %(nowhere)s and not exists (
        select from units c
        where c.id = counts.unit_id
            and (c.valid_from is null or c.valid_from <= %(last)s::date)
            and (c.valid_to is null or c.valid_to >= %(last)s::date)
    )
"""
Numbers = Sequence[int]  # received, valid, counted: the order of BASES
NO_NUMBERS: Numbers = (0, 0, 0)


class UnitCounts(NamedTuple):
    """The samples of a unit in a month against its target."""

    unit: UnitRow
    numbers: Numbers
    need: int | None  # samples of its target; None: there is none, or the unit is exempt
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
    place: Place | None = None  # of which communes are counted; None: the country
    level: str = "commune"  # of the units that a query lists
    visibility: Visibility = Visibility.LIVE  # of the figures of the place

    _units: dict[str, list[UnitCounts]] = field(default_factory=dict, init=False)
    _read: dict[bool, Mapping[int, Numbers]] = field(default_factory=dict, init=False)

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

    def bases(self, level: str) -> tuple[Basis, dict[str, Basis]]:
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

    @property
    def live(self) -> bool:
        """Whether the reader sees exact counts of every unit."""
        return self.visibility is Visibility.LIVE

    def reads_live(self, level: str) -> bool:
        """Return whether units of a level show exact counts: listed provinces do to everyone."""
        return self.live or level == self.level == "province"

    def _communes(self, live: bool) -> Mapping[int, Numbers]:
        """Read the three numbers of the communes of the place."""
        values = {
            "month": self.month, "network": self.network, "inside": self.inside, "live": live,
        }  # fmt: skip
        [row] = fetch(NUMBERS, values)
        numbers = zip(*(row[basis] or () for basis in BASES), strict=True)
        return dict(zip(row["units"] or (), numbers, strict=True))

    @property
    def elsewhere(self) -> int:
        """The samples in communes missing in the month's list; `reassign` corrects them."""
        values = {
            "month": self.month, "network": self.network, "last": self.last_day,
            "live": self.reads_live(self.level), "nowhere": NOWHERE,
        }  # fmt: skip
        [row] = fetch(ELSEWHERE, values)
        return int(row["n"])

    def shown(self, level: str, place: Place | None = None) -> list[UnitRow]:
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
            need, basis = own.get(unit.id, general)
            found.append(UnitCounts(unit, three, need, basis, three[basis]))
        return found

    def numbers(self, level: str) -> Mapping[int, Numbers]:
        """Return the three numbers of the units of a level, by id."""
        live = self.reads_live(level)
        if live not in self._read:
            self._read[live] = self._communes(live)
        communes = self._read[live]
        if level == "commune":
            return communes
        above, sums = self.listing.containing[level], dict[int, list[int]]()
        for commune, (received, valid, counted) in communes.items():
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


def _basis(target: Target | None) -> Basis:
    return target.basis if target else "counted"


def _against(target: Target | None) -> tuple[int | None, int]:
    """Return the samples of a target, and the place of its basis."""
    return target.threshold if target else None, BASES.index(_basis(target))


def has_no_target(units: Iterable[UnitCounts]) -> bool:
    """Return whether no unit has a target."""
    return all(one.need is None for one in units)


def with_target(units: Iterable[UnitCounts]) -> list[UnitCounts]:
    """Return the units that have a target: all but the exempt ones."""
    return [one for one in units if one.need is not None]


def count_reached(units: Iterable[UnitCounts]) -> int:
    """Return the number of units that reached their targets."""
    return sum(one.reached for one in units)
