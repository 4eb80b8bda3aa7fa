"""Requests and answers about organisations, clusters, areas and roles, and shared fields."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from backend.accounts import login_names
from backend.accounts.schemas import Label
from backend.fields import MAX_ID, AwareTime, Many, Object, Reason, Strict, Text, Whole, schema_of
from backend.http.paging import PageSchema, list_of, page_of
from backend.organisations.grants import KINDS
from backend.organisations.names import normalised
from backend.organisations.references import NamedRef, UnitBrief
from backend.units.catalogue import LEVELS, SYSTEMS

# Names appear on phone screens, posters and maps; the longest official ones have some 100.
MAX_NAME = 200


class Name(Text):
    """A normalised name with at least one letter or digit."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=MAX_NAME, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = normalised(super()._deserialize(value, *args, **kwargs))
        if not any(c.isalnum() for c in name):
            raise ValidationError("blank")
        return name


class QueryId(fields.Integer):
    """The id of a row in a query string."""

    def __init__(self, **options: Any) -> None:
        within = validate.Range(1, MAX_ID, error="out_of_range")
        messages: dict[str, str | list[Any] | dict[Any, Any]] = {"invalid": "not_whole"}
        super().__init__(validate=within, error_messages=messages, **options)


class UnitReferenceSchema(Strict):
    """A unit in a request: codes were reused, so a code alone is no identity."""

    system = Text(choices=SYSTEMS, required=True)
    level = Text(choices=LEVELS, required=True)
    code = Text(most=10, required=True)


UnitBriefSchema = schema_of(UnitBrief, "")


def unit(**options: Any) -> Object:
    """Return the field of a unit, or null, in a request."""
    return Object(UnitReferenceSchema, allow_none=True, **options)


TYPES = ("youth_union", "community_digital_team", "department", "operator", "other")
YES_NO = ("true", "false")


class Telephone(Text):
    """A telephone number, stored as +84…."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=login_names.MAX_NAME, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = login_names.normalize(super()._deserialize(value, *args, **kwargs))
        if name is None or "@" in name:
            raise ValidationError("not_telephone")
        return name


class Email(Text):
    """An e-mail address, stored in lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=login_names.MAX_NAME, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = login_names.normalize(super()._deserialize(value, *args, **kwargs))
        if name is None or "@" not in name:
            raise ValidationError("not_email")
        return name


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
    parent_id = Whole(1, MAX_ID, allow_none=True)
    telephone = Telephone(allow_none=True)


class OrganisationCreateSchema(OrganisationChangeSchema):
    """A new organisation."""

    name = Name(required=True)
    type = Text(choices=TYPES, required=True)
    unit = unit(load_default=None)
    parent_id = Whole(1, MAX_ID, allow_none=True, load_default=None)
    telephone = Telephone(allow_none=True, load_default=None)


class OrganisationSchema(Schema):
    """An organisation."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    unit = fields.Nested(UnitBriefSchema, required=True, allow_none=True)
    parent_id = fields.Integer(required=True, allow_none=True)
    telephone = fields.String(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)


OrganisationPageSchema = page_of(OrganisationSchema)  # in Vietnamese order


# A leader of all teams of a commune has some ten.
MAX_ROLES = 20


class UnitCodeSchema(Strict):
    """A unit by the code of its system; the level only where two levels share the code."""

    system = Text(choices=SYSTEMS, required=True)
    code = Text(most=10, required=True)
    level = Text(choices=LEVELS, allow_none=True, load_default=None)


class RoleRequestSchema(Strict):
    """A role: a team leader's, organiser's or official's over one thing, an admin's over all."""

    role = Text(choices=tuple(KINDS), required=True)
    scope_id = Whole(1, MAX_ID, allow_none=True, load_default=None)
    unit = Object(UnitCodeSchema, allow_none=True, load_default=None)
    cluster_id = Whole(1, MAX_ID, allow_none=True, load_default=None)
    valid_to = AwareTime(allow_none=True, load_default=None)


class InvitationSchema(Strict):
    """A person to invite, with their roles."""

    name = Text(login_names.MAX_NAME, required=True, metadata={"example": "0912 345 678"})
    display_name = Label(100, allow_none=True, load_default=None)
    roles = Many(Object(RoleRequestSchema), least=1, most=MAX_ROLES, required=True)


MAX_REASON = 500


class DeputyRequestSchema(Strict):
    """The deputy, the area, the end and the reason."""

    name = Text(login_names.MAX_NAME, required=True, metadata={"example": "0912 345 678"})
    unit = Object(UnitCodeSchema, allow_none=True, load_default=None)
    cluster_id = Whole(1, MAX_ID, allow_none=True, load_default=None)
    valid_to = AwareTime(required=True)
    reason = Reason(MAX_REASON, required=True)


BriefSchema = schema_of(NamedRef, "")


class AreaSchema(Schema):
    """A unit or a cluster of communes; the other is null."""

    unit = fields.Nested(UnitBriefSchema, required=True, allow_none=True)
    cluster = fields.Nested(BriefSchema, required=True, allow_none=True)


class DeputySchema(Schema):
    """A delegation: the deputy, the delegating person, the area and the time."""

    id = fields.Integer(required=True)
    user_id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
    display_name = fields.String(required=True, allow_none=True)
    lent_by = fields.Integer(required=True)
    area = fields.Nested(AreaSchema, required=True)
    valid_from = fields.AwareDateTime(required=True)
    valid_to = fields.AwareDateTime(required=True)
    reason = fields.String(required=True)


DeputiesSchema = list_of(DeputySchema, "Deputies")
