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
from backend.coverage.statistics.group_figures import DEVICE_MEDIAN, ROUNDING, Node
from backend.coverage.statistics.intervals import (
    MIN_OUTER,
    PRIOR_CORRELATION,
    PRIOR_NUMBER,
    PRIOR_OUTINGS,
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
CLASSES = False, True  # outings of teams, and the days of all others
# Of a group: of devices and of each class of outings.
Rho = tuple[float, tuple[float, float]]


@dataclass(frozen=True)
class Spread:
    """The spread of devices, in the order of `intervals.Spread`, and of each class of outings."""

    of_devices: Floats
    of_outings: Floats  # (2, 3): correlation seen, outings, their degrees of freedom


@dataclass(frozen=True)
class Group:
    """Ascending values of a metric with the device and the outing of each."""

    values: Floats
    devices: NDArray[np.int64]
    outings: NDArray[np.int64]
    teams: NDArray[np.bool_]  # whether the outing is a team's

    @property
    def n(self) -> int:
        """Number of values."""
        return len(self.values)

    @property
    def sizes(self) -> Floats:
        """Values of each device."""
        return np.bincount(self.devices).astype(np.float64)

    def spread(self) -> Spread:
        """Return the spread of the indicator below the median."""
        middle, sizes = np.median(self.values), self.sizes
        below = (self.values < middle) + 0.5 * (self.values == middle)
        beside = below - below.mean()
        means = np.bincount(self.devices, weights=beside) / sizes
        between, whole = float(sizes @ means**2), float(beside @ beside)
        of_devices = [
            between,
            whole - between,
            len(sizes) - 1,
            self.n - len(sizes),
            self.n - float(sizes @ sizes) / self.n,
        ]
        of_outings = [self._spread_of(is_team, beside) for is_team in CLASSES]
        return Spread(np.array(of_devices), np.array(of_outings))

    def _spread_of(self, is_team: bool, beside: Floats) -> tuple[float, float, float]:
        """Return the correlation that is seen in a class of outings, and how many show it."""
        together, pairs, outings = 0.0, 0, 0
        for outing in np.unique(self.outings[self.teams == is_team]):
            here = self.outings == outing
            apart = self.devices[here][:, None] != self.devices[here][None, :]
            together += float((np.outer(beside[here], beside[here]) * apart).sum())
            pairs += int(apart.sum())
            outings += bool(apart.any() and beside.any())
        shares = np.bincount(self.outings) / self.n
        free = 1 - float(shares @ shares)
        most = pairs * free * float(beside @ beside) / self.n
        seen = min(1.0, max(-1.0, together / most)) if most > 0 else 0.0
        return seen, outings, outings * free

    @property
    def weights(self) -> Floats:
        """The weight of each value if devices weigh equally; equal values share theirs."""
        weights = 1 / self.sizes[self.devices]
        return np.array([weights[self.values == value].mean() for value in self.values])

    def at_equal_devices(self, level: float) -> float:
        """Return the value at a level if devices weigh equally."""
        weights = self.weights
        middle = np.cumsum(weights) - weights / 2
        place = middle[0] + level * (middle[-1] - middle[0])
        return float(np.interp(place, middle, self.values))

    def bands(self) -> list[float]:
        """Return the share of samples in each of VNNIC's bands, the slowest first."""
        edges = np.searchsorted(self.values, BANDS_MBPS, side="left")
        return [int(n) / self.n for n in np.diff([0, *edges, self.n])]

    def worth(self, rho: Rho) -> float:
        """Return the effective n."""
        return self._effective_n(np.ones(self.n), rho, 0)

    def worth_of_devices(self, rho: Rho, more: int = 0) -> float:
        """Return the effective n if devices weigh equally, with more devices of one sample each."""
        return self._effective_n(1 / self.sizes[self.devices], rho, more)

    def missing(self, rho: Rho, least: float) -> int:
        """Return the least number of devices with one sample each for an effective n."""
        return next(k for k in range(10_000) if self.worth_of_devices(rho, k) >= least)

    def _effective_n(self, weights: Floats, rho: Rho, more: int) -> float:
        whole, by_device = weights.sum(), np.bincount(self.devices, weights=weights)
        load = rho[0] * float(by_device @ by_device) + more
        for is_team, of_outing in zip(CLASSES, rho[1], strict=True):
            w, outings = weights[self.teams == is_team], self.outings[self.teams == is_team]
            by_outing = np.bincount(outings, weights=w)
            alone = max(0.0, 1 - rho[0] - of_outing)
            load += alone * float(w @ w) + of_outing * float(by_outing @ by_outing)
        return float((whole + more) ** 2 / load)


def group_of(samples: Sequence[Samples], metric: str) -> Group | None:
    """Return the values of a metric; None without any."""
    values = np.concatenate([one.values[metric] for one in samples])
    known = ~np.isnan(values)
    if not known.any():
        return None
    devices, outings = (
        np.unique(np.concatenate(one)[known], return_inverse=True)[1]
        for one in ([one.devices for one in samples], [one.outings for one in samples])
    )
    teams = np.concatenate([one.teams for one in samples])[known]
    order = np.argsort(values[known])
    return Group(values[known][order], devices[order], outings[order], teams[order])


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
        for node, (own, of_kind) in _correlations(data, kinds, minimum).items():
            missing = data[node].missing(of_kind, minimum - ROUNDING)
            _add(figures[node], metric, node, data[node], own, missing)
    for one in figures.values():
        enough = any(one[metric] for metric in METRICS)
        one["shares"] = {"bands": None, "band_limits": None} | one["shares"] if enough else None
    return figures


def _correlations(
    data: Mapping[Node, Group], kinds: Mapping[int, Hashable], minimum: int
) -> dict[Node, tuple[Rho, Rho]]:
    """Return the correlations in each group, and in all of its kind."""
    kind = {node: (kinds[node[0]], node[1] == ALL, node[2] == ALL) for node in data}
    spreads = {node: one.spread() for node, one in data.items() if one.n >= minimum}
    by_kind: dict[Hashable, list[Spread]] = defaultdict(list)
    for node, spread in spreads.items():
        by_kind[kind[node]].append(spread)
    nothing = Spread(np.zeros(5), np.zeros((2, 3)))
    rho = {}
    for node in data:
        of_all = by_kind[kind[node]]
        own = spreads.get(node, nothing)
        pooled = sum((one.of_devices for one in of_all), np.zeros(5))
        of_kind = _drawn(pooled, PRIOR_CORRELATION)
        lone, team = (
            _of_outings([one.of_outings[of_class] for one in of_all], own.of_outings[of_class])
            for of_class in range(len(CLASSES))
        )
        of_group = _drawn(own.of_devices, of_kind)
        rho[node] = (of_group, (lone[0], team[0])), (of_kind, (lone[1], team[1]))
    return rho


def _of_outings(of_all: Sequence[Floats], own: Floats) -> tuple[float, float]:
    """Return the correlation of a class of outings in a group, and in all of its kind."""
    if not any(outings for _, outings, _ in of_all):
        return 0.0, 0.0
    free = sum(one[2] for one in of_all)
    seen = sum(one[0] * one[2] for one in of_all) / free if free > 0 else 0.0
    of_kind = _toward(seen, free, PRIOR_OUTINGS)
    return _toward(own[0], own[2], of_kind), of_kind


def _toward(seen: float, free: float, prior: float) -> float:
    return (free * min(1.0, max(0.0, seen)) + PRIOR_NUMBER * prior) / (free + PRIOR_NUMBER)


def _drawn(spread: Floats, prior: float) -> float:
    between, within, free, within_free, size = spread.tolist()
    if free <= 0 or within_free <= 0 or size <= 0:
        return prior
    of_device, inside = between / free, within / within_free
    whole = of_device + (size / free - 1) * inside
    if whole <= 0:
        return prior
    own = min(1.0, max(0.0, (of_device - inside) / whole))
    known = free * min(1.0, within_free / free)
    return float((known * own + PRIOR_NUMBER * prior) / (known + PRIOR_NUMBER))


@cache
def _limits(share: float, n: float) -> list[float]:
    low, high = intervals.share_limits(np.array([share]), np.array([n]))
    return [float(low[0]), float(high[0])]


def _add(
    figures: dict[str, Any],
    metric: str,
    node: Node,
    group: Group,
    rho: Rho,
    missing: int,
) -> None:
    n, equal = group.worth(rho), group.worth_of_devices(rho)
    shares = figures["shares"]
    for one in REFERENCES:
        if (one.metric, one.technology) == (metric, node[2]):
            share = int(np.count_nonzero(one.within(group.values))) / group.n
            shares["references"][one.code] = None if missing else share
            shares["reference_limits"][one.code] = None if missing else _limits(share, n)
    if metric == METRICS[0]:
        figures |= {"effective_n": equal, "more_devices": missing}
        if not missing:
            shares["bands"] = group.bands()
            shares["band_limits"] = [_limits(share, n) for share in shares["bands"]]
    if not missing:
        figures[metric] = _serialize(group, n, equal)


def _serialize(group: Group, n: float, of_devices: float) -> dict[str, Any]:
    result: dict[str, Any] = {
        "n": group.n,
        "effective_n": n,
        "mean": float(group.values.mean()),
        "device_effective_n": of_devices,
    }
    for name, part in (QUANTILES | {DEVICE_MEDIAN: 0.5}).items():
        equal, outer = name == DEVICE_MEDIAN, name in ("p10", "p90")
        levels = (part, *_limits(part, of_devices if equal else n))
        for end, level in zip(("", "_low", "_high"), levels, strict=True):
            value = group.at_equal_devices(level) if equal else np.quantile(group.values, level)
            given = not outer or n >= MIN_OUTER - ROUNDING
            result[name + end] = float(value) if given else None
    return result
