"""Queries and answers of single samples of a unit."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import UnitWithLevelSchema
from backend.coverage.signals.schemas import UnitMonthQuerySchema
from backend.fields import Strict, Text
from backend.http.paging import PageSchema
from backend.measurements.recording.reasons import COUNTED, REASONS
from backend.measurements.recording.schemas import ReasonSchema
from backend.units.catalogue import LEVELS
from backend.units.schemas import BoundariesSchema, CentreSchema, UnitNameSchema

WHY = (COUNTED, *(reason.code for reason in REASONS if reason.effect != "mark"))


class SamplesQuerySchema(UnitMonthQuerySchema, PageSchema):
    """A month, by default the present one, with filters by network and reason."""

    network = Text(choices=("mobile", "fixed", "unknown"), load_default=None)
    reason = Text(choices=WHY, load_default=None)


class SampleQuerySchema(Strict):
    """The level of the unit, if a code names two units."""

    level = Text(choices=LEVELS, load_default=None)


class SampleSchema(Schema):
    """A sample; `device` is a number of this month that identifies no person."""

    id = fields.String(required=True)
    measured_at = fields.AwareDateTime(required=True)
    unit = fields.Nested(UnitNameSchema, required=True)
    device = fields.Integer(required=True, allow_none=True)
    position = fields.Nested(CentreSchema, required=True, allow_none=True)
    accuracy_m = fields.Float(required=True, allow_none=True)
    network = fields.String(required=True)
    kind = fields.String(required=True)
    source = fields.String(required=True)
    operator = fields.String(required=True, allow_none=True)
    technology = fields.String(required=True, allow_none=True)
    download_mbps = fields.Float(required=True, allow_none=True)
    upload_mbps = fields.Float(required=True, allow_none=True)
    ping_ms = fields.Float(required=True, allow_none=True)
    jitter_ms = fields.Float(required=True, allow_none=True)
    data_cap_mb = fields.Integer(required=True, allow_none=True)
    ping_download_ms = fields.Float(required=True, allow_none=True)
    ping_upload_ms = fields.Float(required=True, allow_none=True)
    download_stability_percent = fields.Float(required=True, allow_none=True)
    upload_stability_percent = fields.Float(required=True, allow_none=True)
    valid = fields.Boolean(required=True)
    counted = fields.Boolean(required=True)
    assurance = fields.String(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    marks = fields.List(fields.Nested(ReasonSchema), required=True)


class SamplesSchema(Schema):
    """A page of the samples of a unit's month, the latest first."""

    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    decimals = fields.Integer(required=True, metadata={"description": "of the positions"})
    items = fields.List(fields.Nested(SampleSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class RepeatedSchema(Schema):
    """The counted sample of the same device that a repeat repeats."""

    measured_at = fields.AwareDateTime(required=True)
    distance_m = fields.Integer(required=True)


class SampleExclusionSchema(Schema):
    """The decision that excludes a sample; `id` is null for one by a command."""

    id = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class OneSampleSchema(SampleSchema):
    """One sample with the facts behind its verdict."""

    received_at = fields.AwareDateTime(required=True, allow_none=True)
    rules = fields.Integer(required=True)
    verdict = fields.Nested(ReasonSchema, required=True)
    repeats = fields.Nested(RepeatedSchema, required=True, allow_none=True)
    exclusion = fields.Nested(SampleExclusionSchema, required=True, allow_none=True)
    how = fields.String(required=True, allow_none=True)
    candidates = fields.List(
        fields.String(), required=True, metadata={"description": "communes within its accuracy"}
    )
    boundaries = fields.Nested(BoundariesSchema, required=True)
