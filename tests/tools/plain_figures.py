"""The definition of statistics, group by group: what the arrays of the product must equal.

docs/speeds.md has the method. Slow and plain on purpose; sums are numpy's over one group.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics import intervals
from backend.coverage.statistics.group_figures import DEVICES, MEDIAN, ROUNDING, SAMPLES, Node
from backend.coverage.statistics.intervals import (
    MAX_SHARE,
    MIN_OUTER,
    PRIOR_CORRELATION,
    PRIOR_DEVICES,
)
from backend.coverage.statistics.quantiles import (
    ALL,
    BANDS_MBPS,
    METRICS,
    QUANTILES,
    REFERENCES,
    Samples,
)

Floats = NDArray[np.float64]
# Sums of squares between and within devices, their degrees of freedom, and Σ of n − Σ mᵢ² / n.
Spread = tuple[float, float, float, float, float]


def total(values: Any) -> float:
    """Return the sum of values in their order, as numpy adds a segment."""
    return float(np.add.reduceat(values, [0])[0])


@dataclass(frozen=True)
class Group:
    """Ascending values of a metric with the device of each, and the samples of each device."""

    values: Floats
    devices: NDArray[np.int64]
    sizes: Floats

    @property
    def n(self) -> int:
        """Number of values."""
        return len(self.values)

    def spread(self, part: float) -> Spread:
        """Return the spread of the indicator below a quantile."""
        middle, number = np.quantile(self.values, part), len(self.sizes)
        below = np.bincount(self.devices[self.values < middle], minlength=number)
        equal = np.bincount(self.devices[self.values == middle], minlength=number)
        sums = below + 0.5 * equal
        squares = float(below.sum()) + 0.25 * float(equal.sum())
        between = total(sums * sums / self.sizes)
        return (
            between - float(sums.sum()) ** 2 / self.n,
            squares - between,
            number - 1.0,
            float(self.n - number),
            self.n - float(np.sum(self.sizes**2)) / self.n,
        )

    def at_equal_devices(self, level: float) -> float:
        """Return the value at a level if devices weigh equally."""
        weights = 1 / self.sizes[self.devices]
        middle = np.cumsum(weights) - weights / 2
        place = middle[0] + level * (middle[-1] - middle[0])
        return float(np.interp(place, middle, self.values))

    def bands(self) -> list[float]:
        """Return the share of samples in each of VNNIC's bands, the slowest first."""
        edges = np.searchsorted(self.values, BANDS_MBPS, side="left")
        return [int(n) / self.n for n in np.diff([0, *edges, self.n])]

    def worth(self, rho: float, more: int = 0) -> float:
        """Return the effective n, with more devices of one sample each."""
        n = self.n + more
        return n * n / (rho * (float(np.sum(self.sizes**2)) + more) + (1 - rho) * n)

    def worth_of_devices(self, rho: float, more: int = 0) -> float:
        """Return the effective n if devices weigh equally, with more devices."""
        devices = len(self.sizes) + more
        inverse = total(1 / self.sizes) + more
        return devices**2 / (rho * devices + (1 - rho) * inverse)

    def decides(self, more: int = 0) -> bool:
        """Return whether one device has too many samples, also with more of others."""
        return bool(self.sizes.max() > MAX_SHARE * (self.n + more))

    def missing(self, rho: float, least: float) -> int:
        """Return the least number of devices with one sample each for an effective n."""
        for more in range(10_000):
            worth = self.worth_of_devices if self.decides(more) else self.worth
            if worth(rho, more) >= least:
                return more
        raise AssertionError("not reached")


def group_of(samples: Sequence[Samples], metric: str) -> Group | None:
    """Return the values of a metric; None without any."""
    values = np.concatenate([one.values[metric] for one in samples])
    devices = np.concatenate([one.devices for one in samples])
    values, devices = values[~np.isnan(values)], devices[~np.isnan(values)]
    if not len(values):
        return None
    _, devices, sizes = np.unique(devices, return_inverse=True, return_counts=True)
    order = np.lexsort((devices, values))  # equal values by device
    return Group(values[order], devices[order], sizes.astype(np.float64))


def figures_of(
    groups: Mapping[Node, Sequence[Samples]], kinds: Mapping[int, Hashable], minimum: int
) -> dict[Node, dict[str, Any]]:
    """Return the figures of groups."""
    figures: dict[Node, dict[str, Any]] = {}
    for node in groups:
        empty: dict[str, Any] = dict.fromkeys((*METRICS, "effective_n", "more_devices"))
        figures[node] = empty | {"shares": {"references": {}, "reference_limits": {}}}
    for metric in METRICS:
        found = {node: group_of(samples, metric) for node, samples in groups.items()}
        data = {node: group for node, group in found.items() if group}
        for node, rho in _correlations(data, kinds, minimum).items():
            _add(figures[node], metric, node, data[node], rho, minimum)
    for one in figures.values():
        enough = any(one[metric] for metric in METRICS)
        one["shares"] = {"bands": None, "band_limits": None} | one["shares"] if enough else None
    return figures


def _correlations(
    data: Mapping[Node, Group], kinds: Mapping[int, Hashable], minimum: int
) -> dict[Node, dict[str, float]]:
    """Return the correlation of each quantile in each group."""
    none: Spread = (0.0, 0.0, 0.0, 0.0, 0.0)
    kind = {node: (kinds[node[0]], node[1] == ALL, node[2] == ALL) for node in data}
    rho: dict[Node, dict[str, float]] = defaultdict(dict)
    for name, part in QUANTILES.items():
        spreads = {node: one.spread(part) for node, one in data.items() if one.n >= minimum}
        pooled: dict[Hashable, Spread] = defaultdict(lambda: none)
        for node, spread in spreads.items():
            before = pooled[kind[node]]
            pooled[kind[node]] = (
                before[0] + spread[0], before[1] + spread[1], before[2] + spread[2],
                before[3] + spread[3], before[4] + spread[4],
            )  # fmt: skip
        for node in data:
            prior = _drawn(pooled[kind[node]], PRIOR_CORRELATION)
            rho[node][name] = _drawn(spreads.get(node, none), prior)
    return rho


def _drawn(spread: Spread, prior: float) -> float:
    between, within, free, within_free, size = spread
    if free <= 0 or within_free <= 0 or size <= 0:
        return prior
    of_device, inside = between / free, within / within_free
    whole = of_device + (size / free - 1) * inside
    if whole <= 0:
        return prior
    own = min(1.0, max(0.0, (of_device - inside) / whole))
    known = free * min(1.0, within_free / free)
    return (known * own + PRIOR_DEVICES * prior) / (known + PRIOR_DEVICES)


@cache
def _limits(share: float, n: float) -> list[float]:
    low, high = intervals.share_limits(np.array([share]), np.array([n]))
    return [float(low[0]), float(high[0])]


def _add(
    figures: dict[str, Any],
    metric: str,
    node: Node,
    group: Group,
    rho: Mapping[str, float],
    minimum: int,
) -> None:
    n, equal = group.worth(rho[MEDIAN]), group.worth_of_devices(rho[MEDIAN])
    missing = group.missing(rho[MEDIAN], minimum - ROUNDING)
    shares = figures["shares"]
    for one in REFERENCES:
        if (one.metric, one.technology) == (metric, node[2]):
            share = int(np.count_nonzero(one.within(group.values))) / group.n
            shares["references"][one.code] = None if missing else share
            shares["reference_limits"][one.code] = None if missing else _limits(share, n)
    if metric == METRICS[0]:
        figures |= {"effective_n": equal if group.decides() else n, "more_devices": missing}
        if not missing:
            shares["bands"] = group.bands()
            shares["band_limits"] = [_limits(share, n) for share in shares["bands"]]
    if not missing:
        figures[metric] = _serialize(group, rho, n, equal)


def _serialize(
    group: Group, rho: Mapping[str, float], n: float, of_devices: float
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "n": group.n,
        "effective_n": n,
        "mean": total(group.values) / group.n,
        "device_effective_n": of_devices,
        "leads": DEVICES if group.decides() else SAMPLES,
    }
    quantiles = {name: (part, group.worth(rho[name])) for name, part in QUANTILES.items()}
    for name, (part, worth) in (quantiles | {"device_median": (0.5, of_devices)}).items():
        given = name not in ("p10", "p90") or worth >= MIN_OUTER - ROUNDING
        for end, level in zip(("", "_low", "_high"), (part, *_limits(part, worth)), strict=True):
            equal = name == "device_median"
            value = group.at_equal_devices(level) if equal else np.quantile(group.values, level)
            result[name + end] = float(value) if given else None
    return result
