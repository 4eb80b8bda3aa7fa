"""Requests and answers about organisations."""

from marshmallow import Schema, fields

from backend.fields import ID_MOST, Strict, Text, Whole
from backend.organisations.fields import Name, PageSchema, QueryId, UnitBriefSchema, unit

TYPES = ("youth_union", "community_digital_team", "department", "operator", "other")
YES_NO = ("true", "false")


class OrganisationsQuerySchema(PageSchema):
    """Filters of organisations; ended ones are left out by default."""

    type = Text(choices=TYPES, load_default=None)
    parent = QueryId(load_default=None)
    q = Text(most=100, load_default=None)
    ended = Text(choices=YES_NO, load_default="false")


class OrganisationChangeSchema(Strict):
    """Changes of an organisation; a missing field stays as it is."""

    name = Name()
    type = Text(choices=TYPES)
    unit = unit()
    parent_id = Whole(1, ID_MOST, allow_none=True)


class OrganisationCreateSchema(OrganisationChangeSchema):
    """A new organisation."""

    name = Name(required=True)
    type = Text(choices=TYPES, required=True)
    unit = unit(load_default=None)
    parent_id = Whole(1, ID_MOST, allow_none=True, load_default=None)


class OrganisationSchema(Schema):
    """An organisation."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    unit = fields.Nested(UnitBriefSchema, required=True, allow_none=True)
    parent_id = fields.Integer(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)


class OrganisationPageSchema(Schema):
    """A page of organisations in Vietnamese order."""

    items = fields.List(fields.Nested(OrganisationSchema), required=True)
    next = fields.String(required=True, allow_none=True)
