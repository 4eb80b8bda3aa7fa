"""Questions about where teams should go next, and their answers."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import TargetSchema
from backend.fields import ID_MOST, Day, Strict, Text, Whole
from backend.measurements.recording.rules import NETWORKS
from backend.units.schemas import BoundariesSchema, QueryNumber

# More than the largest team measures on a day: 100 people at one sample each five minutes.
PINNED_MOST = 10_000


class QueryWhole(QueryNumber, Whole):
    """A whole number in a query string."""


class PlanQuerySchema(Strict):
    """Which day and network of a campaign; one team alone, if told."""

    date = Day(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)
    team_id = QueryWhole(1, ID_MOST, load_default=None)


class PlanPinSchema(Strict):
    """What an organiser fixes: so many samples by a team in a commune on a day."""

    team_id = Whole(1, ID_MOST, required=True)
    unit = Text(most=10, required=True, metadata={"description": "the commune's code on the day"})
    date = Day(required=True)
    network = Text(choices=NETWORKS, load_default=None)
    samples = Whole(1, PINNED_MOST, required=True)


class UnpinQuerySchema(Strict):
    """Which pin."""

    team_id = QueryWhole(1, ID_MOST, required=True)
    unit = Text(most=10, required=True)
    date = Day(required=True)
    network = Text(choices=NETWORKS, load_default=None)


class NextQuerySchema(Strict):
    """Where the phone is, if it tells; a query string is never logged."""

    latitude = QueryNumber(-90, 90, load_default=None)
    longitude = QueryNumber(-180, 180, load_default=None)
    network = Text(choices=NETWORKS, load_default="mobile")


class PlannedUnitSchema(Schema):
    """A commune with its province."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    province = fields.String(required=True, allow_none=True)


class PlanPinnedSchema(Schema):
    """A pin as it stands."""

    team_id = fields.Integer(required=True)
    unit = fields.Nested(PlannedUnitSchema, required=True)
    date = fields.Date(required=True)
    network = fields.String(required=True)
    samples = fields.Integer(required=True)


class PlanItemSchema(Schema):
    """So many samples in one commune, and what speaks for it."""

    unit = fields.Nested(PlannedUnitSchema, required=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    samples = fields.Integer(required=True, metadata={"description": "on the day"})
    samples_until_end = fields.Integer(required=True)
    why = fields.String(required=True, metadata={"enum": ["pinned", "reaches", "helps"]})
    pinned = fields.Boolean(required=True)
    distance_m = fields.Integer(required=True, allow_none=True)
    shortfall = fields.Integer(required=True)
    by_others = fields.Integer(required=True, metadata={"description": "until the end"})
    pace_per_day = fields.Float(required=True)
    needed_per_day = fields.Integer(required=True)


class TeamHomeSchema(Schema):
    """The unit where a team is at home."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class PlanNoteSchema(Schema):
    """A code and its words."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class PlanTeamSchema(Schema):
    """A team, what it takes on a day, and where it should go."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    home = fields.Nested(TeamHomeSchema, required=True, allow_none=True)
    capacity_per_day = fields.Integer(required=True, allow_none=True)
    capacity_from = fields.String(
        required=True, allow_none=True, metadata={"enum": ["organiser", "median", None]}
    )
    note = fields.Nested(PlanNoteSchema, required=True, allow_none=True)
    items = fields.List(fields.Nested(PlanItemSchema), required=True)


class PlanSummarySchema(Schema):
    """What the whole plan comes to."""

    communes = fields.Integer(required=True)
    communes_lacking = fields.Integer(required=True)
    communes_reached_by_plan = fields.Integer(required=True)
    shortfall = fields.Integer(required=True)
    covered_by_plan = fields.Integer(required=True)


class PlannedNameSchema(Schema):
    """A campaign by its name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class PlanSchema(Schema):
    """Where each team should go on a day."""

    campaign = fields.Nested(PlannedNameSchema, required=True)
    date = fields.Date(required=True)
    last_day = fields.Date(required=True)
    days_left = fields.Integer(required=True)
    network = fields.String(required=True)
    target = fields.Nested(TargetSchema, required=True, allow_none=True)
    rule = fields.String(required=True, metadata={"description": "how it was made, in words"})
    summary = fields.Nested(PlanSummarySchema, required=True)
    teams = fields.List(fields.Nested(PlanTeamSchema), required=True)


class OwnTeamDaySchema(Schema):
    """What a team has earned in a campaign today; the membership is what one leaves by."""

    membership_id = fields.Integer(required=True)
    campaign = fields.Nested(PlannedNameSchema, required=True)
    team = fields.Nested(PlannedNameSchema, required=True)
    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)


class OwnDaySchema(Schema):
    """Today in each of one's own teams."""

    date = fields.Date(required=True)
    items = fields.List(fields.Nested(OwnTeamDaySchema), required=True)


class NextUnitSchema(PlannedUnitSchema):
    """The commune around the phone, and what it lacks this month."""

    counted = fields.Integer(required=True)
    target = fields.Integer(required=True, allow_none=True)
    shortfall = fields.Integer(required=True, allow_none=True)


class SpotSchema(Schema):
    """A cell of some 500 m, by its centre, in which few measured."""

    latitude = fields.Float(required=True)
    longitude = fields.Float(required=True)
    distance_m = fields.Integer(required=True)
    samples = fields.String(required=True, metadata={"enum": ["none", "few"]})


class AssignmentSchema(Schema):
    """Where the volunteer's team is to go today."""

    campaign = fields.Nested(PlannedNameSchema, required=True)
    team = fields.Nested(PlannedNameSchema, required=True)
    items = fields.List(fields.Nested(PlanItemSchema), required=True)


class NextSchema(Schema):
    """Where to measure next."""

    date = fields.Date(required=True)
    network = fields.String(required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    unit = fields.Nested(NextUnitSchema, required=True, allow_none=True)
    spots = fields.List(fields.Nested(SpotSchema), required=True)
    assignments = fields.List(fields.Nested(AssignmentSchema), required=True)
    note = fields.Nested(PlanNoteSchema, required=True, allow_none=True)
