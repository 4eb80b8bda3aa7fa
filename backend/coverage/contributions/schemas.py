"""Schemas of contributions."""

from marshmallow import fields

from backend.coverage.contributions.query import BY
from backend.coverage.figures.schemas import CountsSchema, month_field
from backend.fields import MAX_ID, Day, QueryWhole, Strict, Text
from backend.http.paging import MAX_CURSOR
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.schemas import BriefSchema
from backend.units.schemas import BoundariesSchema

# A page of this size fills a screen many times over and is read by one scan of an index.
MAX_ROWS = 500


class ContributionsQuerySchema(Strict):
    """Grouping, days, network and format."""

    by = Text(choices=BY, load_default="team")
    month = month_field(load_default=None)
    from_ = Day(data_key="from", load_default=None)
    to = Day(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)
    team = QueryWhole(1, MAX_ID, load_default=None)
    format = Text(choices=("json", "csv", "xlsx"), load_default="json")
    limit = QueryWhole(1, MAX_ROWS, load_default=MAX_ROWS)
    cursor = Text(most=MAX_CURSOR, load_default=None)


class SummaryQuerySchema(Strict):
    """Day, by default today, and format."""

    day = Day(load_default=None)
    format = Text(choices=("json", "png"), load_default="json")


class EarnedPartsSchema(Strict):
    """The counted samples of a team by assurance; the sum of the parts is `counted`."""

    witnessed = fields.Integer(required=True)
    ticketed = fields.Integer(required=True)
    claimed = fields.Integer(required=True)


class FiguresSchema(Strict, CountsSchema):
    """Figures of one row of contributions."""

    guests = fields.Integer(required=True)
    residents = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "residents whom volunteers helped to a counted sample, each once; null"
            " by member, unit and day, of one network, and in parts of months"
        },
    )
    with_ispeed = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "counted samples beside which the phone ran i-Speed too, found each"
            " hour, in no rank; by unit until the day before; null in archived months"
        },
    )
    unlocated = fields.Integer(required=True)
    needed = fields.Integer(required=True, allow_none=True)
    helped = fields.Integer(required=True, allow_none=True)
    devices = fields.Integer(required=True, allow_none=True)
    active_days = fields.Integer(required=True)
    last_day = fields.Date(required=True, allow_none=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)
    by_assurance = fields.Nested(EarnedPartsSchema, required=True)


class ContributionSchema(FiguresSchema):
    """Contribution of one team, member, unit, day or organisation."""

    id = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)
    team = fields.String(required=True, allow_none=True)  # a member's


class ContributionsSchema(Strict):
    """Contributions to a campaign, row by row, and their total."""

    campaign = fields.Nested(BriefSchema, required=True)
    by = fields.String(required=True)
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    networks = fields.List(fields.String(), required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    as_of = fields.DateTime(required=True, allow_none=True)  # of rows by unit; null: exact
    items = fields.List(fields.Nested(ContributionSchema), required=True)
    total = fields.Nested(FiguresSchema, required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SummarySchema(Strict):
    """Summary of a day in a few lines."""

    day = fields.Date(required=True)
    text = fields.String(required=True)
