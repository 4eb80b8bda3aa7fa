"""What the import of VNNIC's counts and their comparison take and answer."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from backend.coverage.figures.schemas import month_asked, unpublished_told
from backend.fields import Strict, Text
from backend.measurements.recording.rules import NETWORKS
from backend.team_import.schemas import ImportQuerySchema, RemarkSchema, TotalsSchema
from backend.units.catalogue import LEVELS
from backend.units.schemas import BoundariesSchema

COLUMNS_MOST = 2_000  # ten columns with a title of a line each


class VnnicQuerySchema(Strict):
    """Which units of which month, on which network."""

    month = month_asked(required=True)
    network = Text(choices=NETWORKS, load_default="mobile")
    level = Text(choices=LEVELS, load_default=None)
    parent = Text(most=5, load_default=None)


class VnnicImportQuerySchema(ImportQuerySchema):
    """What a file does not say: its month and network; `columns` names columns by their titles.

    `columns=samples=Số lượng;code=Mã số` is kept for every later file with the same titles.
    """

    month = month_asked(required=True)
    network = Text(choices=NETWORKS, load_default="mobile")
    level = Text(choices=LEVELS, load_default=None)
    columns = Text(most=COLUMNS_MOST, load_default=None)

    @post_load
    def named(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """The columns as pairs."""
        pairs = [part.partition("=") for part in (data["columns"] or "").split(";") if part.strip()]
        if not all(name.strip() and title.strip() for name, _, title in pairs):
            raise ValidationError("vnnic_columns_unreadable", "columns")
        columns = {name.strip(): title.strip() for name, _, title in pairs}
        return {**data, "columns": columns}


class VnnicRowSchema(Strict):
    """What one row does, or why it can do nothing."""

    line = fields.Integer(required=True)
    outcome = fields.String(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    samples = fields.Integer(required=True, allow_none=True)
    errors = fields.List(fields.Nested(RemarkSchema), required=True)
    notes = fields.List(fields.Nested(RemarkSchema), required=True)


class VnnicImportSchema(Strict):
    """What a file of VNNIC's counts does, or did."""

    dry_run = fields.Boolean(required=True)
    month = fields.String(required=True)
    network = fields.String(required=True)
    level = fields.String(required=True)
    source = fields.String(required=True)
    read_as = fields.Dict(fields.String(), fields.String(), required=True)
    columns = fields.Dict(fields.String(), fields.String(), required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    totals = fields.Nested(TotalsSchema, required=True)
    rows = fields.List(fields.Nested(VnnicRowSchema), required=True)


class OursSchema(Strict):
    """Our three numbers of a unit."""

    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)


class TheirsSchema(Strict):
    """What VNNIC says of a unit; null is "not enough samples"."""

    samples = fields.Integer(required=True, allow_none=True)
    download_mbps = fields.Float(required=True, allow_none=True)
    upload_mbps = fields.Float(required=True, allow_none=True)
    ping_ms = fields.Float(required=True, allow_none=True)
    jitter_ms = fields.Float(required=True, allow_none=True)
    source = fields.String(required=True)
    imported_at = fields.AwareDateTime(required=True)


class ComparedSchema(Strict):
    """One unit: ours, theirs, ours less theirs, and the codes of likely reasons."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    ours = fields.Nested(OursSchema, required=True)
    theirs = fields.Nested(TheirsSchema, required=True, allow_none=True)
    difference = fields.Integer(required=True, allow_none=True)
    likely = fields.List(fields.String(), required=True)


class ComparedSumSchema(Strict):
    """Sums over the units that both counted."""

    units = fields.Integer(required=True)
    imported = fields.Integer(required=True)
    compared = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    theirs = fields.Integer(required=True)


class LikelySchema(Strict):
    """A reason of the closed list, and when it is told."""

    code = fields.String(required=True)
    words = fields.String(required=True)
    condition = fields.String(required=True)


class ComparisonSchema(Strict):
    """VNNIC's own count beside ours."""

    month = fields.String(required=True)
    network = fields.String(required=True)
    level = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    imported_at = fields.AwareDateTime(required=True, allow_none=True)
    unpublished = unpublished_told()
    items = fields.List(fields.Nested(ComparedSchema), required=True)
    summary = fields.Nested(ComparedSumSchema, required=True)
    reasons = fields.List(fields.Nested(LikelySchema), required=True)
