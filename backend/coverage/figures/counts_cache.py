"""Counts of a month as arrays, cached by each process and updated where they changed.

A page of 3,321 communes would read 33,000 rows of `counts` and 100,000 of single days. Triggers
record changed units in `count_changes` with an increasing version (migration 0018). One statement
reads the units with a later version than the cached one and the deltas that are not folded yet, so
that figures are exact at any moment.
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
    COUNTED_CATEGORIES,
    NOT_COUNTED,
    NOT_VALID,
)

T = TypeVar("T")

Matrix = NDArray[np.int32]
Key = tuple[str, str, bool]  # month, network, with days

CATEGORIES = (*COUNTED_CATEGORIES, *sorted(NOT_COUNTED), *sorted(NOT_VALID))
CATEGORY_COLUMN = {category: column for column, category in enumerate(CATEGORIES)}
# The categories that each of the three numbers sums.
SUMMED = {
    "received": [True] * len(CATEGORIES),
    "valid": [category not in NOT_VALID for category in CATEGORIES],
    "counted": [category in COUNTED_CATEGORIES for category in CATEGORIES],
}
SUMS = np.array([SUMMED[basis] for basis in BASES], dtype=np.int32).T  # categories x bases
NOWHERE = 0  # unit of samples outside every commune
DAYS = 31
# Cached months of networks: two years of both. With ten categories, a month of 3,321 communes takes
# 0.2 MB, one of the 10,040 before the reform 0.5 MB; days take 1.2 MB more, in two months of each.
CACHED_MOST = 48

# Reads the whole month at first, later the units that match {changed}; with the deltas that are not
# folded yet, in one snapshot.
READ = """
    with latest as (
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
    select 'latest' as part, version as unit, array[units::text] as keys,
        null::int[] as received, null::int[] as valid, null::int[] as counted from latest
    union all
    select 'changed', unit_id, null, null, null, null from count_changes
    where month = %(month)s and network = %(network)s and version > %(version)s
    union all select 'monthly', * from monthly
    union all select 'daily', * from daily
    union all
    select 'pending', coalesce(unit_id, 0), array[fate, (day - %(first)s)::text], array[n],
        null, null
    from count_deltas where day between %(first)s and %(last)s and network = %(network)s
"""
# An array instead of a join: a few units are then looked up in the index of counts.
CHANGED = """
    and (unit_id = any(array(
        select unit_id from count_changes
        where month = %(month)s and network = %(network)s and version > %(version)s))
    or unit_id is null)
"""
WHOLE = READ.format(changed="")
PART = READ.format(changed=CHANGED)


@dataclass(frozen=True, slots=True)
class MonthCounts:
    """Counts of every unit in a month and network; never changed in place."""

    version: int
    units: NDArray[np.intp]  # ids, in the order of the rows of the arrays
    columns: NDArray[np.intp]  # the categories that any unit has, by their columns
    packed: Matrix  # units x columns, of the whole month
    days: Matrix  # units x DAYS x BASES; without memory and all 0 if loaded without days
    memo: dict[Any, tuple[Any, Any]] = field(default_factory=dict)  # of `memoized`

    @property
    def by_category(self) -> Matrix:
        """Units x CATEGORIES; a new array, since most categories are empty in most months."""
        found = np.zeros((len(self.units), len(CATEGORIES)), np.int32)
        found[:, self.columns] = self.packed
        return found

    def memoized(self, name: Any, basis: Any, compute: Callable[[], T]) -> T:
        """Return a value derived from these counts and `basis`, computed again for another basis.

        Only the value of the latest basis is kept: the counts of a past month stay cached for
        weeks, while unit lists are read again.
        """
        known = self.memo.get(name)
        if known is None or known[0] != basis:
            known = self.memo[name] = basis, compute()
        value: T = known[1]
        return value

    def of(self, unit: int) -> NDArray[np.int32]:
        """Return the counts of a unit by category; 0 where it has none."""
        found = np.zeros(len(CATEGORIES), np.int32)
        found[self.columns] = self.packed[self.units == unit].sum(axis=0)
        return found

    def rows(self) -> dict[int, int]:
        """Return the row of each unit; made for each use, since it is larger than the arrays."""
        return {unit: row for row, unit in enumerate(self.units.tolist())}


EMPTY = MonthCounts(
    0,
    np.zeros(0, np.intp),
    np.zeros(0, np.intp),
    np.zeros((0, 0), np.int32),
    np.zeros((0, DAYS, len(BASES)), np.int32),
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """Counts that are being changed, with all categories."""

    row: dict[int, int]  # of each unit
    by_category: Matrix
    days: Matrix

    def counts(self, version: int) -> MonthCounts:
        """Return the counts as they are kept."""
        units = np.fromiter(self.row, np.intp, len(self.row))
        columns = np.flatnonzero(self.by_category.any(axis=0))
        return MonthCounts(version, units, columns, self.by_category[:, columns], self.days)


# By engine, since each test has a database of its own.
_cache: WeakKeyDictionary[Engine, dict[Key, MonthCounts]] = WeakKeyDictionary()
_lock = Lock()


def load_counts(month: str, network: str, *, days: bool) -> MonthCounts:
    """Load the current counts of a month and network, with those of each day on request."""
    months, key = _cache.setdefault(db.engine, {}), (month, network, days)
    cached = months.get(key, EMPTY)
    rows = _read(key, cached)
    if not _continues(cached, rows):  # versions restarted, as after restoring a backup
        cached = EMPTY
        rows = _read(key, cached)
    updated = merge_changes(cached, rows, days)
    with _lock:
        months.pop(key, None)
        months[key] = updated  # the latest at the end
        while len(months) > CACHED_MOST:
            del months[next(iter(months))]
    return _with_pending(updated, [one for one in rows if one["part"] == "pending"], days)


def _read(key: Key, cached: MonthCounts) -> Rows:
    month, network, days = key
    return fetch(
        PART if cached.version else WHOLE,
        {
            "month": month, "network": network, "version": cached.version, "days": days,
            "first": month_start(month), "last": month_end(month),
            "not_valid": sorted(NOT_VALID), "counted": list(COUNTED_CATEGORIES),
        },
    )  # fmt: skip


def _continues(cached: MonthCounts, rows: Rows) -> bool:
    """Return whether the rows are changes of the cached counts.

    Every unit that has counts keeps its row in `count_changes`.
    """
    (latest,) = (one for one in rows if one["part"] == "latest")
    changed = np.array([one["unit"] for one in rows if one["part"] == "changed"], np.intp)
    units = len(cached.units) + int((~np.isin(changed, cached.units)).sum())
    return bool(latest["unit"] >= cached.version and int(latest["keys"][0]) == units)


def merge_changes(cached: MonthCounts, rows: Rows, with_days: bool = True) -> MonthCounts:
    """Return the counts with the rows of changed units replaced."""
    (version,) = (one["unit"] for one in rows if one["part"] == "latest")
    if cached.version and version == cached.version:
        return cached
    changes = [one for one in rows if one["part"] in ("changed", "monthly", "daily")]
    draft = _with_rows(cached, (one["unit"] for one in changes), with_days)
    # The planner decides the order of the parts; a unit must be cleared before it is filled.
    for one in sorted(changes, key=lambda one: one["part"] != "changed"):
        _write(draft, draft.row[one["unit"]], one, with_days)
    return draft.counts(version)


def _with_rows(counts: MonthCounts, units: Iterable[int], with_days: bool) -> _Draft:
    """Return a copy with rows for more units."""
    row = counts.rows()
    for unit in units:
        row.setdefault(unit, len(row))
    by_category = np.zeros((len(row), len(CATEGORIES)), np.int32)
    by_category[: len(counts.units)] = counts.by_category
    shape = len(row), DAYS, len(BASES)
    days = np.zeros(shape, np.int32) if with_days else np.broadcast_to(np.int32(0), shape)
    if with_days:
        days[: len(counts.units)] = counts.days
    return _Draft(row, by_category, days)


def _write(draft: _Draft, row: int, one: dict[str, Any], with_days: bool) -> None:
    if one["part"] == "changed":  # filled by the rows that follow
        draft.by_category[row] = 0
        if with_days:
            draft.days[row] = 0
    elif one["part"] == "monthly":
        columns = [CATEGORY_COLUMN[category] for category in one["keys"]]
        draft.by_category[row, columns] = one["received"]
    else:
        days = [int(day) for day in one["keys"]]
        for column, basis in enumerate(BASES):
            draft.days[row, days, column] = one[basis]


def _with_pending(counts: MonthCounts, pending: Rows, with_days: bool) -> MonthCounts:
    """Return a copy with the deltas that are not folded yet; the copy is not cached."""
    if not pending:
        return counts
    units = (one["unit"] for one in pending)
    exact = _with_rows(counts, units, with_days)
    for one in pending:
        row, column = exact.row[one["unit"]], CATEGORY_COLUMN[one["keys"][0]]
        (n,) = one["received"]
        exact.by_category[row, column] += n
        if with_days:
            exact.days[row, int(one["keys"][1])] += SUMS[column] * n
    return exact.counts(counts.version)
