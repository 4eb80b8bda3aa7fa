"""Figures of groups of counted samples, each with its interval and effective n; pure functions.

Groups of one kind share what is known of the correlation of a device's samples. So the figures of
a group follow from the samples of its province and month, and are the same whenever they are
computed.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics import intervals, small_areas
from backend.coverage.statistics.intervals import Estimate, Ordered, Spread
from backend.coverage.statistics.quantiles import (
    ALL,
    BANDS_MBPS,
    METRICS,
    QUANTILES,
    REFERENCES,
    Floats,
    Reference,
    Samples,
    band_shares,
)
from backend.coverage.statistics.small_areas import Area

Node = tuple[int, str, str]  # unit, operator, technology
Figures = dict[str, Any]
Limits = tuple[float, float]

MEDIAN = "median"
COMMUNE = "commune"  # kind of units whose thin medians are estimated
SAMPLES, DEVICES = "samples", "devices"  # which weigh equally in the figure that leads
# Effective numbers that differ by rounding errors are equal.
ROUNDING = 1e-9


def leading(spread: Mapping[str, Any]) -> Estimate:
    """Return the median that leads: that of equal devices where one device has too many samples."""
    name = "device_median" if spread["leads"] == DEVICES else "median"
    return Estimate(spread[name], spread[f"{name}_low"], spread[f"{name}_high"])


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of a metric in a group, ascending, with the device of each."""

    values: Floats
    devices: NDArray[np.int64]  # index in sizes
    sizes: Floats  # samples of each device

    def spread(self, name: str) -> Spread:
        """Return the spread of the indicator below a quantile."""
        part = QUANTILES[name]
        return intervals.quantile_spread(self.values, self.devices, self.sizes, part)


def measured(group: Sequence[Samples], metric: str) -> Measured | None:
    """Return the values of a metric that a group has; None without any."""
    values = np.concatenate([one.values[metric] for one in group])
    numbers = np.concatenate([one.devices for one in group]) + 1  # withdrawn rows are 0
    known = ~np.isnan(values)
    values, numbers = values[known], numbers[known]
    if not len(values):
        return None
    order = np.argsort(values, kind="stable")
    sizes = np.bincount(numbers)
    index = np.cumsum(sizes > 0) - 1
    return Measured(values[order], index[numbers[order]], sizes[sizes > 0].astype(np.float64))


@dataclass(slots=True)
class Batch:
    """Intervals of shares, which are computed together."""

    shares: list[float] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    limits: list[Limits] = field(default_factory=list)

    def add(self, share: float, n: float) -> int:
        """Ask for the interval of a share with an effective n; return its index."""
        self.shares.append(share)
        self.numbers.append(n)
        return len(self.shares) - 1

    def solve(self) -> None:
        """Compute the limits; equal questions are answered once."""
        asked = np.array([self.shares, self.numbers], dtype=np.float64)
        distinct, place = np.unique(asked, axis=1, return_inverse=True)
        low, high = intervals.share_limits(distinct[0], distinct[1])
        self.limits = [(float(low[at]), float(high[at])) for at in place.ravel()]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A metric of a group with its effective n by quantile."""

    data: Measured
    n: Mapping[str, float]
    n_of_devices: float  # if devices weigh equally
    missing: int  # devices with one sample each that the median lacks
    asked: dict[str, int] = field(default_factory=dict)  # questions of a batch

    def gives(self, name: str) -> bool:
        """Whether a quantile has enough effective samples."""
        outer = name == MEDIAN or self.n[name] >= intervals.OUTER_LEAST - ROUNDING
        return outer and not self.missing


def figures_of(
    groups: Mapping[Node, Sequence[Samples]], kinds: Mapping[int, Hashable], minimum: int
) -> dict[Node, Figures]:
    """Return the figures of groups; metrics under the minimum effective n are null.

    `kinds` has the kind of each unit: groups of units of one kind, all with or without one operator
    and one technology, share the estimate of the correlation.
    """
    figures: dict[Node, Figures] = {
        node: {
            **dict.fromkeys((*METRICS, "effective_n", "more_devices", "estimate")),
            "shares": {name: {} for name in ("references", "reference_limits")},
        }
        for node in groups
    }
    for metric in METRICS:  # one by one, to need the memory of one
        found = _weigh(groups, metric, kinds, minimum)
        batch = Batch()
        for node, one in found.items():
            _ask(batch, one, metric, node[2])
        batch.solve()
        for node, one in found.items():
            _add(figures[node], metric, one, node[2], batch.limits)
        if metric == METRICS[0]:
            _add_estimates(figures, found, kinds)
    for one_figures in figures.values():
        _close(one_figures)
    return figures


def _weigh(
    groups: Mapping[Node, Sequence[Samples]],
    metric: str,
    kinds: Mapping[int, Hashable],
    minimum: int,
) -> dict[Node, Weighed]:
    """Return a metric of each group that has it."""
    every = {node: measured(group, metric) for node, group in groups.items()}
    data = {node: one for node, one in every.items() if one is not None}
    spreads: dict[tuple[Node, str], Spread] = {}
    pooled: dict[Hashable, Spread] = defaultdict(Spread)
    for node, one in data.items():
        for name in QUANTILES if len(one.values) >= minimum else ():
            spreads[node, name] = one.spread(name)
            pooled[_kind(node, kinds), name] += spreads[node, name]
    weighed = {}
    for node, one in data.items():
        rho = {
            name: intervals.correlation(
                spreads.get((node, name), Spread()), pooled[_kind(node, kinds), name]
            )
            for name in QUANTILES
        }
        weighed[node] = Weighed(
            one,
            {name: intervals.effective_n(one.sizes, rho[name]) for name in QUANTILES},
            intervals.effective_n_of_devices(one.sizes, rho[MEDIAN]),
            intervals.devices_missing(one.sizes, rho[MEDIAN], minimum - ROUNDING),
        )
    return weighed


def _kind(node: Node, kinds: Mapping[int, Hashable]) -> Hashable:
    unit, operator, technology = node
    return kinds[unit], operator == ALL, technology == ALL


def _ask(batch: Batch, one: Weighed, metric: str, technology: str) -> None:
    if one.missing:
        return
    for name, part in QUANTILES.items():
        if one.gives(name):
            one.asked[name] = batch.add(part, one.n[name])
    one.asked[DEVICES] = batch.add(QUANTILES[MEDIAN], one.n_of_devices)
    # Shares have the correlation of the median, which is about the largest.
    if metric == METRICS[0]:
        for number, share in enumerate(band_shares(one.data.values)):
            one.asked[f"band{number}"] = batch.add(share, one.n[MEDIAN])
    for reference in _references(metric, technology):
        one.asked[reference.code] = batch.add(_share(reference, one), one.n[MEDIAN])


def _references(metric: str, technology: str) -> list[Reference]:
    return [one for one in REFERENCES if (one.metric, one.technology) == (metric, technology)]


def _share(reference: Reference, one: Weighed) -> float:
    return reference.share(one.data.values) or 0.0


def _add(
    figures: Figures, metric: str, one: Weighed, technology: str, limits: Sequence[Limits]
) -> None:
    """Add what is known of a metric to the figures of a group."""
    shares = figures["shares"]
    figures[metric] = None if one.missing else _serialize(one, limits)
    for reference in _references(metric, technology):
        code, given = reference.code, not one.missing
        shares["references"][code] = _share(reference, one) if given else None
        shares["reference_limits"][code] = list(limits[one.asked[code]]) if given else None
    if metric != METRICS[0]:
        return
    decides = intervals.one_decides(one.data.sizes)
    figures["effective_n"] = one.n_of_devices if decides else one.n[MEDIAN]
    figures["more_devices"] = one.missing
    if not one.missing:
        shares["bands"] = band_shares(one.data.values)
        numbers = range(len(BANDS_MBPS) + 1)
        shares["band_limits"] = [list(limits[one.asked[f"band{at}"]]) for at in numbers]


def _add_estimates(
    figures: Mapping[Node, Figures], found: Mapping[Node, Weighed], kinds: Mapping[int, Hashable]
) -> None:
    """Add estimates to the communes that lack a median, from all communes of the province."""
    communes = {
        node: one
        for node, one in found.items()
        if kinds[node[0]] == COMMUNE and node[1:] == (ALL, ALL) and one.data.values[0] > 0
    }
    areas = [area(one.data, figures[node]["effective_n"]) for node, one in communes.items()]
    for (node, one), estimate in zip(communes.items(), small_areas.estimates(areas), strict=True):
        if one.missing and estimate is not None:
            figures[node]["estimate"] = {
                "median": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
            }


def area(data: Measured, n: float) -> Area:
    """Return a commune as the model of small areas sees it."""
    ordered, middle = Ordered(data.values), QUANTILES[MEDIAN]
    if intervals.one_decides(data.sizes):
        ordered = intervals.weighted(data.values, 1 / data.sizes[data.devices])
    ratio = math.log(ordered.at(small_areas.HIGH) / ordered.at(small_areas.LOW))
    slope = ratio / (small_areas.HIGH - small_areas.LOW)
    return Area(math.log(ordered.at(middle)), n, slope)


def _close(figures: Figures) -> None:
    """Leave out shares of a group in which no metric has enough samples."""
    if any(figures[metric] for metric in METRICS):
        figures["shares"] = {"bands": None, "band_limits": None} | figures["shares"]
    else:
        figures["shares"] = None


def _serialize(one: Weighed, limits: Sequence[Limits]) -> Figures:
    ordered, sizes = Ordered(one.data.values), one.data.sizes
    result: Figures = {
        "n": len(one.data.values),
        "effective_n": one.n[MEDIAN],
        "mean": math.fsum(one.data.values) / len(one.data.values),
    }
    for name, part in QUANTILES.items():
        given = one.gives(name)
        low, high = limits[one.asked[name]] if given else (0.0, 0.0)
        result |= {
            name: ordered.at(part) if given else None,
            f"{name}_low": ordered.at(low) if given else None,
            f"{name}_high": ordered.at(high) if given else None,
        }
    by_device = intervals.weighted(one.data.values, 1 / sizes[one.data.devices])
    low, high = limits[one.asked[DEVICES]]
    return result | {
        "device_median": by_device.at(QUANTILES[MEDIAN]),
        "device_median_low": by_device.at(low),
        "device_median_high": by_device.at(high),
        "device_effective_n": one.n_of_devices,
        "leads": DEVICES if intervals.one_decides(sizes) else SAMPLES,
    }
