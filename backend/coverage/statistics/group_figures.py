"""Figures of groups of counted samples, each with its interval and effective n; pure functions.

A sample is in several groups: those of its unit, district and province, each with and without its
operator and technology. An *entry* is a sample in one of its groups, a *visit* the entries of a
device and a group in one outing. All entries of a metric are sorted by group and value at once.

Groups of one kind share what is known of the correlation of a device's samples. So the figures of
a group follow from the samples of its province and month, and are the same whenever they are
computed.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics import intervals, stored
from backend.coverage.statistics.intervals import Estimate, Spread, Weights, added, sums
from backend.coverage.statistics.quantiles import (
    ALL,
    BANDS_MBPS,
    METRICS,
    QUANTILES,
    REFERENCES,
    WITHDRAWN,
    Samples,
)
from backend.coverage.statistics.stored import StoredFigures

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Figures = dict[str, Any]  # as they are stored
Node = tuple[int, str, str]  # unit, operator, technology

MEDIAN = "median"
BANDS = tuple(f"band{at}" for at in range(len(BANDS_MBPS) + 1))
DEVICE_MEDIAN = "device_median"  # devices weigh equally: the median that is shown
ENDS = ("", "_low", "_high")  # of the names of a quantile and its limits
# Effective numbers that differ by rounding errors are equal.
ROUNDING = 1e-9


class GroupFigures(NamedTuple):
    """Samples, devices, outings and figures of a group."""

    n: int
    devices: int  # these and the outings without withdrawn samples
    outings: int
    figures: StoredFigures


def leading(spread: stored.Spread) -> Estimate:
    """Return the median that is shown, in which devices weigh equally."""
    return Estimate(
        spread["device_median"], spread["device_median_low"], spread["device_median_high"]
    )


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
    by_group: list[Figures] = [
        {
            **dict.fromkeys((*METRICS, "effective_n", "more_devices")),
            "shares": {"references": {}, "reference_limits": {}},
        }
        for _ in groups
    ]
    for metric in METRICS:  # one by one, to need the memory of one
        data = entries.measured(metric)
        if len(data.groups):
            chosen = [by_group[group] for group in data.groups.tolist()]
            summary = MetricSummary.of(data, kind[data.groups], minimum)
            _add(chosen, metric, summary, technologies[data.groups])
    for figures in by_group:
        if any(figures[metric] for metric in METRICS):
            figures["shares"] = {"bands": None, "band_limits": None} | figures["shares"]
        else:
            figures["shares"] = None
    n = [sum(samples.n for samples in group) for group in groups.values()]
    devices: list[int] = entries.devices.tolist()
    outings: list[int] = entries.outings.tolist()
    rows = map(GroupFigures, n, devices, outings, cast(list[StoredFigures], by_group))
    return dict(zip(groups, rows, strict=True))


class Entries:
    """The samples of all groups, sorted by device and outing, and the groups and visits of each."""

    def __init__(self, groups: Sequence[Sequence[Samples]]) -> None:
        self._parts = list({id(part): part for group in groups for part in group}.values())
        self._number = len(groups)
        groups_of: dict[int, list[int]] = {id(part): [] for part in self._parts}
        for number, group in enumerate(groups):
            for part in group:
                groups_of[id(part)].append(number)
        # A row for each part, filled up with a last number, of no group. Short integers are sorted
        # by digits, in linear time.
        width = max(map(len, groups_of.values()), default=1)
        rows = np.full((len(self._parts), width), self._number, np.min_scalar_type(self._number))
        for row, of_part in zip(rows, groups_of.values(), strict=True):
            row[: len(of_part)] = of_part
        lengths = [len(part.devices) for part in self._parts]
        device = np.concatenate([np.empty(0, np.int64), *(part.devices for part in self._parts)])
        outing = np.concatenate([np.empty(0, np.int64), *(part.outings for part in self._parts)])
        numbers = outing.max(initial=0) + 1
        self._order = np.argsort(device * numbers + outing, kind="stable")
        self._groups = rows[np.repeat(np.arange(len(lengths)), lengths)[self._order]]
        by_group, group = self._by_group(self._groups)
        sample = self._order[by_group // width]
        group, device, outing = group.astype(np.int64), device[sample], outing[sample]
        is_device = _is_new(group) | _is_new(device)
        is_visit = is_device | _is_new(outing)
        visits = np.zeros(self._groups.size, dtype=np.int32)
        visits[by_group] = np.cumsum(is_visit) - 1
        self._visits = visits.reshape(self._groups.shape)
        self._group, is_device, known = (
            column[is_visit] for column in (group, is_device, device != WITHDRAWN)
        )
        self._device = np.cumsum(is_device) - 1
        teams = np.concatenate([np.empty(0, np.bool_), *(part.teams for part in self._parts)])
        self._is_team = teams[sample[is_visit]]
        together = self._group * numbers + outing[is_visit]
        together, self._outing = np.unique(together, return_inverse=True)
        self.devices = np.bincount(self._group[is_device & known], minlength=self._number)
        met = np.zeros(len(together), dtype=bool)
        met[self._outing[known]] = True
        self.outings = np.bincount(together[met] // numbers, minlength=self._number)

    def _by_group(self, groups: NDArray[np.unsignedinteger[Any]]) -> tuple[Ints, Any]:
        """Return the entries of samples with these groups, group after group, and their groups."""
        flat = groups.ravel()
        by_group = np.argsort(flat, kind="stable")[: np.count_nonzero(flat != self._number)]
        return by_group, flat[by_group]

    def measured(self, metric: str) -> "Measured":
        """Return the values of a metric in all groups that have any."""
        read = np.concatenate([np.empty(0), *(part.values[metric] for part in self._parts)])
        values = read[self._order]
        # NaN, which is last, stands for a missing value.
        order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
        by_group, group = self._by_group(self._groups[order])
        n = np.bincount(group, minlength=self._number)
        visits = self._visits[order].ravel()[by_group]
        sizes = np.bincount(visits, minlength=len(self._group))
        used, groups = sizes > 0, np.flatnonzero(n)
        group, device, outing = self._group, self._device, self._outing
        is_team = self._is_team
        if not used.all():  # visits without the metric
            visits = (np.cumsum(used, dtype=np.int32) - 1)[visits]
            sizes, group, outing, is_team = sizes[used], group[used], outing[used], is_team[used]
            device = np.cumsum(_is_new(device[used])) - 1
            outing = (np.cumsum(np.bincount(outing) > 0) - 1)[outing]
        return Measured(
            groups=groups,
            values=values[order][by_group // self._groups.shape[1]],
            bounds=np.append(0, np.cumsum(n[groups])),
            visits=visits,
            sizes=sizes.astype(np.float64),
            visit_bounds=np.append(np.flatnonzero(_is_new(group)), len(group)),
            of_device=device,
            of_outing=outing,
            is_team=is_team,
        )


def _is_new(values: NDArray[Any]) -> Bools:
    """Return which values differ from the one before."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


@dataclass(frozen=True)
class Measured:
    """The values of a metric in the groups that have any: group after group, each ascending.

    Attributes
    ----------
    groups : (groups,) array
        Number of each group.
    bounds : (groups + 1,) array
        Where each group begins in `values`, and the end.
    values, visits : (entries,) arrays
        Value, and index of its visit.
    sizes, of_device, of_outing : (visits,) arrays
        Entries of each visit, and the numbers of its device and of its outing in its group. Visits
        are in the order of groups and devices.
    is_team : (visits,) array
        Whether it is of an outing of a team.
    visit_bounds : (groups + 1,) array
        Where each group begins in `sizes`, and the end.
    """

    groups: Ints
    bounds: Ints
    values: Floats
    visits: NDArray[np.int32]
    sizes: Floats
    of_device: Ints
    of_outing: Ints
    is_team: Bools
    visit_bounds: Ints

    @cached_property
    def n(self) -> Ints:
        """Values of each group."""
        return np.diff(self.bounds)

    @cached_property
    def device_sizes(self) -> Floats:
        """Values of each device of each group."""
        return self._by_device(self.sizes)

    @cached_property
    def _first_visits(self) -> Ints:
        """The first visit of each device of each group, and the end."""
        return np.append(np.flatnonzero(_is_new(self.of_device)), len(self.sizes))

    @cached_property
    def _device_bounds(self) -> Ints:
        """Where each group begins in `device_sizes`, and the end."""
        return np.searchsorted(self._first_visits, self.visit_bounds)

    @cached_property
    def _class_of_visit(self) -> Ints:
        """The group of each visit, with the number of groups added to outings of teams."""
        group = np.repeat(np.arange(len(self.groups)), np.diff(self.visit_bounds))
        return group + len(self.groups) * self.is_team

    @cached_property
    def _class_of_outing(self) -> Ints:
        found = np.empty(self.of_outing.max(initial=-1) + 1, np.int64)
        found[self.of_outing] = self._class_of_visit
        return found

    def _by_device(self, of_visits: Floats) -> Floats:
        return sums(of_visits, self._first_visits)

    def _by_group(self, of_visits: Floats) -> Floats:
        return sums(of_visits, self.visit_bounds)

    def _by_class(self, classes: Ints, values: Floats) -> Floats:
        """Return the sum in each class of outings, a row each, and group."""
        return added(classes, values, 2 * len(self.groups)).reshape(2, len(self.groups))

    def weights(self, each: Floats) -> Weights:
        """Return the sums of the weights of samples, which are equal in each visit."""
        of_visits = self.sizes * each
        of_outings, of_devices = added(self.of_outing, of_visits), self._by_device(of_visits)
        return Weights(
            whole=self._by_group(of_visits),
            devices=sums(of_devices**2, self._device_bounds),
            squares=self._by_class(self._class_of_visit, of_visits * each),
            outings=self._by_class(self._class_of_outing, of_outings**2),
        )

    @cached_property
    def of_samples(self) -> Weights:
        """The weights if samples weigh equally."""
        return self.weights(np.ones(len(self.sizes)))

    @cached_property
    def of_devices(self) -> Weights:
        """The weights if devices weigh equally."""
        return self.weights(1 / self.device_sizes[self.of_device])

    def at(self, groups: Ints, levels: Floats | float) -> Floats:
        """Return the value in each of some groups below which a share of its samples lies."""
        first, last = self.bounds[groups], self.n[groups] - 1
        position = last * levels
        below = np.minimum(np.floor(position).astype(np.int64), last)
        low, high = self.values[first + below], self.values[first + np.minimum(below + 1, last)]
        step, share = high - low, position - below
        found: Floats = np.where(share >= 0.5, high - step * (1 - share), low + step * share)
        return found

    @cached_property
    def _of_equal_devices(self) -> Floats:
        """The weight of each entry if devices weigh equally; equal values of a group share it."""
        weights = 1 / self.device_sizes[self.of_device[self.visits]]
        is_new = _is_new(self.values)
        is_new[self.bounds[:-1]] = True
        first = np.append(np.flatnonzero(is_new), len(weights))
        number = np.diff(first)
        return np.repeat(sums(weights, first) / number, number)

    def of_equal_devices(self, groups: Ints, levels: Floats) -> Floats:
        """Return the values of groups at levels, a column for each, if devices weigh equally.

        The levels equal those of linear percentiles for equal weights: the first value stands at 0,
        the last one at 1, each at the middle of its weight between.
        """
        weights = self._of_equal_devices
        middle = np.cumsum(weights) - weights / 2  # ascending, also from group to group
        first, last = self.bounds[groups], self.bounds[groups + 1] - 1
        places = middle[first] + levels * (middle[last] - middle[first])
        above = np.clip(np.searchsorted(middle, places), first, last)
        below = np.maximum(above - 1, first)
        step = middle[above] - middle[below]
        share = np.where(step > 0, (places - middle[below]) / np.where(step > 0, step, 1.0), 0.0)
        low, high = self.values[below], self.values[above]
        found: Floats = low + np.clip(share, 0.0, 1.0) * (high - low)
        return found

    def spread(self) -> Spread:
        """Return the spread of "below the median" in each group; equal values are half below."""
        middle = np.repeat(self.at(np.arange(len(self.groups)), QUANTILES[MEDIAN]), self.n)
        below = np.bincount(self.visits[self.values < middle], minlength=len(self.sizes))
        equal = np.bincount(self.visits[self.values == middle], minlength=len(self.sizes))
        half = below + equal / 2
        squares = sums(self._by_device(half) ** 2 / self.device_sizes, self._device_bounds)
        whole, of = self._by_group(half), self.of_samples
        inside, devices = whole - self._by_group(equal / 4), np.diff(self._device_bounds)
        variance = (inside - whole**2 / of.whole) / of.whole
        beside = half - self.sizes * np.repeat(whole / of.whole, np.diff(self.visit_bounds))
        met = np.bincount(self.of_outing) > 1
        outings = self._by_class(self._class_of_outing, met.astype(np.float64)) * (variance > 0)
        free = 1 - of.outings.sum(axis=0) / of.whole**2
        return Spread(
            between=squares - whole**2 / of.whole,
            within=inside - squares,
            between_free=devices - 1.0,
            within_free=of.whole - devices,
            size=of.whole - of.devices / of.whole,
            together=self._of_different_devices(beside),
            pairs=self._of_different_devices(self.sizes) * variance * free,
            outings=outings,
            outings_free=outings * free,
        )

    def _of_different_devices(self, of_visits: Floats) -> Floats:
        """Return Σ over pairs of visits of an outing of the product of their values."""
        of_outings = added(self.of_outing, of_visits)
        pairs = self._by_class(self._class_of_outing, of_outings**2)
        return pairs - self._by_class(self._class_of_visit, of_visits**2)

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
    n: Floats  # effective, if samples weigh equally
    n_of_devices: Floats  # effective, if devices weigh equally
    missing: Ints  # devices with one sample each that the median lacks

    @classmethod
    def of(cls, data: Measured, kind: Ints, minimum: int) -> "MetricSummary":
        """Return the effective numbers of groups of these kinds.

        Percentiles and shares have the correlation of the median, which is about the largest. What
        is shown is decided by that of the kind: by its own, months that look alike by chance would
        be shown.
        """
        known = data.n >= minimum
        spread = Spread(*(values * known for values in data.spread()))
        own, of_kind = intervals.correlations(spread, kind)
        return cls(
            data,
            intervals.effective_n(data.of_samples, own),
            intervals.effective_n(data.of_devices, own),
            intervals.devices_missing(data.of_devices, of_kind, minimum - ROUNDING),
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
    summary: MetricSummary, metric: str, technologies: NDArray[np.str_]
) -> dict[str, IntervalRequest]:
    """Return the questions of a metric's quantiles and shares, by name."""
    enough = summary.enough
    every, n = np.ones(len(enough), dtype=bool), summary.n[enough]
    outer = n >= intervals.MIN_OUTER - ROUNDING
    asked = {
        name: IntervalRequest(np.full(len(enough), part), n, every if name == MEDIAN else outer)
        for name, part in QUANTILES.items()
    }
    asked[DEVICE_MEDIAN] = IntervalRequest(asked[MEDIAN].share, summary.n_of_devices[enough], every)
    if metric == METRICS[0]:
        for name, share in zip(BANDS, summary.data.bands(), strict=True):
            asked[name] = IntervalRequest(share[enough], n, every)
    for reference in REFERENCES:
        if reference.metric == metric:
            share = summary.data.share(reference.within(summary.data.values))[enough]
            given = technologies[enough] == reference.technology
            asked[reference.code] = IntervalRequest(share, n, given)
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
        "effective_n": summary.n[enough],
        "mean": (sums(data.values, data.bounds) / data.n)[enough],
        "device_effective_n": summary.n_of_devices[enough],
    }
    for name in QUANTILES:
        for end, column in zip(ENDS, data.at(enough, levels[name]), strict=True):
            columns[name + end] = column.astype(object)
            columns[name + end][~asked[name].given] = None
    for end, column in zip(ENDS, data.of_equal_devices(enough, levels[DEVICE_MEDIAN]), strict=True):
        columns[DEVICE_MEDIAN + end] = column
    for row in zip(*(column.tolist() for column in columns.values()), strict=True):
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
        n = one.n_of_devices.tolist()
        for own, of_median, more in zip(figures, n, one.missing.tolist(), strict=True):
            own |= {"effective_n": of_median, "more_devices": more}
        bands = np.array([levels[name] for name in BANDS]).transpose(2, 0, 1).tolist()
        for at, of_bands in zip(enough, bands, strict=True):
            figures[at]["shares"]["bands"] = [share for share, *_ in of_bands]
            figures[at]["shares"]["band_limits"] = [limits for _, *limits in of_bands]
