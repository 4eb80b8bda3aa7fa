"""Queries and answers of statistics, hours, cells and history of units."""

from typing import Any

from marshmallow import Schema, fields, validate

from backend.coverage.figures.schemas import CountsSchema, UnitWithLevelSchema, month_field
from backend.coverage.statistics.answers import Evenness, Rank
from backend.coverage.statistics.iqb import SOURCE, USES
from backend.fields import QueryNumber, Strict, Text, schema_of
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import LEVELS
from backend.units.schemas import AsOfSchema, BoundariesSchema, CentreSchema

# Three years: yearly reports compare with the year before.
MAX_HISTORY_MONTHS = 36


class CountryMonthQuerySchema(Strict):
    """A month and network."""

    month = month_field(required=True)
    network = Text(choices=NETWORKS, load_default="mobile")


class UnitMonthQuerySchema(CountryMonthQuerySchema):
    """A month, network and level; the level is needed if a code names two units."""

    level = Text(choices=LEVELS, load_default=None)


def _figure(description: str) -> fields.Float:
    return fields.Float(required=True, allow_none=True, metadata={"description": description})


class SpreadSchema(Schema):
    """Linear percentiles and mean over n values, with the limits of 95 % intervals."""

    # In the order in which comparisons answer; statistics answer in that of `Spread`.

    n = fields.Integer(required=True)
    effective_n = _figure("n independent samples that tell as much")
    median = fields.Float(required=True, metadata={"description": "of samples; see device_median"})
    median_low, median_high = _figure("of the median"), _figure("of the median")
    mean = fields.Float(required=True)
    p10 = _figure("null: effective n under 40")
    p10_low, p10_high = _figure("of p10"), _figure("of p10")
    p90 = _figure("null: effective n under 40")
    p90_low, p90_high = _figure("of p90"), _figure("of p90")
    device_median = _figure("the median to show, in which devices weigh equally")
    device_median_low = _figure("of device_median")
    device_median_high = _figure("of device_median")
    device_effective_n = _figure("effective n of device_median")


def _limits() -> fields.List[Any]:
    metadata = {"description": "low and high limit"}
    pair = validate.Length(equal=2)
    return fields.List(fields.Float(), allow_none=True, validate=pair, metadata=metadata)


class SharesSchema(Schema):
    """Shares of samples in each download band, the slowest first, and within each reference."""

    bands = fields.List(fields.Float(), required=True, allow_none=True)
    band_limits = fields.List(_limits(), required=True, allow_none=True)
    references = fields.Dict(fields.String(), fields.Float(allow_none=True), required=True)
    reference_limits = fields.Dict(fields.String(), _limits(), required=True, allow_none=True)


def _spread(of: str = "") -> fields.Nested:
    return fields.Nested(
        SpreadSchema,
        required=True,
        allow_none=True,
        metadata={"description": f"{of}null: under the minimum effective n (minimum_n)"},
    )


RankSchema = schema_of(Rank, "")


class StatisticsItemSchema(Schema):
    """One operator and technology; null is the total over all of them."""

    operator = fields.String(required=True, allow_none=True, metadata={"example": "Viettel"})
    technology = fields.String(required=True, allow_none=True, metadata={"example": "5G"})
    n = fields.Integer(required=True)
    devices = fields.Integer(required=True)
    effective_n = _figure("of the median download")
    more_devices = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "samples of that many other devices that the median download lacks"
        },
    )
    download_mbps = _spread()
    upload_mbps = _spread()
    ping_ms = _spread()
    jitter_ms = _spread()
    ping_download_ms = _spread("latency while data is downloaded, of samples that measured it; ")
    ping_upload_ms = _spread("latency while data is uploaded, of samples that measured it; ")
    shares = fields.Nested(SharesSchema, required=True, allow_none=True)
    rank = fields.Nested(
        RankSchema,
        required=True,
        allow_none=True,
        metadata={"description": "of an operator among at least two with enough samples"},
    )
    against_month_before = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "enum": ["higher", "lower", "same", None],
            "description": "median download of an operator and technology, tested; null: of a"
            " total, or a month has no interval or other measuring hosts",
        },
    )


class ReferenceSchema(Schema):
    """A quality reference; its source applies it to the mean, `shares` to single samples."""

    code = fields.String(required=True)
    technology = fields.String(required=True)
    metric = fields.String(required=True)
    at_least = fields.Float(required=True, allow_none=True)
    at_most = fields.Float(required=True, allow_none=True)
    source = fields.String(required=True)
    median_is = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "enum": ["above", "below", "unclear", None],
            "description": "median of all operators of the technology against the bound",
        },
    )


def _score(**options: Any) -> fields.Float:
    return fields.Float(required=True, validate=validate.Range(0, 1), **options)


class RequirementSchema(Schema):
    """A figure that a use needs: above the threshold, a ping below it."""

    metric = fields.String(required=True, metadata={"example": "upload_mbps"})
    threshold = fields.Float(required=True)
    met = fields.String(required=True, metadata={"enum": ["yes", "no", "unclear"]})


class ScoreSchema(Schema):
    """A score; `low` and `high` where unclear requirements are not met, or met."""

    score, low, high = _score(), _score(), _score()


class UseSchema(ScoreSchema):
    """The weighted share of the requirements of a use that medians meet."""

    code = fields.String(required=True, metadata={"enum": [use.code for use in USES]})
    requirements = fields.List(fields.Nested(RequirementSchema), required=True)


class IQBSchema(ScoreSchema):
    """Internet Quality Barometer of M-Lab: mean of the scores of six uses; without packet loss."""

    uses = fields.List(fields.Nested(UseSchema), required=True)


class ReleaseSchema(Schema):
    """The monthly release of public figures; `made_at` is null before it."""

    due = fields.String(required=True, metadata={"format": "date"})
    made_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class ReleasedSchema(Schema):
    """The release of the figures; null: exact and live, for officials of the area."""

    release = fields.Nested(ReleaseSchema, required=True, allow_none=True)


class UnitMonthSchema(Schema):
    """Fields that every answer about a unit's month begins with."""

    month = fields.String(required=True)
    network = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True, allow_none=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    minimum_n = fields.Integer(required=True)


class StatisticsSchema(UnitMonthSchema, ReleasedSchema):
    """Speeds of counted samples as released, or computed last; `unit` is null for the country."""

    found_at = fields.String(required=True, allow_none=True)
    bands_mbps = fields.List(fields.Integer(), required=True)
    references = fields.List(fields.Nested(ReferenceSchema), required=True)
    hosts_changed = fields.Boolean(
        required=True,
        metadata={"description": "neutral measuring hosts came or went: compared with no month"},
    )
    provinces = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "with a median download of their own; null: of a unit"},
    )
    iqb = fields.Nested(
        IQBSchema,
        required=True,
        allow_none=True,
        metadata={"description": f"of all samples ({SOURCE}); null: a median is missing"},
    )
    items = fields.List(fields.Nested(StatisticsItemSchema), required=True)


class SpeedComparisonQuerySchema(Strict):
    """A speed to compare."""

    download_mbps = QueryNumber(0, 1_000_000, required=True)
    network = Text(choices=NETWORKS, load_default="mobile")


class SpeedComparisonSchema(Schema):
    """A speed among released ones of a commune or its province; null where none are released."""

    unit = fields.Nested(UnitWithLevelSchema, required=True, allow_none=True)
    month = fields.String(required=True, allow_none=True)
    n = fields.Integer(required=True, allow_none=True)
    download_mbps = _spread()
    percent_below = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "share of slower samples, in steps of 10 from 10 to 90"},
    )
    demo = fields.Boolean(required=True)


class CellsQuerySchema(UnitMonthQuerySchema):
    """A month, network, level and format."""

    format = Text(choices=("json", "geojson"), load_default="json")


class HourMedianSchema(Schema):
    """Median download of an hour of the week, Mbit/s, with the limits of its 95 % interval."""

    median = fields.Float(required=True)
    median_low, median_high = _figure("of the median"), _figure("of the median")


class UnitHoursSchema(UnitMonthSchema, ReleasedSchema):
    """Counted samples by weekday from Monday and hour in Vietnam; null if of too few people."""

    n = fields.Integer(required=True)
    hours = fields.List(fields.List(fields.Integer()), required=True, allow_none=True)
    download_medians = fields.List(
        fields.List(fields.Nested(HourMedianSchema, allow_none=True)),
        required=True,
        allow_none=True,
        metadata={"description": "of the same hours, only in the release; null: too few samples"},
    )


EvennessSchema = schema_of(Evenness, "")


class H3CellSchema(CentreSchema):
    """A cell: H3 index, centre and number of counted samples."""

    cell = fields.String(required=True, metadata={"example": "884154ad11fffff"})
    n = fields.Integer(required=True)


class UnitCellsSchema(UnitMonthSchema, ReleasedSchema):
    """The cells of a unit, those with most samples first; `rule` explains which are shown."""

    resolution = fields.Integer(required=True)
    n = fields.Integer(required=True)
    cells = fields.Integer(required=True)
    evenness = fields.Nested(EvennessSchema, required=True, allow_none=True)
    least_devices = fields.Integer(required=True)
    rule = fields.String(required=True)
    items = fields.List(fields.Nested(H3CellSchema), required=True)


class HistoryQuerySchema(AsOfSchema):
    """Number of months up to the present one, of the unit that has the code on a day."""

    network = Text(choices=NETWORKS, load_default="mobile")
    months = fields.Integer(
        load_default=12,
        validate=validate.Range(1, MAX_HISTORY_MONTHS, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


class HistoryItemSchema(CountsSchema):
    """A month; `estimated`: communes of the other system were divided."""

    month = fields.String(required=True)
    system = fields.String(required=True)
    target = fields.Integer(required=True, allow_none=True)
    reached = fields.Boolean(required=True, allow_none=True)
    estimated = fields.Boolean(required=True)


class HistorySchema(Schema):
    """The months of a unit, the oldest first."""

    unit = fields.Nested(UnitWithLevelSchema, required=True)
    network = fields.String(required=True)
    items = fields.List(fields.Nested(HistoryItemSchema), required=True)
