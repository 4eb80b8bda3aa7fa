"""Schemas of the import of VNNIC's counts and of their comparison with ours."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import (
    CountsSchema,
    CoverageSchema,
    UnitWithLevelSchema,
    month_field,
)
from backend.coverage.statistics.schemas import UnitMonthQuerySchema
from backend.coverage.vnnic.importer import STATES
from backend.coverage.vnnic.service import Comparison
from backend.coverage.vnnic.steering import STEERED_BY, SteeringAnswer
from backend.fields import Day, Flag, Strict, Text, schema_of
from backend.measurements.recording.rules import NETWORKS
from backend.tables.sheet_import import OUTCOMES
from backend.units.catalogue import LEVELS


class VnnicQuerySchema(UnitMonthQuerySchema):
    """Month, network and units of a comparison."""

    parent = Text(most=5, load_default=None)


class NetworkQuerySchema(Strict):
    """The network of an answer."""

    network = Text(choices=NETWORKS, load_default="mobile")


class RatioSchema(Schema):
    """Ours divided by i-Speed's, with its 95 % interval."""

    ratio = fields.Float(required=True)
    low = fields.Float(required=True)
    high = fields.Float(required=True)


class DistanceSchema(Schema):
    """How our speeds relate to i-Speed's; ratios are null below `min_phones` or `min_pairs`."""

    network = fields.String(required=True)
    demo = fields.Boolean(
        required=True, metadata={"description": "phones of the demo are among them"}
    )
    days = fields.Integer(required=True)
    phones = fields.Integer(required=True)
    pairs = fields.Integer(required=True)
    ispeed_first = fields.Integer(required=True, metadata={"description": "i-Speed ran first"})
    min_phones = fields.Integer(required=True)
    min_pairs = fields.Integer(required=True)
    max_minutes = fields.Integer(required=True)
    max_metres = fields.Integer(required=True)
    download = fields.Nested(RatioSchema, required=True, allow_none=True)
    upload = fields.Nested(RatioSchema, required=True, allow_none=True)
    ping = fields.Nested(RatioSchema, required=True, allow_none=True)


class VnnicImportQuerySchema(UnitMonthQuerySchema):
    """Month, network and day of a file, the level of its units, and whether to write."""

    day = Day(
        load_default=None,
        metadata={"description": "to which the table counts; by default today"},
    )
    dry_run = Text(choices=("true", "false"), load_default="true")


class TableStateSchema(Strict):
    """A month's table of a unit and those below it, and what to make of it."""

    month = month_field(required=True)
    network = Text(choices=NETWORKS, load_default="mobile")
    level = Text(choices=LEVELS, allow_none=True, load_default=None)
    state = Text(
        choices=STATES,
        required=True,
        metadata={"description": "published: its draft; draft: the published one; or removed"},
    )
    preview = Flag(load_default=False)


class SteeringChangeSchema(Strict):
    """Whose count steers a province on a network from today on: ours (own), or VNNIC's."""

    network = Text(choices=NETWORKS, required=True)
    steered_by = Text(choices=STEERED_BY, required=True)


SteeringSchema = schema_of(SteeringAnswer, "")


class TableRowSchema(Schema):
    """VNNIC's samples of a unit that the public sees before and after.

    null: no row, or too few samples of VNNIC (`too_few_…`).
    """

    unit = fields.Nested(UnitWithLevelSchema, required=True)
    before = fields.Integer(required=True, allow_none=True)
    after = fields.Integer(required=True, allow_none=True)
    too_few_before = fields.Boolean(required=True)
    too_few_after = fields.Boolean(required=True)


class TableEffectSchema(Schema):
    """What a change of a table's state shows or hides."""

    month = fields.String(required=True)
    network = fields.String(required=True)
    state = fields.String(required=True)
    preview = fields.Boolean(required=True)
    rows = fields.List(fields.Nested(TableRowSchema), required=True)


class RemarkSchema(Schema):
    """An error or a note about one field, with candidates for its value."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)
    candidates = fields.List(fields.String(), required=True)


# The number of rows by outcome.
TotalsSchema = Schema.from_dict(
    {name: fields.Integer(required=True) for name in ("rows", *OUTCOMES)}, name="TotalsSchema"
)


class VnnicRowSchema(Strict):
    """The outcome of one row, or its errors."""

    line = fields.Integer(required=True)
    outcome = fields.String(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    samples = fields.Integer(required=True, allow_none=True)
    errors = fields.List(fields.Nested(RemarkSchema), required=True)
    notes = fields.List(fields.Nested(RemarkSchema), required=True)


class VnnicImportSchema(Strict):
    """The result of an import of VNNIC's counts, or of its dry run."""

    dry_run = fields.Boolean(required=True)
    month = fields.String(required=True)
    network = fields.String(required=True)
    level = fields.String(required=True)
    source = fields.String(required=True)
    day = fields.Date(required=True)
    read_as = fields.Dict(fields.String(), fields.String(), required=True)
    columns = fields.Dict(fields.String(), fields.String(), required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    totals = fields.Nested(TotalsSchema, required=True)
    rows = fields.List(fields.Nested(VnnicRowSchema), required=True)


class TheirsSchema(Strict):
    """VNNIC's figures of a unit; null means "not enough samples"."""

    samples = fields.Integer(required=True, allow_none=True)
    download_mbps = fields.Float(required=True, allow_none=True)
    upload_mbps = fields.Float(required=True, allow_none=True)
    ping_ms = fields.Float(required=True, allow_none=True)
    jitter_ms = fields.Float(required=True, allow_none=True)
    source = fields.String(required=True)
    day = fields.Date(required=True)
    imported_at = fields.AwareDateTime(required=True)


class ComparedSchema(Strict):
    """One unit: our counts, VNNIC's, the difference (ours minus theirs), likely reasons."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    ours = fields.Nested(CountsSchema, required=True)
    theirs = fields.Nested(TheirsSchema, required=True, allow_none=True)
    difference = fields.Integer(required=True, allow_none=True)
    likely = fields.List(fields.String(), required=True)


class ComparedSumSchema(Strict):
    """Sums over the units that both have counted."""

    units = fields.Integer(required=True)
    imported = fields.Integer(required=True)
    compared = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    theirs = fields.Integer(required=True)


class LikelySchema(Strict):
    """A reason of the closed list, and the condition under which it applies."""

    code = fields.String(required=True)
    words = fields.String(required=True)
    condition = fields.String(required=True)


class ComparisonSchema(CoverageSchema):
    """VNNIC's counts compared with ours."""

    class Meta(CoverageSchema.Meta):
        fields = tuple(Comparison.__annotations__)

    imported_at = fields.AwareDateTime(required=True, allow_none=True)
    items = fields.List(fields.Nested(ComparedSchema), required=True)
    summary = fields.Nested(ComparedSumSchema, required=True)
    reasons = fields.List(fields.Nested(LikelySchema), required=True)
