"""A month's counts as arrays, held by each process and read again only where they changed.

A page of 3,321 communes would read 33,000 rows of `counts` and 100,000 of single days. Triggers
note which units changed, under a version that only rises (migration 0018). A process that holds a
month asks, in one statement, for the units with a later version and for the deltas not folded
yet: exact at any moment.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from backend.clock import month_end, month_start
from backend.database.extensions import Rows, db, fetch
from backend.measurements.recording.reasons import (
    BASES,
    COUNTED,
    COUNTED_BY_ADMIN,
    NOT_COUNTED,
    NOT_VALID,
)

T = TypeVar("T")

Matrix = NDArray[np.int32]
Key = tuple[str, str, bool]  # month, network, with its days

FATES = (COUNTED, COUNTED_BY_ADMIN, *sorted(NOT_COUNTED), *sorted(NOT_VALID))
FATE = {fate: column for column, fate in enumerate(FATES)}
# Which fates each of the three numbers adds up.
ADDED = {
    "received": [True] * len(FATES),
    "valid": [fate not in NOT_VALID for fate in FATES],
    "counted": [fate in (COUNTED, COUNTED_BY_ADMIN) for fate in FATES],
}
SUMS = np.array([ADDED[basis] for basis in BASES], dtype=np.int32).T  # fates x bases
NOWHERE = 0  # the key of what lies in no commune
DAYS = 31
# Months of networks that a process holds, of some 5 MB each at most: two years of both.
HELD_MOST = 48

# Read once where nothing is held yet, and afterwards for the units that changed; {changed} is the
# condition. What waits to be folded comes with it, as one snapshot.
READ = """
    with seen as (
        select coalesce(max(version), 0) as version, count(*) as units
        from count_changes where month = %(month)s and network = %(network)s
    ), monthly as (
        select coalesce(unit_id, 0) as unit, array_agg(fate) as keys, array_agg(n) as received,
            null::int[] as valid, null::int[] as counted
        from counts
        where month = %(month)s and network = %(network)s and day is null {changed}
        group by 1
    ), daily as (
        select unit, array_agg(place::text) as keys, array_agg(received) as received,
            array_agg(valid) as valid, array_agg(counted) as counted
        from (
            select coalesce(unit_id, 0) as unit, day - %(first)s as place,
                sum(n)::int as received,
                coalesce(sum(n) filter (where fate <> all(%(not_valid)s)), 0)::int as valid,
                coalesce(sum(n) filter (where fate = any(%(counted)s)), 0)::int as counted
            from counts
            where %(days)s and month = %(month)s and network = %(network)s and day is not null
                {changed}
            group by 1, 2
        ) days group by 1
    )
    select 'seen' as part, version as unit, array[units::text] as keys,
        null::int[] as received, null::int[] as valid, null::int[] as counted from seen
    union all
    select 'noted', unit_id, null, null, null, null from count_changes
    where month = %(month)s and network = %(network)s and version > %(version)s
    union all select 'monthly', * from monthly
    union all select 'daily', * from daily
    union all
    select 'waiting', coalesce(unit_id, 0), array[fate, (day - %(first)s)::text], array[n],
        null, null
    from count_deltas where day between %(first)s and %(last)s and network = %(network)s
"""
# An array, not a join: few units are then looked up one by one in the index of counts.
CHANGED = """
    and (unit_id = any(array(
        select unit_id from count_changes
        where month = %(month)s and network = %(network)s and version > %(version)s))
    or unit_id is null)
"""
WHOLE = READ.format(changed="")
PART = READ.format(changed=CHANGED)


@dataclass(frozen=True, slots=True)
class Held:
    """What every unit of a month has on a network; rows as `row` says, never changed in place."""

    version: int
    row: dict[int, int]
    fates: Matrix  # units x FATES, of the whole month
    days: Matrix  # units x DAYS x BASES; all 0 where days were not asked for
    memo: dict[Any, tuple[Any, Any]] = field(default_factory=dict)  # what `made` keeps

    def made(self, name: Any, basis: Any, make: Callable[[], T]) -> T:
        """What is made of these counts and of a basis: of the last one alone, or it would pile up.

        Counts of a past month stand for weeks, while lists of units are read again.
        """
        known = self.memo.get(name)
        if known is None or known[0] != basis:
            known = self.memo[name] = basis, make()
        found: T = known[1]
        return found

    @property
    def units(self) -> NDArray[np.intp]:
        """The units of the rows, by id."""
        return np.fromiter(self.row, np.intp, len(self.row))


NOTHING = Held(0, {}, np.zeros((0, len(FATES)), np.int32), np.zeros((0, DAYS, 3), np.int32))

# By engine: another database, as each test has one, is another world.
_held: WeakKeyDictionary[Engine, dict[Key, Held]] = WeakKeyDictionary()
_lock = Lock()


def counts_of(month: str, network: str, *, days: bool) -> Held:
    """The counts of a month on a network, exact now, and those of its days where asked for."""
    known, key = _held.setdefault(db.engine, {}), (month, network, days)
    held = known.get(key, NOTHING)
    rows = _read(key, held)
    if not _follows(held, rows):  # the notes began again, as after a restored backup
        held = NOTHING
        rows = _read(key, held)
    fresh = _merged(held, rows)
    with _lock:
        known.pop(key, None)
        known[key] = fresh  # the newest at the end
        while len(known) > HELD_MOST:
            del known[next(iter(known))]
    return _with_waiting(fresh, [one for one in rows if one["part"] == "waiting"])


def _read(key: Key, held: Held) -> Rows:
    month, network, days = key
    return fetch(
        PART if held.version else WHOLE,
        {
            "month": month, "network": network, "version": held.version, "days": days,
            "first": month_start(month), "last": month_end(month),
            "not_valid": sorted(NOT_VALID), "counted": [COUNTED, COUNTED_BY_ADMIN],
        },
    )  # fmt: skip


def _follows(held: Held, rows: Rows) -> bool:
    """Whether these are changes of what is held: every unit that has counts keeps its note."""
    (seen,) = (one for one in rows if one["part"] == "seen")
    units = held.row.keys() | {one["unit"] for one in rows if one["part"] == "noted"}
    return bool(seen["unit"] >= held.version and int(seen["keys"][0]) == len(units))


def _merged(held: Held, rows: Rows) -> Held:
    """What is held, with the rows of changed units in place."""
    (version,) = (one["unit"] for one in rows if one["part"] == "seen")
    if held.version and version == held.version:
        return held
    changed = [one for one in rows if one["part"] in ("noted", "monthly", "daily")]
    fresh = _grown(held, (one["unit"] for one in changed), version)
    for one in sorted(changed, key=lambda one: one["part"] != "noted"):  # in what order they come
        _write(fresh, one)  # is the planner's to say, and what clears a unit is first
    return fresh


def _grown(held: Held, units: Iterable[int], version: int) -> Held:
    """A copy with rows for more units."""
    row = dict(held.row)
    for unit in units:
        row.setdefault(unit, len(row))
    fates = np.zeros((len(row), len(FATES)), np.int32)
    days = np.zeros((len(row), DAYS, len(BASES)), np.int32)
    fates[: len(held.row)], days[: len(held.row)] = held.fates, held.days
    return Held(version, row, fates, days)


def _write(held: Held, one: dict[str, Any]) -> None:
    at = held.row[one["unit"]]
    if one["part"] == "noted":  # what it has comes in the rows that follow
        held.fates[at], held.days[at] = 0, 0
    elif one["part"] == "monthly":
        held.fates[at, [FATE[fate] for fate in one["keys"]]] = one["received"]
    else:
        places = [int(place) for place in one["keys"]]
        for column, basis in enumerate(BASES):
            held.days[at, places, column] = one[basis]


def _with_waiting(held: Held, waiting: Rows) -> Held:
    """A copy with what is not folded yet; it is not kept."""
    if not waiting:
        return held
    fresh = _grown(held, (one["unit"] for one in waiting), held.version)
    for one in waiting:
        at, column, (n,) = fresh.row[one["unit"]], FATE[one["keys"][0]], one["received"]
        fresh.fates[at, column] += n
        fresh.days[at, int(one["keys"][1])] += SUMS[column] * n
    return fresh
