"""Requests and answers about join codes, memberships, passes and names."""

from datetime import date, datetime
from typing import Any, TypedDict

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from backend.errors import FieldError, Problem
from backend.fields import MAX_ID, AwareTime, Flag, Object, Strict, Text, Whole, schema_of
from backend.http.paging import PageSchema, list_of
from backend.memberships.join_codes import CodeState
from backend.memberships.joining import KINDS, JoinRequest, PassInvitation
from backend.memberships.volunteers import VolunteerDetails
from backend.organisations.references import NamedRef
from backend.organisations.schemas import BriefSchema, QueryId

# Longer than any name, shorter than a message.
MAX_NAME = 60
# With blanks and dashes, as written by hand.
MAX_CODE = 60
# More people than any team has; a code for a whole province would not tell teams apart.
MAX_USES = 100_000


class PassDetails(TypedDict):
    """A new pass."""

    kind: str  # move, guest
    code: str
    content: str  # the text of its QR code
    qr_svg: str  # the code, drawn
    expires_at: datetime


class TeamMember(TypedDict):
    """A member as the team's leader sees them."""

    id: int
    name: str  # that the member shows, else the number in words
    number: int  # of the volunteer
    campaign: NamedRef
    since: datetime
    until: datetime | None  # null: as long as the campaign
    guest: bool
    devices: int  # that the volunteer has now


class Members(TypedDict):
    """A page of the present members of a team."""

    items: list[TeamMember]
    next: str | None  # the cursor of the next page; null on the last one
    withdrawn: int  # people who withdrew their consent


class CodeInvitation(TypedDict):
    """The team and campaign of a join code."""

    campaign: NamedRef
    team: NamedRef
    organisation: str
    areas: list[str]  # names of the campaign's units
    last_day: date


class JoinCodeDetails(TypedDict):
    """A team's join code."""

    code: str
    content: str  # the text of its QR code
    campaign: NamedRef
    team: NamedRef
    created_at: datetime
    expires_at: datetime | None  # null: it lasts as long as the campaign
    uses: int
    uses_most: int | None  # null: no limit
    state: CodeState


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
    def take_name(self, data: dict[str, Any], **_: Any) -> JoinRequest:
        """Return the request with the name alone."""
        named = data["display_name"]
        return {
            "code": data["code"],
            "transfer": data["transfer"],
            "display_name": named and named["name"],
        }


class NameChange(TypedDict):
    """Another name, with the consent to show it."""

    display_name: str | None  # null: none
    agreed: bool


class NameChangeSchema(Strict):
    """Another name, with the consent to show it; null for none."""

    display_name = DisplayName(required=True, allow_none=True)
    agreed = Flag(load_default=False)

    @post_load
    def require_consent(self, data: NameChange, **_: Any) -> NameChange:
        """Require the consent to show a name."""
        if data["display_name"] is not None and not data["agreed"]:
            missing = FieldError("agreed", "name_consent_required")
            raise Problem(422, "invalid", [missing])
        return data


class PassRequestSchema(Strict):
    """A pass to create."""

    kind = Text(choices=KINDS, required=True)
    campaign_id = Whole(1, MAX_ID, allow_none=True, load_default=None)


class PassUse(TypedDict):
    """The code of a pass that another phone shows."""

    code: str
    transfer: bool  # agrees to become that phone


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


PassSchema = schema_of(PassDetails, "")


class PassResultSchema(Schema):
    """The memberships that the phone has by the pass."""

    kind = fields.String(required=True)
    memberships = fields.List(fields.Nested(MembershipSchema), required=True)
    display_name = fields.String(required=True, allow_none=True)


VolunteerSchema = schema_of(VolunteerDetails, "")
MembersSchema = schema_of(Members, "")


class CodeLimitsSchema(Strict):
    """The end of the new code's validity and its maximum number of uses; null for no limit."""

    expires_at = AwareTime(allow_none=True, load_default=None)
    uses_most = Whole(1, MAX_USES, allow_none=True, load_default=None)


class CodeCheckSchema(Strict):
    """A join code or pass to check."""

    code = Text(MAX_CODE, required=True)


CodeInvitationSchema = schema_of(CodeInvitation, "")
PassInvitationSchema = schema_of(PassInvitation, "")
JoinCodeSchema = schema_of(JoinCodeDetails, "")
