"""Schemas of a report's figures, in answers and in `report.json`."""

from marshmallow import Schema, fields

from backend.reports.content.figures import NETWORKS, SECTIONS
from backend.units.schemas import BoundariesSchema


class ReportUnitSchema(Schema):
    """The unit of a report."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    type = fields.String(required=True)
    province = fields.String(required=True)


class ReportSamplesSchema(Schema):
    """The three numbers, and why samples are not counted."""

    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)
    unlocated = fields.Dict(fields.String(), fields.Integer(), required=True)


class ReportReachedSchema(Schema):
    """Units of a level that reached the target by Đo Sóng's count."""

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
    """A commune below its target, with its campaigns of the following month."""

    planned = fields.List(fields.String(), required=True)


class ReportCommuneRowSchema(ReportPlaceSchema):
    """A commune of the annex."""

    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    reached = fields.Boolean(required=True, allow_none=True)


class ReportSpreadSchema(Schema):
    """Distribution of a value over counted samples."""

    median = fields.Float(required=True)
    mean = fields.Float(required=True)
    p10 = fields.Float(required=True)
    p90 = fields.Float(required=True)


class ReportQualitySchema(Schema):
    """Quality of an operator on a technology; null for all together, or for too few samples."""

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
    """Samples of a team in the unit for a campaign."""

    campaign = fields.String(required=True)
    organisation = fields.String(required=True)
    organisation_type = fields.String(required=True)
    team = fields.String(required=True)
    type = fields.String(required=True)
    received = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    needed = fields.Integer(required=True, allow_none=True)


class ReportVnnicSchema(Schema):
    """VNNIC's count of a unit beside ours."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    network = fields.String(required=True)
    ours = fields.Integer(required=True)
    theirs = fields.Integer(required=True, allow_none=True)
    difference = fields.Integer(required=True, allow_none=True)
    reasons = fields.List(fields.String(), required=True)


class ReportNoteSchema(Schema):
    """A note about the data."""

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


def _texts() -> fields.Dict:
    return fields.Dict(
        fields.String(),
        fields.String(),
        required=True,
        metadata={"description": f"By section: {', '.join(SECTIONS)}"},
    )


class ReportFiguresSchema(Schema):
    """The content of a report; the digest of a frozen report is that of this JSON."""

    unit = fields.Nested(ReportUnitSchema, required=True)
    month = fields.String(required=True)
    edition = fields.Integer(required=True)
    made_at = fields.String(required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    rules = fields.Integer(required=True)
    demo = fields.Boolean(required=True)
    sections = fields.Nested(ReportSectionsSchema, required=True)
    proposed = _texts()
    remarks = _texts()
    letterhead = fields.Dict(required=True, allow_none=True)


class ReportChangeSchema(Schema):
    """A frozen figure and its present value."""

    frozen = fields.Integer(required=True)
    now = fields.Integer(required=True)
    change = fields.Integer(required=True)


class ReportLevelChangeSchema(ReportChangeSchema):
    """Change of the units of a level that reached the target."""

    level = fields.String(required=True)


class ReportNumbersChangeSchema(Schema):
    """Changes of the three numbers."""

    received = fields.Nested(ReportChangeSchema, required=True)
    valid = fields.Nested(ReportChangeSchema, required=True)
    counted = fields.Nested(ReportChangeSchema, required=True)


class ReportCommuneChangeSchema(ReportNumbersChangeSchema):
    """A commune whose numbers changed."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)


class ReportNetworkChangeSchema(Schema):
    """Changes on a network."""

    samples = fields.Nested(ReportNumbersChangeSchema, required=True)
    reached = fields.List(fields.Nested(ReportLevelChangeSchema), required=True)
    communes = fields.List(fields.Nested(ReportCommuneChangeSchema), required=True)


class ReportSupplementSchema(Schema):
    """Differences between present figures and frozen ones."""

    report_id = fields.Integer(required=True)
    month = fields.String(required=True)
    edition = fields.Integer(required=True)
    digest = fields.String(required=True)
    frozen_at = fields.AwareDateTime(required=True)
    as_of = fields.AwareDateTime(required=True)
    changed = fields.Boolean(required=True)
    networks = fields.Dict(fields.String(), fields.Nested(ReportNetworkChangeSchema), required=True)
