"""Groups of the country's samples, whose sums follow changes of samples instead of being made anew.

Of each group and metric a table has, by the number of samples m of a device: the devices, and how
many of their samples are below and equal to some values (the *marks*: quantiles, and medians of
equal devices with their limits). A change of samples alters the devices concerned; a mark that
moves alters the devices with samples between its old and new value. All sums are of whole numbers,
so the figures equal those of `group_arrays` to the last bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics.group_arrays import Node, exact_sums, number_keys
from backend.coverage.statistics.intervals import (
    DEVICE_WEIGHT,
    Classes,
    Ordered,
    Sizes,
    Spread,
    levels_of,
    weights_of,
)
from backend.coverage.statistics.quantiles import (
    ALL,
    BANDS_MBPS,
    METRICS,
    QUANTILES,
    Group,
    Reference,
)
from backend.coverage.statistics.stored_samples import (
    Column,
    Rows,
    Samples,
    distinct,
    numbered,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

COUNTRY = 0
# Marks of a metric: its quantiles, then the median of equal devices and its limits.
QUANTILE_MARKS, DEVICE_MARKS = len(QUANTILES), 3
MARKS = QUANTILE_MARKS + DEVICE_MARKS
MEDIAN_MARK = list(QUANTILES).index("median")
GROUPS_OF_CELL = 4  # with and without operator, with and without technology
EVERY = len(METRICS)  # number of the table of all samples, measured or not
# A group and a number of samples are one number; a device and a group are one too.
BITS, GROUP_BITS = 32, 16
LOW, GROUP_LOW = (1 << BITS) - 1, (1 << GROUP_BITS) - 1
# Samples of a first computation that are summed together, to need little memory.
SAMPLES_AT_ONCE = 200_000
# Values around the expected place of a median of equal devices: at least, and by the distance.
MARGIN_LEAST, MARGIN_SHARE, WIDER = 8, 0.1, 8


class InconsistentError(Exception):
    """The sums are not those of the samples."""


@dataclass(frozen=True, slots=True)
class Table:
    """Devices of groups by their number of samples.

    Attributes
    ----------
    keys : (rows,) array
        Group and number of samples, ascending.
    sums : (rows, 1 + 3 · MARKS) array
        Number of devices; then for each mark their samples below it, those equal to it, and
        Σ (2 · below + equal)².
    """

    keys: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    sums: Ints = field(default_factory=lambda: np.empty((0, 1 + 3 * MARKS), np.int64))

    def changed(self, before: "Table", after: "Table") -> "Table":
        """Return this table without some devices, and with others."""
        keys = np.concatenate([self.keys, before.keys, after.keys])
        return _table(keys, np.concatenate([self.sums, -before.sums, after.sums]))

    def copy(self, mark: int, other: int) -> None:
        """Give another mark the sums of a mark."""
        self.sums[:, 1 + 3 * other : 4 + 3 * other] = self.sums[:, 1 + 3 * mark : 4 + 3 * mark]

    def of(self, group: int) -> tuple[Ints, Ints]:
        """Return numbers of samples and sums of a group."""
        here = slice(*np.searchsorted(self.keys, [group << BITS, (group + 1) << BITS]))
        return self.keys[here] & LOW, self.sums[here]


def _table(keys: Ints, sums: Ints) -> Table:
    """Return a table with one row for each key, without devices that vanish."""
    order = np.argsort(keys, kind="stable")
    keys, sums = keys[order], sums[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))[: len(keys)]
    if not len(keys):
        return Table()
    keys, sums = keys[first], np.add.reduceat(sums, first, axis=0)
    some = sums[:, 0] != 0
    return Table(keys[some], sums[some])


@dataclass(frozen=True, slots=True)
class Entries:
    """Samples in their groups: the row, and the index of its pair of group and device."""

    pairs: Ints
    rows: Ints
    of_row: Ints  # the row of each entry, as an index of `rows`
    of_pair: Ints


class CountryGroups:
    """The groups of samples of the country, with their tables and marks."""

    def __init__(self, samples: Samples, cells: Sequence[Group]) -> None:
        self.samples = samples
        self.cells: list[Group] = []
        self._groups: dict[Group, int] = {}
        self.marks = np.empty((len(METRICS), 0, MARKS))
        self.tables = [Table() for _ in range(EVERY + 1)]
        self.totals: list[list[Fraction]] = [[] for _ in METRICS]  # exact, by metric and cell
        self.add_cells(cells)

    def add_cells(self, cells: Sequence[Group]) -> None:
        """Add cells, which get the next numbers."""
        for operator, technology in cells:
            self.cells.append((operator, technology))
            for group in _groups_of((operator, technology)):
                self._groups.setdefault(group, len(self._groups))
            for totals in self.totals:
                totals.append(Fraction())
        more = len(self._groups) - self.marks.shape[1]
        new = np.full((len(METRICS), more, MARKS), -np.inf)
        self.marks = np.concatenate([self.marks, new], axis=1)
        self._groups_of = np.array(
            [[self._groups[group] for group in _groups_of(cell)] for cell in self.cells]
        ).reshape(-1, GROUPS_OF_CELL)
        self._member = np.zeros((len(self._groups), len(self.cells)), dtype=bool)
        for cell, groups in enumerate(self._groups_of):
            self._member[groups, cell] = True

    # What group_figures reads

    @cached_property
    def _used(self) -> Ints:
        """The groups with samples, in the order of `nodes`."""
        used = set((self.tables[EVERY].keys >> BITS).tolist())
        return np.array(
            [at for _, at in sorted(self._groups.items()) if at in used], dtype=np.int64
        )

    @property
    def nodes(self) -> list[Node]:
        """The groups with samples."""
        names = {at: group for group, at in self._groups.items()}
        return [(COUNTRY, *names[at]) for at in self._used.tolist()]

    @property
    def n(self) -> list[int]:
        """Samples of each group."""
        found = [self.tables[EVERY].of(group) for group in self._used.tolist()]
        return [int((sizes * sums[:, 0]).sum()) for sizes, sums in found]

    @property
    def devices(self) -> list[int]:
        """Devices of each group; anonymised samples are none."""
        rows = self.samples.rows_without_device()
        without = np.unique(self._groups_of[self.samples.cells_of(rows)])
        found = [self.tables[EVERY].of(group)[1][:, 0].sum() for group in self._used.tolist()]
        return [int(one) - (group in without) for one, group in zip(found, self._used, strict=True)]

    def measured(self, metric: str) -> "CountryMeasured":
        """Return the values of a metric in all groups, with its quantiles as marks."""
        data = CountryMeasured(self, METRICS.index(metric))
        for mark, part in enumerate(QUANTILES.values()):
            data.move(data.some, mark, data.at(data.some, np.full(len(data.some), part)))
        data.follow()
        return data

    def sums(self, metric: str) -> Iterator[float]:
        """Yield the exact sum of a metric in each group, rounded once."""
        totals = self.totals[METRICS.index(metric)]
        for group in self._used.tolist():
            cells = np.flatnonzero(self._member[group]).tolist()
            yield float(sum((totals[cell] for cell in cells), Fraction()))

    # Changes

    def begin(self) -> None:
        """Compute all tables from the samples of the base."""
        self._add_totals(self.samples.every(), 1)
        for metric in range(len(METRICS)):
            data = CountryMeasured(self, metric, self._of_samples)
            levels = [*QUANTILES.values()] + DEVICE_MARKS * [QUANTILES["median"]]
            for mark, part in enumerate(levels):  # the median is about that of equal devices
                found = data.at(data.some, np.full(len(data.some), part))
                self.marks[metric, self._of_samples[data.some], mark] = found
        tables: list[list[Table]] = [[] for _ in self.tables]
        starts = self.samples.base.starts
        cuts = starts.searchsorted(np.arange(0, starts[-1], SAMPLES_AT_ONCE))
        for first, last in pairwise([*dict.fromkeys(cuts.tolist()), len(starts) - 1]):
            entries = self._every_entry(np.arange(first, last))
            for metric, parts in enumerate(tables):
                table = self._sum(self.samples, metric, entries, range(QUANTILE_MARKS))
                for mark in range(QUANTILE_MARKS, MARKS):
                    table.copy(MEDIAN_MARK, mark)
                parts.append(table)
        self.tables = [
            _table(
                np.concatenate([one.keys for one in parts] + [Table().keys]),
                np.concatenate([one.sums for one in parts] + [Table().sums]),
            )
            for parts in tables
        ]

    @property
    def _of_samples(self) -> Ints:
        """All groups; each has a sample of a cell."""
        return np.arange(len(self._groups))

    def change(self, removed: Ints, added: Rows) -> None:
        """Remove rows and add others."""
        before, after = self.samples, self.samples.changed(removed, added)
        gone, come = before.take(removed), added
        self._add_totals(gone, -1)
        self._add_totals(come, 1)
        sums = [self._sums_of(samples, gone, come) for samples in (before, after)]
        self.tables = [
            table.changed(*both) for table, *both in zip(self.tables, *sums, strict=True)
        ]
        self.samples = after
        self.__dict__.pop("_used", None)

    def _sums_of(self, samples: Samples, gone: Rows, come: Rows) -> list[Table]:
        """Return the tables of the devices of changed rows, in the groups of these."""
        devices = samples.numbers_of(np.concatenate([gone.keys, come.keys], axis=1))
        groups = self._groups_of[np.append(gone.cells, come.cells)]
        known = devices >= 0
        pairs = _pairs(devices[known, None], groups[known]).ravel()
        entries = self._entries(distinct(pairs), samples)
        return [self._sum(samples, metric, entries) for metric in range(len(self.tables))]

    def _add_totals(self, rows: Rows, sign: int) -> None:
        for totals, values in zip(self.totals, rows.values, strict=True):
            known = ~np.isnan(values)
            sums, divisor = exact_sums(values[known], rows.cells[known], len(totals))
            for cell, one in enumerate(sums):
                if one:
                    totals[cell] += sign * Fraction(one, divisor)

    def _entries(self, pairs: Ints, samples: Samples | None = None) -> Entries:
        """Return the samples in pairs, which ascend."""
        samples = self.samples if samples is None else samples
        rows = samples.rows_of(distinct(pairs >> GROUP_BITS))
        codes = self._pairs_of(samples, rows)
        of_pair = np.minimum(pairs.searchsorted(codes), max(len(pairs) - 1, 0))
        chosen = np.flatnonzero(pairs[of_pair] == codes if len(pairs) else codes < 0)
        return Entries(pairs, rows, chosen // GROUPS_OF_CELL, of_pair[chosen])

    def _every_entry(self, devices: Ints) -> Entries:
        """Return the samples of devices in all pairs."""
        rows = self.samples.rows_of(devices)
        pairs, of_pair = numbered(self._pairs_of(self.samples, rows))
        return Entries(pairs, rows, np.arange(len(of_pair)) // GROUPS_OF_CELL, of_pair)

    def _pairs_of(self, samples: Samples, rows: Ints) -> Ints:
        """Return the pairs of rows, those of a row one after another."""
        groups = self._groups_of[samples.cells_of(rows)]
        return _pairs(samples.devices_of(rows)[:, None], groups).ravel()

    def _sum(
        self, samples: Samples, metric: int, entries: Entries, marks: Iterable[int] = range(MARKS)
    ) -> Table:
        """Return the table of the pairs of entries; sums of other marks are 0."""
        at, number = entries.of_pair, len(entries.pairs)
        values = np.zeros(0)
        if metric != EVERY:
            values = samples.values_of(metric, entries.rows)[entries.of_row]
            known = ~np.isnan(values)
            values, at = values[known], at[known]
        sizes = np.bincount(at, minlength=number)
        some = np.flatnonzero(sizes)
        groups, step = entries.pairs & GROUP_LOW, int(sizes.max(initial=0)) + 1
        keys, classes, devices = number_keys(
            groups[some] * step + sizes[some], len(self._groups) * step
        )
        sums = np.zeros((len(keys), 1 + 3 * MARKS), dtype=np.int64)
        sums[:, 0] = devices
        for mark in marks if metric != EVERY else ():
            bound = self.marks[metric, groups, mark][at]
            below = np.bincount(at[values < bound], minlength=number)[some]
            equal = np.bincount(at[values == bound], minlength=number)[some]
            for column, one in enumerate((below, equal, (2 * below + equal) ** 2)):
                found = np.bincount(classes, weights=one, minlength=len(keys))
                sums[:, 1 + 3 * mark + column] = found
        return Table((keys // step << BITS) | keys % step, sums)


def _pairs(devices: Ints, groups: Ints) -> Ints:
    """Return pairs, which ascend by device."""
    return (devices << GROUP_BITS) | groups


def _groups_of(cell: Group) -> list[Group]:
    operator, technology = cell
    return [(one, other) for one in (operator, ALL) for other in (technology, ALL)]


class CountryMeasured:
    """The values of a metric in the groups of the country; see `group_arrays.Measured`."""

    def __init__(self, groups: CountryGroups, metric: int, used: Ints | None = None) -> None:
        self._groups, self._metric = groups, metric
        self._used = groups._used if used is None else used
        self._column: Column = groups.samples.column(metric)
        member = groups._member[:, : self._column.counts.shape[1]]
        self._counts = member.astype(np.float64) @ self._column.counts.T
        self._moved: list[Ints] = []
        self._new = groups.marks[metric].copy()

    @cached_property
    def n(self) -> Ints:
        """Values of each group."""
        n: Ints = self._counts[self._used, -1].astype(np.int64)
        return n

    @cached_property
    def some(self) -> Ints:
        """The groups that have values."""
        return np.flatnonzero(self.n)

    @cached_property
    def _classes(self) -> tuple[Classes, Ints]:
        """Devices by number of samples in the groups with values, and the sums of each class."""
        found = [self._table.of(group) for group in self._used[self.some].tolist()]
        bounds = np.append(0, np.cumsum([len(sizes) for sizes, _ in found])).astype(np.int64)
        sizes = np.concatenate([Table().keys, *(one for one, _ in found)])
        sums = np.concatenate([Table().sums, *(one for _, one in found)])
        return Classes(sizes.astype(np.float64), sums[:, 0].astype(np.float64), bounds), sums

    @property
    def _table(self) -> Table:
        return self._groups.tables[self._metric]

    @cached_property
    def of_devices(self) -> Sizes:
        """The sizes of the devices of each group with values."""
        return self._classes[0].sums()

    def at(self, groups: Ints, levels: Floats) -> Floats:
        """Return the value in each of some groups below which a share of its samples lies."""
        last = self.n[groups] - 1
        position = last * levels
        below = np.minimum(np.floor(position).astype(np.int64), last)
        low, high = np.empty(len(groups)), np.empty(len(groups))
        for place, group in enumerate(groups.tolist()):
            ranks = np.minimum([below[place], below[place] + 1], last[place])
            low[place], high[place] = self._at_ranks(group, ranks)
        step, share = high - low, position - below
        found: Floats = np.where(share >= 0.5, high - step * (1 - share), low + step * share)
        return found

    def _at_ranks(self, group: int, ranks: Ints) -> list[float]:
        own = self._used[group]
        return self._column.at_ranks(self._groups._member[own], self._counts[own], ranks)

    def spreads(self, part: float) -> Spread:
        """Return the spread of "below the quantile" in each group with values."""
        mark = list(QUANTILES.values()).index(part)
        classes, sums = self._classes
        return classes.spread(*sums[:, 1 + 3 * mark : 4 + 3 * mark].T.astype(np.float64))

    def bands(self, groups: Ints) -> Floats:
        """Return the share of samples in each of VNNIC's bands, by group and band."""
        edges = [self._below(groups, bound) for bound in BANDS_MBPS]
        n = self.n[groups]
        of_band = np.diff([np.zeros_like(n), *edges, n], axis=0).T
        shares: Floats = of_band / n[:, None]
        return shares

    def within(self, groups: Ints, reference: Reference) -> Floats:
        """Return the share of samples of each group within a bound."""
        n, below = self.n[groups], self._below(groups, reference.bound, equal=not reference.least)
        shares: Floats = (n - below if reference.least else below) / n
        return shares

    def _below(self, groups: Ints, bound: float, *, equal: bool = False) -> Ints:
        counts = self._column.below(bound, equal=equal)
        of_groups: Ints = self._groups._member[:, : len(counts)].astype(np.int64) @ counts
        return of_groups[self._used[groups]]

    # Marks

    def move(self, groups: Ints, mark: int, values: Floats) -> None:
        """Give a mark of some groups other values; `follow` alters the sums."""
        marks = self._groups.marks[self._metric]
        for group, value in zip(self._used[groups].tolist(), values.tolist(), strict=True):
            before = marks[group, mark]
            if value != before:
                rows = self._rows(group, min(before, value), max(before, value))
                self._moved.append(_pairs(self._groups.samples.devices_of(rows), np.array(group)))
                self._new[group, mark] = value

    def _rows(self, own: int, low: float, high: float) -> Ints:
        return self._column.rows(self._groups._member[own], low, high)

    def follow(self) -> None:
        """Alter the sums of devices with samples between old and new marks."""
        if not self._moved:
            return
        groups, metric = self._groups, self._metric
        pairs = distinct(np.concatenate(self._moved))
        entries = groups._entries(pairs)
        marks = np.flatnonzero((groups.marks[metric] != self._new).any(axis=0)).tolist()
        before = groups._sum(groups.samples, metric, entries, marks)
        groups.marks[metric] = self._new
        after = groups._sum(groups.samples, metric, entries, marks)
        groups.tables[metric] = groups.tables[metric].changed(before, after)
        self._moved, self._new = [], self._new.copy()
        self.__dict__.pop("_classes", None)

    # Medians of equal devices

    def of_equal_devices(self, groups: Ints, levels: Floats) -> Floats:
        """Return the value at each level, by group and level, if devices weigh equally."""
        searches = [
            Search(group, column, level)
            for group, of_group in zip(groups.tolist(), levels, strict=True)
            for column, level in enumerate(of_group.tolist())
        ]
        weighed = self._weigh(groups)
        left = [one for one in searches if not self._begin(one, weighed[one.group])]
        found = np.empty(levels.shape)
        row = {group: at for at, group in enumerate(groups.tolist())}
        while left:
            for one in left:
                one.rows = self._look(one, weighed[one.group])
            left = self._read(left, weighed)
            for one in left:
                if len(one.rows) == self.n[one.group]:
                    raise InconsistentError(f"sums of {METRICS[self._metric]}")
                one.wider *= WIDER
        for one in searches:
            found[row[one.group], one.column] = one.value
        for column in range(levels.shape[1]):
            self.move(groups, QUANTILE_MARKS + column, found[:, column])
        self.follow()
        return found

    def _weigh(self, groups: Ints) -> dict[int, "Weighed"]:
        """Return the weights of groups, and those of their first and last sample."""
        ends = [self._ends(group) for group in groups.tolist()]
        owns = np.repeat(self._used[groups], 2)
        rows = np.array(ends, dtype=np.int64).ravel()
        weights = self._weights(owns, rows).reshape(-1, 2).tolist()
        found = {}
        for group, (first, last) in zip(groups.tolist(), weights, strict=True):
            sizes, sums = self._table.of(int(self._used[group]))
            whole = int((weights_of(sizes.astype(np.float64)) * sizes * sums[:, 0]).sum())
            found[group] = Weighed(whole, first, 2 * whole - last)
        return found

    def _ends(self, group: int) -> tuple[int, int]:
        """Return the rows of the first and the last value; of equal ones in order of devices."""
        ends = []
        samples, ranks = self._groups.samples, np.array([0, self.n[group] - 1])
        for choose, value in zip((np.argmin, np.argmax), self._at_ranks(group, ranks), strict=True):
            rows = self._rows(int(self._used[group]), value, value)
            ends.append(int(rows[choose(samples.order_of(samples.devices_of(rows)))]))
        return ends[0], ends[1]

    def _weights(self, owns: Ints, rows: Ints) -> Ints:
        """Return the weight of each row in a group: that of its device, by its samples there."""
        samples = self._groups.samples
        pairs, at = numbered(_pairs(samples.devices_of(rows), owns))
        entries = self._groups._entries(pairs)
        values = samples.values_of(self._metric, entries.rows)[entries.of_row]
        sizes = np.bincount(entries.of_pair[~np.isnan(values)], minlength=len(pairs))
        return weights_of(sizes.astype(np.float64))[at]

    def _begin(self, one: "Search", weighed: "Weighed") -> bool:
        """Let a search begin at the nearest mark; True if values equal to it surround the level.

        Ties are many where phones round, as latencies. Then no sample has to be read.
        """
        own, mark = int(self._used[one.group]), QUANTILE_MARKS + one.column
        marks = self._groups.marks[self._metric, own]
        if not np.isfinite(marks[mark]):
            mark = MEDIAN_MARK
        sizes, sums = self._table.of(own)
        weights = weights_of(sizes.astype(np.float64))
        below, equal = sums[:, 1 + 3 * mark], sums[:, 2 + 3 * mark]
        one.mark = one.value = float(marks[mark])
        one.before_mark, one.rank = int((weights * below).sum()), int(below.sum())
        one.middle = weighed.first + one.level * (weighed.last - weighed.first)
        after = one.before_mark + int((weights * equal).sum())
        # The middle of a sample's weight is within DEVICE_WEIGHT of either end.
        begins = 2 * (one.before_mark + DEVICE_WEIGHT) <= one.middle
        return begins and one.middle <= 2 * (after - DEVICE_WEIGHT)

    def _look(self, one: "Search", weighed: "Weighed") -> Ints:
        """Return the rows from the mark to the level's expected place, and around it."""
        own, n = int(self._used[one.group]), int(self.n[one.group])
        place = one.rank + int((one.middle / 2 - one.before_mark) / weighed.whole * n)
        margin = one.wider * (MARGIN_LEAST + int(abs(place - one.rank) * MARGIN_SHARE))
        ranks = np.clip([place - margin, place + margin], 0, n - 1)
        low, high = self._at_ranks(one.group, ranks)
        return self._rows(own, min(low, one.mark), max(high, one.mark))

    def _read(self, searches: Sequence["Search"], weighed: dict[int, "Weighed"]) -> list["Search"]:
        """Find the value of each search; return those that have to look wider."""
        lengths = [len(one.rows) for one in searches]
        rows = np.concatenate([one.rows for one in searches])
        owns = np.repeat([int(self._used[one.group]) for one in searches], lengths)
        samples = self._groups.samples
        values, weights = samples.values_of(self._metric, rows), self._weights(owns, rows)
        devices = samples.order_of(samples.devices_of(rows))
        ends, left = np.cumsum(lengths).tolist(), []
        for one, length, end in zip(searches, lengths, ends, strict=True):
            here = slice(end - length, end)
            order = np.lexsort((devices[here], values[here]))
            if not one.read(values[here][order], weights[here][order], weighed[one.group]):
                left.append(one)
        return left


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weight of a group, and twice the positions of its first and last sample there."""

    whole: int
    first: int
    last: int


@dataclass(slots=True)
class Search:
    """A search for the value at a level if devices weigh equally."""

    group: int
    column: int
    level: float
    wider: int = 1
    mark: float = 0.0  # the value from which the search begins
    rank: int = 0  # the number of values below it
    before_mark: int = 0  # their weight
    middle: float = 0.0  # twice the position of the level, as in Weighed
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    value: float = 0.0

    def read(self, values: Floats, weights: Ints, weighed: Weighed) -> bool:
        """Take the value from ascending values with their weights; False where they lack it."""
        before = self.before_mark - int(weights[values < self.mark].sum())
        after = before + np.cumsum(weights)
        levels = levels_of(2 * after - weights, weighed.first, weighed.last)
        begins = before == 0 or levels[0] <= self.level
        ends = int(after[-1]) == weighed.whole or levels[-1] > self.level
        if begins and ends:
            self.value = Ordered(values, levels).at(self.level)
        return bool(begins and ends)
