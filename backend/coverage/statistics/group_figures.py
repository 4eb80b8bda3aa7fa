"""Figures of groups of counted samples, each with its interval and effective n; pure functions.

Groups of one kind share what is known of the correlation of a device's samples. So the figures of
a group follow from the samples of its province and month, and are the same whenever they are
computed.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics import intervals
from backend.coverage.statistics.group_arrays import Groups, Measured, Node
from backend.coverage.statistics.intervals import Estimate
from backend.coverage.statistics.quantiles import (
    ALL,
    BANDS_MBPS,
    METRICS,
    QUANTILES,
    REFERENCES,
    Reference,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Figures = dict[str, Any]

MEDIAN = "median"
SAMPLES, DEVICES = "samples", "devices"  # which weigh equally in the figure that leads
ENDS = ("", "_low", "_high")  # of the names of a quantile and its limits
# Effective numbers that differ by rounding errors are equal.
ROUNDING = 1e-9


def leading(spread: Mapping[str, Any]) -> Estimate:
    """Return the median that leads: that of equal devices where one device has too many samples."""
    name = "device_median" if spread["leads"] == DEVICES else "median"
    return Estimate(spread[name], spread[f"{name}_low"], spread[f"{name}_high"])


@dataclass(slots=True)
class Question:
    """Shares of some groups, and the limits of their intervals."""

    places: Ints  # of the groups, among those that have the metric
    shares: Floats
    n: Floats  # effective
    low: Floats = field(default_factory=lambda: np.empty(0))
    high: Floats = field(default_factory=lambda: np.empty(0))


def answer(questions: Sequence[Question]) -> None:
    """Compute the limits of all questions together; equal ones are answered once."""
    columns = np.concatenate([np.array([one.shares, one.n]) for one in questions], axis=1)
    order = np.lexsort(columns)
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (columns[:, order[1:]] != columns[:, order[:-1]]).any(axis=0)
    limits = np.array(intervals.share_limits(*columns[:, order[is_first]]))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(is_first) - 1
    ends = np.cumsum([len(one.places) for one in questions])
    for one, (low, high) in zip(
        questions, np.split(limits[:, place], ends[:-1], axis=1), strict=True
    ):
        one.low, one.high = low, high


@dataclass(frozen=True, slots=True)
class Weighed:
    """A metric of the groups that have it, an element for each."""

    data: Measured
    n: Mapping[str, Floats]  # effective, by quantile
    n_of_devices: Floats  # effective, if devices weigh equally
    decides: Bools  # whether one device has too many samples
    missing: Ints  # devices with one sample each that the median lacks

    @property
    def enough(self) -> Ints:
        """The places of the groups with enough samples for a median."""
        return np.flatnonzero(self.missing == 0)

    @property
    def leading_n(self) -> Floats:
        """The effective n of the median that leads."""
        return np.where(self.decides, self.n_of_devices, self.n[MEDIAN])


def figures_of(groups: Groups, kinds: Mapping[int, Hashable], minimum: int) -> dict[Node, Figures]:
    """Return the figures of groups; metrics under the minimum effective n are null.

    `kinds` has the kind of each unit: groups of units of one kind, all with or without one operator
    and one technology, share the estimate of the correlation.
    """
    figures: list[Figures] = [
        {
            **dict.fromkeys((*METRICS, "effective_n", "more_devices")),
            "shares": {name: {} for name in ("references", "reference_limits")},
        }
        for _ in groups.nodes
    ]
    for metric in METRICS:  # one by one, to need the memory of one
        data = groups.measured(metric)
        if not len(data.some):
            continue
        one = _weigh(data, groups.nodes, kinds, minimum)
        questions = _ask(one, metric, groups.nodes)
        _add_spreads(figures, metric, one, questions, groups.sums(metric))
        _add_references(figures, metric, one, questions, groups.nodes)
        if metric == METRICS[0]:
            _add_numbers(figures, one)
            _add_bands(figures, one, questions)
    for of_group in figures:
        _close(of_group)
    return dict(zip(groups.nodes, figures, strict=True))


def _weigh(
    data: Measured, nodes: Sequence[Node], kinds: Mapping[int, Hashable], minimum: int
) -> Weighed:
    """Return the effective numbers of a metric of the groups that have it."""
    sizes, known = data.of_devices, data.n[data.some] >= minimum
    of_kind: dict[Hashable, list[int]] = defaultdict(list)
    for at, group in enumerate(data.some.tolist()):
        of_kind[_kind(nodes[group], kinds)].append(at)
    rho = {}
    for name, part in QUANTILES.items():
        spreads, rho[name] = data.spreads(part), np.empty(len(known))
        for places in of_kind.values():
            found = spreads[places].where(known[places])
            rho[name][places] = intervals.correlation(found, found.pooled())
    return Weighed(
        data,
        {name: intervals.effective_n(sizes, rho[name]) for name in QUANTILES},
        intervals.effective_n_of_devices(sizes, rho[MEDIAN]),
        intervals.one_decides(sizes),
        intervals.devices_missing(sizes, rho[MEDIAN], minimum - ROUNDING),
    )


def _kind(node: Node, kinds: Mapping[int, Hashable]) -> Hashable:
    unit, operator, technology = node
    return kinds[unit], operator == ALL, technology == ALL


def _ask(one: Weighed, metric: str, nodes: Sequence[Node]) -> dict[str, Question]:
    """Return the intervals of a metric's quantiles and shares, by name."""
    enough, of_median = one.enough, one.n[MEDIAN]
    questions: dict[str, Question] = {}

    def ask(name: str, places: Ints, shares: Floats, n: Floats) -> None:
        questions[name] = Question(places, shares, n[places])

    for name, part in QUANTILES.items():
        outer = one.n[name][enough] >= intervals.OUTER_LEAST - ROUNDING
        given = enough if name == MEDIAN else enough[outer]
        ask(name, given, np.full(len(given), part), one.n[name])
    ask(DEVICES, enough, np.full(len(enough), QUANTILES[MEDIAN]), one.n_of_devices)
    # Shares have the correlation of the median, which is about the largest.
    if metric == METRICS[0]:
        shares = one.data.bands(one.data.some[enough])
        for number, of_band in enumerate(shares.reshape(-1, len(BANDS_MBPS) + 1).T):
            ask(f"band{number}", enough, of_band, of_median)
    for reference in REFERENCES:
        if reference.metric == metric:
            given = enough[_has_technology(one, nodes, reference)[enough]]
            ask(reference.code, given, one.data.within(one.data.some[given], reference), of_median)
    answer(list(questions.values()))
    return questions


def _has_technology(one: Weighed, nodes: Sequence[Node], reference: Reference) -> Bools:
    """Return which groups that have the metric are of a reference's technology."""
    return np.array([nodes[at][2] == reference.technology for at in one.data.some], dtype=bool)


def _add_spreads(
    figures: Sequence[Figures],
    metric: str,
    one: Weighed,
    questions: Mapping[str, Question],
    sums: Iterator[float],
) -> None:
    """Add the mean and the quantiles with their limits, where there are enough samples."""
    data, enough = one.data, one.enough
    groups = data.some[enough]
    n, every_sum = data.n[groups].tolist(), list(sums)
    columns: dict[str, list[Any]] = {
        "n": n,
        "effective_n": one.n[MEDIAN][enough].tolist(),
        "mean": [every_sum[at] / of for at, of in zip(groups.tolist(), n, strict=True)],
    }
    for name in QUANTILES:
        question = questions[name]
        given, chosen = np.isin(enough, question.places), data.some[question.places]
        for end, of_end in zip(ENDS, (question.shares, question.low, question.high), strict=True):
            column = np.empty(len(groups), dtype=object)  # None where it is not given
            column[given] = data.at(chosen, of_end).tolist()
            columns[name + end] = column.tolist()
    by_device = questions[DEVICES]
    levels = np.array([by_device.shares, by_device.low, by_device.high]).T
    equal = data.of_equal_devices(groups, levels)
    for number, end in enumerate(ENDS):
        columns[f"device_median{end}"] = equal[:, number].tolist()
    columns["device_effective_n"] = by_device.n.tolist()
    columns["leads"] = [DEVICES if decides else SAMPLES for decides in one.decides[enough]]
    for at, *row in zip(groups.tolist(), *columns.values(), strict=True):
        figures[at][metric] = dict(zip(columns, row, strict=True))


def _add_references(
    figures: Sequence[Figures],
    metric: str,
    one: Weighed,
    questions: Mapping[str, Question],
    nodes: Sequence[Node],
) -> None:
    """Add the shares that meet references; null in groups with too few samples."""
    for reference in REFERENCES:
        if reference.metric != metric:
            continue
        code, question = reference.code, questions[reference.code]
        for at in one.data.some[_has_technology(one, nodes, reference)].tolist():
            figures[at]["shares"]["references"][code] = None
            figures[at]["shares"]["reference_limits"][code] = None
        columns = (one.data.some[question.places], question.shares, question.low, question.high)
        for at, share, *limits in zip(*(column.tolist() for column in columns), strict=True):
            figures[at]["shares"]["references"][code] = share
            figures[at]["shares"]["reference_limits"][code] = limits


def _add_numbers(figures: list[Figures], one: Weighed) -> None:
    """Add the effective n of the download, and how many devices are missing."""
    columns = one.data.some.tolist(), one.leading_n.tolist(), one.missing.tolist()
    for at, n, missing in zip(*columns, strict=True):
        figures[at] |= {"effective_n": n, "more_devices": missing}


def _add_bands(figures: Sequence[Figures], one: Weighed, questions: Mapping[str, Question]) -> None:
    """Add the shares of VNNIC's bands, where there are enough samples."""
    bands = [questions[f"band{number}"] for number in range(len(BANDS_MBPS) + 1)]
    shares = np.array([band.shares for band in bands]).T.tolist()
    limits = np.array([[band.low, band.high] for band in bands]).transpose(2, 0, 1).tolist()
    for at, *found in zip(one.data.some[one.enough].tolist(), shares, limits, strict=True):
        figures[at]["shares"] |= dict(zip(("bands", "band_limits"), found, strict=True))


def _close(figures: Figures) -> None:
    """Leave out shares of a group in which no metric has enough samples."""
    if any(figures[metric] for metric in METRICS):
        figures["shares"] = {"bands": None, "band_limits": None} | figures["shares"]
    else:
        figures["shares"] = None
