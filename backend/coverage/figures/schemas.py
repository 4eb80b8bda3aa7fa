"""Queries and answers of coverage."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from backend.coverage.figures.service import FILTERS, SORTS
from backend.coverage.figures.unit_access import UnitWithLevel
from backend.fields import CODES, Strict, Text, schema_of
from backend.http.paging import MAX_CURSOR
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.schemas import QueryId
from backend.units.catalogue import LEVELS
from backend.units.schemas import BoundariesSchema


def month_field(**options: Any) -> fields.String:
    """Return a field for a month, YYYY-MM."""
    pattern = validate.Regexp(r"^(19|20)[0-9][0-9]-(0[1-9]|1[0-2])$(?!\n)", error="not_month")
    example = {"example": "2024-11"}
    return fields.String(validate=pattern, metadata=example, error_messages=CODES, **options)


UnitWithLevelSchema = schema_of(UnitWithLevel, "")


class CoverageQuerySchema(Strict):
    """Units, month or range of months, network, order and format of a coverage query.

    `unit` selects one unit, `parent` the units inside a province or district, `cluster` the
    communes of a cluster, `from` and `to` a range of months. Without a limit all units are
    returned.
    """

    month = month_field(load_default=None)
    from_ = month_field(data_key="from", load_default=None)
    to = month_field(load_default=None)
    level = Text(choices=LEVELS, load_default=None)
    network = Text(choices=NETWORKS, load_default="mobile")
    parent = Text(most=5, load_default=None)
    unit = Text(most=5, load_default=None)
    cluster = QueryId(load_default=None)
    filter = Text(choices=tuple(FILTERS), load_default=None)
    sort = Text(choices=(*SORTS, *(f"-{name}" for name in SORTS)), load_default=None)
    format = Text(choices=("json", "csv", "xlsx"), load_default="json")
    limit = QueryId(load_default=None)
    cursor = Text(most=MAX_CURSOR, load_default=None)

    @post_load
    def select_months(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Accept either one month or a range, and either a cluster or a unit."""
        if data["cluster"] is not None and (data["parent"] or data["unit"]):
            raise ValidationError("cluster_alone", "cluster")
        month, since, to = data.pop("month"), data.pop("from_"), data.pop("to")
        if since is None and to is None:
            if month is None:
                raise ValidationError("required", "month")
            return {**data, "month": month, "since": None}
        if month is not None or since is None or to is None:
            raise ValidationError("not_month", "from" if since is None else "to")
        return {**data, "month": to, "since": since}


class TargetSchema(Strict):
    """A target and its source."""

    threshold = fields.Integer(required=True)
    basis = fields.String(required=True)
    source = fields.String(required=True)


class ProjectionSchema(Strict):
    """Projected end of a running month; low and high bound an interval of 80 %."""

    low = fields.Integer(required=True)
    middle = fields.Integer(required=True)
    high = fields.Integer(required=True)


class CountsSchema(Schema):
    """The three numbers of samples."""

    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)


class AssurancePartsSchema(Strict):
    """The counted samples by assurance; the sum of the parts is `counted`."""

    witnessed = fields.Integer(
        required=True, metadata={"description": "confirmed by a signing measuring host"}
    )
    ticketed = fields.Integer(
        required=True, metadata={"description": "with a ticket, at a host that does not sign"}
    )
    claimed = fields.Integer(required=True, metadata={"description": "reported by the phone alone"})
    imported = fields.Integer(
        required=True, metadata={"description": "counted by decision of an admin"}
    )
    withdrawn = fields.Integer(
        required=True, metadata={"description": "of phones that have withdrawn since"}
    )


class CountedPartsSchema(CountsSchema):
    """The three numbers, and the counted samples by assurance."""

    by_assurance = fields.Nested(AssurancePartsSchema, required=True)
    of_teams = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "counted samples that are credited to a team, those of guests included; "
            "null for the public"
        },
    )


class ReachedSchema(Strict):
    """Number of units, and of those that reached their target."""

    units = fields.Integer(required=True)
    reached = fields.Integer(required=True, allow_none=True)


class CoverageItemSchema(Strict, CountedPartsSchema):
    """One unit in one month against its target."""

    month = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    no_boundary = fields.Boolean(required=True)
    target = fields.Integer(required=True, allow_none=True)
    reached = fields.Boolean(required=True, allow_none=True)
    shortfall = fields.Integer(required=True, allow_none=True)
    share = fields.Float(required=True, allow_none=True)
    assessed = fields.Boolean(required=True, allow_none=True)
    communes = fields.Nested(ReachedSchema, required=True, allow_none=True)
    expected = fields.Float(required=True, allow_none=True)
    state = fields.String(required=True, allow_none=True)
    days_left = fields.Integer(required=True)
    needed_per_day = fields.Integer(required=True, allow_none=True)
    today = fields.Integer(required=True, allow_none=True)
    pace = fields.Float(required=True, allow_none=True)
    projection = fields.Nested(ProjectionSchema, required=True, allow_none=True)
    last_month = fields.Integer(required=True, allow_none=True)
    change = fields.Integer(required=True, allow_none=True)
    devices = fields.Integer(required=True, allow_none=True)
    outings = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "different teams and days on which somebody measured"},
    )
    teams = fields.Integer(required=True, allow_none=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)
    as_of = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "format": "date-time",
            "description": "until when samples are in these public counts; null: exact and live",
        },
    )


class ShareSchema(Strict):
    """Number and share of units that reached their target."""

    reached = fields.Integer(required=True)
    share = fields.Float(required=True)


class LevelSchema(ReachedSchema):
    """A line of the ministry's letter: units of a level that reached their target."""

    level = fields.String(required=True)
    share = fields.Float(required=True, allow_none=True)


class DistributionSchema(Strict):
    """Share of units that reached their target, and the best share with as many samples."""

    share = fields.Float(required=True)
    best_reached = fields.Integer(required=True)
    best_share = fields.Float(required=True)


class BasesSchema(Strict):
    """Units that reach their target if received, valid or counted samples are compared."""

    received = fields.Nested(ShareSchema, required=True, allow_none=True)
    valid = fields.Nested(ShareSchema, required=True, allow_none=True)
    counted = fields.Nested(ShareSchema, required=True, allow_none=True)


class ExemptUnitSchema(Strict):
    """A commune without a target beside others that have one."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class CoverageSummarySchema(ReachedSchema, CountedPartsSchema):
    """Sum over the units, and samples outside all units."""

    share = fields.Float(required=True, allow_none=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)
    unlocated = fields.Dict(fields.String(), fields.Integer(), required=True)
    elsewhere = fields.Integer(required=True)
    levels = fields.List(fields.Nested(LevelSchema), required=True)
    exempt = fields.List(fields.Nested(ExemptUnitSchema), required=True)
    distribution = fields.Nested(DistributionSchema, required=True, allow_none=True)
    bases = fields.Nested(BasesSchema, required=True)


class CoverageMonthSchema(Strict):
    """A month as a whole."""

    month = fields.String(required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    days = fields.Integer(required=True)
    days_done = fields.Integer(required=True)
    target = fields.Nested(TargetSchema, required=True, allow_none=True)
    communes_target = fields.Nested(
        TargetSchema,
        required=True,
        allow_none=True,
        metadata={"description": "that of communes, whatever the level of the items"},
    )
    assessment = fields.Nested(TargetSchema, required=True, allow_none=True)
    summary = fields.Nested(CoverageSummarySchema, required=True)
    unpublished = fields.Integer(
        metadata={
            "description": "units left out until their province's report is approved "
            "(PUBLISH=after_approval)"
        }
    )


class CoverageSchema(CoverageMonthSchema):
    """Coverage of a list of units; top-level fields describe the last month of a range."""

    level = fields.String(required=True)
    network = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    cluster = fields.Integer(required=True, allow_none=True)
    exact = fields.Boolean(
        required=True,
        metadata={
            "description": "whether communes and districts are counted exactly, as for their "
            "officials; else as of the last full hour (docs/coverage.md)"
        },
    )
    projection_method = fields.String(required=True)
    found = fields.Integer(required=True)
    next = fields.String(required=True, allow_none=True)
    months = fields.List(fields.Nested(CoverageMonthSchema), required=True)
    items = fields.List(fields.Nested(CoverageItemSchema), required=True)
