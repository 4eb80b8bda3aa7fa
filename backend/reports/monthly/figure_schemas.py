"""What a report's figures look like, for whoever reads them from the API or in a frozen file."""

from marshmallow import Schema, fields

from backend.reports.content.figures import NETWORKS, SECTIONS
from backend.units.schemas import BoundariesSchema


class ReportUnitSchema(Schema):
    """Whose report it is."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    type = fields.String(required=True)
    province = fields.String(required=True)


class ReportSamplesSchema(Schema):
    """The three numbers, and what lies between received and counted."""

    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)
    unlocated = fields.Dict(fields.String(), fields.Integer(), required=True)


class ReportReachedSchema(Schema):
    """How many units of a level reached the target by Đo Sóng's count."""

    level = fields.String(required=True)
    units = fields.Integer(required=True)
    reached = fields.Integer(required=True, allow_none=True)
    share = fields.Float(required=True, allow_none=True)
    best_share = fields.Float(required=True, allow_none=True)
    threshold = fields.Integer(required=True, allow_none=True)
    basis = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)


class ReportPlaceSchema(Schema):
    """A commune of a report."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    counted = fields.Integer(required=True)
    target = fields.Integer(required=True, allow_none=True)
    shortfall = fields.Integer(required=True, allow_none=True)


class ReportLackingSchema(ReportPlaceSchema):
    """A commune below its target, and which campaigns measure there in the following month."""

    planned = fields.List(fields.String(), required=True)


class ReportCommuneRowSchema(ReportPlaceSchema):
    """A commune of the annex."""

    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    reached = fields.Boolean(required=True, allow_none=True)


class ReportSpreadSchema(Schema):
    """How a value is spread over counted samples."""

    median = fields.Float(required=True)
    mean = fields.Float(required=True)
    p10 = fields.Float(required=True)
    p90 = fields.Float(required=True)


class ReportQualitySchema(Schema):
    """An operator on a technology; null for all of them together, or for too few samples."""

    operator = fields.String(required=True, allow_none=True)
    technology = fields.String(required=True, allow_none=True)
    n = fields.Integer(required=True)
    devices = fields.Integer(required=True, allow_none=True)
    download_mbps = fields.Nested(ReportSpreadSchema, required=True, allow_none=True)
    upload_mbps = fields.Nested(ReportSpreadSchema, required=True, allow_none=True)
    ping_ms = fields.Nested(ReportSpreadSchema, required=True, allow_none=True)
    jitter_ms = fields.Nested(ReportSpreadSchema, required=True, allow_none=True)
    references = fields.Dict(fields.String(), fields.Float(allow_none=True), required=True)


class ReportTeamRowSchema(Schema):
    """What a team took in the unit for a campaign."""

    campaign = fields.String(required=True)
    organisation = fields.String(required=True)
    organisation_type = fields.String(required=True)
    team = fields.String(required=True)
    type = fields.String(required=True)
    received = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    needed = fields.Integer(required=True, allow_none=True)


class ReportVnnicSchema(Schema):
    """VNNIC's own count beside ours."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    network = fields.String(required=True)
    ours = fields.Integer(required=True)
    theirs = fields.Integer(required=True, allow_none=True)
    difference = fields.Integer(required=True, allow_none=True)
    reasons = fields.List(fields.String(), required=True)


class ReportNoteSchema(Schema):
    """What a reader must know of the data."""

    code = fields.String(required=True)
    words = fields.String(required=True)


def _by_network(schema: type[Schema]) -> fields.Dict:
    """Rows of each of the two networks."""
    return fields.Dict(
        fields.String(),
        fields.List(fields.Nested(schema)),
        required=True,
        metadata={"description": f"By network: {', '.join(NETWORKS)}"},
    )


class ReportSectionsSchema(Schema):
    """The sections in the letter's order."""

    samples = fields.Dict(fields.String(), fields.Nested(ReportSamplesSchema), required=True)
    reached = _by_network(ReportReachedSchema)
    lacking = _by_network(ReportLackingSchema)
    communes = _by_network(ReportCommuneRowSchema)
    quality = _by_network(ReportQualitySchema)
    teams = fields.List(fields.Nested(ReportTeamRowSchema), required=True)
    vnnic = fields.List(fields.Nested(ReportVnnicSchema), required=True, allow_none=True)
    notes = fields.List(fields.Nested(ReportNoteSchema), required=True)


def _words() -> fields.Dict:
    return fields.Dict(
        fields.String(),
        fields.String(),
        required=True,
        metadata={"description": f"By section: {', '.join(SECTIONS)}"},
    )


class ReportFiguresSchema(Schema):
    """All that a report holds; of a frozen one, what its digest is taken of."""

    unit = fields.Nested(ReportUnitSchema, required=True)
    month = fields.String(required=True)
    edition = fields.Integer(required=True)
    made_at = fields.String(required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    rules = fields.Integer(required=True)
    demo = fields.Boolean(required=True)
    sections = fields.Nested(ReportSectionsSchema, required=True)
    proposed = _words()
    remarks = _words()
    letterhead = fields.Dict(required=True, allow_none=True)


class ReportChangeSchema(Schema):
    """A figure as it was frozen and as it is now."""

    frozen = fields.Integer(required=True)
    now = fields.Integer(required=True)
    change = fields.Integer(required=True)


class ReportLevelChangeSchema(ReportChangeSchema):
    """How many units of a level reached the target."""

    level = fields.String(required=True)


class ReportNumbersChangeSchema(Schema):
    """The three numbers."""

    received = fields.Nested(ReportChangeSchema, required=True)
    valid = fields.Nested(ReportChangeSchema, required=True)
    counted = fields.Nested(ReportChangeSchema, required=True)


class ReportCommuneChangeSchema(ReportNumbersChangeSchema):
    """A commune whose numbers changed."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)


class ReportNetworkChangeSchema(Schema):
    """What changed on a network."""

    samples = fields.Nested(ReportNumbersChangeSchema, required=True)
    reached = fields.List(fields.Nested(ReportLevelChangeSchema), required=True)
    communes = fields.List(fields.Nested(ReportCommuneChangeSchema), required=True)


class ReportSupplementSchema(Schema):
    """What came after freezing; the frozen figures stay as they are."""

    report_id = fields.Integer(required=True)
    month = fields.String(required=True)
    edition = fields.Integer(required=True)
    digest = fields.String(required=True)
    frozen_at = fields.AwareDateTime(required=True)
    as_of = fields.AwareDateTime(required=True)
    changed = fields.Boolean(required=True)
    networks = fields.Dict(fields.String(), fields.Nested(ReportNetworkChangeSchema), required=True)
