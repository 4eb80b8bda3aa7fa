"""Groups of counted samples, quantiles, bands and references; pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The two halves of a device's id; the byte order does not matter, since they are only compared.
DEVICE = np.dtype([("high", "u8"), ("low", "u8")])

Floats = NDArray[np.float64]
Group = tuple[str, str]  # operator, technology

# Latency while data is downloaded or uploaded, which not every client measures.
LOADED = ("ping_download_ms", "ping_upload_ms")
METRICS = ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms", *LOADED)
# Share of the samples below each figure.
QUANTILES = {"median": 0.5, "p10": 0.1, "p90": 0.9}
# VNNIC's bands of download on its map of mobile networks, in Mbps.
BANDS_MBPS = (40, 80, 120, 160, 200)

# Rows that were made anonymous: they are one device in effective numbers, and none in counts.
WITHDRAWN = -1
# All operators or technologies, and an unknown one.
ALL, UNKNOWN = "", "unknown"
# Names of mobile network generations in phones and tools; other names are unknown.
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
    """A quality bound of a technology; the published bounds apply to the mean."""

    code: str
    technology: str
    metric: str
    bound: float
    least: bool  # a lower bound; otherwise an upper one
    source: str

    def within(self, values: Floats) -> NDArray[np.bool_]:
        """Return which samples are within the bound."""
        return values >= self.bound if self.least else values <= self.bound


REFERENCES = (
    Reference("download_40", "4G", "download_mbps", 40, True, "QĐ 36/QĐ-TTg"),
    Reference("download_100", "5G", "download_mbps", 100, True, "QCVN 126:2021/BTTTT"),
    Reference("upload_30", "5G", "upload_mbps", 30, True, "QCVN 126:2021/BTTTT"),
    Reference("ping_50", "5G", "ping_ms", 50, False, "QCVN 126:2021/BTTTT"),
)


@dataclass(frozen=True, slots=True)
class Samples:
    """Counted samples of one operator and technology; the arrays have one order."""

    operator: str
    technology: str
    n: int
    values: Mapping[str, Floats]  # by metric; NaN: not measured
    devices: NDArray[np.int64]  # numbers of devices, or WITHDRAWN
    outings: NDArray[np.int64]  # numbers from 0 of outings: commune, day and team
    teams: NDArray[np.bool_]  # whether the outing is a team's; else the day of all others


def technology_of(stored: str | None) -> str:
    """Return the generation of a technology, or "unknown"."""
    return GENERATION_OF.get((stored or "").strip().upper(), UNKNOWN)


def groups(samples: Iterable[Samples]) -> Iterator[tuple[Group, list[Samples]]]:
    """Yield the samples of each operator and technology, and of the totals over each and both."""
    by_group: dict[Group, list[Samples]] = defaultdict(list)
    for group in samples:
        for key in groups_of(group.operator, group.technology):
            by_group[key].append(group)
    yield from by_group.items()


def groups_of(operator: str, technology: str) -> list[Group]:
    """Return the group of an operator and technology, and the totals that it is part of."""
    return [(of, by) for of in (operator, ALL) for by in (technology, ALL)]


def numbered(devices: NDArray[np.void]) -> NDArray[np.int64]:
    """Number devices from 0; equal ids get equal numbers.

    Parameters
    ----------
    devices : (n,) array of dtype DEVICE
    """
    high, low = devices["high"].copy(), devices["low"].copy()
    order = np.argsort(high, kind="stable")
    is_new = high[order[1:]] != high[order[:-1]]
    if (~is_new & (low[order[1:]] != low[order[:-1]])).any():  # half of an id is equal by chance
        order = np.lexsort((low, high))
        is_new = (high[order[1:]] != high[order[:-1]]) | (low[order[1:]] != low[order[:-1]])
    numbers = np.empty(len(devices), dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(is_new)])[: len(devices)]
    return numbers
