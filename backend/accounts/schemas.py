"""Requests and answers of the API of people and of the audit log."""

from marshmallow import Schema, ValidationError, fields

from backend.accounts.audit import AuditEntryDetails
from backend.accounts.login_names import MAX_NAME
from backend.accounts.own_account import (
    DAYS_DEFAULT,
    MAX_DAYS,
    MadePersonalToken,
    PersonalTokenDetails,
)
from backend.accounts.passwords import MAX_LENGTH
from backend.fields import Day, Many, Strict, Text, Whole, schema_of
from backend.http.paging import PageSchema, list_of, page_of

SCOPES = ("read", "write")
ROLES = ("team_leader", "organiser", "official", "observer", "admin")


class Label(Text):
    """A name that a person gives to something, with at least one letter or digit."""

    def _validate(self, value: str) -> None:
        super()._validate(value)
        if not any(c.isalnum() for c in value):
            raise ValidationError("blank")


class SignInSchema(Strict):
    """Name, password, and the code of a second factor where there is one."""

    name = Text(MAX_NAME, required=True, metadata={"example": "0912 345 678"})
    password = Text(MAX_LENGTH, required=True)
    totp = Text(
        30,
        allow_none=True,
        load_default=None,
        metadata={"description": "Six digits of the authenticator app, or a recovery code."},
    )


class AcceptSchema(Strict):
    """The secret of a one-time link, and the password that is chosen."""

    secret = Text(100, required=True)
    password = Text(MAX_LENGTH, required=True)


class NewPasswordSchema(Strict):
    """The old and the new password."""

    old = Text(MAX_LENGTH, required=True)
    new = Text(MAX_LENGTH, required=True)


class PasswordSchema(Strict):
    """The password, required again for changes that a copied session must not make."""

    password = Text(MAX_LENGTH, required=True)


class NewNameSchema(PasswordSchema):
    """The new e-mail address or telephone number, and the password."""

    name = Text(MAX_NAME, required=True, metadata={"example": "hoa@example.vn"})


class CodeSchema(Strict):
    """The first code of a second factor."""

    code = Text(20, required=True)


class NewTokenSchema(Strict):
    """A request for a token."""

    name = Label(100, required=True)
    scopes = Many(Text(choices=SCOPES), 1, len(SCOPES), load_default=lambda: ["read"])
    days = Whole(1, MAX_DAYS, load_default=DAYS_DEFAULT)


class UsersQuerySchema(PageSchema):
    """Filter and page of the list of people."""

    name = Text(MAX_NAME, load_default=None)
    q = Text(MAX_NAME, load_default=None)
    role = Text(choices=ROLES, load_default=None)


class RoleSchema(Schema):
    """A role over one thing; `scope_id` is null for the whole system."""

    id = fields.Integer(required=True)
    role = fields.String(required=True)
    scope_kind = fields.String(required=True)
    scope_id = fields.Integer(required=True, allow_none=True)
    valid_from = fields.AwareDateTime(required=True)
    valid_to = fields.AwareDateTime(required=True, allow_none=True)
    rule = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The rule that gave it at a sign-in; null: given by a person."},
    )
    waits = fields.Boolean(
        required=True,
        metadata={"description": "True: without effect until an admin confirms the account."},
    )


class PersonSchema(Schema):
    """A person who signs in, and the roles that they have."""

    id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
    display_name = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    accepted = fields.Boolean(required=True)
    confirmed = fields.Boolean(
        required=True,
        metadata={"description": "Whether an admin or a provider vouched for the account."},
    )
    password = fields.Boolean(
        required=True,
        metadata={"description": "False: signs in at the operator's provider only."},
    )
    totp = fields.Boolean(required=True)
    totp_needed = fields.Boolean(required=True)
    roles = fields.List(fields.Nested(RoleSchema), required=True)


PersonPageSchema = page_of(PersonSchema)


class SignedInSchema(Schema):
    """The signed-in person; pages send the token in X-CSRF-Token with changing requests."""

    user = fields.Nested(PersonSchema, required=True)
    csrf_token = fields.String(required=True)
    recovery_codes_left = fields.Integer(required=True, allow_none=True)


class AccountSchema(Schema):
    """One's own account; `csrf_token` is null for a program.

    `recovery_codes_left` is null without a second factor.
    """

    user = fields.Nested(PersonSchema, required=True)
    csrf_token = fields.String(required=True, allow_none=True)
    recovery_codes_left = fields.Integer(required=True, allow_none=True)


class LinkSchema(Schema):
    """A one-time link, returned only once; mailed too where possible."""

    user_id = fields.Integer(required=True)
    link = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)
    mailed = fields.Boolean(required=True)


class AcceptedSchema(Schema):
    """The name with which the person signs in from now on."""

    name = fields.String(required=True)
    renewed = fields.Boolean(
        required=True, metadata={"description": "Whether somebody used the account before."}
    )


class EnrolmentSchema(Schema):
    """The data of an authenticator app; a code confirms the enrolment."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)
    qr_svg = fields.String(required=True)


class RecoveryCodesSchema(Schema):
    """Recovery codes, returned only once; each replaces the six digits at one sign-in."""

    recovery_codes = fields.List(fields.String(), required=True)


PersonalTokensSchema = list_of(schema_of(PersonalTokenDetails, ""), "PersonalTokens")
MadePersonalTokenSchema = schema_of(MadePersonalToken, "")


class AuditQuerySchema(PageSchema):
    """Filters of the audit log; days are those of Vietnam."""

    actor = Text(most=200, load_default=None, metadata={"example": "user:7"})
    act = Text(most=200, load_default=None, metadata={"example": "campaign.edit"})
    subject = Text(most=200, load_default=None, metadata={"example": "campaign:3"})
    first = Day(data_key="from", load_default=None)
    last = Day(data_key="to", load_default=None)
    # Entries `read.…`: who read personal data; an act given by name is found in any case.
    reads = Text(choices=("all", "without", "only"), load_default="all")


AuditEntrySchema = schema_of(AuditEntryDetails, "")
AuditPageSchema = page_of(AuditEntrySchema, "AuditPage")  # the newest first
