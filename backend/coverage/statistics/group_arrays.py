"""Counted samples of many groups as arrays, which are sorted and summed for all groups at once.

A sample is in several groups: those of its unit, district and province, each with and without its
operator and technology. An *entry* is a sample in one of its groups.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics.intervals import (
    GROUPS_FEW,
    Classes,
    Ordered,
    Sizes,
    Spread,
    weighted,
)
from backend.coverage.statistics.quantiles import WITHDRAWN, Reference, Samples, band_shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Node = tuple[int, str, str]  # unit, operator, technology
# Bits of the two halves of a number: sums of 2^26 halves are exact.
LOW_BITS, MANTISSA_BITS = 26, 53
# Numbers up to here are counted in an array of that length, which is faster than sorting them.
COUNTED_MOST = 8_000_000


class Groups:
    """Counted samples by group, with the samples of each device in each group."""

    def __init__(self, groups: Mapping[Node, Sequence[Samples]]) -> None:
        self.nodes = list(groups)
        found = {id(one): one for group in groups.values() for one in group}
        self._parts = list(found.values())
        place = {name: at for at, name in enumerate(found)}
        self._members = [[place[id(one)] for one in group] for group in groups.values()]
        self.n = [sum(self._parts[at].n for at in members) for members in self._members]
        self._groups_of = self._list_groups()
        # Samples are in the order of their devices, in whatever order they were read: so equal
        # values of a group are, too.
        lengths = [len(one.devices) for one in self._parts]
        numbers = np.concatenate([np.empty(0, np.int64), *(one.devices for one in self._parts)])
        self._order = np.argsort(numbers, kind="stable")
        self._part = np.repeat(np.arange(len(lengths)), lengths)[self._order]
        self._pair, self._pair_bounds, is_device = self._number_pairs(numbers[self._order])
        counts = np.add.reduceat(np.append(is_device, 0), self._pair_bounds[:-1])
        self.devices: list[int] = np.where(np.diff(self._pair_bounds) > 0, counts, 0).tolist()

    def _list_groups(self) -> NDArray[np.unsignedinteger[Any]]:
        """Return the numbers of the groups of each part, a row each; filled up with a last one."""
        found: list[list[int]] = [[] for _ in self._parts]
        for group, members in enumerate(self._members):
            for at in members:
                found[at].append(group)
        none, most = len(self._members), max(map(len, found), default=1)
        rows = [row + [none] * (most - len(row)) for row in found]
        # Short integers are sorted by digits, in linear time.
        kind = np.uint16 if none <= np.iinfo(np.uint16).max else np.uint32
        found_groups: NDArray[np.unsignedinteger[Any]] = np.zeros((len(rows), most), dtype=kind)
        found_groups[:] = np.array(rows).reshape(len(rows), most)
        return found_groups

    def _number_pairs(self, device: Ints) -> tuple[NDArray[np.int32], Ints, Ints]:
        """Number the devices of each group.

        Return the number by sample and place in `_groups_of`, the groups' bounds among the numbers,
        and 1 for each number that is a device, 0 for withdrawn samples.
        """
        by_group, bounds = self._by_group(self._part)
        width = self._groups_of.shape[1]
        device = device[by_group // width]
        is_first = np.ones(len(by_group), dtype=bool)
        is_first[1:] = device[1:] != device[:-1]
        is_first[bounds[:-1][np.diff(bounds) > 0]] = True
        pair = np.zeros(self._part.size * width, dtype=np.int32)
        pair[by_group] = np.cumsum(is_first) - 1
        starts = np.append(0, np.cumsum(is_first))[bounds]
        is_device = (device[is_first] != WITHDRAWN).astype(np.int64)
        return pair.reshape(-1, width), starts, is_device

    def _by_group(self, part: Ints) -> tuple[Ints, Ints]:
        """Return the entries of samples of these parts by group, and the groups' bounds.

        An entry is the index of a sample times the width of `_groups_of`, plus the place of the
        group there.
        """
        groups = np.take(self._groups_of, part, axis=0).ravel()
        by_group = np.argsort(groups, kind="stable")
        bounds = np.append(0, np.cumsum(np.bincount(groups, minlength=len(self.nodes))))
        bounds = bounds[: len(self.nodes) + 1]
        return by_group[: bounds[-1]], bounds

    def measured(self, metric: str) -> "Measured":
        """Return the values of a metric in all groups."""
        values = self._values(metric)
        known = int(np.count_nonzero(~np.isnan(values)))
        order = np.argsort(values, kind="stable")[:known]  # missing ones are last
        by_group, bounds = self._by_group(self._part[order])
        # Of a group, entries ascend: they are taken from ordered arrays, which are in the cache.
        pairs = np.take(self._pair, order, axis=0).ravel()[by_group]
        sizes = np.bincount(pairs, minlength=int(self._pair_bounds[-1]))
        pair_bounds = self._pair_bounds
        if not sizes.all():  # some devices miss the metric
            numbers = np.append(0, np.cumsum(sizes > 0))
            pairs, pair_bounds = numbers.astype(np.int32)[pairs], numbers[pair_bounds]
            sizes = sizes[sizes > 0]
        return Measured(
            values=values[order][by_group // self._groups_of.shape[1]],
            bounds=bounds,
            pairs=pairs,
            sizes=sizes.astype(np.float64),
            pair_bounds=pair_bounds,
        )

    def _values(self, metric: str) -> Floats:
        read = np.concatenate([np.empty(0), *(one.values[metric] for one in self._parts)])
        return read[self._order]

    def sums(self, metric: str) -> Iterator[float]:
        """Yield the exact sum of a metric in each group, rounded once, as math.fsum."""
        values = self._values(metric)
        known = ~np.isnan(values)
        of_parts, shift = exact_sums(values[known], self._part[known], len(self._parts))
        for members in self._members:
            yield sum(of_parts[at] for at in members) / shift


def exact_sums(values: Floats, part: Ints, parts: int) -> tuple[list[int], int]:
    """Return the exact sum of values in each part as whole numbers, and their divisor.

    Parameters
    ----------
    values : (n,) array
        Finite numbers.
    part : (n,) array
        Number of the part of each value, from 0.
    """
    if not len(values):
        return [0] * parts, 1
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, MANTISSA_BITS).astype(np.int64)
    low = whole & ((1 << LOW_BITS) - 1)
    least = int(exponents.min())
    width = int(exponents.max()) - least + 1
    place = part * width + (exponents - least)
    sums = [0] * parts
    for half, bits in ((low, 0), (whole >> LOW_BITS, LOW_BITS)):
        found = np.bincount(place, weights=half, minlength=parts * width)
        for at in np.flatnonzero(found).tolist():
            sums[at // width] += int(found[at]) << (bits + at % width)
    # A sum stands for sum * 2^(least - MANTISSA_BITS).
    power = least - MANTISSA_BITS
    return ([one << power for one in sums], 1) if power > 0 else (sums, 1 << -power)


@dataclass(frozen=True)
class Measured:
    """The values of a metric in groups: group after group, each ascending.

    Attributes
    ----------
    values, pairs : (entries,) arrays
        Value, and index in `sizes` of its device in the group.
    bounds : (groups + 1,) array
        Where each group begins in `values`, and the end.
    sizes : (pairs,) array
        Samples of each device of each group.
    pair_bounds : (groups + 1,) array
        Where each group begins in `sizes`, and the end.
    """

    values: Floats
    bounds: Ints
    pairs: NDArray[np.int32]
    sizes: Floats
    pair_bounds: Ints

    @cached_property
    def n(self) -> Ints:
        """Values of each group."""
        return np.diff(self.bounds)

    @cached_property
    def some(self) -> Ints:
        """The groups that have values."""
        return np.flatnonzero(self.n)

    @cached_property
    def of_devices(self) -> Sizes:
        """The sizes of the devices of each group with values."""
        return self._classes[0].sums()

    @cached_property
    def _classes(self) -> tuple[Classes, Ints]:
        """Devices by group and number of samples, and the class of each pair."""
        groups, sizes = len(self.some), self.sizes.astype(np.int64)
        numbers = np.diff(np.append(self.pair_bounds[self.some], self.pair_bounds[-1]))
        step = int(sizes.max(initial=0)) + 1
        keys, of_pair, devices = number_keys(
            np.repeat(np.arange(groups), numbers) * step + sizes, groups * step
        )
        bounds = np.searchsorted(keys, np.arange(groups + 1) * step)
        return Classes((keys % step).astype(np.float64), devices, bounds), of_pair

    def at(self, groups: Ints, levels: Floats) -> Floats:
        """Return the value in each of some groups below which a share of its samples lies."""
        first, last = self.bounds[groups], self.n[groups] - 1
        position = last * levels
        below = np.minimum(np.floor(position).astype(np.int64), last)
        low, high = self.values[first + below], self.values[first + np.minimum(below + 1, last)]
        step, share = high - low, position - below
        found: Floats = np.where(share >= 0.5, high - step * (1 - share), low + step * share)
        return found

    def spreads(self, part: float) -> Spread:
        """Return the spread of "below the quantile" in each group with values.

        Values equal to the quantile are half below.
        """
        below, equal = self._count(self.at(self.some, np.full(len(self.some), part)))
        classes, of_pair = self._classes
        sums = [
            np.bincount(of_pair, weights=one, minlength=len(classes.sizes)).astype(np.float64)
            for one in (below, equal, (2 * below + equal) ** 2)
        ]
        return classes.spread(*sums)

    def of_equal_devices(self, groups: Ints, levels: Floats) -> Floats:
        """Return the value at each level, by group and level, if devices weigh equally."""
        found = np.empty(levels.shape)
        for row, group in enumerate(groups.tolist()):
            ordered, sizes = self.one(group)
            ordered = weighted(ordered.values, sizes)
            found[row] = [ordered.at(level) for level in levels[row].tolist()]
        return found

    def bands(self, groups: Ints) -> Floats:
        """Return the share of samples in each of VNNIC's bands, by group and band."""
        return np.array([band_shares(self.one(group)[0].values) for group in groups.tolist()])

    def within(self, groups: Ints, reference: Reference) -> Floats:
        """Return the share of samples of each group within a bound."""
        return np.array([reference.share(self.one(group)[0].values) for group in groups.tolist()])

    def _count(self, middle: Floats) -> tuple[Floats, Floats]:
        """Return the values below and equal to a figure of their group, of each pair."""
        if len(middle) > GROUPS_FEW:
            whole, number = np.repeat(middle, self.n[self.some]), len(self.sizes)
            chosen = self.pairs[self.values < whole], self.pairs[self.values == whole]
            counts = [np.bincount(one, minlength=number) for one in chosen]
            return counts[0].astype(np.float64), counts[1].astype(np.float64)
        below, equal = np.empty(len(self.sizes)), np.empty(len(self.sizes))
        for figure, group in zip(middle, self.some.tolist(), strict=True):
            begin, end = self.bounds[group : group + 2]
            here = slice(*self.pair_bounds[group : group + 2])
            left, right = (
                begin + np.searchsorted(self.values[begin:end], figure, side)
                for side in ("left", "right")
            )
            pairs, number = self.pairs[begin:right] - here.start, here.stop - here.start
            below[here] = np.bincount(pairs[: left - begin], minlength=number)
            equal[here] = np.bincount(pairs[left - begin :], minlength=number)
        return below, equal

    def one(self, group: int) -> tuple[Ordered, Floats]:
        """Return the ascending values of a group, and the samples of the device of each."""
        here = slice(self.bounds[group], self.bounds[group + 1])
        return Ordered(self.values[here]), self.sizes[self.pairs[here]]


def number_keys(keys: Ints, end: int) -> tuple[Ints, Ints, Floats]:
    """Return the distinct keys ascending, the index of each key there, and how often each occurs.

    `end` is larger than all keys, none of which is negative.
    """
    if end > COUNTED_MOST:
        distinct, index, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return distinct, index, counts.astype(np.float64)
    counts = np.bincount(keys, minlength=end)
    distinct = np.flatnonzero(counts)
    return distinct, (np.cumsum(counts > 0) - 1)[keys], counts[distinct].astype(np.float64)
