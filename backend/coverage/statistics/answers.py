"""What statistics, hours, cells and history answer."""

from typing import Annotated, Literal, NotRequired, TypedDict

from backend.coverage.figures.unit_access import UnitMonthAnswer, UnitWithLevel
from backend.coverage.statistics.iqb import Rating
from backend.coverage.statistics.stored import ReleasedRow, Shares, Spread
from backend.units.service import GeoGeometry

Direction = Literal["higher", "lower", "same"]


class Rank(TypedDict):
    """Possible ranks by median download; only tested differences narrow them."""

    best: int
    worst: int
    of: int


class SpeedRow(TypedDict):
    """Speeds of one operator and technology; a metric is null under the minimum effective n."""

    operator: str | None  # null: all of them
    technology: str | None  # null: all of them
    n: int
    devices: int
    effective_n: float | None  # of the median download
    more_devices: int | None  # samples of other devices that the median download lacks
    download_mbps: Spread | None
    upload_mbps: Spread | None
    ping_ms: Spread | None
    jitter_ms: Spread | None
    ping_download_ms: Spread | None  # while data is downloaded, of samples that measured it
    ping_upload_ms: Spread | None  # while data is uploaded
    shares: Shares | None
    # Of an operator among at least two with enough samples; missing in totals of several months.
    rank: NotRequired[Rank | None]
    # Of the median download of an operator and technology; null: no test is possible. Only in the
    # statistics of one unit.
    against_month_before: NotRequired[Direction | None]


def spread_of(row: SpeedRow, metric: str) -> Spread | None:
    """Return the spread of one of METRICS."""
    spread: Spread | None = row[metric]  # type: ignore[literal-required] # one of the fields
    return spread


class SpeedReference(TypedDict):
    """A quality reference; its source applies it to the mean, `shares` to single samples."""

    code: str
    technology: str
    metric: str
    at_least: float | None
    at_most: float | None
    source: str
    # The median of all operators of the technology against the bound; null: no interval.
    median_is: Literal["above", "below", "unclear"] | None


class ReleaseState(TypedDict):
    """The monthly release of public figures."""

    due: str  # YYYY-MM-DD
    made_at: str | None  # ISO 8601; null: before it


class SpeedStatistics(UnitMonthAnswer):
    """Speeds of counted samples of a unit or the country, as released or computed last."""

    release: ReleaseState | None  # null: live, for officials of the area
    found_at: str | None  # ISO 8601, when they were computed; null: never
    bands_mbps: list[int]  # limits of the download bands
    references: list[SpeedReference]
    hosts_changed: bool  # neutral measuring hosts came or went: compared with no month
    # Those with a median download of their own, for which the country's stand; null: of a unit.
    provinces: int | None
    iqb: Rating | None  # of all samples; null: a median is missing
    items: list[SpeedRow]  # totals first


class HourMedian(TypedDict):
    """Median download of an hour of the week, Mbit/s, with the limits of its 95 % interval."""

    median: float
    median_low: float
    median_high: float


Week = list[list[HourMedian | None]]  # by weekday from Monday and hour; null: too few samples


class HoursAnswer(UnitMonthAnswer):
    """Counted samples by weekday and hour in Vietnam."""

    release: ReleaseState | None  # null: exact, for officials of the area
    n: int
    hours: list[list[int]] | None  # by weekday from Monday; null: of too few people
    download_medians: Week | None  # of the same hours, only of the release


class Evenness(TypedDict):
    """Spread of samples over cells and quarters of the day."""

    strata: Annotated[int, "pairs of a cell and six hours with samples"]
    effective_strata: Annotated[float, "as many even ones are as concentrated"]


class CellCount(TypedDict):
    """A cell of some 500 m: H3 index, centre in EPSG:4326 and number of counted samples."""

    cell: str
    latitude: float
    longitude: float
    n: int


class ReleasedCell(CellCount):
    """A cell of a release: its numbers are rounded."""

    devices: int
    download_mbps: Spread | None
    upload_mbps: Spread | None
    ping_ms: Spread | None
    jitter_ms: Spread | None
    ping_download_ms: NotRequired[Spread | None]  # missing in earlier releases
    ping_upload_ms: NotRequired[Spread | None]


class CellsAnswer(UnitMonthAnswer):
    """The cells of a unit, those with most samples first."""

    release: ReleaseState | None  # null: exact and live, for officials of the area
    resolution: int  # of H3
    n: int
    cells: int
    evenness: Evenness | None  # null: of the release, or of too few samples
    least_devices: int  # people in a cell that is shown
    rule: str  # which cells are shown, in the language of the request
    items: list[CellCount]


class CellProperties(TypedDict):
    """What a cell of GeoJSON tells."""

    n: int


class CellFeature(TypedDict):
    """A cell as a feature of GeoJSON."""

    type: Literal["Feature"]
    id: str  # H3 index
    properties: CellProperties
    geometry: GeoGeometry


class CellCollection(TypedDict):
    """The cells of a unit as GeoJSON."""

    type: Literal["FeatureCollection"]
    month: str
    network: str
    unit: UnitWithLevel | None
    release: ReleaseState | None
    rule: str
    features: list[CellFeature]


class HistoryMonth(TypedDict):
    """Counts of a unit in a month."""

    month: str
    system: str  # of units: 2024, 2025
    received: int
    valid: int
    counted: int
    target: int | None  # null: none was in force
    reached: bool | None  # null: no target, or an estimate
    estimated: bool  # communes of the other system were divided


class UnitHistory(TypedDict):
    """The months of a unit, the oldest first."""

    unit: UnitWithLevel
    network: str
    items: list[HistoryMonth]


class SpeedComparison(TypedDict):
    """A speed among released ones of a commune or its province; null where none are released."""

    unit: UnitWithLevel | None
    month: str | None
    n: int | None
    download_mbps: Spread | None
    percent_below: int | None  # share of slower samples, in steps of 10 from 10 to 90
    demo: bool  # generated samples


class ReleasedUnit(TypedDict):
    """The released figures of a unit."""

    unit_id: int
    statistics: list[ReleasedRow]
    hours: list[list[int]] | None
    cells: list[ReleasedCell]
