"""Medians with their intervals, recomputed from samples as docs/speeds.md describes them.

Samples of a phone are alike, and so are those of phones that went out together: in an *outing*,
which is a team's day in a commune, or the day there of all who are in no team. So n samples are
worth an effective n of independent ones, by correlations that the units of a level in a province
share.
"""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from tests.support.recomputed.tables import METRICS, Month, Outing, Sample

ALL = ""  # of operators or technologies
MINIMUM = 30  # least effective n of a median that is shown
PRIOR_DEVICE, PRIOR_OUTING, PRIOR_WEIGHT = 0.3, 0.1, 20
ROUNDING = 1e-9
LEVEL, PRECISION = 0.95, 1e-13  # of intervals

Node = tuple[int, str, str]  # unit or 0 for the country, operator, technology


class Point(NamedTuple):
    """A measured value."""

    value: float
    device: str
    outing: Outing


@dataclass
class Pool:
    """Sums of squares of "below the median": of one group, or of all that share correlations."""

    between: float = 0.0  # devices
    within: float = 0.0
    between_free: float = 0.0
    within_free: float = 0.0
    size: float = 0.0
    # By class of outings: whether they are of a team.
    shared: dict[bool, float] = field(default_factory=lambda: defaultdict(float))  # × freedom
    free: dict[bool, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, other: "Pool") -> None:
        for name in ("between", "within", "between_free", "within_free", "size"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for team in other.free:
            self.shared[team] += other.shared[team]
            self.free[team] += other.free[team]

    def of_device(self, prior: float) -> float:
        """Return the correlation of a phone's samples by an analysis of variance."""
        if min(self.between_free, self.within_free, self.size) <= 0:
            return prior
        between = self.between / self.between_free
        within = self.within / self.within_free
        each = self.size / self.between_free
        whole = between + (each - 1) * within
        if whole <= 0:
            return prior
        own = min(max((between - within) / whole, 0.0), 1.0)
        return drawn(own, self.between_free * min(1.0, self.within_free / self.between_free), prior)

    def of_outing(self, team: bool, prior: float) -> float:
        """Return the correlation of phones in an outing of a class."""
        free = self.free[team]
        return drawn(min(max(self.shared[team] / free if free else 0.0, 0.0), 1.0), free, prior)


def drawn(seen: float, weight: float, prior: float) -> float:
    """Return a correlation drawn to the prior."""
    return (weight * seen + PRIOR_WEIGHT * prior) / (weight + PRIOR_WEIGHT)


@dataclass(frozen=True)
class Correlations:
    """Shares of the variance."""

    device: float
    outing: Mapping[bool, float]  # by class


def of_kind(pool: Pool) -> Correlations:
    """Return the correlations of all groups of a kind; 0 where nobody went out together."""
    outing = {team: pool.of_outing(team, PRIOR_OUTING) for team, free in pool.free.items() if free}
    return Correlations(pool.of_device(PRIOR_DEVICE), outing)


def of_group(pool: Pool, kind: Correlations) -> Correlations:
    """Return the correlations of a group, drawn to those of its kind."""
    outing = {team: pool.of_outing(team, prior) for team, prior in kind.outing.items()}
    return Correlations(pool.of_device(kind.device), outing)


def spread(points: Sequence[Point]) -> Pool:
    """Return how "below the median" varies between phones and outings of a group."""
    values = sorted(point.value for point in points)
    n, middle = len(values), percentile(values, 0.5)
    sizes: Counter[tuple[str, Outing]] = Counter()
    below: dict[tuple[str, Outing], float] = defaultdict(float)
    squares = 0.0
    for value, device, outing in points:
        score = 1.0 if value < middle else 0.5 if value == middle else 0.0
        sizes[device, outing] += 1
        below[device, outing] += score
        squares += score * score
    of_devices: Counter[str] = Counter()
    below_of_devices: dict[str, float] = defaultdict(float)
    for (device, outing), size in sizes.items():
        of_devices[device] += size
        below_of_devices[device] += below[device, outing]
    whole = sum(below.values())
    explained = sum(below_of_devices[one] ** 2 / size for one, size in of_devices.items())
    pool = Pool(
        between=explained - whole**2 / n,
        within=squares - explained,
        between_free=len(of_devices) - 1,
        within_free=n - len(of_devices),
        size=n - sum(size**2 for size in of_devices.values()) / n,
    )
    variance = (squares - whole**2 / n) / n
    _add_outings(pool, sizes, {visit: below[visit] - size * whole / n
                               for visit, size in sizes.items()}, variance)  # fmt: skip
    return pool


def _add_outings(
    pool: Pool,
    sizes: Mapping[tuple[str, Outing], int],
    apart: Mapping[tuple[str, Outing], float],
    variance: float,
) -> None:
    """Add what the outings of a group tell; few of them draw the mean to themselves."""
    visits: dict[Outing, list[tuple[str, Outing]]] = defaultdict(list)
    for visit in sizes:
        visits[visit[1]].append(visit)
    n = sum(sizes.values())
    of_outings = {outing: sum(sizes[one] for one in of_one) for outing, of_one in visits.items()}
    free = 1 - sum(size**2 for size in of_outings.values()) / n**2
    if variance <= 0:
        return
    for team in (False, True):
        chosen = {outing: of_one for outing, of_one in visits.items() if bool(outing[1]) == team}
        met = sum(len(of_one) > 1 for of_one in chosen.values())
        together = pairs = 0.0
        for outing, of_one in chosen.items():
            together += sum(apart[one] for one in of_one) ** 2
            together -= sum(apart[one] ** 2 for one in of_one)
            pairs += of_outings[outing] ** 2 - sum(sizes[one] ** 2 for one in of_one)
        pairs *= variance * free
        share = min(max(together / pairs, -1.0), 1.0) if pairs > 0 else 0.0
        if met:
            pool.free[team] += met * free
            pool.shared[team] += share * met * free


def percentile(values: Sequence[float], level: float) -> float:
    """Return a linear percentile of ascending values."""
    at = (len(values) - 1) * level
    low, high = values[math.floor(at)], values[math.ceil(at)]
    return low + (high - low) * (at - math.floor(at))


class EqualDevices:
    """The values of a group in which each phone has the same weight."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.each = Counter(point.device for point in points)
        self.visits = Counter((point.device, point.outing) for point in points)
        weight: dict[float, float] = defaultdict(float)
        number = Counter(point.value for point in points)
        for point in points:
            weight[point.value] += 1 / self.each[point.device]
        self.values = sorted(point.value for point in points)
        # Equal values share their weight; each stands at the middle of its own.
        weights = [weight[value] / number[value] for value in self.values]
        self.places = [end - own / 2 for end, own in zip(accumulate(weights), weights, strict=True)]

    def at(self, level: float) -> float:
        """Return the value below which a share of the weight lies."""
        first, last = self.places[0], self.places[-1]
        place = first + level * (last - first)
        above = min(max(bisect_left(self.places, place), 0), len(self.places) - 1)
        below = max(above - 1, 0)
        step = self.places[above] - self.places[below]
        share = min(max((place - self.places[below]) / step, 0.0), 1.0) if step > 0 else 0.0
        return self.values[below] + share * (self.values[above] - self.values[below])

    def load(self, rho: Correlations) -> float:
        """Return the variance of the share of the weight, in units of independent phones."""
        squares: dict[bool, float] = defaultdict(float)
        of_outings: dict[Outing, float] = defaultdict(float)
        for (device, outing), size in self.visits.items():
            squares[bool(outing[1])] += size / self.each[device] ** 2
            of_outings[outing] += size / self.each[device]
        load = rho.device * len(self.each)
        for team, of_class in squares.items():
            outing = rho.outing.get(team, 0.0)
            load += max(0.0, 1 - rho.device - outing) * of_class
        return load + sum(rho.outing.get(bool(outing[1]), 0.0) * weight**2
                          for outing, weight in of_outings.items())  # fmt: skip

    def effective_n(self, rho: Correlations) -> float:
        return len(self.each) ** 2 / self.load(rho)

    def missing(self, rho: Correlations) -> int:
        """Return how many further phones with one sample the least effective n needs."""
        devices, load, more = len(self.each), self.load(rho), 0
        while (devices + more) ** 2 < (MINIMUM - ROUNDING) * (load + more):
            more += 1
        return more


@dataclass(frozen=True)
class Median:
    """The median of a metric in a group; low and high are the limits of 95 %."""

    n: int
    effective_n: float
    missing: int  # phones; 0: it is shown
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Speeds of an operator and technology in a unit."""

    n: int
    devices: int
    outings: int
    medians: Mapping[str, Median]  # by metric; those under the minimum too


def of_country(month: Month, network: str) -> dict[Node, Group]:
    """Return the groups of every unit and of the country; a province shares correlations."""
    of_provinces: dict[int, list[Sample]] = defaultdict(list)
    for sample in (samples := month.counted(network)):
        of_provinces[month.above(sample.commune or 0)["province"]].append(sample)
    found = of_units(month, samples, {0: "country"})
    for province, inside in of_provinces.items():
        units = {row.id: row.level for row in month.units.values()
                 if province in (row.id, row.province_id)}  # fmt: skip
        found |= of_units(month, inside, units)
    return found


def of_units(
    month: Month, samples: Iterable[Sample], units: Mapping[int, str]
) -> dict[Node, Group]:
    """Return the groups of these units, which share correlations if their kinds are equal."""
    nodes: dict[Node, list[Sample]] = defaultdict(list)
    for sample in samples:
        for unit in {*month.above(sample.commune or 0).values(), 0} & units.keys():
            for operator in (sample.operator, ALL):
                for technology in (sample.technology, ALL):
                    nodes[unit, operator, technology].append(sample)
    medians: dict[Node, dict[str, Median]] = defaultdict(dict)
    for metric in METRICS:
        points = {node: _points(month, of_node, metric) for node, of_node in nodes.items()}
        for node, median in _medians(points, units).items():
            medians[node][metric] = median
    return {
        node: Group(
            len(of_node),
            len({one.device for one in of_node}),
            len({month.outing_of[one.id] for one in of_node}),
            medians[node],
        )
        for node, of_node in nodes.items()
    }


def _points(month: Month, samples: Sequence[Sample], metric: str) -> list[Point]:
    return [
        Point(value, one.device, month.outing_of[one.id])
        for one in samples
        if (value := one.values[metric]) is not None
    ]


def _medians(
    points: Mapping[Node, Sequence[Point]], units: Mapping[int, str]
) -> dict[Node, Median]:
    pools, kinds = {}, defaultdict(Pool)
    for node, of_node in points.items():
        # Groups under the minimum tell nothing of the correlations.
        pools[node] = spread(of_node) if len(of_node) >= MINIMUM else Pool()
        kinds[_kind(node, units)].add(pools[node])
    shared = {kind: of_kind(pool) for kind, pool in kinds.items()}
    found = {}
    for node, of_node in points.items():
        if of_node:
            rho = shared[_kind(node, units)]
            found[node] = _median(of_node, of_group(pools[node], rho), rho)
    return found


def _kind(node: Node, units: Mapping[int, str]) -> tuple[str, bool, bool]:
    unit, operator, technology = node
    return units[unit], operator == ALL, technology == ALL


def _median(points: Sequence[Point], own: Correlations, kind: Correlations) -> Median:
    """Return a median; whether it is shown is decided by the correlations of its kind."""
    equal = EqualDevices(points)
    n, missing = equal.effective_n(own), equal.missing(kind)
    low = 0.5 if missing else lower_limit(n)
    return Median(len(points), n, missing, equal.at(0.5), equal.at(low), equal.at(1 - low))


def lower_limit(n: float) -> float:
    """Return the lower limit of Clopper and Pearson's 95 % of a half of n, by bisection."""
    low, high = 0.0, 0.5
    while high - low > PRECISION:
        middle = (low + high) / 2
        if _beta(middle, n / 2, n / 2 + 1) < (1 - LEVEL) / 2:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function by its continued fraction."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = math.exp(
        a * math.log(x) + b * math.log1p(-x)
        + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    ) / a  # fmt: skip
    # From its end: effective numbers of thousands need fewer terms.
    fraction = 1.0
    for m in range(100, 0, -1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        fraction = 1 + even / (1 + odd / fraction)
    first = -(a + b) * x / (a + 1)
    return front / (1 + first / fraction)
