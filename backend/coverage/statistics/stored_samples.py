"""Counted samples of the country's month in order of device and of value; rows and arrays of NumPy.

`Base` has the samples of one moment, in files. `Samples` adds the changes since: rows that no
longer count, and new ones. A row is a number: those of the base come first.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics.quantiles import METRICS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Bools = NDArray[np.bool_]
Keys = NDArray[np.uint64]

# Values of a metric in ascending order are counted by cell in blocks of so many.
BLOCK = 256
# Arrays that are written, a file each.
ARRAYS = ("keys", "starts", "devices", "units", "cells", "values", "places")
ARRAYS_OF_METRIC = ("values", "rows", "cells", "counts")
# Odd numbers that mix the columns of a row into one (splitmix64, Steele et al. 2014).
MIX, SHIFT = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB), 29


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples; all arrays have one order.

    Attributes
    ----------
    keys : (2, n) array
        The two halves of the device's id; 0: an anonymised row.
    units, cells : (n,) arrays
        Unit, and number of the pair of operator and technology.
    values : (metrics, n) array
        NaN: not measured.
    """

    keys: Keys
    units: Ints32
    cells: Ints32
    values: Floats

    def __len__(self) -> int:
        return len(self.units)

    def take(self, chosen: Any) -> "Rows":
        """Return chosen rows."""
        keys, values = self.keys[:, chosen], self.values[:, chosen]
        return Rows(keys, self.units[chosen], self.cells[chosen], values)


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts."""
    return Rows(
        np.concatenate([np.empty((2, 0), np.uint64), *(one.keys for one in parts)], axis=1),
        np.concatenate([np.empty(0, np.int32), *(one.units for one in parts)]),
        np.concatenate([np.empty(0, np.int32), *(one.cells for one in parts)]),
        np.concatenate([np.empty((len(METRICS), 0)), *(one.values for one in parts)], axis=1),
    )


def differences(old: Rows, new: Rows) -> tuple[Ints, Ints]:
    """Return the indices of old rows that are missing in the new ones, and of those that are added.

    A row may occur several times.
    """
    both = joined([old, new])
    columns = [
        *both.keys,
        (both.units.astype(np.uint64) << np.uint64(16)) ^ both.cells.astype("u8"),
    ]
    columns += [one.view(np.uint64) for one in np.ascontiguousarray(both.values)]
    mixed = np.zeros(len(both), dtype=np.uint64)
    for column in columns:
        mixed ^= column
        for factor in MIX:
            mixed = (mixed ^ (mixed >> np.uint64(SHIFT))) * np.uint64(factor)
    order = np.argsort(mixed, kind="stable")  # old rows before new ones
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = np.any([one[order[1:]] != one[order[:-1]] for one in columns], axis=0)
    run = np.cumsum(is_first) - 1
    is_new = order >= len(old)
    of_old, of_new = (np.bincount(run[one], minlength=len(order)) for one in (~is_new, is_new))
    same = np.minimum(of_old, of_new)
    place = np.arange(len(order)) - np.flatnonzero(is_first)[run]
    place -= np.where(is_new, of_old[run], 0)
    changed = place >= same[run]
    return order[changed & ~is_new], order[changed & is_new] - len(old)


@dataclass(frozen=True, slots=True)
class Ascending:
    """The values of a metric in ascending order.

    Attributes
    ----------
    values, rows, cells : (known,) arrays
        Value, row and cell; equal values by row.
    counts : (blocks + 1, cells) array
        Values of each cell before each block, and in all.
    """

    values: Floats
    rows: Ints32
    cells: NDArray[np.int16]
    counts: Ints32


@dataclass(frozen=True, slots=True)
class Base:
    """Samples in the order of their devices, and in that of each metric; never changed.

    Attributes
    ----------
    keys : (2, devices) array
        Ids of the devices, ascending.
    starts : (devices + 1,) array
        Where the rows of each device begin, and the end.
    devices, units, cells : (n,) arrays
        Number of the device, unit and cell of each row.
    values, places : (metrics, n) arrays
        Value, and index of the row in `ascending`.
    """

    ascending: tuple[Ascending, ...]
    keys: Keys
    starts: Ints32
    devices: Ints32
    units: Ints32
    cells: Ints32
    values: Floats
    places: Ints32

    def save(self, folder: Path) -> None:
        """Write one file for each array into a new folder."""
        folder.mkdir(parents=True)
        arrays = {name: getattr(self, name) for name in ARRAYS}
        for number, one in enumerate(self.ascending):
            arrays |= {f"{name}{number}": getattr(one, name) for name in ARRAYS_OF_METRIC}
        for name, values in arrays.items():
            with (folder / f"{name}.npy").open("wb") as file:
                np.save(file, values)
                file.flush()
                os.fsync(file.fileno())


def load(folder: Path) -> Base:
    """Map the files of a base into memory; OSError or ValueError where they cannot be read."""

    def array(name: str) -> NDArray[Any]:
        found = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return np.asarray(found)  # a plain view of the mapped file

    ascending = [
        Ascending(*(array(f"{name}{number}") for name in ARRAYS_OF_METRIC))
        for number in range(len(METRICS))
    ]
    return Base(tuple(ascending), *map(array, ARRAYS))


def build(rows: Rows, cells: int) -> Base:
    """Sort samples of so many cells."""
    order = np.lexsort((rows.keys[1], rows.keys[0]))
    rows = rows.take(order)
    is_first = _is_first(rows.keys)
    places, ascending = np.full(rows.values.shape, -1, dtype=np.int32), []
    for values, place in zip(rows.values, places, strict=True):
        known = int(np.count_nonzero(~np.isnan(values)))
        by_value = np.argsort(values, kind="stable")[:known].astype(np.int32)
        place[by_value] = np.arange(known)
        blocks, of_cell = max(1, -(-known // BLOCK)), rows.cells[by_value].astype(np.int16)
        found = np.bincount(np.arange(known) // BLOCK * cells + of_cell, minlength=blocks * cells)
        counts = np.cumsum(found.reshape(blocks, cells), axis=0, dtype=np.int32)
        counts = np.concatenate([np.zeros((1, cells), np.int32), counts])
        ascending.append(Ascending(values[by_value], by_value, of_cell, counts))
    return Base(
        keys=rows.keys[:, is_first],
        starts=np.append(np.flatnonzero(is_first), len(rows)).astype(np.int32),
        devices=(np.cumsum(is_first) - 1).astype(np.int32),
        units=rows.units,
        cells=rows.cells,
        values=rows.values,
        places=places,
        ascending=tuple(ascending),
    )


class Samples:
    """The samples of a base without rows that no longer count, and added ones."""

    def __init__(
        self,
        base: Base,
        dead: Ints | None = None,
        added: Rows | None = None,
        in_base: Ints | None = None,
    ) -> None:
        """`in_base` has the number of the device of each added row in the base; -1: it has none."""
        self.base, added = base, joined([]) if added is None else added
        in_base = _find(base.keys, added.keys) if in_base is None else in_base
        self.dead = np.empty(0, np.int64) if dead is None else dead
        self._alive = np.ones(len(base.units), dtype=bool)
        self._alive[self.dead] = False
        numbers = self._number(added.keys, in_base)
        order = np.argsort(numbers, kind="stable")
        self.added, self._numbers, self.in_base = added.take(order), numbers[order], in_base[order]
        self._columns: dict[int, Column] = {}

    def _number(self, keys: Keys, in_base: Ints) -> Ints:
        """Number the devices of added rows; those that the base lacks follow after its own."""
        numbers = in_base.copy()
        more = keys[:, numbers < 0]
        order = np.lexsort((more[1], more[0]))
        is_first = _is_first(more[:, order])
        self._more = more[:, order[is_first]]
        others = np.empty(len(order), dtype=np.int64)
        others[order] = self.base.keys.shape[1] + np.cumsum(is_first) - 1
        numbers[numbers < 0] = others
        return numbers

    def numbers_of(self, keys: Keys) -> Ints:
        """Return the number of each device; -1: it has no samples."""
        own, more = _find(self.base.keys, keys), _find(self._more, keys)
        return np.where((own < 0) & (more >= 0), self.base.keys.shape[1] + more, own)

    def lost_device(self, gone: Rows) -> bool:
        """Return whether a device of removed samples has none left, but is in the base."""
        numbers = distinct(_find(self.base.keys, gone.keys))
        numbers = numbers[numbers >= 0]
        return len(distinct(self.devices_of(self.rows_of(numbers)))) < len(numbers)

    def rows_without_device(self) -> Ints:
        """Return the anonymised rows."""
        numbers = self.numbers_of(np.zeros((2, 1), dtype=np.uint64))
        return self.rows_of(numbers[numbers >= 0])

    def __len__(self) -> int:
        return len(self._alive) - len(self.dead) + len(self.added)

    @property
    def changes(self) -> int:
        """Rows that were removed from the base or added to it."""
        return len(self.dead) + len(self.added)

    def changed(self, removed: Ints, added: Rows) -> "Samples":
        """Return these samples without some rows, and with others."""
        own = len(self._alive)
        kept = np.ones(len(self.added), dtype=bool)
        kept[removed[removed >= own] - own] = False
        dead = np.union1d(self.dead, removed[removed < own])
        in_base = np.append(self.in_base[kept], _find(self.base.keys, added.keys))
        return Samples(self.base, dead, joined([self.added.take(kept), added]), in_base)

    def rows_in(self, units: Ints) -> Ints:
        """Return the rows of units."""
        most = max(int(self.base.units.max(initial=0)), int(self.added.units.max(initial=0)))
        wanted = np.zeros(max(most, int(units.max(initial=0))) + 1, dtype=bool)
        wanted[units] = True
        own = np.flatnonzero(wanted[self.base.units] & self._alive)
        return np.append(own, np.flatnonzero(wanted[self.added.units]) + len(self._alive))

    def every(self) -> Rows:
        """Return all samples."""
        more = np.arange(len(self.added)) + len(self._alive)
        return self.take(np.append(np.flatnonzero(self._alive), more))

    def take(self, rows: Ints) -> Rows:
        """Return the samples of some rows."""
        return Rows(
            self.keys_of(rows),
            self._of(self.base.units, self.added.units, rows),
            self.cells_of(rows),
            np.stack([self.values_of(metric, rows) for metric in range(len(METRICS))]),
        )

    def rows_of(self, devices: Ints) -> Ints:
        """Return the rows of devices, which ascend."""
        own = devices[: np.searchsorted(devices, self.base.keys.shape[1])]
        rows = _ranges(self.base.starts[own], self.base.starts[own + 1])
        ends = (np.searchsorted(self._numbers, devices, side) for side in ("left", "right"))
        return np.append(rows[self._alive[rows]], _ranges(*ends) + len(self._alive))

    def devices_of(self, rows: Ints) -> Ints:
        """Return the number of the device of each row."""
        return self._of(self.base.devices, self._numbers, rows).astype(np.int64)

    def cells_of(self, rows: Ints) -> Ints32:
        """Return the cell of each row."""
        found: Ints32 = self._of(self.base.cells, self.added.cells, rows)
        return found

    def values_of(self, metric: int, rows: Ints) -> Floats:
        """Return the values of a metric by row."""
        found: Floats = self._of(self.base.values[metric], self.added.values[metric], rows)
        return found

    def keys_of(self, rows: Ints) -> Keys:
        """Return the device's id of each row."""
        devices = self.devices_of(rows)
        found: list[Keys] = [
            _either(own, more, devices)
            for own, more in zip(self.base.keys, self._more, strict=True)
        ]
        return np.stack(found)

    def order_of(self, devices: Ints) -> Ints:
        """Return numbers that ascend with the ids of devices."""
        own = self.base.keys.shape[1]
        order, is_more = (devices << 32) | 0xFFFFFFFF, devices >= own
        more = devices[is_more] - own
        order[is_more] = (self._places[more] << 32) | more
        return order

    @cached_property
    def _places(self) -> Ints:
        """The number of devices of the base before each other one."""
        return _insertions(self.base.keys, self._more)

    def _of(self, own: NDArray[Any], added: NDArray[Any], rows: Ints) -> NDArray[Any]:
        return _either(own, added, rows)

    def column(self, metric: int) -> "Column":
        """Return the values of a metric in ascending order."""
        if metric not in self._columns:
            self._columns[metric] = Column(self, metric)
        return self._columns[metric]


class Column:
    """The values of a metric of samples in ascending order; added ones before equal ones."""

    def __init__(self, samples: Samples, metric: int) -> None:
        self._samples, self._metric = samples, metric
        self._own = samples.base.ascending[metric]
        values = samples.added.values[metric]
        known = np.flatnonzero(~np.isnan(values))
        self._order = known[np.argsort(values[known])]
        self._values = values[self._order]
        self._cells = samples.added.cells[self._order]
        # Added values stand before the value of the base at this place.
        self._places = np.searchsorted(self._own.values, self._values)
        self._cell_number = max(
            self._own.counts.shape[1], int(samples.added.cells.max(initial=-1)) + 1
        )

    @cached_property
    def _dead(self) -> tuple[Ints, Ints32]:
        """The places of dead values of the base, ascending, and their cells."""
        dead, base = self._samples.dead, self._samples.base
        places = base.places[self._metric][dead]
        known = places >= 0
        order = np.argsort(places[known], kind="stable")
        return places[known][order].astype(np.int64), base.cells[dead[known]][order]

    @cached_property
    def counts(self) -> Floats:
        """Values of each cell before each block of the base, and in all, by block and cell."""
        blocks = len(self._own.counts) - 1
        counts = np.zeros((blocks + 1, self._cell_number))
        counts[:, : self._own.counts.shape[1]] = self._own.counts
        places, cells = self._dead
        counts -= self._steps(places // BLOCK + 1, cells, blocks)
        counts += self._steps(np.maximum(-(-self._places // BLOCK), 1), self._cells, blocks)
        return counts

    def _steps(self, blocks: Ints, cells: NDArray[Any], last: int) -> Floats:
        """Return how many values of each cell are counted from each block on."""
        places = np.minimum(blocks, last) * self._cell_number + cells
        size = (last + 1) * self._cell_number
        found = np.bincount(places, minlength=size).reshape(last + 1, self._cell_number)
        return np.cumsum(found, axis=0).astype(np.float64)

    def below(self, bound: float, *, equal: bool = False) -> Ints:
        """Return how many values of each cell are below a bound, or equal to it as well."""
        side: Literal["left", "right"] = "right" if equal else "left"
        number, place = self._cell_number, int(self._own.values.searchsorted(bound, side))
        block = place // BLOCK
        counts = np.bincount(self._own.cells[block * BLOCK : place], minlength=number)
        counts[: self._own.counts.shape[1]] += self._own.counts[block]
        places, of_dead = self._dead
        counts -= np.bincount(of_dead[: places.searchsorted(place)], minlength=number)
        added = self._cells[: self._values.searchsorted(bound, side)]
        return counts + np.bincount(added, minlength=number)

    def rows(self, member: Bools, low: float, high: float) -> Ints:
        """Return the rows of some cells with values between two bounds, which are included."""
        begin, end = _between(self._own.values, low, high)
        own = self._own.rows[begin:end][self._chosen(begin, end, member)]
        begin, end = _between(self._values, low, high)
        added = self._order[begin:end][member[self._cells[begin:end]]]
        return np.append(own.astype(np.int64), added + len(self._samples.base.units))

    def _chosen(self, begin: int, end: int, member: Bools) -> Bools:
        """Return which values of the base between two places are of some cells, and count."""
        chosen: Bools = member[self._own.cells[begin:end]]
        dead, _ = self._dead
        chosen[dead[slice(*dead.searchsorted((begin, end)))] - begin] = False
        return chosen

    def at_ranks(self, member: Bools, counts: Floats, ranks: Ints) -> list[float]:
        """Return the values of some cells at ranks from 0; `counts` are those of these cells."""
        last = len(counts) - 2
        after = counts.searchsorted(ranks, "right").tolist()
        blocks = [min(max(block - 1, 0), last) for block in after]
        ordered = {block: self._of_block(block, last, member) for block in set(blocks)}
        return [
            float(ordered[block][rank - int(counts[block])])
            for block, rank in zip(blocks, ranks.tolist(), strict=True)
        ]

    def _of_block(self, block: int, last: int, member: Bools) -> Floats:
        """Return the values of some cells in a block, ascending."""
        begin, end = block * BLOCK, (block + 1) * BLOCK
        own = self._own.values[begin:end][self._chosen(begin, end, member)]
        # Those before the first value of the base are in its block, those after the last one too.
        first = np.searchsorted(self._places, begin, "right") if block else 0
        after = np.searchsorted(self._places, end, "right") if block < last else len(self._places)
        added = self._values[first:after][member[self._cells[first:after]]]
        return np.sort(np.append(own, added))


def distinct(numbers: Ints) -> Ints:
    """Return the different numbers, ascending; numpy.unique takes longer."""
    ordered: Ints = np.sort(numbers)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def numbered(numbers: Ints) -> tuple[Ints, Ints]:
    """Return the different numbers, ascending, and the index of each number there."""
    order = np.argsort(numbers, kind="stable")  # fast where they nearly ascend
    ordered, index = numbers[order], np.empty(len(numbers), dtype=np.int64)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    index[order] = np.cumsum(is_first) - 1
    return ordered[is_first], index


def _is_first(keys: Keys) -> Bools:
    """Return which ascending ids differ from the one before."""
    is_first = np.ones(keys.shape[1], dtype=bool)
    is_first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    return is_first


def _insertions(known: Keys, keys: Keys) -> Ints:
    """Return how many of ascending ids are smaller than each id."""
    at: Ints = known[0].searchsorted(keys[0])
    last = known.shape[1] - 1
    while last >= 0:  # again only where halves of ids are equal by chance
        here = np.minimum(at, last)
        later = (at <= last) & (known[0, here] == keys[0]) & (known[1, here] < keys[1])
        if not later.any():
            break
        at = at + later
    return at


def _find(known: Keys, keys: Keys) -> Ints:
    """Return the index of each id among ascending ones; -1: it is not there."""
    if not known.shape[1]:
        return np.full(keys.shape[1], -1)
    at = _insertions(known, keys)
    here = np.minimum(at, known.shape[1] - 1)
    return np.where((at == here) & (known[:, here] == keys).all(axis=0), at, -1)


def _between(ascending: Floats, low: float, high: float) -> tuple[int, int]:
    """Return where values between two bounds begin and end."""
    return int(ascending.searchsorted(low)), int(ascending.searchsorted(high, "right"))


def _either(own: NDArray[Any], added: NDArray[Any], at: Ints) -> NDArray[Any]:
    """Return elements of two arrays, of which the second continues the first."""
    is_own = at < len(own)
    if is_own.all():
        return own[at]
    found = np.empty(len(at), dtype=own.dtype)
    found[is_own], found[~is_own] = own[at[is_own]], added[at[~is_own] - len(own)]
    return found


def _ranges(begins: NDArray[Any], ends: NDArray[Any]) -> Ints:
    """Return the numbers of all ranges, one after another."""
    lengths = (ends - begins).astype(np.int64)
    before = np.cumsum(lengths) - lengths
    return np.repeat(begins - before, lengths) + np.arange(int(lengths.sum()))
