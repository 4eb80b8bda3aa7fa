"""Median, mean and percentiles of a group of samples, exact; pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The two halves of a device's id, in whatever order of bytes: they are only compared.
DEVICE = np.dtype([("high", "u8"), ("low", "u8")])

Floats = NDArray[np.float64]
Group = tuple[str, str]  # operator, technology

METRICS = ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms")
# Which part of the samples lies below each figure.
QUANTILES = {"median": 0.5, "p10": 0.1, "p90": 0.9}
# VNNIC's bands of download on its map of mobile networks, in Mbps.
BANDS_MBPS = (40, 80, 120, 160, 200)

# A group over all operators, or all technologies; and what nobody knows.
ALL, UNKNOWN = "", "unknown"
# As phones and tools name the generations of mobile networks; what else they say is unknown.
GENERATIONS = {
    "2G": ("2G", "GSM", "GPRS", "EDGE", "CDMA"),
    "3G": ("3G", "UMTS", "WCDMA", "HSPA", "HSPAP", "HSPA+", "HSDPA", "HSUPA", "TD_SCDMA"),
    "4G": ("4G", "4G+", "LTE", "LTE_CA", "LTE-A", "LTE+"),
    "5G": ("5G", "5G+", "NR", "NR_SA", "NR_NSA", "NRSA", "NRNSA", "5G_SA", "5G_NSA", "5G-SA",
           "5G-NSA", "5G SA", "5G NSA"),
}  # fmt: skip
GENERATION_OF = {name: group for group, names in GENERATIONS.items() for name in names}


@dataclass(frozen=True, slots=True)
class Reference:
    """A bound of quality that a technology is held to; published ones are of the mean."""

    code: str
    technology: str
    metric: str
    bound: float
    least: bool  # else the most
    source: str

    def share(self, values: Floats) -> float | None:
        """Which part of the samples keeps the bound."""
        if not len(values):
            return None
        kept = values >= self.bound if self.least else values <= self.bound
        return int(np.count_nonzero(kept)) / len(values)


REFERENCES = (
    Reference("download_40", "4G", "download_mbps", 40, True, "QĐ 36/QĐ-TTg"),
    Reference("download_100", "5G", "download_mbps", 100, True, "QCVN 126:2021/BTTTT"),
    Reference("upload_30", "5G", "upload_mbps", 30, True, "QCVN 126:2021/BTTTT"),
    Reference("ping_50", "5G", "ping_ms", 50, False, "QCVN 126:2021/BTTTT"),
)


@dataclass(frozen=True, slots=True)
class Samples:
    """Counted samples of one operator and technology: their values, their devices' ids."""

    operator: str
    technology: str
    n: int
    values: Mapping[str, Floats]  # by metric, only what was measured
    devices: NDArray[np.int64]  # by number; those of stripped rows are gone


def technology_of(stored: str | None) -> str:
    """The generation of a technology, as far as it is known."""
    return GENERATION_OF.get((stored or "").strip().upper(), UNKNOWN)


def groups(samples: Iterable[Samples]) -> Iterator[tuple[Group, list[Samples]]]:
    """Each operator and technology, and the totals over either and over both."""
    found: dict[Group, list[Samples]] = defaultdict(list)
    for one in samples:
        for operator in (one.operator, ALL):
            for technology in (one.technology, ALL):
                found[operator, technology].append(one)
    yield from found.items()


def numbered(devices: NDArray[np.void]) -> NDArray[np.int64]:
    """A number for each device, the same for the same, from 0 on."""
    high, low = devices["high"].copy(), devices["low"].copy()
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    fresh = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    numbers = np.empty(len(devices), dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(fresh)])[: len(devices)]
    return numbers


def device_count(samples: Sequence[Samples]) -> int:
    """How many devices they are of."""
    return int(np.count_nonzero(np.bincount(np.concatenate([one.devices for one in samples]))))


def figures(samples: Sequence[Samples], technology: str, minimum: int) -> dict[str, Any] | None:
    """Every figure of a group; None under the minimum, as is each metric that has too few."""
    if sum(one.n for one in samples) < minimum:
        return None
    ordered = {
        metric: np.sort(np.concatenate([one.values[metric] for one in samples]))
        for metric in METRICS
    }
    told: dict[str, Any] = {
        metric: summary(values) if len(values) >= max(minimum, 1) else None
        for metric, values in ordered.items()
    }
    enough = told["download_mbps"] is not None
    bands = band_shares(ordered["download_mbps"]) if enough else None
    kept = {one.code: one.share(ordered[one.metric]) if told[one.metric] else None
            for one in REFERENCES if one.technology == technology}  # fmt: skip
    return told | {"shares": {"bands": bands, "references": kept}}


def summary(ordered: Floats) -> dict[str, Any]:
    """The figures of values in order, at least one: linear percentiles as numpy's default."""
    told: dict[str, Any] = {"n": len(ordered)}
    told |= {name: quantile(ordered, part) for name, part in QUANTILES.items()}
    return told | {"mean": math.fsum(ordered) / len(ordered)}


def quantile(ordered: Floats, part: float) -> float:
    """A linear percentile of values in order, to the last bit what numpy.quantile gives."""
    place = (len(ordered) - 1) * part
    below = math.floor(place)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    step, share = high - low, place - below
    return high - step * (1 - share) if share >= 0.5 else low + step * share


def band_shares(ordered: Floats) -> list[float]:
    """Which part of the samples lies in each of VNNIC's bands, the slowest first."""
    edges = np.searchsorted(ordered, BANDS_MBPS, side="left")
    return [int(n) / len(ordered) for n in np.diff([0, *edges, len(ordered)])]
