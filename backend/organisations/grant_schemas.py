"""Requests that invite people and grant them roles."""

from typing import Any

from marshmallow import fields, validate

from backend.accounts.login_names import NAME_MOST
from backend.accounts.schemas import Label
from backend.fields import CODES, ID_MOST, AwareTime, Object, Strict, Text, Whole
from backend.organisations.grants import KINDS
from backend.units.catalogue import LEVELS, SYSTEMS

# A leader of all teams of a commune has some ten.
ROLES_MOST = 20


class UnitCodeSchema(Strict):
    """A unit by the code of its system; the level only where two levels share the code."""

    system = Text(choices=SYSTEMS, required=True)
    code = Text(most=10, required=True)
    level = Text(choices=LEVELS, allow_none=True, load_default=None)


class RoleRequestSchema(Strict):
    """A role: a team leader's, organiser's or official's over one thing, an admin's over all."""

    role = Text(choices=tuple(KINDS), required=True)
    scope_id = Whole(1, ID_MOST, allow_none=True, load_default=None)
    unit = Object(UnitCodeSchema, allow_none=True, load_default=None)
    cluster_id = Whole(1, ID_MOST, allow_none=True, load_default=None)
    valid_to = AwareTime(allow_none=True, load_default=None)


class Roles(fields.List[Any]):
    """At least one role."""

    default_error_messages = {**CODES, "invalid": "not_list"}

    def __init__(self, **options: Any) -> None:
        length = validate.Length(1, ROLES_MOST, error="wrong_length")
        super().__init__(Object(RoleRequestSchema), validate=length, **options)


class InvitationSchema(Strict):
    """A person to invite, with their roles."""

    name = Text(NAME_MOST, required=True, metadata={"example": "0912 345 678"})
    display_name = Label(100, allow_none=True, load_default=None)
    roles = Roles(required=True)
