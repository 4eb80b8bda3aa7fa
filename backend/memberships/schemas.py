"""Requests and answers about join codes, memberships, passes and names."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from backend.errors import FieldError, Problem
from backend.fields import MAX_ID, AwareTime, Flag, Object, Strict, Text, Whole
from backend.http.paging import PageSchema, list_of
from backend.memberships.joining import KINDS
from backend.organisations.schemas import BriefSchema, QueryId

# Longer than any name, shorter than a message.
MAX_NAME = 60
# With blanks and dashes, as written by hand.
MAX_CODE = 60
# More people than any team has; a code for a whole province would not tell teams apart.
MAX_USES = 100_000


class DisplayName(Text):
    """A display name: visible characters on one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(MAX_NAME, **options)

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
    def require_consent(self, data: dict[str, Any], **_: Any) -> None:
        """Require the consent to be true."""
        if data.get("agreed") is not True:
            raise ValidationError({"agreed": ["name_consent_required"]})


class JoinRequestSchema(Strict):
    """A phone that joins a team."""

    code = Text(MAX_CODE, required=True)
    transfer = Flag(load_default=False)
    display_name = Object(NameSchema, allow_none=True, load_default=None)

    @post_load
    def take_name(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Return the request with the name alone."""
        named = data["display_name"]
        return data | {"display_name": named and named["name"]}


class NameChangeSchema(Strict):
    """Another name, with the consent to show it; null for none."""

    display_name = DisplayName(required=True, allow_none=True)
    agreed = Flag(load_default=False)

    @post_load
    def require_consent(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Require the consent to show a name."""
        if data["display_name"] is not None and not data["agreed"]:
            missing = FieldError("agreed", "name_consent_required")
            raise Problem(422, "invalid", [missing])
        return data


class PassRequestSchema(Strict):
    """A pass to create."""

    kind = Text(choices=KINDS, required=True)
    campaign_id = Whole(1, MAX_ID, allow_none=True, load_default=None)


class PassUseSchema(Strict):
    """The code of a pass that another phone shows; `transfer` agrees to become that phone."""

    code = Text(MAX_CODE, required=True)
    transfer = Flag(load_default=False)


class MembersQuerySchema(PageSchema):
    """A page of a team's members, in one campaign or all."""

    campaign = QueryId(load_default=None)


class MembershipSchema(Schema):
    """A membership as its volunteer sees it; `until` is null while it lasts."""

    id = fields.Integer(required=True)
    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    guest = fields.Boolean(required=True)


MembershipsSchema = list_of(MembershipSchema, "Memberships")  # the newest first


class PassSchema(Schema):
    """A new pass; `content` is the text of its QR code, drawn as `qr_svg`."""

    kind = fields.String(required=True)
    code = fields.String(required=True)
    content = fields.String(required=True)
    qr_svg = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class PassResultSchema(Schema):
    """The memberships that the phone has by the pass."""

    kind = fields.String(required=True)
    memberships = fields.List(fields.Nested(MembershipSchema), required=True)
    display_name = fields.String(required=True, allow_none=True)


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


MembersSchema = list_of(
    TeamMemberSchema,
    "Members",
    next=fields.String(required=True, allow_none=True),
    withdrawn=fields.Integer(required=True),  # people who withdrew their consent
)


class CodeLimitsSchema(Strict):
    """The end of the new code's validity and its maximum number of uses; null for no limit."""

    expires_at = AwareTime(allow_none=True, load_default=None)
    uses_most = Whole(1, MAX_USES, allow_none=True, load_default=None)


class CodeCheckSchema(Strict):
    """A join code to check."""

    code = Text(MAX_CODE, required=True)


class CodeInvitationSchema(Schema):
    """The team and campaign of a join code; `areas` are the names of the campaign's units."""

    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    organisation = fields.String(required=True)
    areas = fields.List(fields.String(), required=True)
    last_day = fields.Date(required=True)


class JoinCodeSchema(Schema):
    """A team's code; `content` is the text of its QR code."""

    code = fields.String(required=True)
    content = fields.String(required=True)
    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    uses = fields.Integer(required=True)
    uses_most = fields.Integer(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"enum": ["in_force", "expired", "used_up"]})
