"""Questions about the speeds of a unit, and answers."""

from marshmallow import Schema, fields, validate

from backend.coverage.figures.schemas import month_asked
from backend.fields import Strict, Text
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import LEVELS
from backend.units.schemas import BoundariesSchema, NamedSchema


def network_asked() -> fields.String:
    """The network of a question; mobile unless told."""
    return fields.String(
        load_default="mobile", validate=validate.OneOf(NETWORKS, error="not_one_of")
    )


class CountryMonthQuerySchema(Strict):
    """Which month of which network."""

    month = month_asked(required=True)
    network = network_asked()


class UnitMonthQuerySchema(CountryMonthQuerySchema):
    """The level, where a code names two units."""

    level = Text(choices=LEVELS, load_default=None)


class AskedUnitSchema(NamedSchema):
    """The unit that an answer is about."""

    system = fields.String(required=True)
    level = fields.String(required=True)


class SpreadSchema(Schema):
    """Linear percentiles and mean over n values."""

    n = fields.Integer(required=True)
    median = fields.Float(required=True)
    mean = fields.Float(required=True)
    p10 = fields.Float(required=True)
    p90 = fields.Float(required=True)


class SharesSchema(Schema):
    """Shares of samples in each band of download, the slowest first, and keeping a reference."""

    bands = fields.List(fields.Float(), required=True, allow_none=True)
    references = fields.Dict(fields.String(), fields.Float(allow_none=True), required=True)


def _spread() -> fields.Nested:
    return fields.Nested(
        SpreadSchema,
        required=True,
        allow_none=True,
        metadata={"description": "null: under the minimum of samples"},
    )


class StatisticsItemSchema(Schema):
    """One operator and technology; null is the total over all of them."""

    operator = fields.String(required=True, allow_none=True, metadata={"example": "Viettel"})
    technology = fields.String(required=True, allow_none=True, metadata={"example": "5G"})
    n = fields.Integer(required=True)
    devices = fields.Integer(required=True)
    download_mbps = _spread()
    upload_mbps = _spread()
    ping_ms = _spread()
    jitter_ms = _spread()
    shares = fields.Nested(SharesSchema, required=True, allow_none=True)


class ReferenceSchema(Schema):
    """A bound of quality; the source holds the mean to it, `shares` tell the samples that do."""

    code = fields.String(required=True)
    technology = fields.String(required=True)
    metric = fields.String(required=True)
    at_least = fields.Float(required=True, allow_none=True)
    at_most = fields.Float(required=True, allow_none=True)
    source = fields.String(required=True)


class UnitMonthSchema(Schema):
    """What every answer about a unit's month begins with."""

    month = fields.String(required=True)
    network = fields.String(required=True)
    unit = fields.Nested(AskedUnitSchema, required=True, allow_none=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    minimum_n = fields.Integer(required=True)


class StatisticsSchema(UnitMonthSchema):
    """Speeds of counted samples, as they were found last; `unit` is null for the country."""

    found_at = fields.String(required=True, allow_none=True)
    bands_mbps = fields.List(fields.Integer(), required=True)
    references = fields.List(fields.Nested(ReferenceSchema), required=True)
    items = fields.List(fields.Nested(StatisticsItemSchema), required=True)
