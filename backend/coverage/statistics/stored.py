"""Figures as `statistics` and releases store them."""

from typing import TypedDict


class Spread(TypedDict):
    """Linear percentiles and mean over n values, with the limits of 95 % intervals."""

    n: int
    effective_n: float  # n independent samples that tell as much
    mean: float
    median: float  # of samples
    median_low: float
    median_high: float
    p10: float | None  # null: effective n under 40
    p10_low: float | None
    p10_high: float | None
    p90: float | None
    p90_low: float | None
    p90_high: float | None
    device_median: float  # the median to show, in which devices weigh equally
    device_median_low: float
    device_median_high: float
    device_effective_n: float  # effective n of device_median


Limits = list[float]  # low and high limit


class Shares(TypedDict):
    """Shares of samples, 0 to 1, in each download band and within each reference."""

    band_limits: list[Limits | None] | None
    reference_limits: dict[str, Limits | None] | None
    bands: list[float] | None  # the slowest first
    references: dict[str, float | None]  # by code


class StoredFigures(TypedDict, total=False):
    """Figures of a group; earlier releases lack some."""

    effective_n: float | None  # of the median download
    more_devices: int | None  # samples of other devices that it lacks
    download_mbps: Spread | None
    upload_mbps: Spread | None
    ping_ms: Spread | None
    jitter_ms: Spread | None
    ping_download_ms: Spread | None
    ping_upload_ms: Spread | None
    shares: Shares | None


class StoredRow(TypedDict):
    """Speeds of a group as `statistics` and releases store them."""

    operator: str  # empty: all
    technology: str  # empty: all
    n: int
    devices: int
    figures: StoredFigures | None


class ReleasedRow(StoredRow):
    """Speeds of a group in a release, with three significant digits."""

    outings: int  # days of teams in communes
