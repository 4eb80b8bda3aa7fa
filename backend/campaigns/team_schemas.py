"""Requests and answers about teams."""

from marshmallow import Schema, fields

from backend.fields import Strict, Text, Whole
from backend.organisations.fields import Name, PageSchema, UnitBriefSchema, unit
from backend.organisations.schemas import YES_NO

TYPES = ("youth", "community_digital", "staff", "other")
# A volunteer alone measures some hundred times a day at most, and teams have some dozens.
CAPACITY_MOST = 100_000


class TeamsQuerySchema(PageSchema):
    """Filters of teams; ended ones are left out by default."""

    ended = Text(choices=YES_NO, load_default="false")


class TeamChangeSchema(Strict):
    """Changes of a team; a missing field stays as it is."""

    name = Name()
    type = Text(choices=TYPES)
    home_unit = unit()
    capacity_per_day = Whole(0, CAPACITY_MOST, allow_none=True)


class TeamCreateSchema(TeamChangeSchema):
    """A new team."""

    name = Name(required=True)
    type = Text(choices=TYPES, required=True)
    home_unit = unit(load_default=None)
    capacity_per_day = Whole(0, CAPACITY_MOST, allow_none=True, load_default=None)


class TeamSchema(Schema):
    """A team; `capacity_per_day` in samples, null where the organiser did not set it."""

    id = fields.Integer(required=True)
    organisation_id = fields.Integer(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    home_unit = fields.Nested(UnitBriefSchema, required=True, allow_none=True)
    capacity_per_day = fields.Integer(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)


class TeamPageSchema(Schema):
    """A page of teams in Vietnamese order."""

    items = fields.List(fields.Nested(TeamSchema), required=True)
    next = fields.String(required=True, allow_none=True)
