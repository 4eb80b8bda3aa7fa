"""Schemas of deputies, and of roles whose unit ended."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from backend.accounts.login_names import NAME_MOST
from backend.accounts.schemas import Label, RoleSchema
from backend.fields import ID_MOST, AwareTime, Object, Strict, Text, Whole
from backend.organisations.cluster_schemas import UNITS_MOST
from backend.organisations.fields import Many, UnitBriefSchema, UnitReferenceSchema
from backend.organisations.grant_schemas import UnitCodeSchema

REASON_MOST = 500


class DeputyRequestSchema(Strict):
    """The deputy, the area, the end and the reason."""

    name = Text(NAME_MOST, required=True, metadata={"example": "0912 345 678"})
    unit = Object(UnitCodeSchema, allow_none=True, load_default=None)
    cluster_id = Whole(1, ID_MOST, allow_none=True, load_default=None)
    valid_to = AwareTime(required=True)
    reason = Text(REASON_MOST, required=True)

    @validates_schema
    def check_reason(self, data: dict[str, Any], **_: Any) -> None:
        """Reject a blank reason."""
        if not data.get("reason", "").strip():
            raise ValidationError({"reason": ["required"]})


class ClusterReferenceSchema(Schema):
    """A cluster by its name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class AreaSchema(Schema):
    """A unit or a cluster of communes; the other is null."""

    unit = fields.Nested(UnitBriefSchema, required=True, allow_none=True)
    cluster = fields.Nested(ClusterReferenceSchema, required=True, allow_none=True)


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


class DeputiesSchema(Schema):
    """The deputies of a person, and the people whose deputy they are."""

    items = fields.List(fields.Nested(DeputySchema), required=True)


class SuccessorSchema(Schema):
    """A unit of today on the ground of an ended one; `likely`: it is proposed."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    likely = fields.Boolean(required=True)


class EndedRoleSchema(Schema):
    """A role that ended with its unit."""

    id = fields.Integer(required=True)
    user_id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
    role = fields.String(required=True)
    unit = fields.Nested(UnitBriefSchema, required=True)
    ended_on = fields.Date(required=True)
    successors = fields.List(fields.Nested(SuccessorSchema), required=True)


class EndedRolesSchema(Schema):
    """The ended roles whose successors are not confirmed yet."""

    items = fields.List(fields.Nested(EndedRoleSchema), required=True)


class SuccessionRequestSchema(Strict):
    """The units of the new role: null for the proposed ones, an empty list for none."""

    units = Many(
        Object(UnitReferenceSchema), least=0, most=UNITS_MOST, allow_none=True, load_default=None
    )
    name = Label(200, allow_none=True, load_default=None)


class SuccessionSchema(Schema):
    """The new role, or null."""

    role = fields.Nested(RoleSchema, required=True, allow_none=True)
