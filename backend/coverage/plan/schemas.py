"""Schemas of plans, pins, next places and today's sums."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import CountsSchema, TargetSchema
from backend.coverage.plan.nearby import MAX_RADIUS_M, MIN_RADIUS_M, RADIUS_M
from backend.coverage.plan.service import ProposedStop
from backend.coverage.vnnic.steering import STEERED_BY, TableNeed
from backend.devices.schemas import WithNoticesSchema
from backend.fields import MAX_ID, Day, QueryNumber, QueryWhole, Strict, Text, schema_of
from backend.http.paging import list_of
from backend.measurements.corrections.removals import OwnRemoval
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.schemas import BriefSchema
from backend.places.remeasurement import PlaceToMeasure
from backend.units.schemas import BoundariesSchema, CentreSchema, UnitNameSchema


class PlanQuerySchema(Strict):
    """Day and network of a plan, and optionally one team."""

    date = Day(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)
    team_id = QueryWhole(1, MAX_ID, load_default=None)


class NextQuerySchema(Strict):
    """Position of the phone, if available; query strings are never logged."""

    latitude = QueryNumber(-90, 90, load_default=None)
    longitude = QueryNumber(-180, 180, load_default=None)
    accuracy_m = QueryNumber(0, 1e8, load_default=None)
    network = Text(choices=NETWORKS, load_default="mobile")
    operator = Text(100, load_default=None, metadata={"description": "as in samples"})
    radius_m = QueryWhole(
        MIN_RADIUS_M,
        MAX_RADIUS_M,
        load_default=RADIUS_M,
        metadata={"description": "how far the person goes; spots and communes within it"},
    )


class PlanLimitsSchema(Schema):
    """The limits of a plan."""

    radius_km = fields.Integer(
        required=True, metadata={"description": "straight line from the home"}
    )
    visit_least = fields.Integer(
        required=True, metadata={"description": "samples of a team in a commune other than its own"}
    )
    assumed_capacity = fields.Integer(
        required=True, metadata={"description": "samples a day of a team without a known capacity"}
    )
    community_travels = fields.Boolean(
        required=True, metadata={"description": "community digital teams leave their commune"}
    )


class ByTableSchema(Schema):
    """What a commune needs by VNNIC's table, where VNNIC's count steers; null: ours does."""

    vnnic = fields.Nested(schema_of(TableNeed, ""), required=True, allow_none=True)


class PlannedUnitSchema(UnitNameSchema):
    """A commune with its province."""

    province = fields.String(required=True, allow_none=True)


class PlanItemSchema(ByTableSchema):
    """An assignment: samples in one commune, with its reasons."""

    unit = fields.Nested(PlannedUnitSchema, required=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    samples = fields.Integer(required=True, metadata={"description": "on the day; 1 or more"})
    samples_until_end = fields.Integer(required=True)
    why = fields.String(
        required=True, metadata={"enum": ["pinned", "own", "reaches", "helps", "phones"]}
    )
    pinned = fields.Boolean(required=True)
    reaches = fields.Boolean(
        required=True, metadata={"description": "the plan brings the commune to its target"}
    )
    distance_m = fields.Integer(required=True, allow_none=True)
    shortfall = fields.Integer(
        required=True, metadata={"description": "by the count that steers the province"}
    )
    by_others = fields.Integer(required=True, metadata={"description": "until the end"})
    pace_per_day = fields.Float(required=True)
    needed_per_day = fields.Integer(required=True)
    places = fields.List(
        fields.Nested(schema_of(PlaceToMeasure, "")),
        required=True,
        metadata={"description": "to be measured again; shown by the province's office"},
    )


class PlanStopSchema(PlanItemSchema):
    """An assignment with the phones and outings of its commune this month."""

    devices = fields.Integer(required=True, allow_none=True)
    outings = fields.Integer(required=True, allow_none=True)


class LaterItemSchema(Schema):
    """An assignment of later days."""

    unit = fields.Nested(PlannedUnitSchema, required=True)
    samples_until_end = fields.Integer(required=True)
    distance_m = fields.Integer(required=True, allow_none=True)


class PlanNoteSchema(Schema):
    """A note: its code and its text."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class PlanTeamSchema(Schema):
    """A team, its capacity, and its assignments."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    home = fields.Nested(UnitNameSchema, required=True, allow_none=True)
    own_commune = fields.Nested(
        UnitNameSchema,
        required=True,
        allow_none=True,
        metadata={"description": "of the area; that of today if the home is of before the reform"},
    )
    stays = fields.Boolean(
        required=True, metadata={"description": "the plan sends it to no other commune"}
    )
    capacity_per_day = fields.Integer(required=True)
    capacity_from = fields.String(
        required=True, metadata={"enum": ["organiser", "median", "assumed"]}
    )
    note = fields.Nested(PlanNoteSchema, required=True, allow_none=True)
    items = fields.List(
        fields.Nested(PlanStopSchema), required=True, metadata={"description": "on the day"}
    )
    later = fields.List(
        fields.Nested(LaterItemSchema), required=True, metadata={"description": "on later days"}
    )


class PlanSummarySchema(Schema):
    """Totals of a plan."""

    communes = fields.Integer(required=True)
    communes_lacking = fields.Integer(required=True)
    communes_reached_by_plan = fields.Integer(required=True)
    shortfall = fields.Integer(required=True)
    covered_by_plan = fields.Integer(required=True)


class PlanSchema(Schema):
    """The plan of a campaign's day."""

    campaign = fields.Nested(BriefSchema, required=True)
    date = fields.Date(required=True)
    last_day = fields.Date(required=True)
    days_left = fields.Integer(required=True)
    network = fields.String(required=True)
    target = fields.Nested(TargetSchema, required=True, allow_none=True)
    steered_since = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "VNNIC's count steers some of the communes; null: ours does"},
    )
    limits = fields.Nested(PlanLimitsSchema, required=True)
    rule = fields.String(required=True, metadata={"description": "explanation of the algorithm"})
    summary = fields.Nested(PlanSummarySchema, required=True)
    teams = fields.List(fields.Nested(PlanTeamSchema), required=True)
    places = fields.List(
        fields.Nested(schema_of(ProposedStop, "Proposed")),
        required=True,
        metadata={
            "description": "to be measured again, in the whole area; for those who see the whole"
            " campaign"
        },
    )


class OwnTeamDaySchema(CountsSchema):
    """Today's sums of a team in a campaign; the membership is needed to leave the team."""

    membership_id = fields.Integer(required=True)
    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)


class OwnDaySchema(Schema):
    """Today's sums of the volunteer's teams, and the teams that removed the volunteer."""

    date = fields.Date(required=True)
    items = fields.List(fields.Nested(OwnTeamDaySchema), required=True)
    removed = fields.List(fields.Nested(schema_of(OwnRemoval, "")), required=True)


class UnitProgressSchema(UnitNameSchema):
    """A commune and its public counts; null before they are published."""

    counted = fields.Integer(required=True, allow_none=True)
    target = fields.Integer(required=True, allow_none=True)
    shortfall = fields.Integer(required=True, allow_none=True)
    as_of = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "format": "date-time",
            "description": "until when samples are in these counts, the same for everybody",
        },
    )


class NextUnitSchema(PlannedUnitSchema, UnitProgressSchema, ByTableSchema):
    """The commune around the phone, and its public counts."""

    steered_by = Text(
        choices=STEERED_BY,
        required=True,
        metadata={"description": "whose count steers its province on this network"},
    )
    own_since = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "counted samples of this phone that the counts do not have yet"},
    )


class NextCampaignSchema(Schema):
    """A campaign in which the volunteer's team goes on, with its join code."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    code = fields.String(required=True)


class EndedCampaignSchema(Schema):
    """What a volunteer gave to a campaign that ended, and the commune of most of it.

    `certificate` is for those with a name.
    """

    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    counted = fields.Integer(required=True)
    unit = fields.Nested(UnitProgressSchema, required=True, allow_none=True)
    certificate = fields.String(required=True, allow_none=True)
    next = fields.Nested(NextCampaignSchema, required=True, allow_none=True)


EndedCampaignsSchema = list_of(EndedCampaignSchema, "EndedCampaigns")


class NearbyUnitSchema(PlannedUnitSchema, UnitProgressSchema, ByTableSchema, CentreSchema):
    """A commune around the phone; `within`: its centre lies within the radius."""

    distance_m = fields.Integer(required=True)
    within = fields.Boolean(required=True)


class SpotSchema(CentreSchema):
    """The centre of a cell of about 500 m with too few samples of this phone.

    `few`: it has some, or others had some in the latest monthly release.
    """

    distance_m = fields.Integer(required=True)
    samples = fields.String(required=True, metadata={"enum": ["none", "few"]})


class NextItemSchema(PlanItemSchema):
    """An assignment with the team's counted samples of today there, at most those of the plan."""

    done = fields.Integer(required=True)


class AssignmentSchema(Schema):
    """Today's assignments of a team of the volunteer."""

    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    items = fields.List(fields.Nested(NextItemSchema), required=True)


class CircleSchema(CentreSchema):
    """One of the phone's own samples, and how far from it a test is no repeat before a time."""

    radius_m = fields.Float(required=True)
    until = fields.AwareDateTime(required=True)


class HereUnitSchema(Schema):
    """The commune of a position; `ambiguous`: within its error lies another one."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    ambiguous = fields.Boolean(required=True)


class TeamVerdictSchema(Schema):
    """Whether a counted test here is a team's too, and why not."""

    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    counts = fields.Boolean(required=True)
    reason = fields.Nested(PlanNoteSchema, required=True, allow_none=True)


class HereSchema(Schema):
    """The verdict that a test confirmed by its host would get now, with the main reason against it.

    `until`: from then on a test here counts; null if it does now, or waiting is of no use. `teams`:
    those of the volunteer in open campaigns.
    """

    unit = fields.Nested(HereUnitSchema, required=True, allow_none=True)
    teams = fields.List(fields.Nested(TeamVerdictSchema), required=True)

    at = fields.AwareDateTime(required=True)
    counts = fields.Boolean(required=True)
    reason = fields.Nested(PlanNoteSchema, required=True, allow_none=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    circles = fields.List(fields.Nested(CircleSchema), required=True)


class NextSchema(WithNoticesSchema):
    """The next places to measure; `here` is null without a position and its accuracy."""

    here = fields.Nested(HereSchema, required=True, allow_none=True)
    date = fields.Date(required=True)
    network = fields.String(required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    unit = fields.Nested(NextUnitSchema, required=True, allow_none=True)
    spots = fields.List(fields.Nested(SpotSchema), required=True)
    nearby = fields.List(fields.Nested(NearbyUnitSchema), required=True)
    assignments = fields.List(fields.Nested(AssignmentSchema), required=True)
    note = fields.Nested(PlanNoteSchema, required=True, allow_none=True)
