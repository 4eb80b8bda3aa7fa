"""Schemas of contributions."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from backend.coverage.contributions.query import BY
from backend.coverage.figures.schemas import CountsSchema, month_field
from backend.fields import CODES, MAX_ID, Day, Strict, Text
from backend.http.paging import MAX_CURSOR
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.schemas import BriefSchema
from backend.units.schemas import BoundariesSchema

# A page of this size fills a screen many times over and is read by one scan of an index.
MAX_ROWS = 500


class _Number(fields.Integer):
    """A whole number in a query, where everything is text."""

    default_error_messages = {**CODES, "invalid": "not_whole", "too_large": "out_of_range"}

    def _validated(self, value: Any) -> int:
        if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
            raise ValidationError("not_whole")
        if isinstance(value, str) and len(value) > len(str(MAX_ID)):
            raise ValidationError("out_of_range")  # before Python reads thousands of digits
        return super()._validated(value)


class ContributionsQuerySchema(Strict):
    """Grouping, days, network and format."""

    by = Text(choices=BY, load_default="team")
    month = month_field(load_default=None)
    from_ = Day(data_key="from", load_default=None)
    to = Day(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)
    team = _Number(load_default=None, validate=validate.Range(1, MAX_ID, error="out_of_range"))
    format = Text(choices=("json", "csv", "xlsx"), load_default="json")
    limit = _Number(
        load_default=MAX_ROWS, validate=validate.Range(1, MAX_ROWS, error="out_of_range")
    )
    cursor = Text(most=MAX_CURSOR, load_default=None)


class LeaderboardQuerySchema(Strict):
    """Grouping, ranking, month and network."""

    by = Text(choices=("team", "member"), load_default="team")
    rank = Text(choices=("needed", "counted"), load_default="needed")
    month = month_field(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)


class SummaryQuerySchema(Strict):
    """Day, by default today, and format."""

    day = Day(load_default=None)
    format = Text(choices=("json", "png"), load_default="json")


class CampaignReferenceSchema(Strict, BriefSchema):
    """A campaign by its name."""


class EarnedPartsSchema(Strict):
    """The counted samples of a team by assurance; the sum of the parts is `counted`."""

    witnessed = fields.Integer(required=True)
    ticketed = fields.Integer(required=True)
    claimed = fields.Integer(required=True)


class FiguresSchema(Strict, CountsSchema):
    """Figures of one row of contributions."""

    guests = fields.Integer(required=True)
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


class AboutSchema(Strict):
    """Campaign, grouping and days of figures."""

    campaign = fields.Nested(CampaignReferenceSchema, required=True)
    by = fields.String(required=True)
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    networks = fields.List(fields.String(), required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)


class ContributionsSchema(AboutSchema):
    """Contributions to a campaign, row by row, and their total."""

    items = fields.List(fields.Nested(ContributionSchema), required=True)
    total = fields.Nested(FiguresSchema, required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RankedSchema(Strict):
    """One place of a leaderboard; ties share a place."""

    place = fields.Integer(required=True)
    id = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)
    team = fields.String(required=True, allow_none=True)
    needed = fields.Integer(required=True, allow_none=True)
    counted = fields.Integer(required=True)


class LeaderboardSchema(AboutSchema):
    """A leaderboard and the explanation of its ranking."""

    rank = fields.String(required=True)
    explained = fields.String(required=True)
    items = fields.List(fields.Nested(RankedSchema), required=True)


class SummarySchema(Strict):
    """Summary of a day in a few lines."""

    day = fields.Date(required=True)
    text = fields.String(required=True)
