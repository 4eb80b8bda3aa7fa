"""Figures of groups of counted samples, each with its interval and effective n; pure functions.

A sample is in several groups: those of its unit, district and province, each with and without its
operator and technology. An *entry* is a sample in one of its groups, a *pair* a device in one of
its groups. All entries of a metric are sorted by group and value at once.

Groups of one kind share what is known of the correlation of a device's samples. So the figures of
a group follow from the samples of its province and month, and are the same whenever they are
computed.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics import intervals
from backend.coverage.statistics.intervals import Estimate, Sizes, sums
from backend.coverage.statistics.quantiles import (
    ALL,
    BANDS_MBPS,
    METRICS,
    QUANTILES,
    REFERENCES,
    WITHDRAWN,
    Samples,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Figures = dict[str, Any]  # as they are stored
Node = tuple[int, str, str]  # unit, operator, technology

MEDIAN = "median"
BANDS = tuple(f"band{at}" for at in range(len(BANDS_MBPS) + 1))
SAMPLES, DEVICES = "samples", "devices"  # which weigh equally in the figure that leads
ENDS = ("", "_low", "_high")  # of the names of a quantile and its limits
# Effective numbers that differ by rounding errors are equal.
ROUNDING = 1e-9


class GroupFigures(NamedTuple):
    """Samples, devices and figures of a group."""

    n: int
    devices: int  # without withdrawn samples
    figures: Figures


def leading(spread: Mapping[str, Any]) -> Estimate:
    """Return the median that leads: that of equal devices where one device has too many samples."""
    name = "device_median" if spread["leads"] == DEVICES else "median"
    return Estimate(spread[name], spread[f"{name}_low"], spread[f"{name}_high"])


def figures_of(
    groups: Mapping[Node, Sequence[Samples]], kinds: Mapping[int, Hashable], minimum: int
) -> dict[Node, GroupFigures]:
    """Return the figures of groups; metrics under the minimum effective n are null.

    `kinds` has the kind of each unit: groups of units of one kind, all with or without one operator
    and one technology, share the estimate of the correlation.
    """
    entries = Entries(list(groups.values()))
    names = [(kinds[node[0]], node[1] == ALL, node[2] == ALL) for node in groups]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    kind = np.array([numbers[name] for name in names], dtype=np.int64)
    technologies = np.array([node[2] for node in groups])
    found: list[Figures] = [
        {
            **dict.fromkeys((*METRICS, "effective_n", "more_devices")),
            "shares": {"references": {}, "reference_limits": {}},
        }
        for _ in groups
    ]
    for metric in METRICS:  # one by one, to need the memory of one
        data = entries.measured(metric)
        if len(data.groups):
            chosen = [found[group] for group in data.groups.tolist()]
            summary = MetricSummary.of(data, kind[data.groups], minimum)
            _add(chosen, metric, summary, technologies[data.groups])
    for figures in found:
        if any(figures[metric] for metric in METRICS):
            figures["shares"] = {"bands": None, "band_limits": None} | figures["shares"]
        else:
            figures["shares"] = None
    n = [sum(one.n for one in group) for group in groups.values()]
    rows = map(GroupFigures, n, entries.devices.tolist(), found)
    return dict(zip(groups, rows, strict=True))


class Entries:
    """The samples of all groups, sorted by device, and the groups and pairs of each.

    So equal values of a group are in the order of their devices, however they were read.
    """

    def __init__(self, groups: Sequence[Sequence[Samples]]) -> None:
        self._parts = list({id(one): one for group in groups for one in group}.values())
        self._number = len(groups)
        groups_of: dict[int, list[int]] = {id(one): [] for one in self._parts}
        for number, group in enumerate(groups):
            for one in group:
                groups_of[id(one)].append(number)
        # A row for each part, filled up with a last number, of no group. Short integers are sorted
        # by digits, in linear time.
        width = max(map(len, groups_of.values()), default=1)
        rows = np.full((len(self._parts), width), self._number, np.min_scalar_type(self._number))
        for row, of_part in zip(rows, groups_of.values(), strict=True):
            row[: len(of_part)] = of_part
        lengths = [len(one.devices) for one in self._parts]
        device = np.concatenate([np.empty(0, np.int64), *(one.devices for one in self._parts)])
        self._order = np.argsort(device, kind="stable")
        self._groups = rows[np.repeat(np.arange(len(lengths)), lengths)[self._order]]
        by_group, group = self._by_group(self._groups)
        device = device[self._order][by_group // width]
        is_first = np.ones(len(group), dtype=bool)
        is_first[1:] = (device[1:] != device[:-1]) | (group[1:] != group[:-1])
        pairs = np.zeros(self._groups.size, dtype=np.int32)
        pairs[by_group] = np.cumsum(is_first) - 1
        self._pairs = pairs.reshape(self._groups.shape)
        self._group_of_pair = group[is_first].astype(np.int64)
        known = self._group_of_pair[device[is_first] != WITHDRAWN]
        self.devices = np.bincount(known, minlength=self._number)

    def _by_group(self, groups: NDArray[np.unsignedinteger[Any]]) -> tuple[Ints, Any]:
        """Return the entries of samples with these groups, group after group, and their groups."""
        flat = groups.ravel()
        by_group = np.argsort(flat, kind="stable")[: np.count_nonzero(flat != self._number)]
        return by_group, flat[by_group]

    def measured(self, metric: str) -> "Measured":
        """Return the values of a metric in all groups that have any."""
        read = np.concatenate([np.empty(0), *(one.values[metric] for one in self._parts)])
        values = read[self._order]
        # NaN, which is last, stands for a missing value.
        order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
        by_group, group = self._by_group(self._groups[order])
        n = np.bincount(group, minlength=self._number)
        pairs = self._pairs[order].ravel()[by_group]
        sizes = np.bincount(pairs, minlength=len(self._group_of_pair))
        devices = np.bincount(self._group_of_pair[sizes > 0], minlength=self._number)
        groups = np.flatnonzero(n)
        return Measured(
            groups=groups,
            values=values[order][by_group // self._groups.shape[1]],
            bounds=np.append(0, np.cumsum(n[groups])),
            pairs=(np.cumsum(sizes > 0, dtype=np.int32) - 1)[pairs],
            sizes=sizes[sizes > 0].astype(np.float64),
            pair_bounds=np.append(0, np.cumsum(devices[groups])),
        )


@dataclass(frozen=True)
class Measured:
    """The values of a metric in the groups that have any: group after group, each ascending.

    Attributes
    ----------
    groups : (groups,) array
        Number of each group.
    values, pairs : (entries,) arrays
        Value, and index in `sizes` of its device in the group.
    sizes : (pairs,) array
        Samples of each device of each group, which are in the order of ids.
    bounds, pair_bounds : (groups + 1,) arrays
        Where each group begins in `values` and `sizes`, and the end.
    """

    groups: Ints
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
    def of_devices(self) -> Sizes:
        """Sums over the devices of each group."""
        return Sizes.of(self.sizes, self.pair_bounds)

    def at(self, groups: Ints, levels: Floats | float) -> Floats:
        """Return the value in each of some groups below which a share of its samples lies."""
        first, last = self.bounds[groups], self.n[groups] - 1
        position = last * levels
        below = np.minimum(np.floor(position).astype(np.int64), last)
        low, high = self.values[first + below], self.values[first + np.minimum(below + 1, last)]
        step, share = high - low, position - below
        found: Floats = np.where(share >= 0.5, high - step * (1 - share), low + step * share)
        return found

    def of_equal_devices(self, groups: Ints, levels: Floats) -> Floats:
        """Return the values of groups at levels, a column for each, if devices weigh equally.

        The levels equal those of linear percentiles for equal weights: the first value stands at 0,
        the last one at 1, each at the middle of its weight between.
        """
        found = np.empty_like(levels)
        for at, group in enumerate(groups.tolist()):
            here = slice(*self.bounds[group : group + 2])
            weights = 1 / self.sizes[self.pairs[here]]
            middle = np.cumsum(weights) - weights / 2
            places = middle[0] + levels[:, at] * (middle[-1] - middle[0])
            found[:, at] = np.interp(places, middle, self.values[here])
        return found

    def spread(self, part: float) -> Floats:
        """Return the spread of "below the quantile" in each group; see `intervals.correlation`.

        Values equal to the quantile are half below.
        """
        middle = np.repeat(self.at(np.arange(len(self.groups)), part), self.n)
        below = np.bincount(self.pairs[self.values < middle], minlength=len(self.sizes))
        equal = np.bincount(self.pairs[self.values == middle], minlength=len(self.sizes))
        half, of = below + equal / 2, self.of_devices
        squares, whole = (sums(one, self.pair_bounds) for one in (half * half / self.sizes, half))
        inside = whole - sums(equal / 4, self.pair_bounds)
        return np.array(
            [
                squares - whole**2 / of.n,
                inside - squares,
                of.devices - 1,
                of.n - of.devices,
                of.n - of.squares / of.n,
            ]
        )

    def share(self, chosen: Bools) -> Floats:
        """Return the share of the chosen entries in each group."""
        found: Floats = np.add.reduceat(chosen, self.bounds[:-1], dtype=np.int64) / self.n
        return found

    def bands(self) -> list[Floats]:
        """Return the share in each of VNNIC's bands, the slowest first."""
        edges = (-np.inf, *BANDS_MBPS, np.inf)
        return [
            self.share((self.values >= low) & (self.values < high)) for low, high in pairwise(edges)
        ]


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """A metric of the groups that have it, an element for each."""

    data: Measured
    n: Mapping[str, Floats]  # effective, by quantile
    n_of_devices: Floats  # effective, if devices weigh equally
    decides: Bools  # whether one device has too many samples
    missing: Ints  # devices with one sample each that the median lacks

    @classmethod
    def of(cls, data: Measured, kind: Ints, minimum: int) -> "MetricSummary":
        """Return the effective numbers of groups of these kinds."""
        sizes, known = data.of_devices, data.n >= minimum
        rho = {
            name: intervals.correlation(data.spread(part) * known, kind)
            for name, part in QUANTILES.items()
        }
        return cls(
            data,
            {name: intervals.effective_n(sizes, one) for name, one in rho.items()},
            intervals.effective_n_of_devices(sizes, rho[MEDIAN]),
            intervals.has_dominant_device(sizes),
            intervals.devices_missing(sizes, rho[MEDIAN], minimum - ROUNDING),
        )

    @property
    def enough(self) -> Ints:
        """The groups with enough samples for a median."""
        return np.flatnonzero(self.missing == 0)


class IntervalRequest(NamedTuple):
    """Shares of the groups that have enough samples, and which of these need an interval."""

    share: Floats
    n: Floats  # effective
    given: Bools


def _requests(
    one: MetricSummary, metric: str, technologies: NDArray[np.str_]
) -> dict[str, IntervalRequest]:
    """Return the questions of a metric's quantiles and shares, by name."""
    enough = one.enough
    every, of_median = np.ones(len(enough), dtype=bool), one.n[MEDIAN][enough]
    asked = {}
    for name, part in QUANTILES.items():
        n = one.n[name][enough]
        given = every if name == MEDIAN else n >= intervals.MIN_OUTER - ROUNDING
        asked[name] = IntervalRequest(np.full(len(enough), part), n, given)
    asked[DEVICES] = IntervalRequest(asked[MEDIAN].share, one.n_of_devices[enough], every)
    # Shares have the correlation of the median, which is about the largest.
    if metric == METRICS[0]:
        for name, share in zip(BANDS, one.data.bands(), strict=True):
            asked[name] = IntervalRequest(share[enough], of_median, every)
    for reference in REFERENCES:
        if reference.metric == metric:
            share = one.data.share(reference.within(one.data.values))[enough]
            given = technologies[enough] == reference.technology
            asked[reference.code] = IntervalRequest(share, of_median, given)
    return asked


def _compute_limits(asked: Mapping[str, IntervalRequest]) -> dict[str, Floats]:
    """Return the shares of each question and their lower and upper limits, a row each."""
    share, n, given = (np.array(column) for column in zip(*asked.values(), strict=True))
    levels = np.array([share, share, share])
    levels[1:, given] = intervals.share_limits(share[given], n[given])
    return dict(zip(asked, levels.transpose(1, 0, 2), strict=True))


def _spreads(
    summary: MetricSummary, asked: Mapping[str, IntervalRequest], levels: Mapping[str, Floats]
) -> Iterator[Figures]:
    """Yield the mean and the quantiles with their limits of each group with enough samples."""
    data, enough = summary.data, summary.enough
    columns: dict[str, NDArray[Any]] = {
        "n": data.n[enough],
        "effective_n": summary.n[MEDIAN][enough],
        "mean": (sums(data.values, data.bounds) / data.n)[enough],
        "device_effective_n": summary.n_of_devices[enough],
        "leads": np.where(summary.decides[enough], DEVICES, SAMPLES),
    }
    for name in QUANTILES:
        for end, column in zip(ENDS, data.at(enough, levels[name]), strict=True):
            columns[name + end] = column.astype(object)
            columns[name + end][~asked[name].given] = None
    for end, column in zip(ENDS, data.of_equal_devices(enough, levels[DEVICES]), strict=True):
        columns[f"device_median{end}"] = column
    for row in zip(*(one.tolist() for one in columns.values()), strict=True):
        yield dict(zip(columns, row, strict=True))


def _add(
    figures: Sequence[Figures],
    metric: str,
    one: MetricSummary,
    technologies: NDArray[np.str_],
) -> None:
    """Add a metric to the figures of the groups that have it."""
    asked, enough = _requests(one, metric, technologies), one.enough.tolist()
    levels = _compute_limits(asked)
    for at, spread in zip(enough, _spreads(one, asked, levels), strict=True):
        figures[at][metric] = spread
    for reference in REFERENCES:
        if reference.metric == metric:
            code = reference.code
            found = dict(zip(enough, levels[code].T.tolist(), strict=True))
            for at in np.flatnonzero(technologies == reference.technology).tolist():
                share, *limits = found.get(at, (None,))
                figures[at]["shares"]["references"][code] = share
                figures[at]["shares"]["reference_limits"][code] = limits or None
    if metric == METRICS[0]:
        n = np.where(one.decides, one.n_of_devices, one.n[MEDIAN])
        for own, of_median, more in zip(figures, n.tolist(), one.missing.tolist(), strict=True):
            own |= {"effective_n": of_median, "more_devices": more}
        bands = np.array([levels[name] for name in BANDS]).transpose(2, 0, 1).tolist()
        for at, of_bands in zip(enough, bands, strict=True):
            figures[at]["shares"]["bands"] = [share for share, *_ in of_bands]
            figures[at]["shares"]["band_limits"] = [limits for _, *limits in of_bands]
