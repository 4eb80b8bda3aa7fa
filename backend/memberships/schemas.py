"""Requests and answers about joining: memberships, passes, names."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from backend.errors import FieldError, Problem
from backend.fields import ID_MOST, Flag, Object, Strict, Text, Whole
from backend.http.paging import CURSOR_MOST
from backend.memberships.joining import Joining
from backend.memberships.passes import KINDS, Asked

# Longer than any name, shorter than a message.
NAME_MOST = 60
# As written by hand, with blanks and dashes.
CODE_MOST = 60


class DisplayName(Text):
    """A name to be shown: something to read, on one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(NAME_MOST, **options)

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> str:
        name = " ".join(super()._deserialize(value, *rest, **kwargs).split())
        if not name or not name.isprintable():
            raise ValidationError("not_name")
        return name


class NameSchema(Strict):
    """A name, with the consent to show it to one's team."""

    name = DisplayName(required=True)
    agreed = Flag(required=True, metadata={"enum": [True]})

    @validates_schema
    def agreed_to(self, data: dict[str, Any], **_: Any) -> None:
        """Nothing but a true says yes."""
        if data.get("agreed") is not True:
            raise ValidationError({"agreed": ["name_consent_required"]})


class JoiningSchema(Strict):
    """A phone that joins a team."""

    code = Text(CODE_MOST, required=True)
    transfer = Flag(load_default=False)
    display_name = Object(NameSchema, allow_none=True, load_default=None)

    @post_load
    def joining(self, data: dict[str, Any], **_: Any) -> Joining:
        """Make what is asked."""
        named = data["display_name"]
        return Joining(data["code"], data["transfer"], named["name"] if named else None)


class RenamingSchema(Strict):
    """Another name, with the consent to show it; null for none."""

    display_name = DisplayName(required=True, allow_none=True)
    agreed = Flag(load_default=False)

    @post_load
    def name(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Take no name that was not agreed to."""
        if data["display_name"] is not None and not data["agreed"]:
            missing = FieldError("agreed", "name_consent_required")
            raise Problem(422, "invalid", [missing])
        return data


class PassSchema(Strict):
    """A pass that a phone wants to show to another."""

    kind = Text(choices=KINDS, required=True)
    campaign_id = Whole(1, ID_MOST, allow_none=True, load_default=None)

    @post_load
    def asked(self, data: dict[str, Any], **_: Any) -> Asked:
        """Make what is asked."""
        return Asked(**data)


class UsingSchema(Strict):
    """The code of a pass that another phone shows."""

    code = Text(CODE_MOST, required=True)


class MembersQuerySchema(Strict):
    """Which members of a team."""

    campaign = fields.Integer(load_default=None, error_messages={"invalid": "not_whole"})
    cursor = Text(most=CURSOR_MOST, load_default=None)
    limit = fields.Integer(load_default=100, error_messages={"invalid": "not_whole"})


class BriefSchema(Schema):
    """A campaign or a team by its name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class MembershipSchema(Schema):
    """A membership as its volunteer sees it; `until` is null while it lasts."""

    id = fields.Integer(required=True)
    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    guest = fields.Boolean(required=True)


class MembershipsSchema(Schema):
    """A volunteer's own memberships, the newest first."""

    items = fields.List(fields.Nested(MembershipSchema), required=True)


class PassMadeSchema(Schema):
    """A pass; `content` is what its QR code holds."""

    kind = fields.String(required=True)
    code = fields.String(required=True)
    content = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class PassUsedSchema(Schema):
    """What the phone belongs to by the pass."""

    kind = fields.String(required=True)
    memberships = fields.List(fields.Nested(MembershipSchema), required=True)


class VolunteerSchema(Schema):
    """A volunteer as they see themselves."""

    display_name = fields.String(required=True, allow_none=True)
    name_agreed_at = fields.AwareDateTime(required=True, allow_none=True)
    devices = fields.Integer(required=True)


class TeamMemberSchema(Schema):
    """A member as the team's leader sees them: by name if they wish, else by number."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    number = fields.Integer(required=True)
    campaign = fields.Nested(BriefSchema, required=True)
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    guest = fields.Boolean(required=True)
    devices = fields.Integer(required=True)


class MembersSchema(Schema):
    """A page of a team's members."""

    items = fields.List(fields.Nested(TeamMemberSchema), required=True)
    next = fields.String(required=True, allow_none=True)
